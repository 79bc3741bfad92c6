"""The outbox relay: every committed event reaches Kafka at least once, in order per subject.

Ids are given at insert, not at commit, so there is no "last id": unpublished rows are read in id order under a lock
that one relay of the service holds per turn. A turn is one bounded transaction: read, send in order, await all, mark
what was acknowledged up to the first failure. After any failed send the producer is thrown away, because an idempotent
one is dead for a partition from its first failed batch on.
"""

import asyncio
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from aiokafka import AIOKafkaProducer

from shared import db, logs, metrics, outbox
from shared.clock import Clock
from shared.contracts.platform import Watermark
from shared.envelope import CONTENT_TYPE, Event, build, encode, headers, topic_of
from shared.failpoints import failpoint
from shared.kafka import build_producer, log_settings
from shared.logs import worth_a_line
from shared.settings import Settings

# One relay at a time per service; the others stand by.
LOCK = "select pg_try_advisory_xact_lock(hashtextextended('outbox relay ' || current_schema(), 0))"

# Asked often while something happens, and twice a second while nothing does.
ANY_UNPUBLISHED = "select exists (select from outbox where published_at is null)"

UNPUBLISHED = """
select id, event_id, topic, key, type, value from outbox where published_at is null order by id limit $1
"""

# By id, never "up to id": a lower id may have been committed after the read.
MARK = "update outbox set published_at = $2 where id = any($1::bigint[])"

# Counts no further than anyone needs to know.
LAG = """
select (select count(*) from (select from outbox where published_at is null limit 100000) as waiting) as unpublished,
       (select recorded_at from outbox where published_at is null order by id limit 1) as oldest
"""

FORGET = """
delete from outbox where id = any(array(
    select id from outbox where published_at < $1 order by published_at limit 1000 for update skip locked
))
"""

LAST_WATERMARK = "select version, complete_until from watermark"
SAVE_WATERMARK = """
insert into watermark (version, complete_until) values ($1, $2)
on conflict (only_row) do update set version = excluded.version, complete_until = excluded.complete_until
"""

BATCH = 500
DEADLINE_SECONDS = 12.0
START_SECONDS = 15.0
STOP_SECONDS = 2.0
BUSY_SECONDS = 0.005
IDLE_SECONDS = 0.05
QUIET_SECONDS = 0.5
GLANCE_SECONDS = 0.02
LONGEST_PAUSE_SECONDS = 2.0
MEASURE_SECONDS = 2.0
FORGET_SECONDS = 60.0
WATERMARK_EVERY = timedelta(seconds=5)
KEPT = timedelta(days=7)

log = logs.get(__name__)


@dataclass(frozen=True)
class Lag:
    unpublished: int
    oldest_seconds: float


