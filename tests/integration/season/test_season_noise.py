"""A season where rooms hear each other: what its plan leaves out, refuses and accepts, and what is booked of it."""

from typing import Any
from uuid import UUID

import pytest

from tests.integration.booking_house import API, House
from tests.integration.season_stand import Season, close, open_season, wish

pytestmark = pytest.mark.integration


async def gym_and_quiet_room(house: House) -> tuple[UUID, UUID]:
    """The gym is heard in the quiet room, which bears nothing."""
    quiet = await house.space(name="Stillerommet", noise_tolerance=0)
    heard = [{"space_id": str(quiet), "attenuation": 2}]
    return await house.space(name="Gymsalen", neighbours=heard), quiet


async def exercise(season: Season, gym: UUID, **more: Any) -> str:
    return await season.applied(wish([gym], noise_out=4), title="Trim", **more)


async def meeting(season: Season, *rooms: UUID, **more: Any) -> str:
    return await season.applied(wish(rooms, quiet_need=5), title="Treff", organiser_kind="municipal", **more)


async def test_plan__rooms_that_hear_each_other__gives_another_room_or_says_why_not(house: House) -> None:
    gym, quiet = await gym_and_quiet_room(house)
    far = await house.space(name="Avsides")
    season = await open_season(house)
    loud = await exercise(season, gym)
    moved, refused = await meeting(season, quiet, far), await meeting(season, quiet)
    await close(season)
    rows = await season.planned()
    assert rows[loud, 1]["given"]["space_id"] == str(gym)
    assert rows[moved, 1]["given"]["space_id"] == str(far)
    assert [one["rule"] for one in rows[moved, 1]["reasons"]] == ["noise", "other_room"]
    assert rows[refused, 1]["given"] is None
    [reason] = rows[refused, 1]["reasons"]
    assert reason["message"] == (
        "The sound from Gymsalen is too loud in Stillerommet at the same time. "
        "The time went to an applicant of the kind voluntary, which goes before municipal."
    )
    assert reason["holders"] == [{"application_id": loud, "wish": 1}]
    assert await season.planned() == rows
    await house.ok(season.step("decide"))
    letter = await season.get(f"/applications/{refused}/letter")
    assert "Lyden fra Gymsalen blir for høy i Stillerommet på samme tid." in letter["nb"]


async def test_plan__bookings_beside__take_their_dates_out_and_too_many_of_them_the_place(house: House) -> None:
    gym, quiet = await gym_and_quiet_room(house)
    listening = await house.booked([quiet], "2027-09-06T19:00", "2027-09-06T21:00", quiet_need=5)
    for day in ("2027-08-24", "2027-08-31", "2027-09-07", "2027-09-14"):
        await house.booked([gym], f"{day}T18:00", f"{day}T19:00", noise_out=5)
    season = await open_season(house)
    loud = await exercise(season, gym)
    tuesday = await season.applied(wish([quiet], 2))
    await close(season)
    rows = await season.planned()
    left_out = [(one["date"], one["why"], one["blocking"]) for one in rows[loud, 1]["given"]["left_out"]]
    assert left_out == [("2027-09-06", "noise", [listening["id"]])]
    [reason] = rows[tuesday, 1]["reasons"]
    assert (reason["rule"], reason["facts"]["noisy"], len(reason["blocking"])) == ("noise_around", 4, 4)


async def test_allocation__booked_beside_meanwhile__refuses_the_date_and_says_which_room_hears_it(
    house: House,
) -> None:
    gym, quiet = await gym_and_quiet_room(house)
    season = await open_season(house)
    await exercise(season, gym)
    await close(season)
    await season.planned()
    await house.ok(season.step("decide"))
    await house.booked([quiet], "2027-09-13T18:30", "2027-09-13T19:00", quiet_need=5, title="Hemmelig treff")
    await season.job("allocate")
    [made] = (await season.get("/allocations"))["allocations"]
    assert (made["confirmed"], made["unforeseen"]) == (9, ["2027-09-13"])
    [refused] = made["refused"]
    assert (refused["reason"], [one["rule"] for one in refused["reasons"]]) == ("policy", ["noise"])
    assert refused["reasons"][0]["message"].startswith(
        "The sound from Gymsalen is too loud in Stillerommet, which is in use "
    )
    assert "Hemmelig" not in str(made)


async def test_place_by_hand__beside_what_hears_it__is_booked_as_accepted_for_the_reason_given(house: House) -> None:
    gym, quiet = await gym_and_quiet_room(house)
    season = await open_season(house)
    loud, still = await exercise(season, gym), await meeting(season, quiet)
    await close(season)
    await house.ok(season.change(still, action="place", space_id=str(quiet), reason="Avtalt med begge"), 201)
    await house.ok(season.change(loud, action="place", space_id=str(gym), reason="Avtalt med begge"), 201)
    rows = await season.planned()
    assert [one["rule"] for one in rows[loud, 1]["reasons"]] == ["noise_accepted", "given_by_hand"]
    await house.ok(season.step("decide"))
    await season.job("allocate")
    made = {one["application_id"]: one for one in (await season.get("/allocations"))["allocations"]}
    assert (made[loud]["confirmed"], made[still]["confirmed"]) == (10, 10)
    series = await house.ok(house.client.get(f"{API}/series/{made[loud]['series_id']}"))
    booking = await house.get(series["occurrences"][0]["id"])
    assert booking["noise_out"] == 4
    decided = await house.ok(house.client.get(f"{API}/bookings/{booking['id']}/decisions"))
    [excepted] = [one for one in decided["decisions"] if one["verdict"] == "excepted"]
    assert (excepted["rules"], excepted["reason_code"]) == (["noise"], "season_allocation")
    assert excepted["reason"] == "Avtalt med begge"
