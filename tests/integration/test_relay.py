"""The relay on real Kafka and PostgreSQL: nothing lost, each subject in order, whatever goes wrong."""

import asyncio
import random
from collections import defaultdict
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from deploy.house import topics
from shared import background, db, outbox
from shared.clock import SystemClock
from shared.envelope import decode, topic_of
from shared.kafka import build_admin
from shared.relay import Relay
from tests.integration.streams import (
    CLOCK,
    Stand,
    event_of,
    events,
    make_topic,
    new_name,
    reading,
    stand,
    until,
)

pytestmark = pytest.mark.integration
HOUSE_PARTITIONS = topics()[0].partitions


@pytest.fixture
async def library(kafka: Any, postgres: Any) -> Any:
    """The relay sends for "library", from the outbox of a schema of the test's own."""
    async with stand(kafka, postgres) as made:
        yield made


@pytest.fixture
async def topic(library: Stand) -> str:
    """The source of the test's own events: the library's outbox holds them, their topic is nobody else's."""
    source = new_name()
    await make_topic(library.settings, topic_of(source))
    return source


def relay_of(at: Stand, clock: Any = CLOCK) -> Relay:
    return Relay(at.pool, at.settings, clock, "library")


async def commit(at: Stand, source: str, subject: str, version: int, note: str = "x") -> None:
    async with db.transaction(at.pool) as conn:
        await outbox.record(conn, event_of(source, subject, version, {"note": note}))


async def drained(at: Stand) -> bool:
    return await at.unpublished() == 0


async def test_relay__many_writers_and_two_relays__each_subject_arrives_complete_and_in_order(
    library: Stand, topic: str
) -> None:
    subjects = [f"thing/{number}" for number in range(6)]
    await library.create_table("thing (subject text primary key, version integer not null)")
    await library.pool.executemany("insert into thing values ($1, 0)", [(subject,) for subject in subjects])

    async def write(seed: int) -> None:
        dice = random.Random(seed)
        for _ in range(25):
            subject = dice.choice(subjects)
            async with db.transaction(library.pool) as conn:
                version = await conn.fetchval(
                    "update thing set version = version + 1 where subject = $1 returning version", subject
                )
                await outbox.record(conn, event_of(topic, subject, version))
                await asyncio.sleep(dice.random() * 0.01)  # ids are given now, commits come later

    async with (
        reading(library.settings, topic_of(topic)) as read,
        background.running(relay_of(library).run, relay_of(library).run),
    ):
        await asyncio.gather(*(write(seed) for seed in range(6)))
        records = await read(150)
        await until(lambda: drained(library))

    seen: dict[str, list[int]] = defaultdict(list)
    for event in events(records):
        seen[event.subject].append(event.subjectversion)
    assert sum(len(set(versions)) for versions in seen.values()) == 150
    assert all(list(dict.fromkeys(versions)) == list(range(1, max(versions) + 1)) for versions in seen.values())


async def test_relay__record_refused_by_broker__prefix_is_marked_and_all_arrives_once_it_is_let_through(
    library: Stand,
) -> None:
    source = new_name()
    await make_topic(library.settings, topic_of(source), **{"max.message.bytes": "3000"})
    for version, note in ((1, "x"), (2, "x" * 5000), (3, "x")):
        await commit(library, source, "thing/1", version, note)

    async with reading(library.settings, topic_of(source)) as read, background.running(relay_of(library).run):
        await until(lambda: _published(library, 1))
        await asyncio.sleep(1.0)  # some more turns, none of which may send what lies behind the refused one
        assert await library.unpublished() == 2
        await _let_through(library, topic_of(source))
        records = await read(3)
        await until(lambda: drained(library))

    assert list(dict.fromkeys(event.subjectversion for event in events(records))) == [1, 2, 3]


async def _published(at: Stand, count: int) -> bool:
    return bool(await at.pool.fetchval("select count(*) = $1 from outbox where published_at is not null", count))


async def _let_through(at: Stand, topic: str) -> None:
    admin = build_admin(at.settings)
    await admin.start()
    await admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic, {"max.message.bytes": "300000"})])
    await admin.close()


