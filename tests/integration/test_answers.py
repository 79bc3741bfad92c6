"""What those who asked for a room are told, in the room screens: moves that wait, and refusals until they are seen."""

from typing import Any
from uuid import UUID, uuid4

import pytest

from tests.integration.booking_house import API, House

pytestmark = pytest.mark.integration


async def asking(house: House) -> UUID:
    """A room that has to be requested."""
    made = await house.space()
    path, seen = f"{API}/spaces/{made}/policy", {"If-Match": '"0"'}
    await house.ok(house.client.put(path, json={"otherwise": "request"}, headers=seen))
    return made


async def to_move(house: House, booking: dict[str, Any], room: UUID, **more: Any) -> dict[str, Any]:
    return await house.booked([room], "12:00", "13:00", state="requested", replaces=booking["id"], **more)


async def refuse(house: House, request: dict[str, Any]) -> dict[str, Any]:
    said = {"reason_code": "room_needed", "reason": "Pianotimen"}
    return await house.ok(house.order("reject", request, **said))


async def told(house: House, booking: dict[str, Any], who: dict[str, str] | None = None) -> Any:
    path = f"{API}/bookings/{booking['id']}/move-request"
    return (await house.ok(house.client.get(path, headers=who)))["move_request"]


async def answers(house: House, who: dict[str, str] | None = None) -> list[str]:
    """The ids of the requests."""
    asked = {"square_id": str(house.square)}
    found = (await house.ok(house.client.get(f"{API}/answers", params=asked, headers=who)))["answers"]
    return [one["booking"]["id"] for one in found]


async def test_booking__whose_move_waits__says_so_until_it_is_withdrawn(house: House) -> None:
    booking = await house.booked([await house.space()], "10:00", "11:00")
    assert await told(house, booking) is None
    request = await to_move(house, booking, await asking(house))

    found = await told(house, booking)

    assert (found["booking"]["id"], found["booking"]["state"]) == (request["id"], "requested")
    assert (found["reason_code"], found["former"]["id"]) == (None, booking["id"])
    assert await answers(house) == []
    await house.ok(house.order("cancel", request))
    assert await told(house, booking) is None


async def test_refused_move__is_told_with_its_reason_and_what_stands__until_it_is_seen(house: House) -> None:
    booking = await house.booked([await house.space()], "10:00", "11:00")
    refused = await refuse(house, await to_move(house, booking, await asking(house)))

    found = await told(house, booking)

    assert (found["booking"]["state"], found["reason_code"], found["reason"]) == (
        "rejected", "room_needed", "Pianotimen",
    )  # fmt: skip
    assert (found["former"]["id"], found["former"]["state"]) == (booking["id"], "confirmed")
    assert await answers(house) == [refused["id"]]
    for _ in range(2):
        assert await house.ok(house.order("see-answer", refused)) == refused
    assert (await told(house, booking), await answers(house)) == (None, [])
    (row,) = await house.rows("select count(*) from audit where action = 'booking.see_answer'")
    assert row["count"] == 1


async def test_refused_move__asked_for_anew__is_told_no_more(house: House) -> None:
    booking = await house.booked([await house.space()], "10:00", "11:00")
    await refuse(house, await to_move(house, booking, await asking(house)))

    second = await to_move(house, booking, await asking(house))

    assert (await told(house, booking))["booking"]["id"] == second["id"]
    assert await answers(house) == []


async def test_refused_request__that_moves_nothing__is_told_too(house: House) -> None:
    refused = await refuse(house, await house.booked([await asking(house)], "12:00", "13:00", state="requested"))

    assert await answers(house) == [refused["id"]]


async def test_refused_request__of_a_date_or_of_what_is_over__is_not_listed(house: House) -> None:
    room = await asking(house)
    owner = {"owner_ref": f"occurrence/{uuid4()}"}
    await refuse(house, await house.booked([room], "12:00", "13:00", state="requested", **owner))
    past = await refuse(house, await house.booked([room], "12:00", "13:00", state="requested"))
    assert await answers(house) == [past["id"]]

    await house.clock("2026-12-01T13:00:00+01:00", run_due=False)

    assert await answers(house) == []


async def test_refused_move__to_another_square__is_told_where_the_booking_is(house: House) -> None:
    booking = await house.booked([await house.space()], "10:00", "11:00")
    here = house.square
    await house.square_of()
    refused = await refuse(house, await to_move(house, booking, await asking(house)))
    assert await answers(house) == [refused["id"]]

    house.square = here

    assert await answers(house) == [refused["id"]]


async def test_answer__for_who_may_not_ask__is_neither_listed_nor_put_aside(house: House) -> None:
    ours, theirs = await house.unit("library"), await house.unit("senior_centre")
    request = await house.booked([await asking(house)], "12:00", "13:00", state="requested", unit_id=str(theirs))
    refused = await refuse(house, request)

    reads = house.role(f"auditor@{house.square}")
    assert await answers(house, reads) == []
    assert (await house.order("see-answer", refused, headers=reads)).status_code == 403
    assert (await house.order("see-answer", refused, headers=house.role(f"unit_editor@{ours}"))).status_code == 404
    asks = house.role(f"auditor@{house.square}", f"front_line@{theirs}")
    assert await answers(house, asks) == [refused["id"]]


@pytest.mark.parametrize("decided", [False, True])
async def test_see_answer__where_nobody_refused__is_refused(house: House, decided: bool) -> None:
    room = await house.space()
    one = await house.booked([room], "12:00", "13:00", state="requested")
    if decided:
        one = await house.ok(house.order("confirm", one))

    refused = await house.order("see-answer", one)

    assert (refused.status_code, refused.json()["code"]) == (409, "wrong_state")
    assert (await house.order("see-answer", {**one, "version": 9})).status_code == 412