class Relay:
    """`run` is one of the service's background loops; any number of processes may run one."""

    def __init__(self, pool: Any, settings: Settings, clock: Clock, service: str) -> None:
        self._pool = pool
        self._settings = settings
        self._clock = clock
        self._service = service
        self._producer: AIOKafkaProducer | None = None
        self._limit = BATCH
        self._failed_turns = 0
        self._pause = BUSY_SECONDS
        self._watermark_at: datetime | None = None
        self._deadline: asyncio.Timeout | None = None
        self._measure_at = self._forget_at = 0.0

    async def run(self) -> None:
        """Until cancelled, whatever happens to Kafka or PostgreSQL. A turn under way is brought to its end."""
        log_settings(self._settings)
        try:
            while True:
                await self._finishing(self._one_turn())
                await self._rest()
        finally:
            await self._discard_producer()

    async def _rest(self) -> None:
        """Until it is time to look again, or this process has written an event."""
        until, seen = time.monotonic() + self._pause, outbox.written()
        while (left := until - time.monotonic()) > 0:
            await asyncio.sleep(min(left, GLANCE_SECONDS))
            if outbox.written() != seen and not self._failed_turns:
                self._pause = BUSY_SECONDS
                return

    async def lag(self) -> Lag:
        """How much is committed and not yet on Kafka. Raises Unavailable when the database is away."""
        async with db.connection(self._pool) as conn:
            row = await conn.fetchrow(LAG)
        age = (self._clock.now() - row["oldest"]).total_seconds() if row["oldest"] else 0.0
        return Lag(row["unpublished"], max(age, 0.0))

    async def _one_turn(self) -> None:
        try:
            await self._turn()
            await self._keep_house()
            self._failed_turns = 0
        except Exception as error:  # no error may end the relay
            metrics.RELAY_FAILURES.inc()
            self._failed_turns += 1
            self._pause = min(max(self._pause * 2, 0.2), LONGEST_PAUSE_SECONDS)
            if worth_a_line(self._failed_turns):
                log.warning("relay_turn_failed", error=type(error).__name__, times=self._failed_turns)

    async def _turn(self) -> None:
        if await self._nothing_to_do():
            self._pause = min(self._pause * 1.5, QUIET_SECONDS)
            return
        producer = await self._ready_producer()
        sent, failure = await self._publish(producer)
        if failure is not None:
            await self._discard_producer()
            # One record a turn until it works again: a refused record must not make others be sent over and over.
            self._limit = 1
            raise failure
        self._limit = min(self._limit * 4, BATCH)
        self._pause = BUSY_SECONDS if sent else IDLE_SECONDS

    async def _nothing_to_do(self) -> bool:
        if self._watermark_due(self._clock.now(), self._watermark_at):
            return False
        async with db.connection(self._pool) as conn:
            return not await conn.fetchval(ANY_UNPUBLISHED)

    async def _publish(self, producer: AIOKafkaProducer) -> tuple[int, BaseException | None]:
        """How many events were sent and marked, and what stopped the rest."""
        async with db.transaction(self._pool) as conn:
            if not await conn.fetchval(LOCK):
                self._watermark_at = self._clock.now()  # the holder of the lock sees to it
                return 0, None
            before_reading = self._clock.now()
            rows = await conn.fetch(UNPUBLISHED, self._limit)
            failpoint("relay.read")
            sent, failure = await self._deliver(producer, [_of_row(row) for row in rows])
            failpoint("relay.sent")
            if failure:
                log.warning("event_not_sent", event_id=str(rows[sent]["event_id"]), type=rows[sent]["type"])
            if sent:
                await conn.execute(MARK, [row["id"] for row in rows[:sent]], self._clock.now())
            if failure is None and len(rows) < self._limit:  # all there was is on the log, also under lasting load
                failure = await self._send_watermark(conn, producer, before_reading)
        metrics.RELAY_SENT.inc(sent)
        failpoint("relay.marked")
        return sent, failure

    async def _deliver(
        self, producer: AIOKafkaProducer, records: Sequence[dict[str, Any]]
    ) -> tuple[int, BaseException | None]:
        """Sends in order and waits for all; the length of the acknowledged prefix, and the first failure."""
        answers: list[asyncio.Future[Any]] = []
        failure: BaseException | None = None
        try:
            async with asyncio.timeout(DEADLINE_SECONDS) as self._deadline:
                try:
                    for record in records:
                        answers.append(await producer.send(**record))  # noqa: PERF401 -- keeps those before a failure
                except Exception as error:  # what went before it may still be acknowledged
                    failure = error
                if answers:
                    await asyncio.wait(answers)
        except TimeoutError as error:
            failure = error
        finally:
            self._deadline = None
        failures = [_failure_of(answer) for answer in answers] + [failure]
        acknowledged = next((place for place, found in enumerate(failures) if found), len(records))
        return acknowledged, next(filter(None, failures), None)

    @staticmethod
    def _watermark_due(now: datetime, last: datetime | None) -> bool:
        return last is None or not last <= now < last + WATERMARK_EVERY

    async def _send_watermark(
        self, conn: Any, producer: AIOKafkaProducer, complete_until: datetime
    ) -> BaseException | None:
        """When due, tells every partition up to when it is complete; the version is saved only when all know."""
        if not self._watermark_due(complete_until, self._watermark_at):
            return None
        last = await conn.fetchrow(LAST_WATERMARK)
        if last and not self._watermark_due(complete_until, last["complete_until"]):
            self._watermark_at = last["complete_until"]  # another relay was here
            return None
        version = last["version"] + 1 if last else 1
        partitions = sorted(await producer.partitions_for(topic_of(self._service)))
        records = [
            _of_event(self._watermark(version, partition, len(partitions), complete_until), partition)
            for partition in partitions
        ]
        _, failure = await self._deliver(producer, records)
        if failure is None:
            await conn.execute(SAVE_WATERMARK, version, complete_until)
            self._watermark_at = complete_until
        return failure

    def _watermark(self, version: int, partition: int, partitions: int, complete_until: datetime) -> Event:
        data = {
            "service": self._service,
            "partition": partition,
            "partitions": partitions,
            "complete_until": complete_until,
        }
        subject = f"watermark/{self._service}/{partition}"
        state = Watermark.model_validate(data)
        return build(self._service, "source.watermark.v1", subject, version, state, at=complete_until)

    async def _keep_house(self) -> None:
        now = asyncio.get_running_loop().time()
        if now >= self._measure_at:
            self._measure_at = now + MEASURE_SECONDS
            lag = await self.lag()
            metrics.OUTBOX_UNPUBLISHED.set(lag.unpublished)
            metrics.OUTBOX_OLDEST_SECONDS.set(lag.oldest_seconds)
        if now >= self._forget_at:
            async with db.connection(self._pool) as conn:
                done = await conn.execute(FORGET, self._clock.now() - KEPT)
            # A full batch means there is more: go on at the next turn, not in one long statement.
            self._forget_at = now if done == "DELETE 1000" else now + FORGET_SECONDS

    async def _ready_producer(self) -> AIOKafkaProducer:
        """Made outside any transaction: connecting may take long."""
        if self._producer is None:
            self._producer = build_producer(self._settings)
            try:
                async with asyncio.timeout(START_SECONDS):
                    await self._producer.start()
            except BaseException:  # cancelled or not, half a producer is not kept
                await self._discard_producer()
                raise
        return self._producer

    async def _discard_producer(self) -> None:
        producer, self._producer = self._producer, None
        if producer is not None:
            with suppress(Exception):  # whatever state it is in, it is not used again
                async with asyncio.timeout(STOP_SECONDS):
                    await producer.stop()
            with suppress(Exception):  # stop() cut short leaves its connections and metadata task behind
                await producer.client.close()

    async def _finishing(self, work: Any) -> None:
        """Cancellation waits for `work`, so no transaction is cut; unanswered sends are given only a moment more."""
        turn = asyncio.ensure_future(work)
        try:
            await asyncio.shield(turn)
        except asyncio.CancelledError:
            if self._deadline is not None:
                self._deadline.reschedule(asyncio.get_running_loop().time() + STOP_SECONDS)
            await asyncio.wait([turn], timeout=START_SECONDS)
            raise


def _of_row(row: Any) -> dict[str, Any]:
    described = [
        ("content-type", CONTENT_TYPE.encode()),
        ("ce_id", str(row["event_id"]).encode()),
        ("ce_type", row["type"].encode()),
    ]
    return {"topic": row["topic"], "key": row["key"].encode(), "value": row["value"], "headers": described}


def _of_event(event: Event, partition: int) -> dict[str, Any]:
    return {
        "topic": topic_of(event.source.removeprefix("/services/")),
        "key": event.subject.encode(),
        "value": encode(event),
        "headers": headers(event),
        "partition": partition,
    }


def _failure_of(answer: "asyncio.Future[Any]") -> BaseException | None:
    if not answer.done() or answer.cancelled():
        answer.cancel()
        return TimeoutError("no answer from Kafka in time")
    return answer.exception()
