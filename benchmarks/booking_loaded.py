"""A million bookings of a thousand rooms: a room's month, a square's month, finding, and booking among them.

    python -m benchmarks.booking_loaded [bookings] [seconds of each round of booking]

Five years of twelve squares, so a square's month is about 1,400 bookings. The table is made by SQL. Times are those of
the service's own functions, with the database on this machine; a bare query beside them says what the database takes.
"""

import asyncio
import datetime as dt
import random
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import uvloop

from benchmarks.facility_stand import ACTOR, pool_on, service, timed, told
from deploy.local.imports import room_plan
from services.facility.audit import trail
from services.facility.booking import commands, house, queries, series
from services.facility.booking.bodies import PutBooking, PutSeries
from services.facility.booking.desk import Desk
from services.facility.booking.domain import About, Booking, Slot
from services.facility.booking.events import booking_event
from services.facility.finding import queries as finding
from services.facility.finding.bodies import Find, Search
from services.facility.policy import store as policies
from shared import outbox
from shared.clock import SystemClock
from tests.infra import Database, postgres_server

FIRST, YEARS = dt.date(2024, 1, 1), 5
ROOMS = [100, 100, *[80] * 10]
PLAN = Path(__file__).resolve().parents[2] / "shared" / "data" / "room-plan-university"
CLIENTS = 8
CLOCK = SystemClock()
OSLO = ZoneInfo("Europe/Oslo")

SQUARES = """
insert into square (id, version, name, time_zone, status, staff_share, settings_decision)
select id, 1, 'Torg ' || n, 'Europe/Oslo', 'operating', '0', 1 from unnest($1::uuid[]) with ordinality s (id, n)
"""
SPACES = """
insert into space (id, version, square_id, name, capacity, features, floor, bookable, position, withdrawn)
select id, 1, square_id, 'Rom ' || n, 5 + n % 60,
    case n % 3 when 0 then '{step_free,projector}' when 1 then '{lift,hearing_loop}' else '{step_free}' end::text[],
    (n % 4)::text, true, n, false
from unnest($1::uuid[], $2::uuid[]) with ordinality s (id, square_id, n)
"""
HOURS = """
insert into hours (owner_kind, owner_id, decision, decided_at, periods)
select 'space', id, 1, '2024-01-01', $2::jsonb from unnest($1::uuid[]) s (id)
"""
# A room has its bookings on the hours from 8 to 20, evenly over the days; no two meet.
BOOKINGS = """
with slot as (
    select s.id as space_id, s.square_id, n, s.position,
        ($1::date + ((n * $2 / $3 + s.position) % $2)::int) as day, 8 + (n * 7 + s.position) % 13 as hour
    from space s cross join generate_series(0, $3 - 1) n
), at as (
    select distinct on (space_id, day, hour) space_id, square_id,
        (day + make_time(hour::int, 0, 0)) at time zone 'UTC' as starts_at
    from slot
), made as (
    insert into booking (id, version, square_id, space_ids, starts_at, ends_at, setup_minutes, teardown_minutes, state,
        override, title, organiser_kind, expected_people, blocking, asked, created_at, updated_at)
    select gen_random_uuid(), 1, square_id, array[space_id], starts_at, starts_at + interval '45 min', 0, 0,
        'confirmed', false, 'Korøvelse', 'voluntary', 20, '{}', '{}', starts_at, starts_at from at order by starts_at
    returning id, space_ids, starts_at, ends_at
)
insert into booking_leaf (booking_id, space_id, during)
select id, space_ids[1], tstzrange(starts_at, ends_at) from made
"""
NEVER = "alter table booking_leaf drop constraint booking_leaf_never_overlaps"
ALWAYS = """
alter table booking_leaf
    add constraint booking_leaf_never_overlaps exclude using gist (space_id with =, during with &&)
"""
BARE_MONTH = """
select id, starts_at, ends_at, state, title, space_ids from booking
where square_id = $1 and starts_at >= $2 and starts_at < $3 order by starts_at, id
"""
PLAIN_BOOKING = """
insert into booking (id, version, square_id, space_ids, starts_at, ends_at, setup_minutes, teardown_minutes, state,
    override, blocking, asked, created_at, updated_at)
values ($1, 1, $2, $3, $4, $5, 0, 0, 'confirmed', false, '{}', '{}', $4, $4)
"""
PLAIN_LEAF = "insert into booking_leaf (booking_id, space_id, during) values ($1, $2, tstzrange($3, $4))"


