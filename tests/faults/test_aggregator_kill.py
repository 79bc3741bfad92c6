"""kill -9 of the aggregator at every step of a batch and of a rebuild: what is left equals what a quiet run leaves."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from services.aggregator import store
from services.aggregator.app import PROJECTIONS
from services.aggregator.rebuild import view_hashes
from shared import db, envelope
from shared.envelope import topic_of
from tests import infra
from tests.integration.aggregator_stand import NOW, Log, aggregator, log_of, until

pytestmark = pytest.mark.faults
BATCH_POINTS = ("projector.polled", "projector.applied", "projector.committed", "projector.acknowledged")
REBUILD_POINTS = (
    "rebuild.applied",
    "rebuild.caught_up",
    "rebuild.swapping",
    "rebuild.swapped",
    "rebuild.ended",
)
NAMES = [one.name for one in PROJECTIONS]


@pytest.fixture(scope="module")
async def square(kafka: infra.Kafka) -> UUID:
    """A square with enough on the log for several batches."""
    square = uuid4()
    async with log_of(kafka) as log:
        await log.square(square)
        await log.unit(square, uuid4())
        await fill(log, square, 4000)
    return square


async def fill(log: Log, square: UUID, count: int) -> None:
    sent = []
    for n in range(count):
        booking = uuid4()
        start = f"2026-{1 + n % 12:02d}-{1 + n % 28:02d}T{8 + n % 10:02d}:00:00Z"
        data = {
            "booking_id": str(booking),
            "square_id": str(square),
            "space_ids": [],
            "starts_at": start,
            "ends_at": start.replace(":00:00Z", ":45:00Z"),
            "state": "confirmed",
        }
        event = envelope.build("facility", "booking.confirmed.v1", f"booking/{booking}", 1, data, at=NOW)
        value, headers = envelope.encode(event), envelope.headers(event)
        topic = topic_of("facility")
        sent.append(await log.producer.send(topic, value, key=event.subject.encode(), headers=headers))
    await asyncio.gather(*sent)


@pytest.fixture(scope="module")
async def undisturbed(kafka: infra.Kafka, postgres: infra.Postgres, keys: infra.Keys, square: UUID) -> dict[str, str]:
    """What the tables hold after a run that nobody disturbed."""
    async with aggregator(kafka, postgres, keys) as quiet:
        await quiet.caught_up()
        return await quiet.hashes()


@asynccontextmanager
async def process(settings: Any, keys: infra.Keys, failpoints: str = "") -> AsyncIterator[Any]:
    """The service as an operator starts it; killed at the end if it still lives."""
    env = {key: value for key, value in os.environ.items() if not key.startswith("TORG_")}
    for name, value in settings.model_dump(exclude_none=True).items():
        plain = value.get_secret_value() if hasattr(value, "get_secret_value") else value
        env[f"TORG_{name.upper()}"] = "{}" if name == "service_urls" else str(plain)
    env["TORG_FAILPOINTS"] = failpoints
    child = await asyncio.create_subprocess_exec(sys.executable, "-m", "services.aggregator", env=env)
    try:
        async with httpx.AsyncClient(
            base_url=f"http://{settings.host}:{settings.port}/api/aggregator", headers=keys.headers(), timeout=10
        ) as http:
            yield child, http
    finally:
        if child.returncode is None:
            child.kill()
        await child.wait()


async def killed(child: Any) -> None:
    async with asyncio.timeout(40):
        assert await child.wait() == -signal.SIGKILL


async def tables(settings: Any, ends: dict[Any, int]) -> dict[str, str]:
    """Digests of all views, once they have read to `ends`; read without the service."""
    pool = await db.open_pool(settings)
    try:

        async def level() -> bool:
            positions = await store.positions(pool, NAMES)
            return all(positions.get(place, 0) >= end for place, end in ends.items())

        await until(level, 60)
        async with db.transaction(pool) as conn:
            return await view_hashes(conn, PROJECTIONS)
    finally:
        await pool.close()


async def test_projector__killed_at_each_step_of_a_batch__leaves_what_a_quiet_run_leaves(
    kafka: infra.Kafka, postgres: infra.Postgres, keys: infra.Keys, square: UUID, undisturbed: dict[str, str]
) -> None:
    settings = infra.settings_for("aggregator", await postgres.database("aggregator"), kafka, keys)
    async with log_of(kafka) as log:
        ends = await log.ends()
    for point in BATCH_POINTS:
        async with process(settings, keys, f"{point}=kill@1") as (child, _):
            await killed(child)
    async with process(settings, keys):
        assert await tables(settings, ends) == undisturbed


async def test_rebuild__killed_at_each_step__is_done_by_the_next_process_and_leaves_nothing(
    kafka: infra.Kafka, postgres: infra.Postgres, keys: infra.Keys, square: UUID, undisturbed: dict[str, str]
) -> None:
    settings = infra.settings_for("aggregator", await postgres.database("aggregator"), kafka, keys)
    async with log_of(kafka) as log:
        ends = await log.ends()
    async with process(settings, keys):
        assert await tables(settings, ends) == undisturbed
    for point in REBUILD_POINTS:
        async with process(settings, keys, f"{point}=kill@1") as (child, http):
            await until(partial(asked, child, http, "calendar"))
            await killed(child)
        assert await tables(settings, ends) == undisturbed
    async with process(settings, keys) as (_, http):
        await until(partial(done, http, "calendar"), 60)
        assert await tables(settings, ends) == undisturbed
    pool = await db.open_pool(settings)
    assert await pool.fetchval("select count(distinct generation) from calendar_booking") == 1
    await pool.close()


async def asked(child: Any, http: httpx.AsyncClient, view: str) -> bool:
    """A process that goes on with what its predecessor left may be gone before it can be asked."""
    try:
        return (await http.post(f"/rebuild/{view}")).status_code == 202
    except httpx.TransportError:
        return child.returncode is not None


async def done(http: httpx.AsyncClient, view: str) -> bool:
    try:
        return (await http.get(f"/rebuild/{view}")).json()["state"] == "done"
    except httpx.TransportError:
        return False
