"""A service's own database and topic for one test, and hands to reach into both."""

import asyncio
import random
import string
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import NewTopic
from aiokafka.producer import message_accumulator
from aiokafka.record import default_records
from pydantic import SecretStr

from shared import db
from shared.clock import SystemClock
from shared.envelope import Event, build, decode
from shared.kafka import build_admin, build_consumer, client_options
from shared.settings import Settings
from tests import infra

CLOCK = SystemClock()
PARTITIONS = 3
SERVICE = "tester"  # no service of the house, so its schema holds the shared tables alone


@dataclass
class Stand:
    """A service with nothing of its own: the shared tables in a fresh database, a pool as the service's role.

    On Kafka it is admin, so that a test can make topics of its own.
    """

    settings: Settings
    pool: Any
    database: infra.Database

    async def create_table(self, definition: str) -> None:
        """As the owner of the schema: the service itself may not."""
        options = {"search_path": SERVICE}
        conn = await asyncpg.connect(self.database.dsn(f"{SERVICE}_owner"), server_settings=options)
        try:
            await conn.execute(f"create table {definition}")
        finally:
            await conn.close()

    async def unpublished(self) -> int:
        return int(await self.pool.fetchval("select count(*) from outbox where published_at is null"))


def event_of(service: str, subject: str, version: int = 1, data: dict[str, Any] | None = None) -> Event:
    return build(service, "thing.changed.v1", subject, version, data or {"note": "x"}, at=CLOCK.now())


def new_name() -> str:
    """A service nobody else has; types of events take letters only."""
    return "svc_" + "".join(random.choices(string.ascii_lowercase, k=8))


async def until(true: Callable[[], Awaitable[Any]], seconds: float = 15.0) -> Any:
    """What `true` answered when it first was; fails the test when that never happens."""
    async with asyncio.timeout(seconds):
        while not (answer := await true()):  # noqa: ASYNC110 -- it becomes true in another process
            await asyncio.sleep(0.02)
        return answer


async def make_topic(settings: Settings, topic: str, **config: str) -> None:
    admin = build_admin(settings)
    await admin.start()
    try:
        made = await admin.create_topics([NewTopic(topic, PARTITIONS, 1, topic_configs=config)])
        assert all(each[1] in (0, 36) for each in made.topic_errors), made  # 36: it is there already
    finally:
        await admin.close()


async def _partitions(settings: Settings, topic: str) -> list[int]:
    admin = build_admin(settings)
    await admin.start()
    try:
        return [found["partition"] for found in (await admin.describe_topics([topic]))[0]["partitions"]]
    finally:
        await admin.close()


@asynccontextmanager
async def reading(
    settings: Settings, topic: str, *, with_watermarks: bool = False
) -> AsyncIterator[Callable[..., Awaitable[list[Any]]]]:
    """Every record of the topic from now on: `await read(n)` waits until there are n, and gives all seen so far."""
    consumer: AIOKafkaConsumer = build_consumer(settings, group=None, auto_offset_reset="latest")
    await consumer.start()
    places = [TopicPartition(topic, number) for number in await _partitions(settings, topic)]
    consumer.assign(places)
    for place in places:
        await consumer.position(place)
    seen: list[Any] = []

    async def read(count: int, seconds: float = 15.0) -> list[Any]:
        async with asyncio.timeout(seconds):
            while len(seen) < count:
                for records in (await consumer.getmany(timeout_ms=100)).values():
                    seen.extend(record for record in records if with_watermarks or not _is_watermark(record))
        return seen

    try:
        yield read
    finally:
        await consumer.stop()


def _is_watermark(record: Any) -> bool:
    return bytes(record.key or b"").startswith(b"watermark/")


@asynccontextmanager
async def producing(settings: Settings) -> AsyncIterator[AIOKafkaProducer]:
    producer = AIOKafkaProducer(**client_options(settings), max_request_size=30_000_000)
    await producer.start()
    try:
        yield producer
    finally:
        await producer.stop()


class NotUtf8(str):
    """A header name whose bytes are no UTF-8, as a client in another language may send one."""

    def encode(self, *_: Any) -> bytes:  # type: ignore[override]  # aiokafka's writer passes an encoding
        return b"\xc3\x28"


@asynccontextmanager
async def producing_anything(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[AIOKafkaProducer]:
    """A producer that takes NotUtf8: aiokafka's writer in Python, since the one in C refuses subclasses of str."""
    monkeypatch.setattr(message_accumulator, "DefaultRecordBatchBuilder", default_records._DefaultRecordBatchBuilderPy)
    async with producing(settings) as producer:
        monkeypatch.setattr(producer, "_serialize", lambda key, value, _: (key, value))
        yield producer


def events(records: list[Any], kind: str = "thing.changed.v1") -> Iterator[Event]:
    return (event for event in (decode(record.value) for record in records) if event.type.endswith(kind))


@asynccontextmanager
async def stand(kafka: infra.Kafka, postgres: infra.Postgres) -> AsyncIterator[Stand]:
    database = await postgres.database(SERVICE)
    settings = Settings(
        service=SERVICE,
        port=1,
        database_dsn=SecretStr(database.dsn(SERVICE)),
        kafka_bootstrap=kafka.bootstrap,
        kafka_username="admin",
        kafka_password=SecretStr(kafka.admin_password),
        actor_jwks=Path("none"),
    )
    pool = await db.open_pool(settings)
    try:
        yield Stand(settings, pool, database)
    finally:
        await pool.close()
