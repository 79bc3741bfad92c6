"""Dates that ask to be elsewhere: they keep their place until the answer, and follow it."""

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
from tests.integration.unit_house import ok

pytestmark = pytest.mark.integration
PENDING = {"state": "pending", "reason_code": None}
Date = dict[str, Any]


@pytest.fixture(scope="module")
async def house(kafka: infra.Kafka, database: infra.Database, keys: infra.Keys) -> AsyncIterator[House]:
    async with open_place(kafka, database, keys) as place, furnished(place) as made:
        yield made


async def planned(house: House, **more: Any) -> Date:
    """In a room that may be booked."""
    made = await ok(house.plan(await house.room(), **more))
    assert made["state"] == "scheduled"
    return await house.becomes(made, version=1)


async def asked(house: House, one: Date, room: str | None = None, **more: Any) -> Date:
    room = room or await house.room(otherwise="request")
    found = await ok(house.step(one, "reschedule", **{**LATER, **more}, space_ids=[room], request=True))
    assert {name: found["move_request"][name] for name in PENDING} == PENDING
    return found


def place(one: Date) -> tuple[Any, ...]:
    return one["starts_at"], one["space_ids"], one["booking_id"], one["state"]


async def state_of(house: House, booking_id: str) -> str:
    return str((await house.booking(booking_id))["state"])


async def test_date__that_asks_to_be_elsewhere__stays_until_the_answer(house: House) -> None:
    date = await planned(house)

    waiting = await asked(house, date)

    assert place(waiting) == place(date)
    request = await house.booking(waiting["move_request"]["booking_id"])
    assert (request["state"], request["replaces"]) == ("requested", date["booking_id"])
    assert await state_of(house, date["booking_id"]) == "confirmed"
    assert await house.verbs(date) == ["scheduled", "changed"]


async def test_date__whose_move_is_granted__moves_once_and_gives_up_its_booking(house: House) -> None:
    date = await planned(house)
    waiting = await asked(house, date, purpose="course")
    there = waiting["move_request"]
    request = await house.booking(there["booking_id"])

    await house.decide("confirm", there["booking_id"])

    moved = await house.becomes(date, booking_id=there["booking_id"])
    assert place(moved) == (there["starts_at"], there["space_ids"], there["booking_id"], "scheduled")
    assert (moved["move_request"], moved["purpose"]) == (None, "course")
    assert moved["previous"]["space_ids"] == date["space_ids"]
    assert await state_of(house, date["booking_id"]) == "cancelled"
    await house.hear("confirmed", request, request["version"] + 1)
    await house.hear("cancelled", await house.booking(date["booking_id"]), 9)
    assert (await house.look(date))["version"] == moved["version"]
    assert await house.verbs(date) == ["scheduled", "changed", "rescheduled"]


async def test_date__whose_move_is_refused__keeps_its_place_and_says_why_until_that_is_seen(house: House) -> None:
    date = await planned(house)
    waiting = await asked(house, date)
    request = await house.booking(waiting["move_request"]["booking_id"])

    await house.decide("reject", request["id"], reason_code="room_needed", reason="Pianotimen")

    told = {**waiting["move_request"], "state": "refused", "reason_code": "room_needed"}
    seen = await house.becomes(date, move_request=told)
    assert place(seen) == place(date)
    assert await state_of(house, date["booking_id"]) == "confirmed"
    stays = await ok(house.step(seen, "stay"))
    assert (place(stays), stays["move_request"]) == (place(date), None)
    await house.hear("rejected", request, request["version"] + 1)
    assert await house.look(date) == stays
    assert (await house.step(stays, "stay")).json()["code"] == "wrong_state"


@pytest.mark.parametrize("answer", ["confirm", "reject"])
async def test_date__that_lost_its_booking_meanwhile__follows_the_answer(house: House, answer: str) -> None:
    date = await planned(house)
    waiting = await asked(house, date)
    there = waiting["move_request"]
    await house.decide_as("admin@*", "cancel", date["booking_id"])
    lost = await house.becomes(date, state="affected")
    assert lost["move_request"] == there

    await house.decide(answer, there["booking_id"])

    if answer == "confirm":
        moved = await house.becomes(date, state="scheduled")
        assert place(moved)[:3] == (there["starts_at"], there["space_ids"], there["booking_id"])
    else:
        seen = await house.becomes(date, move_request={**there, "state": "refused"})
        assert (seen["state"], seen["space_ids"]) == ("affected", date["space_ids"])


async def test_move__of_a_time_that_meets_its_own__is_granted(house: House) -> None:
    room = await house.room(otherwise="request")
    draft = await house.requested(room)
    await house.decide("confirm", draft["booking_id"])
    date = await house.becomes(draft, state="scheduled")
    half_past = {"starts_at": "2090-03-02T11:30:00Z", "ends_at": "2090-03-02T12:30:00Z"}
    waiting = await asked(house, date, room, **half_past)

    await house.decide("confirm", waiting["move_request"]["booking_id"])

    moved = await house.becomes(date, move_request=None, booking_id=waiting["move_request"]["booking_id"])
    assert moved["starts_at"] == half_past["starts_at"]


async def test_move__withdrawn__leaves_nothing_in_the_inbox(house: House) -> None:
    date = await planned(house)
    waiting = await asked(house, date)

    stays = await ok(house.step(waiting, "stay"))

    assert (place(stays), stays["move_request"]) == (place(date), None)
    assert await state_of(house, waiting["move_request"]["booking_id"]) == "cancelled"


