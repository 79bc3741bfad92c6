"""32 clients, 10 rooms, one day: create, move and cancel, each way of it in the same round and on rooms of its own.

    python -m benchmarks.booking_contended [seconds]

`sql` is what the database does for them: lock, look, and write, by a driver that knows nothing else. `commands` are the
real ones, in this process. The clients of either wait for one of eight connections, so the times are what a caller
sees; `in the database` is from the beginning of the transaction to its end, locks waited for and all (of the commands
those that are one statement, as nearly all are). `http` is the whole service over a socket, refusals with all they say
and offer included: once as fast as it answers, once as fast as 32 people click. `plain` only inserts a booking and its
rooms, in random order and without locks. `serializable` looks first and then inserts, and lets PostgreSQL find out who
was in the way; what that throws away is lost.
"""

import asyncio
import datetime as dt
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import aiohttp
import asyncpg
import uvloop

from benchmarks.facility_stand import ACTOR, driver, pool_on, service, told
from services.facility.booking import commands, store, writing
from services.facility.booking.bodies import Command, MoveBooking, PutBooking
from services.facility.booking.desk import Desk
from services.facility.booking.domain import Booking
from shared.clock import SystemClock
from shared.problems import Problem
from tests.infra import postgres_server

CLIENTS, ROOMS = 32, 10
CLICKS_A_SECOND = 2.0
WARM_UP_SECONDS = 2.0  # connections are opened and plans made
DAY = dt.datetime(2027, 1, 4, tzinfo=dt.UTC)
Work = Callable[[random.Random], Awaitable[str]]

SEED = """
with s as (insert into square (id, version, name, time_zone, status, staff_share, settings_decision)
           values ($1, 1, 'S', 'Europe/Oslo', 'operating', '0', 1) returning id)
insert into space (id, version, square_id, name, features, bookable, position, withdrawn)
select room, 1, s.id, 'R', '{}', true, 0, false from s, unnest($2::uuid[]) room
"""
BOOKING = """
insert into booking (id, version, square_id, space_ids, starts_at, ends_at, setup_minutes, teardown_minutes, state,
    override, blocking, asked, created_at, updated_at)
values ($1, 1, $2, $3, $4, $5, 0, 0, 'confirmed', false, '{}', '{}', $4, $4)
"""
LEAF = "insert into booking_leaf (booking_id, space_id, during) values ($1, $2, tstzrange($3, $4))"
LEAVES = """
insert into booking_leaf (booking_id, space_id, during)
select $1, leaf, tstzrange($3, $4) from unnest($2::uuid[]) leaf order by leaf on conflict do nothing returning 1
"""
TAKEN = "select exists (select from booking_leaf where space_id = any($1::uuid[]) and during && tstzrange($2, $3))"
DEADLOCKS = "select deadlocks from pg_stat_database where datname = current_database()"
CLEAR = "truncate booking, booking_leaf, audit, outbox cascade"  # so that nobody cleans up in the next round
OVERLAPS = """
select count(*) from booking_leaf a join booking_leaf b
on a.space_id = b.space_id and a.during && b.during and a.booking_id < b.booking_id
"""


