"""Building a view anew beside the one being read, and swapping when it has caught up.

The next generation's rows are written into the same tables under the next number, read from the beginning of the log
by a consumer without a group. The swap changes one number while batches wait for it: until then nobody sees a row of
the new generation, from then on nobody one of the old. A rebuild whose process died begins again; what it left is
removed first.
"""

import asyncio
import time
from collections.abc import Sequence
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from services.aggregator import store
from services.aggregator.batches import Place, prepare
from services.aggregator.decoding import Decoder
from services.aggregator.projections import Projection
from services.aggregator.watch import partitions
from shared import db, logs
from shared.clock import Clock
from shared.failpoints import failpoint
from shared.kafka import build_consumer
from shared.problems import NotFound, Unavailable
from shared.settings import Settings

BATCH = 2000
IDLE_MS = 200
# Batches wait for a swap at most this long; if the rebuild does not catch up meanwhile it tries again later.
SWAP_SECONDS = 3.0
TRIES = 60
REMOVED_AT_ONCE = 20_000
log = logs.get(__name__)


class Rebuilds:
    """At most one at a time; `run` is the loop that does them."""

    def __init__(
        self, pool: Any, settings: Settings, clock: Clock, projections: Sequence[Projection], topics: Sequence[str]
    ) -> None:
        self._pool = pool
        self._settings = settings
        self._clock = clock
        self._projections = {one.name: one for one in projections}
        self._topics = topics
        self._asked = asyncio.Event()

    async def start(self, view: str) -> dict[str, Any]:
        """Asks for a rebuild of `view`, or for nothing when one is under way. Raises NotFound for no view of ours."""
        if view not in self._projections:
            raise NotFound
        async with db.transaction(self._pool) as conn:
            await store.ask_rebuild(conn, view, self._clock.now())
        self._asked.set()
        return await self.progress(view)

    async def progress(self, view: str) -> dict[str, Any]:
        """Raises NotFound for no view of ours."""
        if view not in self._projections:
            raise NotFound
        async with db.connection(self._pool) as conn:
            row = await conn.fetchrow(store.REBUILD_GET, view)
        if row is None:
            return {"view": view, "state": "never", "done": 0, "total": 0}
        return {key: row[key] for key in ("view", "state", "done", "total", "started_at", "finished_at", "reason")}

    async def run(self) -> None:
        """Until an error that starting again may help: Kafka or PostgreSQL away."""
        async with db.connection(self._pool) as conn:
            for view in await store.register(conn, list(self._projections.values())):
                await store.ask_rebuild(conn, view, self._clock.now())
        for projection in self._projections.values():
            await self._remove_leftovers(projection)
        while True:
            self._asked.clear()
            async with db.connection(self._pool) as conn:
                asked = [row["view"] for row in await conn.fetch(store.REBUILDS_RUNNING)]
            for view in asked:
                if view in self._projections:
                    await self._rebuild(self._projections[view])
            if not asked:
                await self._asked.wait()

    async def _rebuild(self, projection: Projection) -> None:
        await self._remove_leftovers(projection)
        async with db.connection(self._pool) as conn:
            generation = (await store.generation_of(conn, projection.name) or 0) + 1
        log.info("rebuild_begins", view=projection.name, generation=generation)
        failpoint("rebuild.begun")
        state, reason = "done", None
        try:
            await _Rebuild(self._pool, self._settings, self._clock, projection, generation, self._topics).run()
        except (KafkaError, Unavailable, *db.OUTAGE):
            raise
        except Exception as error:  # the rebuild ends as failed; the old view stays
            log.error("rebuild_failed", view=projection.name, exc_info=error)
            state, reason = "failed", type(error).__name__
        async with db.transaction(self._pool) as conn:
            await conn.execute(store.REBUILD_END, projection.name, state, self._clock.now(), reason)
        failpoint("rebuild.ended")
        await self._remove_leftovers(projection)
        failpoint("rebuild.cleaned")

    async def _remove_leftovers(self, projection: Projection) -> None:
        """Rows of every generation but the live one, a little at a time."""
        async with db.connection(self._pool) as conn:
            live = await store.generation_of(conn, projection.name)
            if live is None:
                return
            await conn.execute(store.FORGET_POSITIONS, projection.name, live)
            for table in projection.tables:
                left = True
                while left:
                    left = await store.remove_others(conn, table, live, REMOVED_AT_ONCE)