class Town:
    def __init__(self, pool: Any) -> None:
        self.pool, self.desk = pool, Desk(pool, CLOCK)
        self.rng = random.Random(5)
        self.squares = [uuid4() for _ in ROOMS]
        self.rooms = [
            (uuid4(), square) for square, count in zip(self.squares, ROOMS, strict=True) for _ in range(count)
        ]

    async def build(self, bookings: int) -> None:
        began = time.perf_counter()
        ids, squares = [room for room, _ in self.rooms], [square for _, square in self.rooms]
        await self.pool.execute(SQUARES, self.squares)
        await self.pool.execute(SPACES, ids, squares)
        await self.pool.execute(HOURS, ids, _periods())
        await self.pool.execute(NEVER)
        await self.pool.execute(BOOKINGS, FIRST, 365 * YEARS, bookings // len(self.rooms))
        await self.pool.execute(ALWAYS)
        await self.pool.execute("vacuum analyze")
        await self.pool.execute("checkpoint")  # what making it left to write is no part of what is asked afterwards
        found = await self.pool.fetchval("select count(*) from booking_leaf")
        print(f"{found:,} bookings of {len(self.rooms):,} rooms made in {time.perf_counter() - began:.0f} s")

    def month(self) -> tuple[str, str]:
        month = self.rng.randrange(12 * YEARS - 1)
        starts = [dt.date(FIRST.year + at // 12, at % 12 + 1, 1) for at in (month, month + 1)]
        return f"{starts[0]}T00:00", f"{starts[1]}T00:00"

    async def room_month(self) -> int:
        room, _ = self.rng.choice(self.rooms)
        return len((await queries.listed(self.desk, ACTOR, None, [room], self.month(), None, 500)).bookings)

    async def square_month(self) -> int:
        """All of its pages."""
        square, month, after, found = self.rng.choice(self.squares), self.month(), None, 0
        while True:
            page = await queries.listed(self.desk, ACTOR, square, None, month, after, 500)
            found, after = found + len(page.bookings), page.next
            if after is None:
                return found

    async def bare_square_month(self) -> int:
        square, (start, end) = self.rng.choice(self.squares), self.month()
        times = [dt.datetime.fromisoformat(at).replace(tzinfo=dt.UTC) for at in (start, end)]
        return len(await self.pool.fetch(BARE_MONTH, square, *times))

    def eight_weeks(self) -> dict[str, Any]:
        start = FIRST + dt.timedelta(days=self.rng.randrange(365 * YEARS - 60))
        two = [str(square) for square in self.squares[:2]]
        return {
            "from": f"{start}T00:00",
            "to": f"{start + dt.timedelta(weeks=8)}T00:00",
            "square_id": two,
            "minutes": 90,
        }

    async def find(self) -> int:
        return len(
            (await finding.find(self.desk, ACTOR, Find.model_validate({**self.eight_weeks(), "limit": 200}))).candidates
        )

    async def find_evenings(self) -> int:
        asked = {"weekday": [2, 4], "day_from": "18:00", "day_to": "21:00", "access": ["step_free"], "people": 20}
        return len(
            (await finding.find(self.desk, ACTOR, Find.model_validate({**self.eight_weeks(), **asked}))).candidates
        )

    async def free(self) -> int:
        return len(await finding.free(self.desk, ACTOR, Search.model_validate(self.eight_weeks())))

    async def book(self, rng: random.Random) -> None:
        room, _ = rng.choice(self.rooms)
        start = self._somewhen(rng)
        slot = {
            "space_ids": [room],
            "starts_at": start.isoformat(),
            "ends_at": (start + dt.timedelta(minutes=10)).isoformat(),
        }
        await commands.put(self.desk, ACTOR, uuid4(), PutBooking.model_validate(slot))

    async def insert(self, rng: random.Random) -> None:
        """The two rows that hold a booking, and nothing else."""
        room, square = rng.choice(self.rooms)
        booking, start = uuid4(), self._somewhen(rng)
        end = start + dt.timedelta(minutes=10)
        async with self.pool.acquire() as conn, conn.transaction():
            await conn.execute(PLAIN_BOOKING, booking, square, [room], start, end)
            await conn.execute(PLAIN_LEAF, booking, room, start, end)

    async def write(self, rng: random.Random) -> None:
        """All that a booking writes, its event and its audit too; nothing is read, locked or checked."""
        room, square = rng.choice(self.rooms)
        start = self._somewhen(rng)
        slot = Slot((room,), start, start + dt.timedelta(minutes=10))
        booking = Booking(uuid4(), 1, square, OSLO, slot, "confirmed", About(), {}, start, start)
        async with self.pool.acquire() as conn, conn.transaction():
            await conn.execute(PLAIN_BOOKING, booking.id, square, [room], *slot.bare)
            await conn.execute(PLAIN_LEAF, booking.id, room, *slot.bare)
            await trail.booking(conn, ACTOR, "put", None, booking)
            await outbox.record(conn, booking_event(booking, leaves=[room]))

    async def warm(self) -> None:
        """As a process is that has run for a while: it knows the rooms, their hours and their policies."""
        async with self.pool.acquire() as conn:
            ids = [room for room, _ in self.rooms]
            place = await house.load(conn, ids)
            await house.spans_of(conn, place, (CLOCK.now(), CLOCK.now()))
            await policies.effective(conn, ids, place.mark)

    def _somewhen(self, rng: random.Random) -> dt.datetime:
        """In the quarter of an hour that every hour has left, mostly; the night is free."""
        day = FIRST + dt.timedelta(days=rng.randrange(365 * YEARS))
        return dt.datetime(day.year, day.month, day.day, rng.randrange(7, 20), 47, rng.randrange(59), tzinfo=dt.UTC)

    async def series(self) -> None:
        """Weekly for a year, in three rooms at once."""
        rooms = [str(room) for room, _ in self.rng.sample(self.rooms, 3)]
        monday = FIRST + dt.timedelta(weeks=self.rng.randrange(200))
        dates = [
            {
                "id": str(uuid4()),
                "starts_at": f"{monday + dt.timedelta(weeks=week)}T19:50",
                "ends_at": f"{monday + dt.timedelta(weeks=week)}T20:50",
            }
            for week in range(52)
        ]
        await series.put(self.desk, ACTOR, uuid4(), PutSeries(space_ids=rooms, occurrences=dates))


def _periods() -> list[dict[str, Any]]:
    """An ordinary week, and a year's one-day exceptions, as a house has them."""
    week = {"spans": [{"start": "07:00", "end": "22:00", "state": "staffed", "weekdays": [1, 2, 3, 4, 5, 6, 7]}]}
    days = [FIRST + dt.timedelta(days=30 * n) for n in range(12 * YEARS)]
    short = {"spans": [{"start": "08:00", "end": "21:00", "state": "staffed"}]}
    return [
        {"name": "Vanlig", "groups": [week]},
        *(
            {"name": "D", "start_date": f"{day}", "end_date": f"{day}", "override": True, "groups": [short]}
            for day in days
        ),
    ]


async def rate(work: Callable[[random.Random], Awaitable[None]], seconds: float) -> float:
    """How many a second, by a few clients at once; refusals do not count."""
    made, end = 0, time.perf_counter() + seconds

    async def client(seed: int) -> None:
        nonlocal made
        rng = random.Random(seed)
        while time.perf_counter() < end:
            try:
                await work(rng)
                made += 1
            except Exception as error:  # one that fails is told as such, and the others are still measured
                if type(error).__name__ not in ("Refused", "ExclusionViolationError"):
                    raise

    began = time.perf_counter()
    await asyncio.gather(*(client(random.randrange(10**6)) for _ in range(CLIENTS)))
    return made / (time.perf_counter() - began)


async def plan_over_http(database: Database, home: Path) -> None:
    if not PLAN.exists():
        print("room-plan-university is not here")
        return
    async with service(database, home) as client:
        began = time.perf_counter()
        report = await room_plan.take(client, PLAN, lambda _: None)
        took = time.perf_counter() - began
    print(f"room plan over HTTP    {took:7.2f} s  {'; '.join(report.checked)}  wrong: {report.wrong or 'nothing'}")


async def main(server: Any, home: Path, bookings: int, seconds: float) -> None:
    await plan_over_http(await server.database("facility"), home)
    async with pool_on(await server.database("facility")) as pool:
        town = Town(pool)
        await town.build(bookings)
        await town.warm()
        for name, work, times in (
            ("a room's month", town.room_month, 300),
            ("a square's month", town.square_month, 300),
            ("  its rows, bare", town.bare_square_month, 300),
            ("find, 200 rooms 8 weeks", town.find, 300),
            ("find, evenings, needs", town.find_evenings, 300),
            ("free, 200 rooms 8 weeks", town.free, 50),
            ("52 dates in 3 rooms", town.series, 20),
        ):
            print(f"{name:<24} {told(await timed(work, times))}")
        ways = (town.insert, town.write, town.book)
        rounds = [[await rate(way, seconds) for way in ways] for _ in range(3)]
        two, same, booked = (sum(one[at] for one in rounds) / len(rounds) for at in range(3))
        print(
            f"booked {booked:.0f}/s; plain inserts of all that a booking writes {same:.0f}/s: {booked / same:.2f}; "
            f"of its two rows without event and audit {two:.0f}/s: {booked / two:.2f}"
        )


if __name__ == "__main__":
    wanted = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    length = float(sys.argv[2]) if len(sys.argv) > 2 else 5.0
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        with postgres_server(Path(folder) / "postgres") as started:
            uvloop.run(main(started, Path(folder), wanted, length))
