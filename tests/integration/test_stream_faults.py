"""Relay and reactions together through what really happens to a cluster: a restart, a mistake in rights, a kill."""

import asyncio
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka.admin import AclBindingFilter, AclOperation, AclPermissionType, ResourcePatternType, ResourceType
from pydantic import SecretStr

from deploy import provision
from deploy.house import services
from shared import background, db, outbox
from shared.consumer import Reactions, Watch
from shared.envelope import Event, encode, topic_of
from shared.relay import Relay
from tests import infra
from tests.integration.streams import (
    CLOCK,
    Stand,
    event_of,
    events,
    make_topic,
    new_name,
    producing,
    reading,
    stand,
    until,
)

pytestmark = pytest.mark.integration
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
async def library(kafka: infra.Kafka, postgres: infra.Postgres) -> Any:
    async with stand(kafka, postgres) as made:
        await made.create_table("effect (subject text, version integer)")
        yield made


async def have_effect(conn: Any, event: Event) -> None:
    await conn.execute("insert into effect values ($1, $2)", event.subject, event.subjectversion)


async def commit(at: Stand, source: str, version: int) -> None:
    async with db.transaction(at.pool) as conn:
        await outbox.record(conn, event_of(source, "thing/1", version))


async def versions(at: Stand, count: int, seconds: float) -> list[int]:
    async def enough() -> Any:
        found = await at.pool.fetch("select version from effect")
        return [row["version"] for row in found] if len(found) >= count else None

    found: list[int] = await until(enough, seconds)
    return found


async def test_broker__stopped_and_started__commands_go_on_and_every_event_has_its_effect_in_order(
    kafka: infra.Kafka, library: Stand
) -> None:
    if kafka.broker is None:
        pytest.skip("only an embedded broker is ours to stop")
    source = new_name()
    await make_topic(library.settings, topic_of(source))
    relay = Relay(library.pool, library.settings, CLOCK, "library")
    reactions = Reactions("tester", library.pool, library.settings, CLOCK, Watch(tick_seconds=0.5))
    reactions.on(topic_of(source), {f"{source}.thing.changed.v1": have_effect})
    async with background.running(relay.run, reactions.run):
        await commit(library, source, 1)
        await versions(library, 1, seconds=15)
        await asyncio.to_thread(kafka.broker.stop)
        try:
            for version in range(2, 12):
                await commit(library, source, version)
            assert (await relay.lag()).unpublished == 10
        finally:
            await asyncio.to_thread(kafka.broker.start, lambda _: None)
        await commit(library, source, 12)
        found = await versions(library, 12, seconds=30)

    assert found == list(range(1, 13))


@pytest.mark.parametrize("point", ["relay.read", "relay.sent", "relay.marked"])
async def test_relay__killed__the_next_one_loses_nothing_and_keeps_the_order(library: Stand, point: str) -> None:
    source = new_name()
    await make_topic(library.settings, topic_of(source))
    for version in range(1, 6):
        await commit(library, source, version)
    async with reading(library.settings, topic_of(source)) as read:
        assert await _run_relay_with(library, f"{point}=kill") == -9
        async with background.running(Relay(library.pool, library.settings, CLOCK, "library").run):
            await until(lambda: _drained(library))
            records = await read(10 if point == "relay.sent" else 5)

    sent = [event.subjectversion for event in events(records)]
    assert sent == [1, 2, 3, 4, 5] * (2 if point == "relay.sent" else 1)


async def _drained(at: Stand) -> bool:
    return await at.unpublished() == 0


async def _run_relay_with(at: Stand, failpoints: str) -> int:
    """A relay in a process of its own; how it ended."""
    code = (
        "import asyncio; from shared import db; from shared.clock import SystemClock; "
        "from shared.relay import Relay; from shared.settings import Settings\n"
        "async def main():\n"
        "    settings = Settings()\n"
        "    await Relay(await db.open_pool(settings), settings, SystemClock(), 'library').run()\n"
        "asyncio.run(main())"
    )
    settings = at.settings
    environment = {
        "TORG_SERVICE": settings.service,
        "TORG_PORT": "1",
        "TORG_DATABASE_DSN": settings.database_dsn.get_secret_value(),
        "TORG_KAFKA_BOOTSTRAP": settings.kafka_bootstrap,
        "TORG_KAFKA_USERNAME": settings.kafka_username or "",
        "TORG_KAFKA_PASSWORD": settings.kafka_password.get_secret_value() if settings.kafka_password else "",
        "TORG_ACTOR_JWKS": "none",
        "TORG_FAILPOINTS": failpoints,
    }
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", code, cwd=ROOT, env=environment)
    async with asyncio.timeout(20):
        return await process.wait()


@pytest.fixture
def group_right(kafka: infra.Kafka) -> Iterator[Any]:
    """Takes facility's right to its own groups away, and gives it back, as an operator's mistake would."""
    admin = provision.admin(kafka.bootstrap, kafka.admin_password)
    facility = next(service for service in services() if service.name == "facility")
    right = [each for each in provision.rights(facility) if each.restype == ResourceType.GROUP]
    found = AclBindingFilter(
        ResourceType.GROUP,
        "facility.",
        ResourcePatternType.PREFIXED,
        "User:facility",
        "*",
        AclOperation.READ,
        AclPermissionType.ALLOW,
    )

    def change(given: bool) -> None:
        answers = admin.create_acls(right) if given else admin.delete_acls([found])
        for answer in answers.values():
            answer.result(10)

    yield change
    change(True)


async def test_right_to_group__taken_away_for_some_seconds__consumer_comes_back_and_misses_nothing(
    library: Stand, group_right: Any
) -> None:
    mine = new_name()
    as_facility = library.settings.model_copy(
        update={"kafka_username": "facility", "kafka_password": SecretStr(infra.password("facility"))}
    )
    at = replace(library, settings=as_facility)
    watch = Watch(tick_seconds=0.5, restart_seconds=2.0, again_seconds=3.0)
    reactions = Reactions("facility", at.pool, as_facility, CLOCK, watch)

    async def mine_only(conn: Any, event: Event) -> None:
        if event.subject == mine:
            await have_effect(conn, event)

    reactions.on("torg.library.v1", {"library.thing.changed.v1": mine_only})
    async with producing(library.settings) as producer, background.running(reactions.run):

        async def send(version: int) -> None:
            value = encode(event_of("library", mine, version))
            await producer.send_and_wait("torg.library.v1", value, mine.encode())

        await send(1)
        await versions(at, 1, seconds=15)
        await asyncio.to_thread(group_right, False)
        for version in range(2, 8):
            await send(version)
            await asyncio.sleep(0.7)  # longer in all than a heartbeat's interval
        await asyncio.to_thread(group_right, True)
        await send(8)
        found = await versions(at, 8, seconds=40)

    assert found == list(range(1, 9))
