"""Folds every topic into the live views: one batch, one transaction, positions beside the rows they account for.

While a batch is in the database the next is read and decoded. PostgreSQL's positions decide where reading goes on;
what is committed to Kafka only serves tools that show lag. An outage is waited out with the batch in hand; a record
that cannot be used becomes a dead letter; a position the log no longer holds stops everything and says so.
"""

import asyncio
import time
from collections.abc import Iterable, Sequence
from typing import Any, Literal

import asyncpg
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.abc import ConsumerRebalanceListener
from aiokafka.errors import KafkaError, NoOffsetForPartitionError, OffsetOutOfRangeError

from services.aggregator import changes, store
from services.aggregator.batches import Place, Prepared, prepare, refuse
from services.aggregator.decoding import Decoder
from services.aggregator.projections import Change, Projection
from shared import db, deadletter, logs, metrics
from shared.clock import Clock
from shared.failpoints import failpoint
from shared.kafka import Record, build_consumer
from shared.problems import Invalid, Unavailable
from shared.settings import Settings

GROUP = "aggregator.projector"
BATCH = 1000
IDLE_MS = 200
# So long nothing must come after much has, before what was left for later is done.
BREATH_MS = 20
COMMIT_SECONDS = 5.0
# A killed process keeps its partitions from its successor this long; the least a broker allows.
SESSION_MS = 6000
LONGEST_PAUSE = 5.0
FINISH_SECONDS = 8.0
# A partition on which so many records in a row are refused has a broken publisher: stop rather than drain it.
MOST_REFUSED = 1000
# The same batch run into the statement timeout so often is tried in halves.
TIMEOUTS_BEFORE_HALVES = 3

State = Literal["starting", "running", "database_away", "rebuild_needed", "beyond_the_end", "poisoned"]
log = logs.get(__name__)


class Halted(Exception):
    """Reading cannot go on until somebody acts; `state` says why."""

    def __init__(self, state: State, places: Iterable[Place]) -> None:
        self.state = state
        self.places = sorted(places)
        super().__init__(f"{state}: {self.places}")


class Restarted(Exception):
    """Somebody saw that the consumer stood still; not an error of its own."""


