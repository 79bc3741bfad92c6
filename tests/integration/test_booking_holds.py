"""Holds and the clock: gone at their expiry instant, whether or not a job has written it down."""

from typing import Any

import pytest

from tests.integration.booking_house import NOW, House

pytestmark = pytest.mark.integration
BEFORE, EXPIRY, AFTER = "2026-11-24T08:59:59Z", "2026-11-24T09:00:00Z", "2026-11-24T12:00:00Z"


async def held(house: House, room: Any, **more: Any) -> dict[str, Any]:
    return await house.booked([room], "10:00", "11:00", state="held", hold_until=EXPIRY, **more)


async def test_hold_without_an_end_lasts_a_quarter_of_an_hour(house: House) -> None:
    booking = await house.booked([await house.space()], "10:00", "11:00", state="held")
    assert booking["hold_until"] == "2026-11-24T09:15:00+01:00"


async def test_hold_occupies_until_its_expiry_and_not_at_it(house: House) -> None:
    room = await house.space()
    hold = await held(house, room)
    await house.clock(BEFORE, run_due=False)
    assert (await house.put([room], "10:00", "11:00")).json()["blocking"] == [hold["id"]]
    await house.clock(EXPIRY, run_due=False)
    assert (await house.get(hold["id"]))["state"] == "expired"
    await house.booked([room], "10:00", "11:00")
    assert await house.events(hold["id"]) == [("held", 1), ("expired", 2)]


async def test_hold_that_ran_out_is_written_down_once_by_what_is_due(house: House) -> None:
    hold = await held(house, await house.space())
    await house.clock(EXPIRY)
    await house.clock(AFTER)
    assert await house.events(hold["id"]) == [("held", 1), ("expired", 2)]


async def test_hold_written_down_as_expired_stays_so_when_the_clock_goes_back(house: House) -> None:
    room = await house.space()
    hold = await held(house, room)
    await house.clock(EXPIRY)
    await house.clock(NOW)
    assert (await house.get(hold["id"]))["state"] == "expired"
    await house.booked([room], "10:00", "11:00")


async def test_hold_not_written_down_lives_again_when_the_clock_goes_back(house: House) -> None:
    room = await house.space()
    hold = await held(house, room)
    await house.clock(EXPIRY, run_due=False)
    await house.clock(NOW, run_due=False)
    assert (await house.put([room], "10:00", "11:00")).json()["blocking"] == [hold["id"]]


async def test_refused_attempt_leaves_a_hold_that_ran_out_as_it_was(house: House) -> None:
    room = await house.space()
    hold = await held(house, room)
    other = await house.booked([room], "11:00", "12:00")
    await house.clock(EXPIRY, run_due=False)
    assert (await house.put([room], "10:00", "12:00")).json()["blocking"] == [other["id"]]
    assert (await house.get(hold["id"]))["version"] == 1


async def test_hold_that_ran_out_takes_no_command(house: House) -> None:
    room = await house.space()
    hold = await held(house, room)
    await house.clock(EXPIRY, run_due=False)
    for what in ("confirm", "cancel", "release"):
        assert (await house.order(what, hold)).json()["code"] == "wrong_state"
    assert (await house.move(hold, [room], "12:00", "13:00")).json()["code"] == "invalid"


async def test_hold_confirmed_in_time_stays(house: House) -> None:
    hold = await held(house, await house.space())
    confirmed = await house.ok(house.order("confirm", hold))
    assert (confirmed["state"], confirmed["hold_until"]) == ("confirmed", None)
    await house.clock(AFTER)
    assert (await house.get(hold["id"]))["version"] == 2


async def test_release_only_before_the_end(house: House) -> None:
    room = await house.space()
    booking = await house.booked([room], "10:00", "11:00")
    await house.clock("2026-12-01T10:00:00Z", run_due=False)
    assert (await house.order("release", booking)).json()["code"] == "wrong_state"
    await house.clock("2026-12-01T09:59:59Z", run_due=False)
    assert (await house.ok(house.order("release", booking)))["state"] == "released"
