"""Reading what a client library stumbles over.

Header values are raw bytes to aiokafka but text to FastStream; header names are text to both. A value that is null or
no UTF-8, or a name that is no UTF-8, is ignored or ends as a dead letter; it never stops a partition or skips a record.
"""

import asyncio
import dataclasses
from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError
from aiokafka.structs import ConsumerRecord
from faststream.message import StreamMessage

from shared import logs

Record: TypeAlias = ConsumerRecord[Any, Any]
_LOOK_MS = 500
log = logs.get(__name__)


async def parser(record: Record, original: Callable[[Record], Awaitable[StreamMessage[Any]]]) -> StreamMessage[Any]:
    """FastStream decodes every header value, so it is shown a copy without; the message keeps the record itself."""
    message = await original(dataclasses.replace(record, headers=()))
    message.raw_message = record
    return message


async def decoder(message: StreamMessage[Any]) -> Any:
    """Handlers are given the record as it came."""
    return message.raw_message


class TolerantConsumer(AIOKafkaConsumer):  # type: ignore[misc]  # aiokafka ships no types
    """aiokafka raises UnicodeDecodeError at a header name that is no UTF-8, for ever, and `getmany` then loses the good
    records it had taken before. Here such a record, and what its producer sent behind it in the same batch, is given
    with an empty value, so its reader puts it aside.

    `getmany` gives back what it lost for partitions that were sought or read before.
    """

    def __init__(self, *topics: str, **options: Any) -> None:
        super().__init__(*topics, **options)
        self._next: dict[TopicPartition, int] = {}

    def seek(self, partition: TopicPartition, offset: int) -> None:
        super().seek(partition, offset)
        self._next[partition] = offset

    async def getone(self, *partitions: TopicPartition) -> Record:
        try:
            record: Record = await super().getone(*partitions)
        except UnicodeDecodeError:
            record = await self._stand_in()
        self._next[TopicPartition(record.topic, record.partition)] = record.offset + 1
        return record

    async def getmany(
        self, *partitions: TopicPartition, timeout_ms: int = 0, max_records: int | None = None
    ) -> dict[TopicPartition, list[Record]]:
        try:
            found: dict[TopicPartition, list[Record]] = await super().getmany(
                *partitions, timeout_ms=timeout_ms, max_records=max_records
            )
        except UnicodeDecodeError:
            return await self._one_again(*partitions)
        for place, records in found.items():
            self._next[place] = records[-1].offset + 1
        return found

    async def _one_again(self, *partitions: TopicPartition) -> dict[TopicPartition, list[Record]]:
        """From where the lost batch began, one record a call until the unreadable one is passed."""
        for place in self.assignment() & self._next.keys():
            super().seek(place, self._next[place])
        try:
            async with asyncio.timeout(_LOOK_MS / 1000):
                record = await self.getone(*partitions)
        except TimeoutError:  # the partition was taken away meanwhile
            return {}
        return {TopicPartition(record.topic, record.partition): [record]}

    async def _stand_in(self) -> Record:
        """The error does not say where: the partition that raises it again is the one; the others get theirs back."""
        for place in self.assignment():
            if self.highwater(place) is None or self.highwater(place) <= (offset := await self.position(place)):
                continue
            try:
                if await super().getmany(place, timeout_ms=_LOOK_MS, max_records=1):
                    super().seek(place, offset)
            except UnicodeDecodeError:
                super().seek(place, offset + 1)
                log.warning("record_unreadable", topic=place.topic, partition=place.partition, offset=offset)
                return ConsumerRecord(place.topic, place.partition, offset, -1, 0, None, b"", None, -1, 0, ())
        raise KafkaError("an unreadable record was not found again")
