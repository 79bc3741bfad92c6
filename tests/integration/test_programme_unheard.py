"""What is asked of facility and not written down, because the unit died or heard no answer: nothing lies in an inbox,
and no room is taken, without a date."""

import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from shared.problems import Unavailable
from shared.programme import store
from tests import infra
from tests.integration.request_house import LATER, NOON, House, furnished, open_place
from tests.integration.streams import until
from tests.integration.test_programme_moves import PENDING, Date, asked, place, planned, state_of
from tests.integration.unit_house import ok

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
async def house(kafka: infra.Kafka, database: infra.Database, keys: infra.Keys) -> AsyncIterator[House]:
    async with open_place(kafka, database, keys) as opened, furnished(opened) as made:
        yield made


@contextmanager
def answers_lost(
    house: House,
    monkeypatch: pytest.MonkeyPatch,
    because: Exception,
    meanwhile: Callable[[str], Awaitable[None]] | None = None,
) -> Iterator[list[str]]:
    """Facility does what it is asked for, and nobody hears of it; the ids of what it made."""
    rooms = house.app.state.programme.rooms
    ask: Callable[..., Awaitable[dict[str, Any]]] = rooms.ask
    made: list[str] = []

    async def unheard(method: str, path: str, *rest: Any, **more: Any) -> dict[str, Any]:
        answer = await ask(method, path, *rest, **more)
        if method == "GET":
            return answer
        made.append(path.rpartition("/")[2])
        if meanwhile:
            await meanwhile(made[-1])
        raise because

    with monkeypatch.context() as patch:
        patch.setattr(rooms, "ask", unheard)
        yield made


DIED = RuntimeError("the process ends here")
LOST = [pytest.param(DIED, id="died"), pytest.param(Unavailable(), id="no-answer")]


@pytest.mark.parametrize("because", LOST)
async def test_move__whose_answer_nobody_heard__is_taken_up_by_its_date_and_followed(
    house: House, monkeypatch: pytest.MonkeyPatch, because: Exception
) -> None:
    date, room = await planned(house), await house.room(otherwise="request")
    body = {**LATER, "space_ids": [room], "request": True}
    with answers_lost(house, monkeypatch, because) as made:
        assert (await house.step(date, "reschedule", **body)).status_code in (500, 503)

    waiting = await house.becomes(date, version=2)

    assert place(waiting) == place(date)
    assert {name: waiting["move_request"][name] for name in PENDING} == PENDING
    assert made == [waiting["move_request"]["booking_id"]]
    assert await ok(house.step(date, "reschedule", **body)) == waiting
    await house.decide("confirm", made[0])
    moved = await house.becomes(date, booking_id=made[0], state="scheduled")
    assert (moved["space_ids"], moved["starts_at"]) == ([room], LATER["starts_at"])


@pytest.mark.parametrize("because", LOST)
async def test_draft__the_unit_died_over_while_it_asked_elsewhere__waits_for_the_newer_request(
    house: House, monkeypatch: pytest.MonkeyPatch, because: Exception
) -> None:
    draft, room = await house.requested(await house.room(otherwise="request")), await house.room(otherwise="request")
    with answers_lost(house, monkeypatch, because) as made:
        answer = await house.step(draft, "reschedule", **LATER, space_ids=[room], request=True)
        assert answer.status_code in (500, 503)

    waiting = await house.becomes(draft, booking_id=made[0], room_request=PENDING)

    assert (waiting["space_ids"], waiting["starts_at"]) == ([room], LATER["starts_at"])
    await house.booking_becomes(draft["booking_id"], "cancelled")
    assert await state_of(house, made[0]) == "requested"


