"""32 clients, 10 rooms, one day: create, move and cancel by the real commands, against plain INSERTs in the same round.

    python -m benchmarks.booking_contended [seconds]

Clients wait for one of eight connections, so the times are what a caller sees. The plain writer only inserts a booking
and its rooms, in random order and without locks; it reads nothing, explains nothing and records no event.
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
from uuid import UUID, uuid4

import asyncpg

from services.facility.booking import commands
from services.facility.booking.bodies import Command, MoveBooking, PutBooking
from services.facility.booking.desk import Desk
from services.facility.booking.domain import Booking
from shared.clock import SystemClock
from shared.db import _use_json as use_json
from shared.db import server_settings
from shared.identity import Actor
from shared.problems import Problem
from tests.infra import postgres_server

CLIENTS, ROOMS = 32, 10
DAY = dt.datetime(2027, 1, 4, tzinfo=dt.UTC)
ACTOR = Actor("benchmark", frozenset({("admin", "*")}))
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
DEADLOCKS = "select deadlocks from pg_stat_database where datname = current_database()"
OVERLAPS = """
select count(*) from booking_leaf a join booking_leaf b
on a.space_id = b.space_id and a.during && b.during and a.booking_id < b.booking_id
"""


class Round:
    """One way of writing, on a pool and rooms of its own."""

    def __init__(self, pool: Any, square: UUID, rooms: list[UUID]) -> None:
        self.pool, self.square, self.rooms = pool, square, rooms
        self.desk = Desk(pool, SystemClock())
        self.mine: list[Booking] = []

    def place(self, rng: random.Random) -> tuple[list[UUID], dt.datetime, dt.datetime]:
        start = DAY + dt.timedelta(minutes=15 * rng.randrange(92))
        return rng.sample(self.rooms, rng.choice([1, 1, 2])), start, start + dt.timedelta(minutes=60)

    async def commands(self, rng: random.Random) -> str:
        spaces, start, end = self.place(rng)
        slot = {"space_ids": spaces, "starts_at": start.isoformat(), "ends_at": end.isoformat()}
        try:
            if not self.mine or rng.random() < 0.5:
                body = PutBooking.model_validate(slot)
                self.mine.append(await commands._put(self.desk, ACTOR, uuid4(), body))
                return "made"
            booking = self.mine.pop(rng.randrange(len(self.mine)))
            if rng.random() < 0.5:
                await commands.order(self.desk, ACTOR, booking.id, "cancel", booking.version, Command())
                return "cancelled"
            self.mine.append(booking)
            body_ = MoveBooking.model_validate(slot)
            moved = await commands._move(self.desk, ACTOR, booking.id, booking.version, body_)
            self.mine[self.mine.index(booking)] = moved
            return "moved"
        except (Problem, ValueError) as refusal:
            return getattr(refusal, "code", "lost")

    async def plain(self, rng: random.Random) -> str:
        spaces, start, end = self.place(rng)
        booking = uuid4()
        try:
            async with self.pool.acquire() as conn, conn.transaction():
                await conn.execute(BOOKING, booking, self.square, spaces, start, end)
                for space in spaces:
                    await conn.execute(LEAF, booking, space, start, end)
                return "made"
        except asyncpg.ExclusionViolationError:
            return "conflict"
        except asyncpg.DeadlockDetectedError:
            return "deadlock"


async def measure(work: Work, seconds: float) -> tuple[list[float], int]:
    """(seconds of each attempt, attempts)."""
    took: list[float] = []
    end = time.perf_counter() + seconds

    async def client(seed: int) -> None:
        rng = random.Random(seed)
        while time.perf_counter() < end:
            began = time.perf_counter()
            await work(rng)
            took.append(time.perf_counter() - began)

    await asyncio.gather(*(client(seed) for seed in range(CLIENTS)))
    return sorted(took), len(took)


async def run(server: Any, kind: str, seconds: float) -> None:
    database = await server.database("facility")
    square, rooms = uuid4(), [uuid4() for _ in range(ROOMS)]
    settings = server_settings("facility")
    pool = await asyncpg.create_pool(
        database.admin_dsn, min_size=8, max_size=8, server_settings=settings, init=use_json
    )
    await pool.execute(SEED, square, rooms)
    made = Round(pool, square, rooms)
    took, attempts = await measure(getattr(made, kind), seconds)
    await asyncio.sleep(1)  # the server's own counters are late
    deadlocks, overlaps = await pool.fetchval(DEADLOCKS), await pool.fetchval(OVERLAPS)
    p50, p99 = (took[int(len(took) * share)] * 1000 for share in (0.5, 0.99))
    print(
        f"{kind:<9} {attempts / seconds:7.0f}/s  p50 {p50:7.1f} ms  p99 {p99:8.1f} ms  max {took[-1] * 1000:8.1f} ms"
        f"  deadlocks {deadlocks}  overlapping pairs {overlaps}"
    )
    await pool.close()


def main() -> None:
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 10.0
    with tempfile.TemporaryDirectory() as home:
        Path(home).chmod(0o755)
        with postgres_server(Path(home) / "postgres") as server:
            asyncio.run(_both(server, seconds))


async def _both(server: Any, seconds: float) -> None:
    for kind in ("commands", "plain"):
        await run(server, kind, seconds)


if __name__ == "__main__":
    main()