class _Rebuild:
    def __init__(
        self,
        pool: Any,
        settings: Settings,
        clock: Clock,
        projection: Projection,
        generation: int,
        topics: Sequence[str],
    ) -> None:
        self._pool = pool
        self._settings = settings
        self._clock = clock
        self._projection = projection
        self._generation = generation
        self._topics = topics
        self._decoder = Decoder(projection.models)
        self._positions: dict[Place, int] = {}
        self._first = 0
        self._total = 0
        self._told_at = 0.0

    async def run(self) -> None:
        consumer = build_consumer(
            self._settings, group=None, auto_offset_reset="none", max_partition_fetch_bytes=2 * 1024 * 1024
        )
        await consumer.start()
        try:
            assigned = await self._begin(consumer)
            await self._read_to(consumer, await consumer.end_offsets(assigned))
            failpoint("rebuild.caught_up")
            while await self._settle():
                pass
            for _ in range(TRIES):
                if await self._swap(consumer):
                    await self._tell(at_once=True)
                    return
                await self._read(consumer)
            raise TimeoutError("the log grows faster than the rebuild reads")
        finally:
            await consumer.stop()

    async def _begin(self, consumer: AIOKafkaConsumer) -> list[TopicPartition]:
        """At the beginning of what the log still holds; its state-carrying events make the beginning complete."""
        assigned = await partitions(self._settings, self._topics)
        consumer.assign(assigned)
        begins, ends = await consumer.beginning_offsets(assigned), await consumer.end_offsets(assigned)
        for tp in assigned:
            consumer.seek(tp, begins[tp])
            self._positions[tp.topic, tp.partition] = begins[tp]
        self._total = sum(ends.values()) - sum(begins.values())
        self._first = sum(begins.values())
        async with db.transaction(self._pool) as conn:
            begun = {place: (offset, None) for place, offset in self._positions.items()}
            await store.advance(conn, {self._projection.name: self._generation}, begun)
        return assigned

    async def _read_to(self, consumer: AIOKafkaConsumer, ends: dict[TopicPartition, int]) -> None:
        while any(self._positions[tp.topic, tp.partition] < end for tp, end in ends.items()):
            await self._read(consumer)

    async def _read(self, consumer: AIOKafkaConsumer) -> None:
        got = await consumer.getmany(timeout_ms=IDLE_MS, max_records=BATCH)
        records = [record for found in got.values() for record in found]
        if not records:
            return
        prepared = await prepare(records, self._decoder, self._clock.now())
        async with store.writing(self._pool, len(records)) as conn:
            if prepared.batch.has(self._projection.models):
                await self._projection.apply(conn, self._generation, prepared.batch)
            await store.advance(conn, {self._projection.name: self._generation}, prepared.positions)
            failpoint("rebuild.applied")
        self._positions.update({place: offset for place, (offset, _) in prepared.positions.items()})
        await self._tell()

    async def _tell(self, *, at_once: bool = False) -> None:
        if at_once or time.monotonic() - self._told_at > 0.5:
            self._told_at = time.monotonic()
            done = sum(self._positions.values()) - self._first
            async with db.connection(self._pool) as conn:
                await conn.execute(store.REBUILD_PROGRESS, self._projection.name, done, max(done, self._total))

    async def _settle(self) -> int:
        async with db.transaction(self._pool) as conn:
            return await self._projection.settle(conn, self._generation)

    async def _swap(self, consumer: AIOKafkaConsumer) -> bool:
        """Holds up the batches of the live view, reads to where it stands, and swaps; False when that took too long."""
        deadline = time.monotonic() + SWAP_SECONDS
        async with db.transaction(self._pool) as conn:
            await conn.execute(store.SWAP_LOCK, self._projection.name)
            live = await store.positions_of_live(conn, self._projection.name)
            while any(self._positions.get(place, 0) < offset for place, offset in live.items()):
                if time.monotonic() > deadline:
                    return False
                await self._read(consumer)
            failpoint("rebuild.swapping")
            await conn.execute(store.SWAP, self._projection.name, self._generation, self._clock.now())
        failpoint("rebuild.swapped")
        log.info("rebuild_swapped", view=self._projection.name, generation=self._generation)
        return True


async def view_hashes(conn: Any, projections: Sequence[Projection]) -> dict[str, str]:
    """md5 of the ordered rows of each table of the live views, without their generation; in the caller's transaction.

    What was left for later is put together first, so that equal logs give equal digests.
    """
    hashes = {}
    await conn.execute(store.PATIENTLY)
    for projection in projections:
        generation = await store.generation_of(conn, projection.name)
        while generation and await projection.settle(conn, generation):
            pass
        for table in projection.tables:
            hashes[table] = await store.table_hash(conn, table, generation or 0)
    return hashes
