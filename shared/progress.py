"""How far a consumer group is behind its topic, asked of the cluster itself.

A consumer that died in silence still has a live task, a good ping and perhaps no assignment; only the end of the topic
against what was handled tells. So this looks from outside, with clients of its own.
"""

import asyncio
from contextlib import suppress
from dataclasses import dataclass

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from shared.kafka import build_admin, build_consumer
from shared.settings import Settings

ANSWER_SECONDS = 10.0


@dataclass(frozen=True)
class Position:
    handled: int
    end: int

    @property
    def lag(self) -> int:
        return max(self.end - self.handled, 0)


class Probe:
    """Two idle connections, made when first asked and thrown away after any error. Needs READ on the group."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._admin: AIOKafkaAdminClient | None = None
        self._reader: AIOKafkaConsumer | None = None
        self._one_at_a_time = asyncio.Lock()

    async def positions(self, topic: str, group: str) -> dict[int, Position]:
        """Per partition. Raises KafkaError or TimeoutError when the cluster does not answer."""
        async with self._one_at_a_time:
            try:
                async with asyncio.timeout(ANSWER_SECONDS):
                    return await self._ask(topic, group)
            except BaseException:  # cancelled or not, the clients are not used again
                await self._drop()
                raise

    async def close(self) -> None:
        async with self._one_at_a_time:
            await self._drop()

    async def _ask(self, topic: str, group: str) -> dict[int, Position]:
        admin, reader = await self._clients()
        described = await admin.describe_topics([topic])
        partitions = [TopicPartition(topic, found["partition"]) for found in described[0]["partitions"]]
        ends = await reader.end_offsets(partitions)
        committed = await admin.list_consumer_group_offsets(group, partitions=partitions)
        unknown = [each for each in partitions if each not in committed or committed[each].offset < 0]
        starts = await reader.beginning_offsets(unknown) if unknown else {}
        return {
            each.partition: Position(starts[each] if each in starts else committed[each].offset, ends[each])
            for each in partitions
        }

    async def _clients(self) -> tuple[AIOKafkaAdminClient, AIOKafkaConsumer]:
        if self._admin is None:
            self._admin = build_admin(self._settings)
            await self._admin.start()
        if self._reader is None:
            self._reader = build_consumer(self._settings, group=None)
            await self._reader.start()
        return self._admin, self._reader

    async def _drop(self) -> None:
        admin, self._admin = self._admin, None
        reader, self._reader = self._reader, None
        for client in (admin and admin.close, reader and reader.stop):
            if client:
                with suppress(Exception):  # they are dropped, whatever state they are in
                    await client()