class Projector(ConsumerRebalanceListener):  # type: ignore[misc]  # aiokafka ships no types
    """Started by `run`. `state`, `halted_at` and `handled` are for those who watch it."""

    def __init__(
        self,
        pool: Any,
        settings: Settings,
        clock: Clock,
        projections: Sequence[Projection],
        topics: Sequence[str],
        batch: int = BATCH,
    ) -> None:
        self._pool = pool
        self._settings = settings
        self._clock = clock
        self._projections = projections
        self.names = [one.name for one in projections]
        self._topics = topics
        self._batch = batch
        self._decoder = Decoder(model for one in projections for model in one.models)
        self._life: asyncio.Task[None] | None = None
        self._unplaced: set[TopicPartition] = set()
        self._writing: asyncio.Task[None] | None = None
        self.unsettled: list[Projection] = []
        self._has_time = False
        self._committed_at = 0.0
        self._refused_in_a_row: dict[Place, int] = {}
        self.state: State = "starting"
        self.halted_at: list[Place] = []
        self.handled: dict[Place, int] = {}

    async def run(self) -> None:
        """One life of the consumer; start it again. Raises KafkaError or OSError when Kafka cannot be reached."""
        self._life = asyncio.create_task(self._live())
        try:
            await self._life
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if task and task.cancelling():
                raise
            raise Restarted from None

    def restart(self) -> None:
        """Ends this life of the consumer, from outside."""
        if self._life:
            self._life.cancel()

    async def _live(self) -> None:
        consumer = build_consumer(
            self._settings,
            group=GROUP,
            auto_offset_reset="none",
            session_timeout_ms=SESSION_MS,
            heartbeat_interval_ms=SESSION_MS // 3,
            fetch_max_wait_ms=IDLE_MS,
            max_partition_fetch_bytes=2 * 1024 * 1024,
        )
        consumer.subscribe(self._topics, listener=self)
        try:
            async with db.transaction(self._pool) as conn:
                await store.register(conn, self._projections)
            await consumer.start()
            while True:
                await self._turn(consumer)
        except Halted as halted:
            self.state, self.halted_at = halted.state, halted.places
            log.error("projector_halted", state=halted.state, places=halted.places)
            await self._until_repaired(halted)
        finally:
            await self._finish(consumer)

    async def replay(self, conn: Any, letter: deadletter.Letter) -> None:
        """Applies a dead letter again, in the caller's transaction. Versions see to it that nothing goes back."""
        record = _record_of(letter)
        again = await prepare([record], self._decoder, self._clock.now())
        if again.letters:
            raise Invalid(again.letters[0].reason, code=again.letters[0].code)
        views = await store.live(conn, self.names)
        await changes.record(conn, await self._apply(conn, views, again), self._clock.now())

    async def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        for partition in revoked:
            self.handled.pop((partition.topic, partition.partition), None)

    async def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        """Errors raised here would be swallowed, so what fails is left to the next turn."""
        self._unplaced |= set(assigned)

    async def _turn(self, consumer: AIOKafkaConsumer) -> None:
        if self._unplaced:
            await self._place(consumer)
        try:
            patience = BREATH_MS if self._has_time else IDLE_MS
            got = await consumer.getmany(timeout_ms=patience, max_records=self._batch)
        except OffsetOutOfRangeError as error:
            raise Halted("rebuild_needed", [(tp.topic, tp.partition) for tp in error.args[0]]) from None
        except NoOffsetForPartitionError:  # fetched before it was placed
            self._unplaced |= consumer.assignment()
            return
        records = [record for tp, found in got.items() if tp not in self._unplaced for record in found]
        # Settling waits for a pause in the stream, or for the end of much that came at once.
        self._has_time = bool(self.unsettled) and (not records or len(records) > store.MANY_RECORDS)
        if not records:
            await self._rest(consumer)
            return
        failpoint("projector.polled")
        prepared = await prepare(records, self._decoder, self._clock.now(), self._projections)
        await self._written()
        self._count_refused(prepared)
        self._writing = asyncio.create_task(self._write_surely(prepared))
        if not self._unplaced:
            await self._tell_kafka(consumer)

    async def _place(self, consumer: AIOKafkaConsumer) -> None:
        """Seeks to where the views stand. What was fetched from elsewhere meanwhile is dropped."""
        await self._written()
        places = sorted(self._unplaced & consumer.assignment())
        async with db.connection(self._pool) as conn:
            positions = await store.positions(conn, self.names)
        begins = await consumer.beginning_offsets(places)
        ends = await consumer.end_offsets(places)
        known = {tp: positions.get((tp.topic, tp.partition), 0) for tp in places}
        if beyond := [tp for tp in places if known[tp] > ends[tp]]:
            raise Halted("beyond_the_end", beyond)
        if cut := [tp for tp in places if 0 < known[tp] < begins[tp]]:
            raise Halted("rebuild_needed", cut)
        for tp in places:
            consumer.seek(tp, max(known[tp], begins[tp]))
            self.handled[tp.topic, tp.partition] = max(known[tp], begins[tp])
        self._unplaced -= set(places)
        self._unplaced &= consumer.assignment()
        self.state = "running"

    async def _rest(self, consumer: AIOKafkaConsumer) -> None:
        """Nothing to read: finish what is under way and put together what was left for later."""
        await self._written()
        await self._tell_kafka(consumer)
        if self._has_time:
            try:
                await self._settle(self.unsettled[-1])
            except (*db.OUTAGE, Unavailable) as error:
                log.warning("settling_waits", error=type(error).__name__)
                await asyncio.sleep(IDLE_MS / 1000)

    async def _settle(self, projection: Projection) -> None:
        async with db.transaction(self._pool) as conn:
            views = await store.live(conn, self.names)
            left = projection.name in views and await projection.settle(conn, views[projection.name])
        if not left:
            self.unsettled.pop()

    async def _written(self) -> None:
        """Waits for the batch under way, which is never cut off in the middle."""
        if self._writing:
            await asyncio.shield(self._writing)
            self._writing = None

    async def _write_surely(self, prepared: Prepared) -> None:
        """Until it is written: outages are waited out, a batch with a record PostgreSQL refuses is halved."""
        pause, timeouts = 0.05, 0
        while True:
            try:
                await self._write(prepared)
                self.state = "running"
                return
            except (*db.OUTAGE, Unavailable) as error:
                self.state = "database_away"
                log.warning("batch_waits", error=type(error).__name__, records=len(prepared.records))
                timeouts += isinstance(error, asyncpg.QueryCanceledError)
                if timeouts >= TIMEOUTS_BEFORE_HALVES and len(prepared.records) > 1:
                    break
            except Exception as error:  # the record at fault is found and put aside
                self._tell_refused(prepared, error)
                if len(prepared.records) == 1:
                    prepared = self._put_aside(prepared, error)
                    continue
                break
            await asyncio.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE)
        middle = len(prepared.records) // 2
        for half in (prepared.records[:middle], prepared.records[middle:]):
            await self._write_surely(await prepare(half, self._decoder, self._clock.now()))

    def _tell_refused(self, prepared: Prepared, error: Exception) -> None:
        """Without PostgreSQL's detail: it repeats the row."""
        trace = None if isinstance(error, asyncpg.PostgresError) else error
        said = {"error": type(error).__name__, "sqlstate": getattr(error, "sqlstate", None)}
        log.warning("batch_refused", records=len(prepared.records), exc_info=trace, **said)

    def _put_aside(self, alone: Prepared, error: Exception) -> Prepared:
        code = "refused_by_database" if isinstance(error, asyncpg.PostgresError) else "not_applied"
        return refuse(alone.records[0], code, type(error).__name__, self._clock.now())

    async def _write(self, prepared: Prepared) -> None:
        started = time.perf_counter()
        async with store.writing(self._pool, len(prepared.records)) as conn:
            views = await store.live(conn, self.names)
            if not views:  # nothing would be written, and the position passed
                raise Unavailable
            changed = await self._apply(conn, views, prepared)
            await store.advance(conn, views, prepared.positions)
            await deadletter.insert(conn, prepared.letters)
            await changes.record(conn, changed, self._clock.now())
            failpoint("projector.applied")
        failpoint("projector.committed")
        self.handled.update({place: offset for place, (offset, _) in prepared.positions.items()})
        self.unsettled = list(self._projections)
        metrics.BATCH_SECONDS.observe(time.perf_counter() - started)
        metrics.BATCH_RECORDS.observe(len(prepared.records))
        for (topic, outcome), count in prepared.counts.items():
            metrics.CONSUMED.labels(topic, outcome).inc(count)

    async def _apply(self, conn: Any, views: dict[str, int], prepared: Prepared) -> list[Change]:
        batch, changed = prepared.batch, list[Change]()
        for projection in self._projections:
            if projection.name in views and batch.has(projection.models):
                changed += await projection.apply(conn, views[projection.name], batch)
        return changed

    def _count_refused(self, prepared: Prepared) -> None:
        refused = {(letter.topic, letter.partition, letter.offset) for letter in prepared.letters}
        for record in prepared.records if refused or self._refused_in_a_row else ():
            place = (record.topic, record.partition)
            if (*place, record.offset) in refused:
                self._refused_in_a_row[place] = self._refused_in_a_row.get(place, 0) + 1
            else:
                self._refused_in_a_row.pop(place, None)
        if drained := [place for place, count in self._refused_in_a_row.items() if count > MOST_REFUSED]:
            raise Halted("poisoned", drained)

    async def _tell_kafka(self, consumer: AIOKafkaConsumer) -> None:
        if time.monotonic() - self._committed_at < COMMIT_SECONDS or not self.handled:
            return
        self._committed_at = time.monotonic()
        assigned = consumer.assignment()
        offsets = {TopicPartition(*place): offset for place, offset in self.handled.items()}
        try:
            await consumer.commit({tp: offset for tp, offset in offsets.items() if tp in assigned})
        except KafkaError as error:
            log.info("commit_skipped", error=type(error).__name__)
        failpoint("projector.acknowledged")

    async def _until_repaired(self, halted: Halted) -> None:
        """A rebuild moves positions to where the log is: look again now and then. Poison waits for a restart."""
        await asyncio.sleep(LONGEST_PAUSE) if halted.state != "poisoned" else await asyncio.Event().wait()

    async def _finish(self, consumer: AIOKafkaConsumer) -> None:
        try:
            async with asyncio.timeout(FINISH_SECONDS):
                await self._written()
            async with asyncio.timeout(FINISH_SECONDS):
                await consumer.stop()
        except TimeoutError:
            log.warning("left_unfinished", writing=self._writing is not None)


def _record_of(letter: deadletter.Letter) -> Record:
    return Record(
        letter.topic, letter.partition, letter.offset, 0, 0, letter.key, letter.value, None, -1, letter.value_size, ()
    )