async def test_draft__whose_earlier_request_was_granted_while_the_unit_died__has_one_of_them(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    draft, room = await house.requested(await house.room(otherwise="request")), await house.room(otherwise="request")
    with answers_lost(house, monkeypatch, DIED, lambda _: house.decide("confirm", draft["booking_id"])) as made:
        assert (await house.step(draft, "reschedule", **LATER, space_ids=[room], request=True)).status_code == 500

    async def one_is_left() -> bool:
        seen = await house.look(draft)
        left = {one for one in (draft["booking_id"], made[0]) if await state_of(house, one) != "cancelled"}
        return left == {seen["booking_id"]}

    await until(one_is_left)


@pytest.mark.parametrize("because", LOST)
async def test_date__the_unit_died_over_while_it_asked_for_another_move__waits_for_that_one(
    house: House, monkeypatch: pytest.MonkeyPatch, because: Exception
) -> None:
    date, room = await planned(house), await house.room(otherwise="request")
    first = await asked(house, date)
    with answers_lost(house, monkeypatch, because) as made:
        answer = await house.step(first, "reschedule", **LATER, space_ids=[room], request=True)
        assert answer.status_code in (500, 503)

    waiting = await house.becomes(date, version=first["version"] + 1)

    assert place(waiting) == place(date)
    assert (waiting["move_request"]["booking_id"], waiting["move_request"]["space_ids"]) == (made[0], [room])
    await house.booking_becomes(first["move_request"]["booking_id"], "cancelled")
    assert await state_of(house, made[0]) == "requested"


async def test_date__whose_move_was_granted_while_the_unit_died__is_there(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether it hears first that its booking is gone or that it was asked to be elsewhere."""
    room = await house.room(otherwise="request")
    for date in [await planned(house) for _ in range(3)]:
        with answers_lost(house, monkeypatch, DIED, lambda made: house.decide("confirm", made)) as made:
            assert (await house.step(date, "reschedule", **LATER, space_ids=[room], request=True)).status_code == 500

        moved = await house.becomes(date, booking_id=made[0], state="scheduled")

        assert (moved["space_ids"], moved["move_request"]) == ([room], None)
        assert (await state_of(house, made[0]), await state_of(house, date["booking_id"])) == ("confirmed", "cancelled")
        await ok(house.step(moved, "cancel"))
        await house.booking_becomes(made[0], "cancelled")


async def test_request__nobody_waits_for__is_withdrawn_with_the_dates_next_word(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when somebody changes the date before facility's word of the request has come."""

    async def unnoted(*_: Any) -> None: ...

    draft, room = await house.requested(await house.room(otherwise="request")), await house.room(otherwise="request")
    with monkeypatch.context() as patch, answers_lost(house, monkeypatch, DIED) as made:
        patch.setattr(store, "note_asking", unnoted)
        assert (await house.step(draft, "reschedule", **LATER, space_ids=[room], request=True)).status_code == 500
    assert await state_of(house, made[0]) == "requested"

    await ok(house.step(draft, "cancel"))

    await house.booking_becomes(made[0], "cancelled")
    await house.booking_becomes(draft["booking_id"], "cancelled")


async def test_request__of_a_date_the_unit_died_over__has_a_draft_to_withdraw_it_by(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, room = {"occurrence_id": str(uuid.uuid4())}, await house.room(otherwise="request")
    with answers_lost(house, monkeypatch, DIED) as made:
        assert (await house.plan(room, one["occurrence_id"], request=True)).status_code == 500

    draft = await until(lambda: found(house, one))

    assert (draft["state"], draft["room_request"], [draft["booking_id"]]) == ("draft", PENDING, made)
    assert await house.verbs(one) == ["drafted"]
    assert await ok(house.plan(room, one["occurrence_id"], request=True)) == draft
    await ok(house.step(draft, "cancel"))
    await house.booking_becomes(made[0], "cancelled")


async def found(house: House, one: Date) -> Any:
    answer = await house.library.get(f"/api/library/occurrences/{one['occurrence_id']}")
    return answer.json() if answer.status_code == 200 else None


@pytest.mark.parametrize("because", LOST)
async def test_request__of_a_draft__whose_answer_nobody_heard__is_the_drafts(
    house: House, monkeypatch: pytest.MonkeyPatch, because: Exception
) -> None:
    draft = await ok(house.plan(await house.room(otherwise="request"), draft=True))
    with answers_lost(house, monkeypatch, because) as made:
        assert (await house.step(draft, "schedule", request=True)).status_code in (500, 503)

    await house.becomes(draft, room_request=PENDING, booking_id=made[0])


async def test_series_of_requests__the_unit_died_over__has_its_drafts(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    room, dates = await house.room(otherwise="request"), [{"id": str(uuid.uuid4()), **when} for when in (NOON, LATER)]
    body = {"activity_id": house.activity, "space_ids": [room], "occurrences": dates, "request": True}
    with answers_lost(house, monkeypatch, DIED):
        assert (await house.library.put(f"/api/library/series/{uuid.uuid4()}", json=body)).status_code == 500

    for date in dates:
        draft = await until(lambda: found(house, {"occurrence_id": date["id"]}))  # noqa: B023 -- awaited at once
        assert (draft["state"], draft["room_request"]) == ("draft", PENDING)


async def test_series__the_unit_died_over__has_its_dates_and_asked_again_those_that_were_refused(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    room, dates = await house.room(), [{"id": str(uuid.uuid4()), **when} for when in (NOON, LATER)]
    await ok(house.plan(room, **LATER))
    body = {"activity_id": house.activity, "space_ids": [room], "occurrences": dates}
    path = f"/api/library/series/{uuid.uuid4()}"
    with answers_lost(house, monkeypatch, DIED):
        assert (await house.library.put(path, json=body)).status_code == 500

    first = await until(lambda: found(house, {"occurrence_id": dates[0]["id"]}))

    assert (first["state"], await state_of(house, first["booking_id"])) == ("scheduled", "confirmed")
    assert await house.verbs(first) == ["scheduled"]
    made = await ok(house.library.put(path, json=body))
    assert [one["state"] for one in made["occurrences"]] == ["scheduled", "draft"]
    assert await ok(house.library.put(path, json=body)) == made
    assert await house.verbs(first) == ["scheduled"]
