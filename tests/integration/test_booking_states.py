"""Lists of bookings in some states only: what is asked for is what is shown, also of holds that ran out."""

from typing import Any

import pytest

from tests.integration.booking_house import API, House, time

pytestmark = pytest.mark.integration
EXPIRY = "2026-11-24T09:00:00Z"


async def listed(house: House, *states: str, **asked: Any) -> list[str]:
    """All pages of two."""
    found: list[str] = []
    after: dict[str, str] = {}
    while True:
        params = {"from": time("00:00"), "to": "2027-12-31T00:00", "limit": 2, "state": states, **asked, **after}
        page = await house.ok(house.client.get(f"{API}/bookings", params=params))
        found += [booking["id"] for booking in page["bookings"]]
        assert {booking["state"] for booking in page["bookings"]} <= set(states)
        if not page["next"]:
            return found
        after = {"after": page["next"]}


async def test_list__of_some_states__misses_none_behind_pages_of_others(house: House) -> None:
    room, other = await house.space(), await house.space()
    for hour in range(8, 20):
        await house.booked([other], f"{hour:02}:00", f"{hour:02}:30")
    hit = [await house.booked([room], f"2027-0{month}-01T10:00", f"2027-0{month}-01T11:00") for month in (3, 6, 9)]
    closure = {"space_ids": [str(room)], "starts_at": time("07:00"), "ends_at": None, "reason_code": "power"}
    closed = await house.ok(house.client.put(f"{API}/closures/{hit[0]['id']}", json=closure), 201)
    asked = await house.booked([other], "2027-04-01T10:00", "2027-04-01T11:00", state="requested")
    ids = [one["id"] for one in hit]
    assert closed["affected"] == ids
    for where in ({"square_id": str(house.square)}, {"space_id": [str(room), str(other)]}):
        assert await listed(house, "affected", **where) == ids
        assert await listed(house, "affected", "requested", **where) == [ids[0], asked["id"], *ids[1:]]
        assert await listed(house, "cancelled", **where) == []


async def test_list__of_holds_that_ran_out__has_them_as_expired_whether_or_not_that_is_written_down(
    house: House,
) -> None:
    room, shut = await house.space(), await house.space()
    hold = await house.booked([room], "10:00", "11:00", state="held", hold_until=EXPIRY)
    displaced = await house.booked([shut], "12:00", "13:00", state="held", hold_until=EXPIRY)
    stays = await house.booked([room], "14:00", "15:00", state="held", hold_until="2026-11-30T09:00:00Z")
    closure = {"space_ids": [str(shut)], "starts_at": time("07:00"), "ends_at": None, "reason_code": "power"}
    await house.ok(house.client.put(f"{API}/closures/{displaced['id']}", json=closure), 201)
    ran_out, where = [hold["id"], displaced["id"]], {"square_id": str(house.square)}
    assert await listed(house, "held", **where) == [hold["id"], stays["id"]]
    assert await listed(house, "affected", **where) == [displaced["id"]]
    for written_down in (False, True):
        await house.clock(EXPIRY, run_due=written_down)
        assert await listed(house, "expired", **where) == ran_out
        assert await listed(house, "held", "affected", **where) == [stays["id"]]


async def test_list__of_a_state_there_is_not__is_refused(house: House) -> None:
    params = {"from": time("00:00"), "to": time("23:00"), "square_id": str(house.square), "state": "lost"}
    answer = await house.client.get(f"{API}/bookings", params=params)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")
