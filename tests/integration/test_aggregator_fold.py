"""The views are a function of what is on the log, not of the order or the number of times it was read."""

import random
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from shared import envelope
from shared.migrate import files
from tests import infra
from tests.integration.aggregator_stand import Log, aggregator, log_of, until

pytestmark = pytest.mark.integration
FACILITY, LIBRARY, DESK = "torg.facility.v1", "torg.library.v1", "torg.service_desk.v1"


async def test_views__of_a_log_shuffled_and_repeated__are_those_of_the_log_in_order(
    kafka: infra.Kafka, postgres: infra.Postgres, keys: infra.Keys
) -> None:
    """Each aggregator reads the whole log of this cluster; the second half of it is the first, out of order."""
    rng = random.Random(11)
    square, rooms = uuid4(), [str(uuid4()) for _ in range(3)]
    said: list[tuple[str, Any]] = []
    async with log_of(kafka) as log:
        said += [one async for one in of_units(log, square, rooms, rng)]
        for n in range(40):
            occurrence, booked = uuid4(), uuid4()
            for version in range(1, 4):
                hour = 8 + rng.randrange(10)
                start, end = f"2026-11-{10 + n % 9}T{hour:02d}:00:00Z", f"2026-11-{10 + n % 9}T{hour + 1:02d}:00:00Z"
                state = rng.choice(["confirmed", "cancelled", "held"])
                said.append((FACILITY, await log.booking(
                    square, booked, start, end, state=state, version=version, space_ids=[rng.choice(rooms)],
                    owner_ref=f"occurrence/{occurrence}" if n % 2 else None,
                )))  # fmt: skip
                said.append((LIBRARY, await log.occurrence(
                    square, occurrence, start, end, version=version, booking_id=str(booked) if n % 3 else None,
                    space_ids=[rng.choice(rooms)] if n % 5 else [], **counted(n, version, rng),
                )))  # fmt: skip
        await log.square(square)
        for room in rooms:
            await log.space(square, UUID(room))
        async with aggregator(kafka, postgres, keys) as first:
            await first.caught_up()
            in_order = await first.hashes()
        rng.shuffle(said)
        for topic, event in said * 2:
            headers = envelope.headers(event)
            await log.send(topic, event.subject.encode(), envelope.encode(event), headers)
    async with aggregator(kafka, postgres, keys) as second:
        await second.caught_up()
        assert await second.hashes() == in_order


async def test_views__of_a_house_that_ran_before_they_knew_a_kind__are_built_anew_by_themselves(
    kafka: infra.Kafka, postgres: infra.Postgres, keys: infra.Keys
) -> None:
    """What the migrations that brought new kinds end with, on views that have passed the events without them."""
    database, square, desk = await postgres.database("aggregator"), uuid4(), uuid4()
    async with aggregator(kafka, postgres, keys, database) as before:
        await before.log.shift(square, uuid4(), "2026-11-24T10:00:00Z", "2026-11-24T12:00:00Z")
        await before.log.desk_hour(square, desk, "2026-11-24", 10, ("counter", "fees", 7))
        await before.caught_up()
        whole = await before.hashes()
        await before.pool.execute("delete from calendar_entry; delete from calendar_day; delete from visitor_contact")
    owner = await asyncpg.connect(database.dsn("aggregator_owner"), server_settings={"search_path": "aggregator"})
    for name, text in files("aggregator"):
        if name.startswith(("aggregator/0030", "aggregator/0032")):
            await owner.execute("insert into rebuild " + text.rpartition("insert into rebuild ")[2])
    await owner.close()

    async with aggregator(kafka, postgres, keys, database) as after:

        async def again() -> bool:
            return await after.hashes() == whole

        assert await until(again)
        assert await after.pool.fetchval("select array_agg(generation order by name) from projection") == [
            2,
            1,
            1,
            1,
            2,
        ]


def counted(n: int, version: int, rng: random.Random) -> dict[str, Any]:
    """Every fourth occurrence is counted at its second version, and once more at its third."""
    if n % 4 or version == 1:
        return {}
    return {"attendance": {"total": rng.randrange(40), "revision": version - 1, "recorded_at": "2026-11-20T10:00:00Z"}}


async def of_units(log: Log, square: UUID, rooms: list[str], rng: random.Random) -> AsyncIterator[tuple[str, Any]]:
    """Busy rooms with the bookings that keep them, shifts, meals and a desk, each several times, on changing dates."""
    ids = [uuid4() for _ in range(12)]
    for version in range(1, 5):
        for n, one in enumerate(ids):
            date, hour = f"2026-11-{10 + rng.randrange(6)}", 8 + rng.randrange(10)
            times = f"{date}T{hour:02}:00:00Z", f"{date}T{hour + 1:02}:30:00Z"
            if n % 4 == 0:
                yield "torg.volunteer_central.v1", await log.shift(square, one, *times, version=version)
            elif n % 4 == 1:
                yield "torg.senior_centre.v1", await log.meal(square, one, *times, version=version)
            elif n == 2:
                counts = ("counter", "fees", rng.randrange(9))
                yield DESK, await log.desk_hour(square, one, "2026-11-11", 10, counts, version=version)
            elif n % 4 == 2:
                yield DESK, await log.presence(square, one, *times, version=version)
            else:
                room, starts = UUID(rng.choice(rooms)), sorted(rng.sample(range(8, 18), rng.randrange(4)))
                day, blocks = f"2026-11-{10 + n % 3}", [(f"{at:02}:00", f"{at:02}:30") for at in starts]
                versions = log.versions.get(f"room_busy/{room}/{day}", 0) + 1
                yield "torg.health_station.v1", await log.busy(square, room, day, *blocks, version=versions)
                about = {"space_ids": [str(room)], "owner_ref": f"room_busy/{room}", "version": version}
                state = rng.choice(["confirmed", "cancelled"])
                at = rng.randrange(8, 18)
                slot = f"{day}T{at:02}:00:00Z", f"{day}T{at:02}:30:00Z"
                yield FACILITY, await log.booking(square, one, *slot, state=state, **about)