async def test_relay__database_connections_cut__goes_on_and_loses_nothing(library: Stand, topic: str) -> None:
    async with reading(library.settings, topic_of(topic)) as read, background.running(relay_of(library).run):
        for version in range(1, 31):
            await db.retrying(lambda version=version: commit(library, topic, "thing/1", version))  # type: ignore[misc]
            if version % 10 == 0:
                await library.pool.execute(
                    "select pg_terminate_backend(pid) from pg_stat_activity "
                    "where datname = current_database() and pid <> pg_backend_pid()"
                )
        records = await read(30)
        await until(lambda: db.retrying(lambda: drained(library)))

    assert list(dict.fromkeys(event.subjectversion for event in events(records))) == list(range(1, 31))


async def test_relay__cancelled_under_load__leaves_nothing_between_sent_and_marked(library: Stand, topic: str) -> None:
    for number in range(200):
        await commit(library, topic, f"thing/{number}", 1)
    async with reading(library.settings, topic_of(topic)) as read:
        async with background.running(relay_of(library).run):
            await read(1)
        left = await library.unpublished()
        async with background.running(relay_of(library).run):
            await until(lambda: drained(library))
        records = await read(200)

    assert left in (0, 200)
    assert len(records) == 200


class Walking(SystemClock):
    """Moves on by itself, so that watermarks fall due at once."""

    def __init__(self, step: timedelta) -> None:
        self._now, self._step = CLOCK.now(), step

    def now(self) -> datetime:
        self._now += self._step
        return self._now


async def test_watermarks__two_relays__every_partition_gets_versions_without_gap_and_rising_instants(
    library: Stand,
) -> None:
    clock = Walking(timedelta(seconds=1))
    async with (
        reading(library.settings, "torg.library.v1", with_watermarks=True) as read,
        background.running(relay_of(library, clock).run, relay_of(library, clock).run),
    ):
        records = list(await read(8 * HOUSE_PARTITIONS))

    marks = [(record.partition, decode(record.value)) for record in records]
    for partition in range(HOUSE_PARTITIONS):
        mine = [event for at, event in marks if at == partition]
        first = mine[0].subjectversion
        assert {event.subject for event in mine} == {f"watermark/library/{partition}"}
        assert [event.subjectversion for event in mine] == list(range(first, first + len(mine)))
        assert all(one.data["complete_until"] < two.data["complete_until"] for one, two in pairwise(mine))
        assert mine[0].data["partitions"] == HOUSE_PARTITIONS


async def test_watermark__event_committed_before_its_instant__lies_before_it_in_the_log(library: Stand) -> None:
    clock = Walking(timedelta(milliseconds=200))
    committed: dict[int, datetime] = {}
    async with (
        reading(library.settings, "torg.library.v1", with_watermarks=True) as read,
        background.running(relay_of(library, clock).run),
    ):
        for version in range(1, 31):
            await commit(library, "library", f"thing/{version}", version)
            committed[version] = clock.now()
        await until(lambda: drained(library))
        records = list(await read(30 + HOUSE_PARTITIONS))

    complete: dict[int, datetime] = {}
    for record in records:
        event = decode(record.value)
        if event.subject.startswith("watermark/"):
            complete[record.partition] = datetime.fromisoformat(event.data["complete_until"])
        elif record.partition in complete:
            assert committed[event.subjectversion] >= complete[record.partition]
    assert complete


async def test_outbox__published_eight_days_ago__is_forgotten_and_the_rest_kept(library: Stand, topic: str) -> None:
    for number in range(3):
        await commit(library, topic, f"thing/{number}", 1)
    await library.pool.execute(
        "update outbox set published_at = $1 where key <> 'thing/0'", CLOCK.now() - timedelta(days=8)
    )
    async with background.running(relay_of(library).run):
        await until(lambda: _left(library, ["thing/0"]))

    assert await library.pool.fetchval("select published_at is not null from outbox")


async def _left(at: Stand, keys: list[str]) -> bool:
    return [row["key"] for row in await at.pool.fetch("select key from outbox order by key")] == keys


async def test_lag__events_unpublished__counts_them_and_the_age_of_the_oldest(library: Stand, topic: str) -> None:
    await commit(library, topic, "thing/1", 1)
    await library.pool.execute("update outbox set recorded_at = $1", CLOCK.now() - timedelta(seconds=90))
    await commit(library, topic, "thing/2", 1)

    lag = await relay_of(library).lag()

    assert lag.unpublished == 2
    assert 90 <= lag.oldest_seconds < 120