class Round:
    """One way of doing it, on a pool and rooms of its own."""

    def __init__(self, pool: Any, square: UUID, rooms: list[UUID]) -> None:
        self.pool, self.square, self.rooms = pool, square, rooms
        self.client: aiohttp.ClientSession | None = None
        self.desk = Desk(pool, SystemClock())
        self.mine: list[Any] = []
        self.inside: list[float] = []  # milliseconds of each transaction

    @asynccontextmanager
    async def transaction(self, isolation: Any = None) -> AsyncIterator[Any]:
        async with self.pool.acquire() as conn:
            began = time.perf_counter()
            try:
                async with conn.transaction(isolation=isolation):
                    yield conn
            finally:
                self.inside.append(1000 * (time.perf_counter() - began))

    def place(self, rng: random.Random) -> tuple[list[UUID], dt.datetime, dt.datetime]:
        start = DAY + dt.timedelta(minutes=15 * rng.randrange(92))
        return rng.sample(self.rooms, rng.choice([1, 1, 2])), start, start + dt.timedelta(minutes=60)

    def turn(self, rng: random.Random) -> tuple[str, Any]:
        """What to do next, and with which booking: half are new, the rest move or go."""
        if not self.mine or rng.random() < 0.5:
            return "make", None
        return ("cancel" if rng.random() < 0.5 else "move"), self.mine.pop(rng.randrange(len(self.mine)))

    async def commands(self, rng: random.Random) -> str:
        spaces, start, end = self.place(rng)
        slot = {"space_ids": spaces, "starts_at": start.isoformat(), "ends_at": end.isoformat()}
        what, booking = self.turn(rng)
        try:
            if what == "make":
                self.mine.append(await commands._put(self.desk, ACTOR, uuid4(), PutBooking.model_validate(slot)))
            elif what == "cancel":
                await commands.order(self.desk, ACTOR, booking.id, "cancel", booking.version, Command())
            else:
                self.mine.append(await self._moved(booking, slot))
        except Problem as refusal:
            self.mine += [booking] if booking else []
            return refusal.code
        return what

    async def _moved(self, booking: Booking, slot: dict[str, Any]) -> Booking:
        return await commands._move(self.desk, ACTOR, booking.id, booking.version, MoveBooking.model_validate(slot))

    async def sql(self, rng: random.Random) -> str:
        spaces, start, end = self.place(rng)
        what, booking = self.turn(rng)
        new = uuid4()
        async with self.transaction() as conn:
            if what == "cancel":
                await store.vacate(conn, [booking[0]])
                return what
            own, old = ([booking[0]], booking[1]) if booking else ([], [])
            met = await writing.survey(conn, spaces, old, [(start, end)], own)
            if met.bookings or met.closures:
                self.mine += [booking] if booking else []
                return "conflict"
            await store.vacate(conn, own)
            if what == "make":
                await conn.execute(BOOKING, new, self.square, spaces, start, end)
            kept = booking[0] if booking else new
            taken = await conn.fetch(LEAVES, kept, spaces, start, end)
            assert len(taken) == len(spaces)
        self.mine.append((kept, spaces))
        return what

    async def plain(self, rng: random.Random) -> str:
        return await self._straight(rng, "read_committed", look=False)

    async def serializable(self, rng: random.Random) -> str:
        return await self._straight(rng, "serializable", look=True)

    async def _straight(self, rng: random.Random, isolation: Any, *, look: bool) -> str:
        """Without locks and in random order of the rooms: what many would write first."""
        spaces, start, end = self.place(rng)
        what, booking = self.turn(rng)
        kept = booking or uuid4()
        try:
            async with self.transaction(isolation) as conn:
                if what != "make":
                    await conn.execute(store.VACATE, [kept])
                if what != "cancel":
                    if look and await conn.fetchval(TAKEN, spaces, start, end):
                        raise asyncpg.ExclusionViolationError
                    if what == "make":
                        await conn.execute(BOOKING, kept, self.square, spaces, start, end)
                    for space in spaces:
                        await conn.execute(LEAF, kept, space, start, end)
        except (asyncpg.ExclusionViolationError, asyncpg.SerializationError, asyncpg.DeadlockDetectedError) as error:
            self.mine += [booking] if booking else []
            return _why(error)
        self.mine += [] if what == "cancel" else [kept]
        return what

    async def http(self, rng: random.Random) -> str:
        spaces, start, end = self.place(rng)
        slot = {"space_ids": [str(one) for one in spaces], "starts_at": start.isoformat(), "ends_at": end.isoformat()}
        what, booking = self.turn(rng)
        async with self._ask(what, booking, slot) as answer:
            told = await answer.json(content_type=None)
        if not answer.ok:
            self.mine += [booking] if booking else []
            return str(told["code"])
        self.mine += [] if what == "cancel" else [told]
        return what

    async def clicks(self, rng: random.Random) -> str:
        return await self.http(rng)

    def _ask(self, what: str, booking: Any, slot: dict[str, Any]) -> Any:
        assert self.client
        if what == "make":
            return self.client.put(f"/api/facility/bookings/{uuid4()}", json=slot)
        seen = {"If-Match": f'"{booking["version"]}"'}
        body = slot if what == "move" else {}
        return self.client.post(f"/api/facility/bookings/{booking['id']}/{what}", json=body, headers=seen)


