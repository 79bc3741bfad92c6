"""Whatever is on the log, the views are the fold of what can be used, and the rest is put aside with a reason."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from tests import infra
from tests.integration.aggregator_stand import Stand, aggregator
from tests.poison import POISON, booking

pytestmark = pytest.mark.integration
FACILITY = "torg.facility.v1"


# One such record to each partition. The client in C refuses to write it, the one in Python can be talked into it.
BAD_HEADER = """
import asyncio, json, sys
from aiokafka import AIOKafkaProducer

class Name(str):
    def encode(self, *_):
        return b"\\xff\\xfe"

async def main():
    producer = AIOKafkaProducer(**json.loads(sys.argv[1]))
    await producer.start()
    for partition in range(6):
        await producer.send_and_wait(sys.argv[2], b"{}", partition=partition, key=b"x", headers=[(Name("x"), b"y")])
    await producer.stop()

asyncio.run(main())
"""


@pytest.fixture(scope="module")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[infra.Kafka]:
    """A log of its own: what cannot even be unpacked is read one record at a time, by every test that came after."""
    with infra.kafka_cluster(tmp_path_factory.mktemp("kafka")) as cluster:
        yield cluster


@pytest.fixture(scope="module")
async def stand(kafka: infra.Kafka, postgres: infra.Postgres, keys: infra.Keys) -> AsyncIterator[Stand]:
    async with aggregator(kafka, postgres, keys) as made:
        yield made


@pytest.mark.parametrize("poison", POISON)
async def test_record__that_is_poison__is_put_aside_and_its_neighbours_are_applied(stand: Stand, poison: str) -> None:
    square, before, after = uuid4(), uuid4(), uuid4()
    key, value = POISON[poison]
    letters = await stand.pool.fetchval("select count(*) from dead_letter")
    await stand.log.booking(square, before, "2026-11-24T10:00:00Z", "2026-11-24T11:00:00Z")
    await stand.log.send(FACILITY, key, value)
    await stand.log.booking(square, after, "2026-11-24T12:00:00Z", "2026-11-24T13:00:00Z")
    await stand.log.square(square)
    await stand.caught_up()

    assert [item["id"] for item in await stand.items(square, "2026-11-24")] == [str(before), str(after)]
    assert await stand.pool.fetchval("select count(*) from dead_letter") == letters + 1
    reason = await stand.pool.fetchval("select code || ': ' || reason from dead_letter order by id desc limit 1")
    assert "Styrem" not in reason


@pytest.mark.parametrize(
    "headers",
    [
        [("ce_type", None)],
        [("ce_type", b"\xff\xfe")],
        [("ce_type", b"facility.square.changed.v1")],
        [("ce_type", b"no.such.type.v1"), ("x" * 5000, b"y" * 5000)],
        [],
    ],
)
async def test_record__with_odd_headers__is_read_by_its_body(stand: Stand, headers: Any) -> None:
    square = uuid4()
    key, value = booking(data={"square_id": str(square)})
    await stand.log.square(square)
    await stand.log.send(FACILITY, key, value, headers)
    await stand.caught_up()
    assert [item["title"] for item in await stand.items(square, "2026-11-24")] == ["Styremøte"]


async def test_record__with_a_header_name_that_is_no_text__does_not_stop_its_partition(
    stand: Stand, kafka: infra.Kafka
) -> None:
    square, after, letters = uuid4(), uuid4(), await stand.pool.fetchval("select count(*) from dead_letter")
    produce = [sys.executable, "-c", BAD_HEADER, json.dumps(kafka.options()), FACILITY]
    done = await asyncio.create_subprocess_exec(*produce, env={**os.environ, "AIOKAFKA_NO_EXTENSIONS": "1"})
    assert await done.wait() == 0
    for booking_id in (uuid4(), uuid4(), after):
        await stand.log.booking(square, booking_id, "2026-11-24T10:00:00Z", "2026-11-24T11:00:00Z")
    await stand.log.square(square)
    await stand.caught_up()

    assert str(after) in [item["id"] for item in await stand.items(square, "2026-11-24")]
    assert await stand.pool.fetchval("select count(*) from dead_letter") == letters + 6


@pytest.mark.parametrize("kind", ["facility.booking.confirmed.v2", "facility.weather.changed.v1"])
async def test_record__of_a_type_not_known__is_skipped_and_is_no_dead_letter(stand: Stand, kind: str) -> None:
    letters = await stand.pool.fetchval("select count(*) from dead_letter")
    key, value = booking(type=kind)
    await stand.log.send(FACILITY, key, value)
    await stand.caught_up()
    assert await stand.pool.fetchval("select count(*) from dead_letter") == letters


async def test_record__with_fields_of_a_newer_producer__is_read_without_them(stand: Stand) -> None:
    square = uuid4()
    key, value = booking(data={"square_id": str(square), "colour": "red\0"}, sampledrate=3)
    await stand.log.square(square)
    await stand.log.send(FACILITY, key, value)
    await stand.caught_up()
    assert [item["title"] for item in await stand.items(square, "2026-11-24")] == ["Styremøte"]


async def test_record__the_database_refuses__is_found_among_its_batch_and_put_aside(stand: Stand) -> None:
    """A rule of the table that no contract knows: whatever the cause, one record never takes others with it."""
    square, bad = uuid4(), uuid4()
    async with as_owner(stand) as conn:
        await conn.execute("alter table calendar_booking add constraint odd check (item not like '%Umulig%')")
    for n in range(20):
        title = "Umulig" if n == 7 else "Mulig"
        booking_id = bad if n == 7 else uuid4()
        await stand.log.booking(square, booking_id, "2026-11-24T10:00:00Z", "2026-11-24T11:00:00Z", title=title)
    await stand.log.square(square)
    await stand.caught_up()

    assert len(await stand.items(square, "2026-11-24")) == 19
    letter = await stand.pool.fetchrow("select id, code, key from dead_letter order by id desc limit 1")
    assert (letter["code"], letter["key"]) == ("refused_by_database", f"booking/{bad}".encode())

    async with as_owner(stand) as conn:
        await conn.execute("alter table calendar_booking drop constraint odd")
    replayed = await stand.http.post(f"/api/aggregator/dead-letters/{letter['id']}/replay")
    assert replayed.status_code == 204
    assert len(await stand.items(square, "2026-11-24")) == 20


async def test_projector__database_cut_off_under_load__loses_nothing(stand: Stand, postgres: infra.Postgres) -> None:
    square, booked = uuid4(), [uuid4() for _ in range(60)]
    await stand.log.square(square)
    cut = "select pg_terminate_backend(pid) from pg_stat_activity where datname = $1 and pid <> pg_backend_pid()"
    async with as_admin(stand) as conn:
        for n, booking_id in enumerate(booked):
            await stand.log.booking(square, booking_id, "2026-11-24T10:00:00Z", "2026-11-24T11:00:00Z")
            if n % 10 == 5:
                await conn.execute(cut, stand.database.name)
            await asyncio.sleep(0)
    await stand.caught_up()
    assert {item["id"] for item in await stand.items(square, "2026-11-24")} == {str(one) for one in booked}


def as_owner(stand: Stand) -> Any:
    return connected(stand.database.dsn("aggregator_owner"), search_path="aggregator")


def as_admin(stand: Stand) -> Any:
    return connected(stand.database.admin_dsn)


@asynccontextmanager
async def connected(dsn: str, **server_settings: str) -> AsyncIterator[Any]:
    conn = await asyncpg.connect(dsn, server_settings=server_settings)
    try:
        yield conn
    finally:
        await conn.close()
