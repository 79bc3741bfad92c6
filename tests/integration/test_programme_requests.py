"""Requests of rooms that others decide about: whatever comes first, and whoever was away meanwhile."""

import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import httpx
import pytest

from shared.problems import Unavailable
from tests import infra
from tests.integration.request_house import BOOKINGS, LATER, NOON, House, Place, furnished, open_place, rules
from tests.integration.streams import until
from tests.integration.unit_house import if_match, ok

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
async def place(kafka: infra.Kafka, database: infra.Database, keys: infra.Keys) -> AsyncIterator[Place]:
    async with open_place(kafka, database, keys) as opened:
        yield opened


@pytest.fixture(scope="module")
async def house(place: Place) -> AsyncIterator[House]:
    async with furnished(place) as made:
        yield made


async def test_room_that_must_be_requested__asked_for_directly__is_refused_with_the_way_out(house: House) -> None:
    refused = await house.plan(await house.room(otherwise="request"))

    assert rules(refused) == ["must_request"]
    assert refused.json()["request_possible"] is True


async def test_request__when_approved__schedules_the_draft_once(house: House) -> None:
    draft = await house.requested(await house.room(otherwise="request"))
    booking = await house.booking(draft["booking_id"])
    assert (booking["state"], booking["unit_id"]) == ("requested", house.unit)

    await house.decide("confirm", draft["booking_id"])

    seen = await house.becomes(draft, state="scheduled")
    assert (seen["room_request"], seen["booking_id"]) == (None, draft["booking_id"])
    await house.hear("confirmed", booking, booking["version"] + 1)
    assert (await house.look(draft))["version"] == seen["version"]
    assert await house.verbs(draft) == ["drafted", "scheduled"]


