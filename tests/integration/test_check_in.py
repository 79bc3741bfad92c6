"""Checking in, and what becomes of a room that nobody came to."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from tests.integration.booking_house import API, NOW, House

pytestmark = pytest.mark.integration
START, DUE, END = "2026-12-01T09:00:00Z", "2026-12-01T09:30:00Z", "2026-12-01T10:00:00Z"


@pytest.fixture
async def house(opened: House) -> House:
    await opened.clock(NOW)
    await opened.square_of()
    return opened


async def ruled(house: House, space: UUID | None = None, minutes: int | None = 30) -> UUID:
    room = space or await house.space()
    rules = {"release_unused_after_minutes": minutes}
    await house.ok(house.client.put(f"{API}/spaces/{room}/policy", json=rules), 201)
    return room


async def check_in(house: House, booking: dict[str, Any], **headers: str) -> httpx.Response:
    sent = {"If-Match": f'"{booking["version"]}"', **headers}
    return await house.client.post(f"{API}/bookings/{booking['id']}/check-in", headers=sent)


async def state(house: House, booking: dict[str, Any]) -> tuple[str, str | None]:
    present = await house.get(booking["id"])
    return present["state"], present["reason_code"]


async def test_booking__nobody_came_to__is_released_after_the_policys_minutes_and_not_before(house: House) -> None:
    room = await ruled(house)
    booking = await house.booked([room], "10:00", "11:00")
    told = await house.ok(house.client.get(f"{API}/bookings/{booking['id']}/decisions"))
    assert told["released_unused_at"] == "2026-12-01T10:30:00+01:00"
    await house.clock("2026-12-01T09:29:59Z")
    assert await state(house, booking) == ("confirmed", None)
    await house.clock(DUE)
    assert await state(house, booking) == ("released", "unused")
    assert await house.events(booking["id"]) == [("confirmed", 1), ("released", 2)]
    await house.booked([room], "10:30", "11:00")
    (entry,) = await house.rows(
        "select * from audit where action = 'booking.release_unused' and object = $1", f"booking/{booking['id']}"
    )
    assert (entry["subject"], entry["role"], entry["reason_code"]) == ("/services/facility", "job", "unused")


async def test_booking__somebody_came_to__stays(house: House) -> None:
    booking = await house.booked([await ruled(house)], "10:00", "11:00")
    await house.clock(START)
    came = await check_in(house, booking, **house.role("front_line@*"))
    assert (came.status_code, came.json()["checked_in_at"]) == (200, "2026-12-01T10:00:00+01:00")
    assert (came.json()["version"], came.headers["etag"]) == (2, '"2"')
    await house.clock(DUE)
    assert await state(house, booking) == ("confirmed", None)
    assert await house.events(booking["id"]) == [("confirmed", 1), ("checked_in", 2)]


async def test_check_in__again__answers_the_same_and_says_nothing_more(house: House) -> None:
    booking = await house.booked([await house.space()], "10:00", "11:00")
    await house.clock(START)
    first = (await check_in(house, booking)).json()
    assert (await check_in(house, first)).json() == first
    stale = await check_in(house, booking)
    assert (stale.status_code, stale.json()["current"]["checked_in_at"]) == (412, first["checked_in_at"])
    assert len(await house.events(booking["id"])) == 2


@pytest.mark.parametrize(
    ("now", "status"),
    [
        ("2026-12-01T08:14:59Z", 409),
        ("2026-12-01T08:15:00Z", 200),
        ("2026-12-01T09:59:59Z", 200),
        (END, 409),
    ],
)
async def test_check_in__from_half_an_hour_before_setup_until_the_end(house: House, now: str, status: int) -> None:
    booking = await house.booked([await house.space()], "10:00", "11:00", setup_minutes=15)
    await house.clock(now)
    answer = await check_in(house, booking)
    assert answer.status_code == status
    if status == 409:
        assert answer.json()["code"] == "wrong_state"
        assert answer.json()["reasons"][0]["accepted"]["from"] == "2026-12-01T09:15:00+01:00"


async def test_check_in__of_what_is_not_confirmed__does_not_fit(house: House) -> None:
    room = await house.space()
    hold = await house.booked([room], "10:00", "11:00", state="held", hold_until="2026-12-02T10:00")
    gone = await house.ok(house.order("cancel", await house.booked([room], "12:00", "13:00")))
    await house.clock(START)
    for booking in (hold, gone):
        assert (await check_in(house, booking)).json()["code"] == "wrong_state"
    assert (await house.client.post(f"{API}/bookings/{hold['id']}/check-in")).status_code == 428
    assert (await house.client.post(f"{API}/bookings/{uuid4()}/check-in", headers={"If-Match": "1"})).status_code == 404


async def test_check_in__who_may_not_book__may_not(house: House) -> None:
    unit = await house.unit()
    booking = await house.booked([await house.space()], "10:00", "11:00", unit_id=str(unit))
    await house.clock(START)
    assert (await check_in(house, booking, **house.role("auditor@*"))).status_code == 403
    assert (await check_in(house, booking, **house.role(f"front_line@{uuid4()}"))).status_code == 404
    assert (await check_in(house, booking, **house.role(f"front_line@{unit}"))).status_code == 200


async def test_release__of_a_space_without_a_policy__never_happens(house: House) -> None:
    booking = await house.booked([await house.space()], "10:00", "11:00")
    asked = await house.booked([await ruled(house, minutes=None)], "10:00", "11:00")
    await house.clock("2026-12-01T09:59:00Z")
    assert await state(house, booking) == ("confirmed", None)
    assert await state(house, asked) == ("confirmed", None)


async def test_release__follows_the_policy_of_the_named_space_as_it_is_then(house: House) -> None:
    hall, (left, right) = await house.hall()
    await ruled(house, hall)
    await ruled(house, left, minutes=None)
    own = await house.booked([left], "10:00", "11:00")
    inherited = await house.booked([right], "10:00", "11:00")
    both = await house.booked([hall], "12:00", "13:00")
    await house.clock(DUE)
    assert (await state(house, own))[0] == "confirmed"
    assert (await state(house, inherited))[0] == "released"
    await house.ok(house.client.delete(f"{API}/spaces/{hall}/policy", headers={"If-Match": '"1"'}))
    await house.clock("2026-12-01T11:45:00Z")
    assert (await state(house, both))[0] == "confirmed"


async def test_release__of_what_is_booked_or_moved_while_it_runs__waits_as_long_from_then(house: House) -> None:
    room = await ruled(house)
    await house.clock("2026-12-01T09:40:00Z")
    late = await house.booked([room], "10:00", "11:30")
    await house.clock("2026-12-01T10:09:00Z")
    assert (await state(house, late))[0] == "confirmed"
    await house.clock("2026-12-01T10:10:00Z")
    assert (await state(house, late))[0] == "released"


async def test_release__of_one_made_longer_after_somebody_came__does_not_happen(house: House) -> None:
    room = await ruled(house)
    booking = await house.booked([room], "10:00", "11:00")
    await house.clock(START)
    came = (await check_in(house, booking)).json()
    longer = await house.ok(house.move(came, [room], "10:00", "12:00"))
    assert longer["checked_in_at"] == came["checked_in_at"]
    await house.clock("2026-12-01T10:30:00Z")
    assert (await state(house, booking))[0] == "confirmed"
    other = await house.ok(house.move(longer, [room], "18:00", "19:00"))
    assert other["checked_in_at"] is None


async def test_release__of_a_short_or_finished_booking__does_not_happen(house: House) -> None:
    room = await ruled(house)
    short = await house.booked([room], "10:00", "10:30")
    await house.clock("2026-12-01T09:30:00Z")
    assert (await state(house, short))[0] == "confirmed"
    over = await house.booked([room], "12:00", "13:00")
    await house.clock("2026-12-01T12:00:00Z")
    assert (await state(house, over))[0] == "confirmed"


async def test_release__and_check_in_at_once__is_one_of_both(house: House) -> None:
    room = await ruled(house)
    bookings = [await house.booked([await ruled(house)], "10:00", "11:00") for _ in range(8)]
    bookings.append(await house.booked([room], "10:00", "11:00"))
    await house.clock(DUE, run_due=False)
    release = asyncio.create_task(house.clock(DUE))
    answers = await asyncio.gather(*(check_in(house, booking) for booking in bookings))
    await release
    for booking, answer in zip(bookings, answers, strict=True):
        present = await house.get(booking["id"])
        said = await house.events(booking["id"])
        if answer.status_code == 200:
            assert (present["state"], said[-1]) == ("confirmed", ("checked_in", 2))
        else:
            assert (answer.status_code, answer.json()["current"]["state"]) == (412, "released")
            assert (present["state"], said[-1]) == ("released", ("released", 2))


async def test_health_station__is_neither_checked_in_nor_given_up(house: House) -> None:
    unit = await house.unit("health_station")
    own = {"unit_id": str(unit), "headers": house.role(f"unit_editor@{unit}")}
    booking = await house.booked([await ruled(house)], "10:00", "11:00", **own)
    await house.clock(START)
    refused = await check_in(house, booking, **own["headers"])
    assert refused.json()["code"] == "wrong_state"
    await house.clock(DUE)
    assert (await house.get(booking["id"]))["state"] == "confirmed"
    assert await house.events(booking["id"]) == [("confirmed", 1)]