def _why(error: Exception) -> str:
    if isinstance(error, asyncpg.ExclusionViolationError):
        return "conflict"
    return "deadlock" if isinstance(error, asyncpg.DeadlockDetectedError) else "thrown away"


async def measure(work: Work, seconds: float, clicks_a_second: float | None) -> tuple[list[float], Counter[str]]:
    """(milliseconds of each attempt, what became of them)."""
    took: list[float] = []
    became: Counter[str] = Counter()
    end = time.perf_counter() + seconds

    async def client(seed: int) -> None:
        rng = random.Random(seed)
        while time.perf_counter() < end:
            if clicks_a_second:
                await asyncio.sleep(rng.expovariate(clicks_a_second))
            began = time.perf_counter()
            became[await work(rng)] += 1
            took.append(1000 * (time.perf_counter() - began))

    await asyncio.gather(*(client(seed) for seed in range(CLIENTS)))
    return sorted(took), became


async def watch(pool: Any, round_: Round) -> None:
    """Tells how long the database takes for each statement that is a command's whole transaction."""
    whole = (writing.MAKE_AT_ONCE, writing.MOVE_AT_ONCE, writing.SAVE)

    def tell(query: Any) -> None:
        if query.query in whole:
            round_.inside.append(1000 * query.elapsed)

    async with AsyncExitStack() as all_of_them:
        for _ in range(pool.get_size()):
            (await all_of_them.enter_async_context(pool.acquire())).add_query_logger(tell)


async def run(server: Any, home: Path, kind: str, seconds: float) -> None:
    database = await server.database("facility")
    square, rooms = uuid4(), [uuid4() for _ in range(ROOMS)]
    async with pool_on(database) as pool:
        await pool.execute(SEED, square, rooms)
        pace = CLICKS_A_SECOND if kind == "clicks" else None
        round_ = Round(pool, square, rooms)
        if kind == "commands":
            await watch(pool, round_)
        async with AsyncExitStack() as running:
            if kind in ("http", "clicks"):
                client = await running.enter_async_context(service(database, home))
                round_.client = await running.enter_async_context(driver(client))
            await measure(getattr(round_, kind), WARM_UP_SECONDS, None)
            round_.inside.clear()
            took, became = await measure(getattr(round_, kind), seconds, pace)
        await asyncio.sleep(1)  # the server's own counters are late
        deadlocks, overlaps = await pool.fetchval(DEADLOCKS), await pool.fetchval(OVERLAPS)
        await pool.execute(CLEAR)
        await pool.execute("checkpoint")
    done = sum(became[what] for what in ("make", "move", "cancel")) / seconds
    inside = f"  in the database {told(sorted(round_.inside))}" if round_.inside else ""
    lost = f"  thrown away {became['thrown away'] / len(took):.0%}" if became["thrown away"] else ""
    print(
        f"{kind:<12} {len(took) / seconds:6.0f} tried/s {done:6.0f} done/s  {told(took)}{inside}  deadlocks {deadlocks}"
        f"  overlapping pairs {overlaps}{lost}"
    )


async def _all(server: Any, home: Path, seconds: float) -> None:
    for kind in ("sql", "plain", "serializable", "commands", "http", "clicks"):
        await run(server, home, kind, seconds)


def main() -> None:
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 10.0
    with tempfile.TemporaryDirectory() as home:
        Path(home).chmod(0o755)
        with postgres_server(Path(home) / "postgres") as server:
            uvloop.run(_all(server, Path(home), seconds))


if __name__ == "__main__":
    main()
