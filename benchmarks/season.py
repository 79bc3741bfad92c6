"""A season over HTTP: 200 applications with 600 wishes for 40 rooms of five squares, planned beside bookings, decided,
made into series. Rooms have hours, two halls have parts, every room is booked on one evening in ten already, and most
are heard in the room beside them; half of the wishes say how loud they are or how quiet it must be.

    python -m benchmarks.season [applications] [rooms]

The planner by itself is the same plan from the same rows, without a database and without giving way to anybody.
"""

import asyncio
import datetime as dt
import random
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import asyncpg

from services.facility.season import reading, store
from services.facility.season.planner import Planner
from shared.clock import SystemClock
from shared.db import _use_json as use_json
from tests.infra import make_keys, postgres_server
from tests.integration.booking_house import API, House, open_house
from tests.integration.season_stand import AFTER, Season, applied, wish

SQUARES = 5
FIRST, LAST = dt.date(2027, 8, 23), dt.date(2028, 6, 16)
KINDS = ("voluntary", "voluntary", "voluntary", "municipal", "business")


async def rooms_of(house: House, count: int) -> tuple[list[UUID], list[UUID]]:
    squares, rooms = [], []
    for square in range(SQUARES):
        squares.append(await house.square_of())
        hall = await house.space(capacity=90)
        await house.hours(hall, ("08:00", "22:00"))
        parts = [await house.space(hall, capacity=45) for _ in range(2)] if square < 2 else []
        others: list[UUID] = []
        for number in range(count // SQUARES - 1 - len(parts)):
            heard = [{"space_id": str(room), "attenuation": 2} for room in others[-1:]]
            room = await house.space(capacity=10 + 5 * number, noise_tolerance=number % 3, neighbours=heard)
            await house.hours(room, ("08:00", "22:00"))
            others.append(room)
        rooms += [hall, *parts, *others]
    return squares, rooms


async def book(house: House, rooms: list[UUID], rng: random.Random) -> int:
    """One evening in ten of each room that has no parts, as series."""
    days = [FIRST + dt.timedelta(days=day) for day in range((LAST - FIRST).days + 1)]
    booked = 0
    for room in rooms:
        dates = [
            {"id": str(uuid4()), "starts_at": f"{day}T18:00", "ends_at": f"{day}T19:30"}
            for day in sorted(rng.sample(days, len(days) // 10))
        ]
        body = {"space_ids": [str(room)], "occurrences": dates}
        answer = await house.client.put(f"{API}/series/{uuid4()}", json=body)
        booked += sum(one["outcome"] == "confirmed" for one in answer.json()["occurrences"])
    return booked


async def apply(season: Season, rooms: list[UUID], count: int, rng: random.Random) -> None:
    """Everybody wants the early evening; one in four will take any room that fits."""
    for _ in range(count):
        wishes = []
        for _ in range(3):
            hour, day = rng.choice([16, 17, 17, 18, 18, 19]), rng.randint(1, 5)
            named = [] if rng.random() < 0.25 else rng.sample(rooms, 3)
            others = [
                {"weekday": rng.randint(1, 6), "start": f"{rng.choice([15, 16, 19, 20])}:00", "end": "21:00"}
                for _ in range(2)
            ]
            sound = rng.choice([{}, {}, {"noise_out": 4}, {"quiet_need": 4}])
            said = {"alternatives": others, "setup_minutes": 10, **sound}
            wishes.append(wish(named, day, f"{hour}:00", f"{hour + 2}:00", **said))
        more = {"organiser_kind": rng.choice(KINDS), "people": rng.randint(5, 40), "paid": rng.random() < 0.4}
        answer = await season.house.client.put(f"{season.url}/applications/{uuid4()}", json=applied(*wishes, **more))
        assert answer.status_code == 201, answer.text


async def bookings(house: House, room: UUID, took: list[float]) -> None:
    """One after another, for as long as it is let."""
    for number in range(100_000):
        day = dt.date(2026, 12, 1) + dt.timedelta(days=number // 20)
        minute = number % 20 * 30
        start, end = (f"{day}T{8 + at // 60:02}:{at % 60:02}" for at in (minute, minute + 30))
        began = time.perf_counter()
        await house.booked([room], start, end)
        took.append(time.perf_counter() - began)


async def beside(house: House, work: Any) -> tuple[float, list[float]]:
    """(seconds of the work, seconds of each booking made meanwhile)."""
    room, took = await house.space(), []
    other = asyncio.create_task(bookings(house, room, took))
    began = time.perf_counter()
    await work
    seconds = time.perf_counter() - began
    other.cancel()
    with suppress(asyncio.CancelledError):  # cancelled the line before
        await other
    return seconds, sorted(took)


async def alone(house: House, season: Season) -> tuple[float, float, float]:
    """(seconds to read, seconds to plan, the longest that the loop was kept while reading)."""
    settings = {"search_path": "facility"}
    pool = await asyncpg.create_pool(house.database.admin_dsn, server_settings=settings, init=use_json, min_size=1)
    longest = 0.0

    async def watch() -> None:
        nonlocal longest
        while True:
            began = time.perf_counter()
            await asyncio.sleep(0.001)
            longest = max(longest, time.perf_counter() - began)

    async with pool.acquire() as conn:
        found = await store.find(conn, season.id)
        assert found is not None
        watching = asyncio.create_task(watch())
        began = time.perf_counter()
        problem = await reading.problem(conn, found, SystemClock().now())
        read = time.perf_counter() - began
        watching.cancel()
    began = time.perf_counter()
    for _ in Planner(problem).steps():
        pass
    planned = time.perf_counter() - began
    await pool.close()
    return read, planned, longest


def p(took: list[float], share: float) -> float:
    return took[min(int(len(took) * share), len(took) - 1)] * 1000


def told(took: list[float]) -> str:
    return f"p50 {p(took, 0.5):.1f} ms p99 {p(took, 0.99):.1f} ms"


def ratio(during: list[float], idle: list[float]) -> str:
    return f"ratio p50 {p(during, 0.5) / p(idle, 0.5):.1f} p99 {p(during, 0.99) / p(idle, 0.99):.1f}"


async def run(home: Path, applications: int, count: int) -> None:
    rng = random.Random(2027)
    with postgres_server(home / "postgres") as server:
        async with open_house(server, make_keys(home), log_level="error") as house:
            squares, rooms = await rooms_of(house, count)
            booked = await book(house, rooms, rng)
            season = Season(house, uuid4())
            dates = {"first_date": str(FIRST), "last_date": str(LAST), "space_ids": [str(room) for room in rooms]}
            await house.ok(season.put(square_ids=[str(one) for one in squares], **dates), 201)
            await house.ok(season.step("open"))
            await apply(season, rooms, applications, rng)
            await house.clock(AFTER)
            await house.ok(season.step("close"))
            await house.clock("2026-11-24T08:00:00Z")
            idle = sorted((await beside(house, asyncio.sleep(3)))[1])
            print(
                f"{applications} applications, {3 * applications} wishes, {len(rooms)} rooms, {booked} bookings before"
            )
            read, planned, longest = await alone(house, season)
            held = f"longest hold of the loop {longest * 1000:.0f} ms"
            print(f"reading {read:.2f} s ({held}), planner alone {planned:.2f} s")
            seconds, during = await beside(house, season.job("plan"))
            plan, first = await season.get("/plan?limit=1"), await season.rows()
            granted = sum(kind["granted"] for kind in plan["summary"].values())
            print(f"plan over HTTP {seconds:.2f} s, {granted} granted; {seconds / planned:.1f} times the planner alone")
            print(f"bookings meanwhile ({len(during)}): {told(during)}; idle: {told(idle)}; {ratio(during, idle)}")
            again, _ = await beside(house, season.job("plan"))
            print(f"made again {again:.2f} s, {'the same' if await season.rows() == first else 'ANOTHER PLAN'}")
            began = time.perf_counter()
            await house.ok(season.step("decide"))
            print(f"decided, {applications} letters in two languages: {time.perf_counter() - began:.2f} s")
            began = time.perf_counter()
            job = await season.job("allocate")
            seconds = time.perf_counter() - began
            print(f"allocated {job['total']} series: {seconds:.1f} s, {seconds / job['total'] * 1000:.0f} ms each")
            began = time.perf_counter()
            packed = (await house.client.get(f"{season.url}/export")).content
            print(f"export {len(packed) / 1e6:.1f} MB: {time.perf_counter() - began:.2f} s")


def main() -> None:
    applications = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    rooms = int(sys.argv[2]) if len(sys.argv) > 2 else 40
    with tempfile.TemporaryDirectory() as home:
        Path(home).chmod(0o755)
        asyncio.run(run(Path(home), applications, rooms))


if __name__ == "__main__":
    main()
