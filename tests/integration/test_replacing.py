"""Requests that take the place of a booking: one yes, and the booking is elsewhere; otherwise it stays."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID, uuid4

import pytest

from tests.infra import Keys, Postgres
from tests.integration.booking_house import API, House, bring, open_house

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
async def house(postgres: Postgres, keys: Keys) -> AsyncIterator[House]:
    async with open_house(postgres, keys) as opened:
        yield opened


@pytest.fixture
async def room(house: House) -> UUID:
    """That has to be requested."""
    return await asking(house)


async def asking(house: House, **rules: Any) -> UUID:
    made = await house.space()
    path, seen = f"{API}/spaces/{made}/policy", {"If-Match": '"0"'}
    await house.ok(house.client.put(path, json={"otherwise": "request", **rules}, headers=seen))
    return made


async def to_move(house: House, booking: dict[str, Any], room: UUID, start: str, end: str, **more: Any) -> Any:
    return await house.booked([room], start, end, state="requested", replaces=booking["id"], **more)


async def affecting(house: House, room: UUID) -> list[str]:
    asked = {"space_id": str(room), "from": "2026-12-01T00:00", "to": "2026-12-02T00:00"}
    found: list[str] = (await house.ok(house.client.get(f"{API}/affecting", params=asked)))["affected"]
    return found


async def test_request__granted__takes_the_place_of_the_booking(house: House, room: UUID) -> None:
    before = await house.space()
    booking = await house.booked([before], "10:00", "11:00")
    request = await to_move(house, booking, room, "12:00", "13:00")
    assert (request["replaces"], await affecting(house, before)) == (booking["id"], [booking["id"]])

    done = await house.ok(house.order("confirm", request))

    assert (done["state"], done["previous"]["space_ids"]) == ("confirmed", [str(before)])
    gone = await house.get(booking["id"])
    assert (gone["state"], gone["reason_code"]) == ("cancelled", "moved")
    assert (await affecting(house, before), await affecting(house, room)) == ([], [done["id"]])
    assert await house.events(booking["id"]) == [("confirmed", 1), ("cancelled", 2)]
    query = "select convert_from(value, 'utf8')::jsonb #>> '{data,replaced_by}' as by from outbox where key = $1"
    told = await house.rows(f"{query} order by id desc limit 1", f"booking/{booking['id']}")
    assert told[0]["by"] == done["id"]


async def test_request__of_a_time_that_meets_the_bookings_own__is_not_in_its_own_way(house: House, room: UUID) -> None:
    thing = await house.thing()
    booking = await house.booked([room], "10:00", "11:00", override=True, **excused(), **bring(thing))
    request = await to_move(house, booking, room, "10:30", "11:30", **bring(thing))

    done = await house.ok(house.order("confirm", request))

    assert await affecting(house, room) == [done["id"]]


def excused() -> dict[str, Any]:
    """What lets a house manager book directly what others request."""
    return {"exception": {"reason_code": "other", "reason": "Prøve"}}


async def test_request__refused__leaves_the_booking_where_it_is(house: House, room: UUID) -> None:
    booking = await house.booked([await house.space()], "10:00", "11:00")
    request = await to_move(house, booking, room, "12:00", "13:00")

    assert (await house.ok(house.order("reject", request)))["state"] == "rejected"

    assert await house.get(booking["id"]) == booking


async def test_request__whose_time_was_taken_meanwhile__is_refused_and_the_booking_stays(
    house: House, room: UUID
) -> None:
    booking = await house.booked([await house.space()], "10:00", "11:00")
    request = await to_move(house, booking, room, "12:00", "13:00")
    await house.booked([room], "12:30", "13:30", **excused())

    refused = await house.order("confirm", request)

    assert (refused.status_code, refused.json()["code"]) == (409, "conflict")
    assert await house.get(booking["id"]) == booking


@pytest.mark.parametrize("what", ["cancel", "release"])
async def test_request__whose_booking_is_gone_by_then__is_granted_all_the_same(
    house: House, room: UUID, what: str
) -> None:
    booking = await house.booked([await house.space()], "10:00", "11:00")
    request = await to_move(house, booking, room, "12:00", "13:00")
    gone = await house.ok(house.order(what, booking))

    done = await house.ok(house.order("confirm", request))

    assert (done["state"], done["previous"]) == ("confirmed", None)
    assert await house.get(booking["id"]) == gone


async def test_request__whose_booking_was_displaced_meanwhile__settles_it(house: House, room: UUID) -> None:
    before = await house.space()
    booking = await house.booked([before], "10:00", "11:00")
    request = await to_move(house, booking, room, "12:00", "13:00")
    closure = {"space_ids": [str(before)], "starts_at": "2026-12-01T06:00", "ends_at": None}
    made = uuid4()
    await house.ok(house.client.put(f"{API}/closures/{made}", json=closure))

    await house.ok(house.order("confirm", request))

    lifted = await house.ok(house.client.post(f"{API}/closures/{made}/lift"))
    assert (lifted["restored"], (await house.get(booking["id"]))["state"]) == ([], "cancelled")


async def test_request__instead_of_the_only_booking_of_the_week__keeps_to_the_quota(house: House) -> None:
    unit = await house.unit()
    room = await asking(house, quota={"bookings_per_week": 1})
    booking = await house.booked([room], "10:00", "11:00", unit_id=str(unit), **excused())
    request = await to_move(house, booking, room, "12:00", "13:00", unit_id=str(unit))

    assert (await house.ok(house.order("confirm", request)))["state"] == "confirmed"


async def test_inbox__of_a_request_to_move__shows_what_is_moved(house: House, room: UUID) -> None:
    booking = await house.booked([await house.space()], "10:00", "11:00", title="Kor")
    request = await to_move(house, booking, room, "12:00", "13:00", title="Kor")

    asked = {"square_id": str(house.square), "limit": 200}
    found = (await house.ok(house.client.get(f"{API}/inbox", params=asked)))["requests"]

    former = {one["booking"]["id"]: one["former"] for one in found}[request["id"]]
    assert (former["id"], former["local_start"], former["title"]) == (booking["id"], "10:00", "Kor")


async def test_request__instead_of_what_is_not_the_askers__is_refused(house: House, room: UUID) -> None:
    ours, theirs = await house.unit("library"), await house.unit("senior_centre")
    booking = await house.booked([await house.space()], "10:00", "11:00", unit_id=str(theirs))
    editor = {"unit_id": str(ours), "headers": house.role(f"unit_editor@{ours}")}

    for replaces in (booking["id"], str(uuid4())):
        refused = await house.put([room], "12:00", "13:00", state="requested", replaces=replaces, **editor)
        assert (refused.status_code, refused.json()["errors"][0]["loc"]) == (422, ["replaces"])


async def test_booking__that_is_no_request__takes_nothings_place(house: House) -> None:
    booking, room = await house.booked([await house.space()], "10:00", "11:00"), await house.space()

    refused = await house.put([room], "12:00", "13:00", replaces=booking["id"])

    assert refused.status_code == 422
    assert (await house.get(booking["id"]))["state"] == "confirmed"