async def test_request__sent_again__is_one_request(house: House) -> None:
    room, occurrence = await house.room(otherwise="request"), str(uuid.uuid4())

    answers = [await house.plan(room, occurrence, request=True) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [201, 200]
    assert answers[0].json() == answers[1].json()
    inbox = await ok(house.facility.get("/api/facility/inbox", params={"unit_id": house.owner, "limit": 200}))
    owners = [one["booking"]["owner_ref"] for one in inbox["requests"]]
    assert owners.count(f"occurrence/{occurrence}") == 1


async def test_request__approved_before_the_draft_is_written_down__schedules_it(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The answer to the request is held back until facility's word about it has reached the service over Kafka."""
    rooms = house.app.state.programme.rooms
    ask: Callable[..., Awaitable[dict[str, Any]]] = rooms.ask

    async def approved_at_once(method: str, path: str, *rest: Any, **more: Any) -> dict[str, Any]:
        answer = await ask(method, path, *rest, **more)
        await house.decide("confirm", answer["id"])
        await until(someone_waits)
        return answer

    async def someone_waits() -> Any:
        query = """
        select count(*) from pg_locks join pg_database on pg_database.oid = database
        where locktype = 'advisory' and not granted and datname = current_database()
        """
        return await house.app.state.pool.fetchval(query)

    room = await house.room(otherwise="request")
    with monkeypatch.context() as patch:
        patch.setattr(rooms, "ask", approved_at_once)
        draft = await house.requested(room)

    await house.becomes(draft, state="scheduled")
    assert await house.verbs(draft) == ["drafted", "scheduled"]


async def test_request__approved_while_the_unit_died__is_found_by_asking_again(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    rooms, room, occurrence = house.app.state.programme.rooms, await house.room(otherwise="request"), str(uuid.uuid4())
    ask: Callable[..., Awaitable[dict[str, Any]]] = rooms.ask

    async def dies(*rest: Any, **more: Any) -> dict[str, Any]:
        await house.decide("confirm", (await ask(*rest, **more))["id"])
        raise ended

    ended = RuntimeError("the process ends here")
    with monkeypatch.context() as patch:
        patch.setattr(rooms, "ask", dies)
        assert (await house.plan(room, occurrence, request=True)).status_code == 500

    made = await ok(house.plan(room, occurrence, request=True))

    await house.becomes(made, state="scheduled", room_request=None)


@pytest.mark.parametrize("wanted", [True, False])
async def test_request__whose_answer_was_lost__is_still_the_drafts(
    house: House, monkeypatch: pytest.MonkeyPatch, wanted: bool
) -> None:
    rooms, room = house.app.state.programme.rooms, await house.room(otherwise="request")
    ask: Callable[..., Awaitable[dict[str, Any]]] = rooms.ask

    async def unheard(*rest: Any, **more: Any) -> dict[str, Any]:
        await ask(*rest, **more)
        raise Unavailable

    with monkeypatch.context() as patch:
        patch.setattr(rooms, "ask", unheard)
        draft = await ok(house.plan(room, request=True))
    assert (draft["state"], draft["room_request"]) == ("draft", None)

    if wanted:
        await house.decide("confirm", draft["booking_id"])
        await house.becomes(draft, state="scheduled")
    else:
        await ok(house.step(draft, "cancel"))
        await house.booking_becomes(draft["booking_id"], "cancelled")


async def test_request__approved_while_the_unit_was_away__schedules_the_draft_when_it_is_back(place: Place) -> None:
    async with place.library() as before:
        await before.furnish()
        draft = await before.requested(await before.room(otherwise="request"))
    async with httpx.AsyncClient(base_url=place.url, headers=place.keys.headers("admin@*"), trust_env=False) as client:
        before.facility = client
        await before.decide("confirm", draft["booking_id"])

    async with place.library() as after:
        after.library.headers.update(after.as_role("admin@*"))
        planned = await after.becomes(draft, state="scheduled")
    assert planned["booking_id"] == draft["booking_id"]


async def test_request__when_refused__says_why_and_another_room_can_be_had(house: House) -> None:
    draft = await house.requested(await house.room(otherwise="request"))
    await house.decide("reject", draft["booking_id"], reason_code="noise", reason="For nær kapellet")

    seen = await house.becomes(draft, room_request={"state": "refused", "reason_code": "noise"})

    assert seen["state"] == "draft"
    moved = await ok(house.step(seen, "reschedule", **NOON, space_ids=[await house.room()]))
    assert (moved["state"], moved["room_request"], moved["booking_id"]) == ("draft", None, None)
    assert (await ok(house.step(moved, "schedule")))["state"] == "scheduled"


async def test_request__refused__can_be_made_again(house: House) -> None:
    draft = await house.requested(await house.room(otherwise="request"))
    await house.decide("reject", draft["booking_id"])
    seen = await house.becomes(draft, room_request={"state": "refused", "reason_code": None})

    again = await ok(house.step(seen, "schedule", request=True))

    assert again["room_request"]["state"] == "pending"
    assert again["booking_id"] != draft["booking_id"]
    await house.decide("confirm", again["booking_id"])
    await house.becomes(draft, state="scheduled", booking_id=again["booking_id"])


@pytest.mark.parametrize("decided", [None, "reject"])
async def test_cancelled_draft__with_a_request__withdraws_it(house: House, decided: str | None) -> None:
    draft = await house.requested(await house.room(otherwise="request"))
    if decided:
        await house.decide(decided, draft["booking_id"])
        draft = await house.becomes(draft, room_request={"state": "refused", "reason_code": None})

    cancelled = await ok(house.step(draft, "cancel"))

    assert (cancelled["state"], cancelled["room_request"]) == ("cancelled", None)
    await house.booking_becomes(draft["booking_id"], "rejected" if decided else "cancelled")


async def test_draft_put_elsewhere__withdraws_its_request_and_a_late_approval_changes_nothing(house: House) -> None:
    draft = await house.requested(await house.room(otherwise="request"))
    booking, elsewhere = await house.booking(draft["booking_id"]), await house.room(otherwise="request")

    moved = await ok(house.step(draft, "reschedule", **LATER, space_ids=[elsewhere], request=True))

    assert (await house.booking(draft["booking_id"]))["state"] == "cancelled"
    assert (await house.booking(moved["booking_id"]))["state"] == "requested"
    await house.hear("confirmed", booking, 2)
    assert (await house.look(draft))["version"] == moved["version"]


async def test_draft__that_is_requested_on_the_same_terms_again__stays_as_it_is(house: House) -> None:
    draft = await house.requested(await house.room(otherwise="request"), purpose="course")

    again = await ok(house.step(draft, "schedule", request=True))
    other = await ok(house.step(again, "schedule", request=True, purpose="meeting"))

    assert again == draft
    assert (await house.booking(other["booking_id"]))["purpose"] == "meeting"
    assert (await house.booking(draft["booking_id"]))["state"] == "cancelled"


async def test_request__withdrawn_in_facility__leaves_a_draft_without_a_room(house: House) -> None:
    draft = await house.requested(await house.room(otherwise="request"))
    booking = await house.booking(draft["booking_id"])

    await ok(house.facility.post(f"{BOOKINGS}/{booking['id']}/cancel", headers=if_match(booking["version"])))

    left = await house.becomes(draft, state="draft", room_request=None, booking_id=None)
    assert left["title_nb"] == draft["title_nb"]


async def test_request__while_facility_is_away__is_kept_as_a_draft_and_made_later(house: House, place: Place) -> None:
    room = await house.room(otherwise="request")
    async with place.library("http://127.0.0.1:9") as alone:
        alone.library.headers.update(house.library.headers)
        alone.activity = house.activity
        kept = await alone.plan(room, request=True, purpose="course")
    assert (kept.status_code, kept.json()["room_request"]) == (201, None)
    assert "draft" in kept.json()["notice"]["en"]

    asked = await ok(house.step(kept.json(), "schedule", request=True))

    assert asked["room_request"]["state"] == "pending"
    assert (await house.booking(asked["booking_id"]))["purpose"] == "course"


@pytest.mark.parametrize("body", [{"request": True, "space_ids": []}, {"request": True, "draft": True}])
async def test_request__that_names_no_room_or_is_to_wait__is_no_request(house: House, body: dict[str, Any]) -> None:
    assert (await house.plan(await house.room(), **body)).status_code == 422


async def test_series__of_requests__is_decided_date_by_date(house: House) -> None:
    made = await house.series(await house.room(otherwise="request"), request=True)
    first, second = made["occurrences"]
    assert [one["room_request"]["state"] for one in (first, second)] == ["pending", "pending"]

    await house.decide("confirm", first["booking_id"])
    await house.decide("reject", second["booking_id"], reason_code="noise")

    await house.becomes(first, state="scheduled", room_request=None)
    await house.becomes(second, state="draft", room_request={"state": "refused", "reason_code": "noise"})


async def test_series__in_a_room_that_must_be_requested__says_so_of_each_date_and_can_request_them(
    house: House,
) -> None:
    made = await house.series(await house.room(otherwise="request"))
    (first, second) = made["occurrences"]
    told = [(one["state"], [reason["rule"] for reason in one["refusal"]["reasons"]]) for one in (first, second)]
    assert told == [("draft", ["must_request"])] * 2

    asked = await ok(house.step(first, "schedule", request=True))

    await house.decide("confirm", asked["booking_id"])
    await house.becomes(first, state="scheduled")
    assert (await house.look(second))["state"] == "draft"
