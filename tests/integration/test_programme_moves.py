"""Dates that ask to be elsewhere: they keep their place until the answer, and follow it."""

import uuid
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests import infra
from tests.integration.request_house import LATER, NOON, House, furnished, open_place
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


async def test_date__that_lost_its_booking__asks_for_a_room_of_somebody_else(house: House) -> None:
    date = await planned(house)
    await house.decide_as("admin@*", "cancel", date["booking_id"])
    lost = await house.becomes(date, state="affected")

    waiting = await asked(house, lost)

    request = await house.booking(waiting["move_request"]["booking_id"])
    assert (request["state"], "replaces" in request) == ("requested", False)
    await house.decide("confirm", request["id"])
    assert (await house.becomes(date, state="scheduled"))["booking_id"] == request["id"]


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

    both = waiting["booking_id"], waiting["move_request"]["booking_id"]
    for one in both:
        await house.booking_becomes(one, "cancelled")
    assert [await state_of(house, one) for one in both] == ["cancelled", "cancelled"]


async def test_move__granted_just_before_it_is_withdrawn__is_told_and_stands(house: House) -> None:
    date = await planned(house)
    waiting = await asked(house, date)
    there = waiting["move_request"]["booking_id"]
    await house.decide("confirm", there)

    answer = await house.step(waiting, "stay")

    assert (answer.status_code, answer.json()["code"]) in ((409, "granted_meanwhile"), (412, "stale"))
    await house.becomes(date, booking_id=there, state="scheduled")
    assert await state_of(house, there) == "confirmed"


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
