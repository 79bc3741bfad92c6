"""Requests that take the place of a booking: one yes, and the booking is elsewhere; otherwise it stays."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from tests.integration.booking_house import API, NOW, House, bring

pytestmark = pytest.mark.integration


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
    assert await last_said(house, booking["id"], "replaced_by") == done["id"]


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


async def test_booking__moved_onto_what_it_replaced_and_what_was_over__is_told_what_is_in_the_way(
    house: House, room: UUID
) -> None:
    before = await house.space()
    booking = await house.booked([before], "08:00", "09:00")
    request = await to_move(house, booking, room, "12:00", "13:00")
    await house.clock("2026-12-01T09:30:00+01:00", run_due=False)
    try:
        granted = await house.ok(house.order("confirm", request))
        assert (await house.get(booking["id"]))["state"] == "confirmed"

        refused = await house.move(granted, [before], "08:30", "09:30")
    finally:
        await house.clock(NOW)

    assert (refused.status_code, refused.json()["blocking"]) == (409, [booking["id"]])


async def test_inbox__of_a_request_to_move_from_elsewhere__says_nothing_of_what_its_reader_may_not_see(
    house: House, room: UUID
) -> None:
    here = house.square
    try:
        await house.square_of()
        booking = await house.booked([await house.space()], "10:00", "11:00", title="Styremøte")
    finally:
        house.square = here
    request = await to_move(house, booking, room, "12:00", "13:00")
    asked = {"square_id": str(here), "limit": 200}
    manager = house.role(f"house_manager@{here}")

    found = (await house.ok(house.client.get(f"{API}/inbox", params=asked, headers=manager)))["requests"]

    assert {one["booking"]["id"]: one["former"] for one in found}[request["id"]] is None


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


async def test_second_request__for_the_same_booking__takes_over_from_the_first(house: House, room: UUID) -> None:
    before = await house.space()
    booking = await house.booked([before], "10:00", "11:00")
    first = await to_move(house, booking, room, "12:00", "13:00")

    second = await to_move(house, booking, room, "14:00", "15:00")

    gone = await house.get(first["id"])
    assert (gone["state"], gone["reason_code"]) == ("cancelled", "asked_anew")
    assert await house.events(first["id"]) == [("requested", 1), ("cancelled", 2)]
    assert await last_said(house, first["id"], "replaced_by") == second["id"]
    assert (await house.order("confirm", first)).status_code == 412
    assert (await house.order("confirm", gone)).json()["code"] == "wrong_state"
    await house.ok(house.order("confirm", second))
    assert (await affecting(house, before), await affecting(house, room)) == ([], [second["id"]])


async def last_said(house: House, booking: str, field: str) -> str:
    query = "select convert_from(value, 'utf8')::jsonb -> 'data' ->> $2 as said from outbox where key = $1"
    (row,) = await house.rows(f"{query} order by id desc limit 1", f"booking/{booking}", field)
    return str(row["said"])


async def test_request__taken_over_from__sent_again_is_still_the_one_that_was_withdrawn(
    house: House, room: UUID
) -> None:
    booking, made = await house.booked([await house.space()], "10:00", "11:00"), uuid4()
    await to_move(house, booking, room, "12:00", "13:00", id=made)
    second = await to_move(house, booking, room, "14:00", "15:00")

    again = await house.put([room], "12:00", "13:00", id=made, state="requested", replaces=booking["id"])

    assert (again.status_code, again.json()["state"]) == (200, "cancelled")
    assert (await house.get(second["id"]))["state"] == "requested"


async def test_request__for_the_place_of_what_was_moved_already__is_refused_and_says_by_what(
    house: House, room: UUID
) -> None:
    booking = await house.booked([await house.space()], "10:00", "11:00")
    moved = await house.ok(house.order("confirm", await to_move(house, booking, room, "12:00", "13:00")))
    wish = {"state": "requested", "replaces": booking["id"]}

    refused = await house.put([room], "14:00", "15:00", **wish)

    told = refused.json()
    assert (refused.status_code, told["code"], told["blocking"]) == (409, "replaced_already", [moved["id"]])
    assert told["detail"] == "Bookingen er flyttet allerede: en annen har tatt dens plass. Se på den igjen."
    english = {**house.role("admin@*"), "Accept-Language": "en"}
    assert "moved already" in (await house.put([room], "14:00", "15:00", headers=english, **wish)).json()["detail"]
    assert (await to_move(house, moved, room, "14:00", "15:00"))["state"] == "requested"


async def test_request__for_the_place_of_a_request__is_refused(house: House, room: UUID) -> None:
    """It has none; and what that one was to replace would stay."""
    first = await house.booked([room], "12:00", "13:00", state="requested")

    refused = await house.put([room], "14:00", "15:00", state="requested", replaces=first["id"])

    assert (refused.status_code, refused.json()["errors"][0]["loc"]) == (422, ["replaces"])


@pytest.mark.parametrize(("what", "told"), [("cancel", "avlyst"), ("release", "frigitt")])
async def test_request__for_the_place_of_a_booking_that_is_gone__says_which_may_be_named(
    house: House, room: UUID, what: str, told: str
) -> None:
    booking, made = await house.booked([await house.space()], "10:00", "11:00"), uuid4()
    await to_move(house, booking, room, "12:00", "13:00", id=made)
    await house.ok(house.order(what, booking))
    wish = {"state": "requested", "replaces": booking["id"]}

    refused = await house.put([room], "14:00", "15:00", **wish)

    body = refused.json()
    assert (refused.status_code, body["code"], body["errors"][0]["loc"]) == (422, "invalid", ["replaces"])
    assert body["detail"].startswith(f"Bookingen som skal erstattes, er {told}. Bare en som står og ikke er over,")
    [reason] = body["reasons"]
    assert (reason["rule"], reason["state"]) == ("replaces_over", (await house.get(booking["id"]))["state"])
    assert reason["accepted"]["states"] == ["blocked", "confirmed", "held", "affected"]
    again = await house.ok(house.put([room], "12:00", "13:00", id=made, **wish))
    assert (again["id"], again["version"], again["state"]) == (str(made), 1, "requested")


async def test_request__for_the_place_of_a_request_that_was_refused__is_refused_itself(
    house: House, room: UUID
) -> None:
    first = await house.booked([room], "12:00", "13:00", state="requested")
    await house.ok(house.order("reject", first))

    refused = await house.put([room], "14:00", "15:00", state="requested", replaces=first["id"])

    assert (refused.status_code, refused.json()["reasons"][0]["state"]) == (422, "rejected")


async def test_request__for_the_place_of_a_booking_that_has_ended__is_refused(house: House, room: UUID) -> None:
    booking = await house.booked([await house.space()], "08:00", "09:00")
    wish = {"state": "requested", "replaces": booking["id"]}
    await house.clock("2026-12-01T08:59:00+01:00", run_due=False)
    try:
        await house.ok(house.put([room], "12:00", "13:00", **wish))
        await house.clock("2026-12-01T09:00:00+01:00", run_due=False)

        refused = await house.put([room], "14:00", "15:00", **wish)
    finally:
        await house.clock(NOW)

    assert (refused.status_code, refused.json()["reasons"][0]["rule"]) == (422, "replaces_over")
    assert refused.json()["detail"].startswith("Bookingen som skal erstattes, er ferdig.")


async def test_many_requests__for_the_same_booking_at_once__leave_one_open(house: House, room: UUID) -> None:
    booking = await house.booked([await house.space()], "10:00", "11:00")

    made = await asyncio.gather(*(to_move(house, booking, room, f"{hour}:00", f"{hour}:30") for hour in range(12, 18)))

    states = sorted([(await house.get(one["id"]))["state"] for one in made])
    assert states == [*["cancelled"] * 5, "requested"]


async def test_request__granted_while_another_is_made__leaves_one_of_them(house: House, room: UUID) -> None:
    for hour in range(8, 14):
        before = await house.space()
        booking = await house.booked([before], f"{hour:02}:00", f"{hour:02}:30")
        first = await to_move(house, booking, room, f"{hour:02}:00", f"{hour:02}:30")

        yes, second = await asyncio.gather(
            house.order("confirm", first),
            house.put([room], f"{hour:02}:30", f"{hour:02}:45", state="requested", replaces=booking["id"]),
        )

        assert (yes.status_code, second.status_code) in ((200, 409), (412, 201))
        taken = await affecting(house, before)
        assert taken == ([] if yes.status_code == 200 else [booking["id"]])


async def test_database__of_two_open_requests_for_a_bookings_place__refuses_one(house: House, room: UUID) -> None:
    booking = await house.booked([await house.space()], "10:00", "11:00")
    first = await to_move(house, booking, room, "12:00", "13:00")
    await to_move(house, booking, room, "14:00", "15:00")

    with pytest.raises(asyncpg.UniqueViolationError):
        await house.rows("update booking set state = 'requested' where id = $1", UUID(first["id"]))
