"""A view built anew beside the one being read: equal to it, swapped in one step, never half of it seen."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from services.aggregator import store
from services.aggregator.app import PROJECTIONS
from tests import infra
from tests.integration.aggregator_stand import Stand, aggregator, until

pytestmark = pytest.mark.integration
VIEWS = ("calendar", "presence", "resources", "sources", "visitors")


@pytest.fixture(scope="module")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[infra.Kafka]:
    """A log of its own: what other tests leave that cannot even be unpacked is read one record at a time."""
    with infra.kafka_cluster(tmp_path_factory.mktemp("kafka")) as cluster:
        yield cluster


@pytest.fixture(scope="module")
async def stand(kafka: infra.Kafka, postgres: infra.Postgres, keys: infra.Keys) -> AsyncIterator[Stand]:
    async with aggregator(kafka, postgres, keys) as made:
        yield made


@pytest.fixture(scope="module")
async def square(stand: Stand) -> UUID:
    square = uuid4()
    await stand.log.square(square)
    await stand.log.unit(square, uuid4())
    await stand.log.space(square, uuid4())
    await stand.log.shift(square, uuid4(), "2026-11-24T10:00:00Z", "2026-11-24T12:00:00Z")
    await stand.log.busy(square, uuid4(), "2026-11-24", ("10:00", "11:30"))
    for n in range(200):
        start = f"2026-11-{1 + n % 28:02d}T10:00:00Z"
        await stand.log.booking(square, uuid4(), start, start.replace("T10", "T11"))
    await stand.caught_up()
    return square


async def rebuilt(stand: Stand, view: str) -> dict[str, Any]:
    begun = await stand.http.post(f"/api/aggregator/rebuild/{view}")
    assert begun.status_code == 202

    async def ended() -> Any:
        progress = await stand.get(f"/rebuild/{view}")
        return progress["state"] != "running" and progress

    progress: dict[str, Any] = await until(ended)
    return progress


@pytest.mark.parametrize("view", VIEWS)
async def test_view__built_anew__equals_the_one_it_replaces(stand: Stand, square: UUID, view: str) -> None:
    before = await stand.hashes()
    progress = await rebuilt(stand, view)

    assert (progress["state"], progress["reason"]) == ("done", None)
    assert progress["done"] == progress["total"] > 0
    assert await stand.hashes() == before
    status = await stand.get(f"/squares/{square}/status")
    assert {one["view"] for one in status["projections"] if one["rebuilt_at"]} >= {view}


async def test_view__after_a_rebuild__goes_on_from_the_log_and_leaves_nothing_behind(
    stand: Stand, square: UUID
) -> None:
    await rebuilt(stand, "calendar")
    await stand.log.booking(square, uuid4(), "2026-12-24T10:00:00Z", "2026-12-24T11:00:00Z")
    await stand.caught_up()
    assert len(await stand.items(square, "2026-12-24")) == 1

    async def clean() -> bool:
        generations = await stand.pool.fetch("select distinct generation from calendar_booking")
        positions = await stand.pool.fetch("select distinct generation from position where projection = 'calendar'")
        return len(generations) == len(positions) == 1

    assert await until(clean)


async def test_readers__during_a_rebuild_under_writes__always_see_a_whole_view(stand: Stand, square: UUID) -> None:
    month = {"from": "2026-11-01", "to": "2026-11-28"}
    running, seen, written = True, list[int](), 0

    async def read() -> None:
        while running:
            found = await stand.get(f"/squares/{square}/calendar", **month)
            seen.append(sum(len(day["items"]) for day in found["days"]))

    async def write() -> int:
        count = 0
        while running:
            await stand.log.booking(square, uuid4(), "2026-11-24T10:00:00Z", "2026-11-24T11:00:00Z")
            count += 1
        return count

    reader, writer = asyncio.create_task(read()), asyncio.create_task(write())
    for _ in range(3):
        assert (await rebuilt(stand, "calendar"))["state"] == "done"
    running = False
    await reader
    written = await writer
    await stand.caught_up()

    assert seen == sorted(seen)
    assert seen[0] >= 202
    found = await stand.get(f"/squares/{square}/calendar", **month)
    assert sum(len(day["items"]) for day in found["days"]) == 202 + written


async def test_rebuild__of_no_view_or_by_nobody_allowed__is_refused(stand: Stand, keys: infra.Keys) -> None:
    assert (await stand.http.post("/api/aggregator/rebuild/weather")).status_code == 404
    refused = await stand.http.post("/api/aggregator/rebuild/calendar", headers=keys.headers("house_manager@*"))
    assert refused.status_code == 403


async def test_view__that_joins_later__is_built_beside_the_others_and_then_live(stand: Stand, square: UUID) -> None:
    """As after an upgrade that brings a view: the others go on from where they are."""
    before = await stand.hashes()
    async with stand.pool.acquire() as conn, conn.transaction():
        await conn.execute("update projection set generation = 0 where name = 'resources'")
        await conn.execute("delete from position where projection = 'resources'")
    await stand.http.post("/api/aggregator/rebuild/resources")

    async def live() -> bool:
        return bool(await stand.pool.fetchval("select generation > 0 from projection where name = 'resources'"))

    assert await until(live)
    await stand.caught_up()
    assert await stand.hashes() == before


async def test_views__registered_by_two_at_once_in_a_new_database__are_live_for_both(postgres: infra.Postgres) -> None:
    """The projector and the loop of rebuilds begin together: a half of the views must never be seen."""
    database = await postgres.database("aggregator")
    async with registering(database) as first, registering(database) as second, registering(database) as onlooker:
        begun = second.transaction()
        await begun.start()
        await second.execute(store.REGISTER, PROJECTIONS[1].name, 1)
        pid = first.get_server_pid()
        registered = asyncio.create_task(store.register(first, PROJECTIONS))
        waits = "select wait_event_type = 'Lock' from pg_stat_activity where pid = $1"
        await until(lambda: onlooker.fetchval(waits, pid))
        assert await onlooker.fetchval(store.KNOWN) == 0
        await begun.rollback()
        assert await registered == []
        assert await store.register(second, PROJECTIONS) == []
        assert await store.live(onlooker, VIEWS) == dict.fromkeys(VIEWS, 1)


@asynccontextmanager
async def registering(database: infra.Database) -> AsyncIterator[Any]:
    conn = await asyncpg.connect(database.dsn("aggregator"), server_settings={"search_path": "aggregator"})
    try:
        yield conn
    finally:
        await conn.close()
