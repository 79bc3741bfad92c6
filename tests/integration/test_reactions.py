"""Reactions on real Kafka and PostgreSQL: an event's effect once, whatever else is on the topic."""

import asyncio
import dataclasses
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiokafka import TopicPartition

from shared import background, db, reaction
from shared.consumer import Reactions, Watch
from shared.envelope import Event, encode, headers, topic_of
from shared.kafka import build_consumer
from tests.integration.streams import (
    CLOCK,
    SERVICE,
    NotUtf8,
    Stand,
    event_of,
    make_topic,
    new_name,
    producing,
    producing_anything,
    stand,
    until,
)

pytestmark = pytest.mark.integration
QUICK = Watch(tick_seconds=0.2, restart_seconds=0.5, again_seconds=2.0)


@pytest.fixture
async def facility(kafka: Any, postgres: Any) -> Any:
    async with stand(kafka, postgres) as made:
        await made.create_table("effect (event_id uuid, subject text, version integer)")
        yield made


@pytest.fixture
async def source(facility: Stand) -> str:
    name = new_name()
    await make_topic(facility.settings, topic_of(name))
    return name


async def have_effect(conn: Any, event: Event) -> None:
    await conn.execute("insert into effect values ($1, $2, $3)", event.id, event.subject, event.subjectversion)


def reactions_of(at: Stand, source: str, handler: Any = have_effect, watch: Watch = QUICK) -> Reactions:
    made = Reactions(SERVICE, at.pool, at.settings, CLOCK, watch)
    made.on(topic_of(source), {f"{source}.thing.changed.v1": handler})
    return made


async def effects(at: Stand, count: int) -> Any:
    async def enough() -> Any:
        rows = await at.pool.fetch("select * from effect")
        return rows if len(rows) >= count else None

    return await until(enough)


async def letters(at: Stand, count: int) -> Any:
    async def enough() -> Any:
        rows = await at.pool.fetch("select * from dead_letter order by record_offset")
        return rows if len(rows) >= count else None

    return await until(enough)


def state_of(reactions: Reactions, source: str) -> dict[str, Any]:
    return reactions.status()[topic_of(source)]


async def test_events__sent_again_and_consumer_started_again__each_has_one_effect_in_order(
    facility: Stand, source: str
) -> None:
    sent = [event_of(source, "thing/1", version) for version in range(1, 21)]
    async with producing(facility.settings) as producer:
        for _ in range(2):
            for event in sent:
                await producer.send_and_wait(topic_of(source), encode(event), event.subject.encode())
        for half in (10, 20):
            async with background.running(reactions_of(facility, source).run):
                await effects(facility, half)
        again = event_of(source, "thing/1", 21)
        await producer.send_and_wait(topic_of(source), encode(again), again.subject.encode())
        async with background.running(reactions_of(facility, source).run):
            rows = await effects(facility, 21)

    assert [row["version"] for row in rows] == list(range(1, 22))


async def test_headers__null_or_not_utf8__record_is_handled_and_the_next_too(facility: Stand, source: str) -> None:
    odd: list[list[tuple[Any, Any]]] = [
        [("ce_id", None)],
        [("ce_type", b"\xff\xfe")],
        [("reply_to", topic_of(source).encode()), ("content-type", b"application/json")],
        [("many", b"x")] * 2000,
    ]
    async with producing(facility.settings) as producer:
        for version, carried in enumerate(odd, 1):
            event = event_of(source, "thing/1", version)
            await producer.send_and_wait(topic_of(source), encode(event), None, partition=0, headers=carried)
        last = event_of(source, "thing/1", len(odd) + 1)
        await producer.send_and_wait(topic_of(source), encode(last), b"\xff", partition=0, headers=headers(last))
    async with background.running(reactions_of(facility, source).run):
        rows = await effects(facility, len(odd) + 1)

    assert [row["version"] for row in rows] == list(range(1, len(odd) + 2))


