"""Planning and allocating as jobs: of a real size, beside other requests, and over the end of a process."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

import pytest

from services.facility.app import build
from services.facility.booking.desk import Desk
from services.facility.season import allocation, plan_store, store
from shared.clock import SteppedClock
from tests.infra import client_of, settings_for
from tests.integration.booking_house import NO_KAFKA, House
from tests.integration.season_stand import Season, close, open_season, wish

pytestmark = pytest.mark.integration


async def contested(house: House, rooms: int, applications: int) -> Season:
    """Many who want much the same, closed for applications."""
    spaces = [await house.space(capacity=20 + room) for room in range(rooms)]
    season = await open_season(house)
    kinds = ("voluntary", "municipal", "business")
    for number in range(applications):
        named = [spaces[(number + turn) % rooms] for turn in range(3)]
        wishes = [
            wish(named, weekday=1 + (number + turn) % 5, start=f"{17 + turn}:00", end=f"{19 + turn}:00",
                 alternatives=[{"weekday": 1 + (number + turn + 2) % 5, "start": "18:00", "end": "20:00"}])
            for turn in range(3)
        ]  # fmt: skip
        await season.applied(*wishes, organiser_kind=kinds[number % 3], paid=number % 2 == 0)
    await close(season)
    return season


async def test_plan__of_sixty_applications__is_made_while_bookings_are_answered(house: House) -> None:
    season = await contested(house, rooms=8, applications=60)
    other = await house.space()
    job = (await house.ok(season.step("plan"), 202))["job"]
    answered = 0
    while job["state"] == "running":
        await house.booked([other], f"2026-12-{1 + answered % 28:02}T{answered // 28:02}:00", _end(answered))
        answered += 1
        job = (await season.get("/job"))["job"]
    assert answered > 0
    assert (job["state"], job["done"], job["total"]) == ("done", 180, 180)
    plan = await season.get("/plan?limit=200")
    assert len(plan["wishes"]) == 180
    assert [row["number"] for row in plan["wishes"]] == list(range(1, 181))
    granted = [row for row in plan["wishes"] if row["outcome"] == "granted"]
    assert sum(kind["granted"] for kind in plan["summary"].values()) == len(granted)
    taken: set[tuple[Any, ...]] = set()
    for row in granted:
        start, end = (int(row["given"]["time"][side][:2]) for side in ("start", "end"))
        slots = {(row["given"]["space_id"], date, hour) for date in row["given"]["dates"] for hour in range(start, end)}
        assert not slots & taken
        taken |= slots
    page = await season.get("/plan?limit=100")
    assert (len(page["wishes"]), page["next"]) == (100, 100)
    rest = await season.get("/plan?limit=100&after=100")
    assert (len(rest["wishes"]), rest["next"]) == (80, None)


def _end(number: int) -> str:
    return f"2026-12-{1 + number % 28:02}T{number // 28:02}:59"


async def test_plan__asked_for_twice_at_once__is_one_job(house: House) -> None:
    season = await contested(house, rooms=2, applications=4)
    answers = await asyncio.gather(season.step("plan"), season.step("plan"))
    assert len({answer.json()["job"]["id"] for answer in answers}) == 1


async def cut_off(house: House, season: Season, kind: str, *, done: int, total: int) -> None:
    """A job that a process which is no more was at."""
    await house.rows(
        "insert into season_job (id, season_id, kind, state, done, total, started_at) "
        "values ($1, $2, $3, 'running', $4, $5, now()) returning id",
        uuid4(),
        season.id,
        kind,
        done,
        total,
    )


async def test_plan__cut_off_by_the_end_of_a_process__is_made_by_the_next(house: House) -> None:
    season = await contested(house, rooms=2, applications=4)
    await cut_off(house, season, "plan", done=3, total=12)
    await another_process(house, season, "proposed")
    assert len(await season.rows()) == 12


async def test_allocation__cut_off_after_the_first_series__makes_each_series_once(house: House) -> None:
    season = await contested(house, rooms=3, applications=3)
    granted = [key for key, row in (await season.planned()).items() if row["outcome"] == "granted"]
    await house.ok(season.step("decide"))
    await first_series(house, season)
    await cut_off(house, season, "allocate", done=1, total=9)
    await another_process(house, season, "allocated")
    made = (await season.get("/allocations"))["allocations"]
    assert {(one["application_id"], one["wish"]) for one in made} == set(granted)
    assert {one["confirmed"] for one in made} == {10}


async def first_series(house: House, season: Season) -> None:
    """As a process leaves it that dies between the series and the note of it."""
    settings = settings_for("facility", house.database, NO_KAFKA, house.keys)
    app = build(settings)
    async with client_of(app):
        pool = app.state.pool
        found = await store.find(pool, season.id)
        assert found is not None
        row = next(row for row in await plan_store.outcomes(pool, found.id, found.run) if row.outcome["given"])
        clock = SteppedClock()
        await allocation.make(Desk(pool, clock), found, row)
    assert await house.rows("select id from series where id = $1", allocation.series_id_of(found, row))


async def another_process(house: House, season: Season, state: str) -> None:
    """Another app on the same database, until it has brought the season there."""
    app = build(settings_for("facility", house.database, NO_KAFKA, house.keys))
    async with client_of(app):
        while (await season.see())["state"] != state:
            await asyncio.sleep(0.02)
            job = (await season.get("/job"))["job"]
            assert job["state"] != "failed", job


async def test_plan__that_fails__says_so_and_can_be_started_again(house: House) -> None:
    season = await contested(house, rooms=2, applications=2)
    [row] = await house.rows("select id, asked from season_application where season_id = $1 limit 1", season.id)
    broken: UUID = row["id"]
    await house.rows("update season_application set asked = '{}' where id = $1 returning id", broken)
    job = await season.job("plan")
    assert (job["state"], job["fault"]) == ("failed", "ValidationError")
    assert (await season.see())["state"] == "closed"
    await house.rows("update season_application set asked = $2 where id = $1 returning id", broken, row["asked"])
    assert (await season.job("plan"))["state"] == "done"


async def test_allocation__of_a_room_whose_policy_looks_only_weeks_ahead__is_made_by_the_houses_own_word(
    house: House,
) -> None:
    room = await house.space()
    policy = {"horizon_days": 28, "otherwise": "request", "quota": {"bookings_per_week": 1}}
    await house.ok(house.client.put(f"/api/facility/spaces/{room}/policy", json=policy))
    season = await open_season(house)
    choir = await season.applied(wish([room]), wish([room], 2))
    await close(season)
    await season.planned()
    await house.ok(season.step("decide"))
    await season.job("allocate")
    made = (await season.get("/allocations"))["allocations"]
    assert [(one["application_id"], one["confirmed"]) for one in made] == [(choir, 10), (choir, 10)]
