"""Whether the views keep up: the ends of the topics against the positions in PostgreSQL, never what a client believes.

A consumer can be dead for good while its task lives and its connection answers; only progress tells.
"""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition

from services.aggregator import store
from services.aggregator.batches import Place
from services.aggregator.projector import Projector
from shared import db, logs, metrics
from shared.kafka import build_admin, build_consumer
from shared.settings import Settings

TICK_SECONDS = 2.0
STALLED_SECONDS = 30.0
RESTARTS_BEFORE_EXIT = 4
# Waiting for somebody or something else; a restart would not help.
PATIENT = frozenset({"database_away", "rebuild_needed", "beyond_the_end", "poisoned"})
log = logs.get(__name__)


async def partitions(settings: Settings, topics: Sequence[str]) -> list[TopicPartition]:
    """Of the topics that exist. Raises KafkaError or OSError when Kafka cannot be reached."""
    admin = build_admin(settings)
    await admin.start()
    try:
        described = await admin.describe_topics(list(topics))
    finally:
        await admin.close()
    return sorted(TopicPartition(one["topic"], part["partition"]) for one in described for part in one["partitions"])


class Watch:
    """`tick` now and then. `ends` and `lag` are as of the last tick that reached both Kafka and PostgreSQL."""

    def __init__(
        self, pool: Any, settings: Settings, projector: Projector, topics: Sequence[str], give_up: Callable[[], None]
    ) -> None:
        self._pool = pool
        self._settings = settings
        self._projector = projector
        self._topics = topics
        self._names = projector.names
        self._give_up = give_up
        self._partitions: list[TopicPartition] = []
        self._restarts = 0
        self._progress = -1
        self._moved_at = time.monotonic()
        self.ends: dict[Place, int] = {}
        self.lag: dict[str, int] = {}
        self.reached_at: float | None = None

    async def run(self) -> None:
        """Until an error, e.g. Kafka away; then start it again."""
        reader = build_consumer(self._settings, group=None)
        await reader.start()
        try:
            self._partitions = await partitions(self._settings, self._topics)
            while True:
                await self.tick(reader)
                await asyncio.sleep(TICK_SECONDS)
        finally:
            await reader.stop()

    async def tick(self, reader: AIOKafkaConsumer) -> None:
        ends = await reader.end_offsets(self._partitions)
        async with db.connection(self._pool) as conn:
            positions = await store.positions(conn, self._names)
        self.ends = {(tp.topic, tp.partition): end for tp, end in ends.items()}
        self.lag = lag_by_topic(self.ends, positions)
        self.reached_at = time.monotonic()
        for topic, records in self.lag.items():
            metrics.CONSUMER_LAG.labels(topic).set(records)
        self._judge(sum(positions.values()))

    def _judge(self, progress: int) -> None:
        now = time.monotonic()
        if progress != self._progress or not any(self.lag.values()) or self._projector.state in PATIENT:
            self._restarts = self._restarts if progress == self._progress else 0
            self._progress, self._moved_at = progress, now
            return
        if now - self._moved_at < STALLED_SECONDS:
            return
        self._moved_at = now
        self._restarts += 1
        metrics.CONSUMER_RESTARTS.labels("aggregator").inc()
        log.error("projector_stands_still", lag=self.lag, restarts=self._restarts)
        if self._restarts > RESTARTS_BEFORE_EXIT:
            self._give_up()
        else:
            self._projector.restart()


def lag_by_topic(ends: Mapping[Place, int], positions: Mapping[Place, int]) -> dict[str, int]:
    lag: dict[str, int] = {}
    for (topic, partition), end in ends.items():
        lag[topic] = lag.get(topic, 0) + max(0, end - positions.get((topic, partition), 0))
    return lag