async def test_header_name__not_utf8__record_is_put_aside_and_its_neighbours_handled(
    facility: Stand, source: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await _send_with_unreadable_names(facility, source, monkeypatch)
    async with background.running(reactions_of(facility, source).run):
        rows = await effects(facility, 8)
        put_aside = await letters(facility, 2)

    assert sorted(row["version"] for row in rows) == [1, 2, 4, 5, 7, 8, 9, 10]
    assert [(row["code"], row["record_offset"]) for row in put_aside] == [("malformed", 2), ("malformed", 5)]


async def test_header_name__not_utf8__batch_reader_gets_every_record_in_order(
    facility: Stand, source: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await _send_with_unreadable_names(facility, source, monkeypatch)
    consumer = build_consumer(facility.settings, group=None, auto_offset_reset="earliest")
    await consumer.start()
    places = [TopicPartition(topic_of(source), number) for number in (0, 1)]
    consumer.assign(places)
    for place in places:
        consumer.seek(place, 0)
    seen: dict[int, list[int]] = {0: [], 1: []}
    async with asyncio.timeout(15):
        while sum(map(len, seen.values())) < 10:
            for place, records in (await consumer.getmany(timeout_ms=100)).items():
                seen[place.partition] += [record.offset for record in records]
    await consumer.stop()

    assert seen == {0: list(range(8)), 1: [0, 1]}


async def _send_with_unreadable_names(at: Stand, source: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Eight records on partition 0, the third and the sixth unreadable, and two on partition 1."""
    async with producing_anything(at.settings, monkeypatch) as producer:
        for version in range(1, 11):
            event = encode(event_of(source, "thing/1", version))
            named: list[tuple[Any, Any]] = [(NotUtf8("x"), b"x")] if version in (3, 6) else []
            partition = 0 if version <= 8 else 1
            await producer.send_and_wait(topic_of(source), event, b"k", partition=partition, headers=named)


async def test_poison__among_good_records__is_put_aside_and_the_partition_goes_on(facility: Stand, source: str) -> None:
    bad = [b"", b"{", b"\xff\xfe", b"null", b"[" * 50_000, b"\x1f\x8b" + b"\0" * 600_000]
    async with producing(facility.settings) as producer:
        for version, value in enumerate(bad, 1):
            await producer.send_and_wait(topic_of(source), value, b"k", partition=1, headers=[("ce_id", None)])
            await producer.send_and_wait(topic_of(source), None, b"k", partition=1)
            event = encode(event_of(source, "thing/1", version))
            await producer.send_and_wait(topic_of(source), event, b"k", partition=1)
    reactions = reactions_of(facility, source)
    async with background.running(reactions.run):
        rows = await effects(facility, len(bad))
        put_aside = await letters(facility, len(bad))
        await until(lambda: _caught_up(reactions, source))

    assert len(rows) == len(put_aside) == len(bad)
    assert [row["record_offset"] for row in put_aside] == [number * 3 for number in range(len(bad))]


async def _caught_up(reactions: Reactions, source: str) -> bool:
    return state_of(reactions, source) == {"state": "running", "lag": 0}


async def test_database__connections_cut_while_consuming__every_event_has_one_effect(
    facility: Stand, source: str
) -> None:
    async def slowly(conn: Any, event: Event) -> None:
        await have_effect(conn, event)
        await asyncio.sleep(0.02)

    async with producing(facility.settings) as producer:
        for version in range(1, 31):
            await producer.send_and_wait(topic_of(source), encode(event_of(source, "thing/1", version)), b"k")
    async with background.running(reactions_of(facility, source, slowly).run):
        for count in (5, 12, 20):
            await db.retrying(lambda count=count: effects(facility, count))  # type: ignore[misc]
            await _cut_connections(facility)
        rows = await db.retrying(lambda: effects(facility, 30))

    assert [row["version"] for row in rows] == list(range(1, 31))
    assert await facility.pool.fetchval("select count(*) from dead_letter") == 0


async def _cut_connections(at: Stand) -> None:
    await db.retrying(
        lambda: at.pool.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity "
            "where datname = current_database() and pid <> pg_backend_pid()"
        )
    )


async def test_poison__too_much_in_a_row__consumer_halts_says_so_and_next_start_goes_on_where_it_stood(
    facility: Stand, source: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reaction, "MOST_POISON_IN_A_ROW", 3)
    async with producing(facility.settings) as producer:
        for _ in range(5):
            await producer.send_and_wait(topic_of(source), b"bad", b"k", partition=0)
        await producer.send_and_wait(topic_of(source), encode(event_of(source, "thing/1")), b"k", partition=0)
    halted = reactions_of(facility, source)
    async with background.running(halted.run):
        await until(lambda: _in_state(halted, source, "halted"))
        assert await facility.pool.fetchval("select count(*) from dead_letter") == 3
        assert "3 unusable records in a row" in state_of(halted, source)["reason"]
    async with background.running(reactions_of(facility, source).run):
        await effects(facility, 1)

    assert await facility.pool.fetchval("select count(*) from dead_letter") == 5


async def _in_state(reactions: Reactions, source: str, state: str) -> bool:
    return bool(state_of(reactions, source)["state"] == state)


async def test_watch__subscriber_dead_in_silence__is_started_again_and_nothing_is_missed(
    facility: Stand, source: str
) -> None:
    reactions = reactions_of(facility, source)
    async with producing(facility.settings) as producer, background.running(reactions.run):
        await producer.send_and_wait(topic_of(source), encode(event_of(source, "thing/1", 1)), b"k")
        await effects(facility, 1)
        for task in reactions._sources[topic_of(source)]._subscriber.tasks:  # what a failed heartbeat amounts to
            task.cancel()
        for version in range(2, 12):
            await producer.send_and_wait(topic_of(source), encode(event_of(source, "thing/1", version)), b"k")
        rows = await effects(facility, 11)

    assert [row["version"] for row in rows] == list(range(1, 12))


async def test_kafka__away_at_start__run_goes_on_and_says_it_is_starting(facility: Stand, source: str) -> None:
    away = facility.settings.model_copy(update={"kafka_bootstrap": "127.0.0.1:1"})
    reactions = reactions_of(dataclasses.replace(facility, settings=away), source)

    async def said_why() -> bool:
        return "reason" in state_of(reactions, source)

    async with background.running(reactions.run):
        await until(said_why)
        assert state_of(reactions, source) == {"state": "starting", "lag": None, "reason": "KafkaConnectionError"}


async def test_two_processes__share_a_topic__each_event_has_one_effect(facility: Stand, source: str) -> None:
    async with producing(facility.settings) as producer, _two(facility, source):
        for number in range(60):
            event = event_of(source, f"thing/{number}")
            await producer.send_and_wait(topic_of(source), encode(event), event.subject.encode())
        rows = await effects(facility, 60)

    assert len({row["event_id"] for row in rows}) == len(rows) == 60


@asynccontextmanager
async def _two(at: Stand, source: str) -> AsyncIterator[None]:
    async with background.running(reactions_of(at, source).run, reactions_of(at, source).run):
        yield
