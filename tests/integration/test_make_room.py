"""An activity gives way because its hall is needed: moved, not cancelled, and both or neither."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from tests.integration.booking_house import API, House, wish

pytestmark = pytest.mark.integration
TIMES = ("10:00", "12:00")


async def make_room(
    house: House, displaced: dict[str, Any], to: UUID, hall: UUID, new: UUID | None = None, **headers: str
) -> httpx.Response:
    body = {
        "move_to": wish([to], *TIMES),
        "booking": {"id": str(new or uuid4()), **wish([hall], *TIMES, title="Minnesamvær")},
        "reason_code": "memorial_gathering",
    }
    seen = {"If-Match": f'"{displaced["version"]}"', **headers}
    return await house.client.post(f"{API}/bookings/{displaced['id']}/make-room", json=body, headers=seen)


async def test_activity_gives_way_and_keeps_where_it_was(house: House) -> None:
    hall, other = await house.space(), await house.space()
    displaced = await house.booked([hall], *TIMES, title="Bridge")
    done = await house.ok(make_room(house, displaced, other, hall), 201)
    assert (done["moved"]["state"], done["moved"]["space_ids"]) == ("confirmed", [str(other)])
    assert done["moved"]["previous"]["space_ids"] == [str(hall)]
    assert (done["booking"]["state"], done["booking"]["space_ids"]) == ("confirmed", [str(hall)])
    assert await house.events(displaced["id"]) == [("confirmed", 1), ("moved", 2)]


async def test_room_to_go_to_is_taken_and_nothing_changes(house: House) -> None:
    hall, other = await house.space(), await house.space()
    displaced = await house.booked([hall], *TIMES)
    taken = await house.booked([other], *TIMES)
    new = uuid4()
    refused = await make_room(house, displaced, other, hall, new)
    assert (refused.status_code, refused.json()["blocking"]) == (409, [taken["id"]])
    assert (await house.get(displaced["id"]))["version"] == 1
    assert (await house.client.get(f"{API}/bookings/{new}")).status_code == 404


async def test_new_booking_that_does_not_fit_leaves_the_other_where_it_was(house: House) -> None:
    hall, other = await house.space(), await house.space()
    await house.hours(hall, ("08:00", "11:00"))
    displaced = await house.booked([hall], *TIMES, override=True)
    refused = await make_room(house, displaced, other, hall)
    assert (refused.status_code, refused.json()["code"]) == (409, "outside_hours")
    assert (await house.get(displaced["id"]))["space_ids"] == [str(hall)]


async def test_sent_again_it_answers_the_same(house: House) -> None:
    hall, other, new = await house.space(), await house.space(), uuid4()
    displaced = await house.booked([hall], *TIMES)
    first = await house.ok(make_room(house, displaced, other, hall, new), 201)
    again = await house.ok(make_room(house, displaced, other, hall, new), 201)
    assert again == first


async def test_two_managers_at_once_move_it_once(house: House) -> None:
    hall, other, third = [await house.space() for _ in range(3)]
    displaced = await house.booked([hall], *TIMES)
    answers = await asyncio.gather(*(make_room(house, displaced, to, hall) for to in (other, third)))
    assert sorted(one.status_code for one in answers) == [201, 412]


async def test_front_line_may_not_displace(house: House) -> None:
    hall, other = await house.space(), await house.space()
    displaced = await house.booked([hall], *TIMES)
    refused = await make_room(house, displaced, other, hall, **house.role("front_line@*"))
    assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")


async def test_stale_version_and_unknown_booking_are_told(house: House) -> None:
    hall, other = await house.space(), await house.space()
    displaced = await house.booked([hall], *TIMES)
    stale = await make_room(house, {**displaced, "version": 7}, other, hall)
    assert (stale.status_code, stale.json()["current"]["version"]) == (412, 1)
    unknown = await make_room(house, {"id": str(uuid4()), "version": 1}, other, hall)
    assert unknown.status_code == 404