async def test_date__moved_directly_or_asked_for_elsewhere__withdraws_what_it_asked_for(house: House) -> None:
    date = await planned(house)
    first = await asked(house, date)
    second = await asked(house, first)
    assert await state_of(house, first["move_request"]["booking_id"]) == "cancelled"

    moved = await ok(house.step(second, "reschedule", **LATER, space_ids=[await house.room()]))

    assert (moved["move_request"], moved["booking_id"]) == (None, date["booking_id"])
    assert await state_of(house, second["move_request"]["booking_id"]) == "cancelled"


async def test_date__cancelled_while_it_asks__gives_up_both(house: House) -> None:
    waiting = await asked(house, await planned(house))

    await ok(house.step(waiting, "cancel"))

    await house.booking_becomes(waiting["booking_id"], "cancelled")
    await house.booking_becomes(waiting["move_request"]["booking_id"], "cancelled")


async def test_move__granted_just_before_it_is_withdrawn__is_told_and_stands(house: House) -> None:
    date = await planned(house)
    waiting = await asked(house, date)
    there = waiting["move_request"]["booking_id"]
    await house.decide("confirm", there)

    answer = await house.step(waiting, "stay")

    assert (answer.status_code, answer.json()["code"]) in ((409, "granted_meanwhile"), (412, "stale"))
    await house.becomes(date, booking_id=there, state="scheduled")
    assert await state_of(house, there) == "confirmed"


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


async def test_date__whose_lost_room_was_accepted__can_be_given_another(house: House) -> None:
    date = await planned(house)
    await house.decide_as("admin@*", "cancel", date["booking_id"])
    accepted = await ok(house.step(await house.becomes(date, state="affected"), "accept"))
    room = await house.room()

    moved = await ok(house.step(accepted, "reschedule", **LATER, space_ids=[room]))

    assert (moved["state"], moved["space_ids"]) == ("scheduled", [room])
    await house.booking_becomes(moved["booking_id"], "confirmed")


async def test_date__that_was_moved_along_with_its_booking__is_not_in_its_own_way(house: House) -> None:
    date, room = await planned(house), await house.room()
    body = {**LATER, "space_ids": [room], "setup_minutes": 0, "teardown_minutes": 0}
    await house.decide_as("admin@*", "move", date["booking_id"], **body)
    along = await house.becomes(date, state="affected")
    half_past = {"starts_at": "2090-03-02T17:30:00Z", "ends_at": "2090-03-02T18:30:00Z"}

    moved = await ok(house.step(along, "reschedule", **half_past, space_ids=[room]))

    assert (moved["state"], moved["booking_id"]) == ("scheduled", date["booking_id"])
    assert (await house.booking(date["booking_id"]))["local_start"] == "18:30"


async def test_date__that_took_place_while_it_asked_to_be_elsewhere__asks_no_more(house: House) -> None:
    waiting = await asked(house, await planned(house))
    admin = house.as_role("admin@*")
    await ok(house.library.put("/test/clock", json={"now": NOON["ends_at"], "run_due": False}, headers=admin))
    try:
        path = f"/api/library/occurrences/{waiting['occurrence_id']}/attendance"
        counted = await ok(house.library.post(path, json={"total": 7}))
    finally:
        await ok(house.library.put("/test/clock", json={"now": None}, headers=admin))

    assert (counted["state"], counted["move_request"]) == ("completed", None)
    await house.booking_becomes(waiting["move_request"]["booking_id"], "cancelled")


async def test_date__asked_for_elsewhere_again_and_again__can_still_ask(house: House) -> None:
    date = await planned(house)
    for minute in range(10, 22):
        there = {"starts_at": f"2090-03-02T17:{minute}:00Z", "ends_at": LATER["ends_at"]}
        date = await asked(house, date, **there)

    assert await state_of(house, date["move_request"]["booking_id"]) == "requested"


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


async def test_date_without_a_room__that_was_given_one_while_it_asked_for_another__keeps_it(house: House) -> None:
    date = await ok(house.plan(str(uuid.uuid4()), space_ids=[], meeting_point="Ved fontenen"))
    waiting = await asked(house, date, **NOON)
    there = waiting["move_request"]["booking_id"]
    await house.decide("confirm", there)

    answer = await house.step(
        waiting, "reschedule", **LATER, space_ids=[await house.room(otherwise="request")], request=True
    )

    assert (answer.status_code, answer.json()["code"]) in ((409, "granted_meanwhile"), (412, "stale"))
    await house.becomes(date, booking_id=there, state="scheduled", move_request=None)
    assert await state_of(house, there) == "confirmed"
    assert (
        await house.app.state.pool.fetchval(
            "select count(*) from asking where occurrence_id = $1", date["occurrence_id"]
        )
        == 0
    )


async def test_date_without_a_room__that_asks_for_one__gets_it_with_the_yes(house: House) -> None:
    outside = {"space_ids": [], "meeting_point": "Ved fontenen"}
    date = await ok(house.plan(str(uuid.uuid4()), **outside))
    waiting = await asked(house, date, **NOON)
    assert waiting["booking_id"] is None

    await house.decide("confirm", waiting["move_request"]["booking_id"])

    await house.becomes(date, booking_id=waiting["move_request"]["booking_id"], state="scheduled")
