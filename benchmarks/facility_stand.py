"""What the benchmarks of facility share: a pool, the service as a process of its own, and percentiles."""

import asyncio
import json
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import httpx

from services.facility.app import build
from shared.db import Pool, server_settings
from shared.db import _leave_as_it_is as leave_as_it_is
from shared.db import _use_json as use_json
from shared.identity import Actor
from shared.serve import serve, spare_collector
from shared.settings import Settings
from tests import infra

ACTOR = Actor("benchmark", frozenset({("admin", "*")}))
NO_KAFKA = infra.Kafka("127.0.0.1:9", "")
_STARTS_WITHIN = 30.0


@asynccontextmanager
async def pool_on(database: infra.Database, size: int = 8) -> AsyncIterator[Any]:
    """As the service opens one, but for the rights: it may also load and take away constraints. And as the service does
    when it starts, this process no longer looks for garbage in what is there by now."""
    spare_collector()
    settings = server_settings("facility") | {"statement_timeout": "600000", "lock_timeout": "0"}
    pool = Pool(
        database.admin_dsn,
        min_size=size,
        max_size=size,
        server_settings=settings,
        init=use_json,
        reset=leave_as_it_is,
        command_timeout=600,
    )
    await pool
    try:
        yield pool
    finally:
        await pool.close()


@asynccontextmanager
async def service(database: infra.Database, home: Path) -> AsyncIterator[httpx.AsyncClient]:
    """The whole service over a socket, in a process of its own, and a client with every right."""
    keys = infra.make_keys(home)
    settings = infra.settings_for("facility", database, NO_KAFKA, keys, test_clock=False, log_level="error")
    said = settings.model_dump(mode="json", exclude_none=True)
    said["database_dsn"] = settings.database_dsn.get_secret_value()
    said["kafka_password"] = settings.kafka_password.get_secret_value()
    argv = [sys.executable, "-m", "benchmarks.facility_stand", json.dumps(said)]
    # Kafka's client tells over and over that there is no Kafka.
    silent = asyncio.subprocess.DEVNULL
    child = await asyncio.create_subprocess_exec(*argv, stdout=silent, stderr=silent)
    base = f"http://127.0.0.1:{settings.port}"
    limits = httpx.Limits(max_connections=64, max_keepalive_connections=64)
    try:
        async with httpx.AsyncClient(
            base_url=base, headers=keys.headers("admin@*"), timeout=30, limits=limits
        ) as client:
            await _answers(client)
            yield client
    finally:
        child.terminate()
        await child.wait()


@asynccontextmanager
async def driver(client: httpx.AsyncClient) -> AsyncIterator[aiohttp.ClientSession]:
    """The same address and rights for many requests at once: httpx takes two milliseconds of a core for each, and where
    it shares the cores with the service that would be most of what is measured."""
    connections = aiohttp.TCPConnector(limit=0)
    headers = {name: client.headers[name] for name in ("authorization",)}
    async with aiohttp.ClientSession(base_url=str(client.base_url), headers=headers, connector=connections) as session:
        yield session


async def _answers(client: httpx.AsyncClient) -> None:
    end = time.perf_counter() + _STARTS_WITHIN
    while time.perf_counter() < end:
        try:
            if (await client.get("/health/live")).status_code == 200:
                return
        except httpx.TransportError:
            await asyncio.sleep(0.1)
    raise RuntimeError("facility did not start")


async def timed(work: Callable[[], Awaitable[Any]], times: int) -> list[float]:
    """Milliseconds of each, one after the other, after a few to warm up."""
    for _ in range(min(5, times)):
        await work()
    took = []
    for _ in range(times):
        began = time.perf_counter()
        await work()
        took.append(1000 * (time.perf_counter() - began))
    return sorted(took)


def told(took: Sequence[float]) -> str:
    """Of sorted milliseconds."""
    p50, p99 = (took[min(len(took) - 1, int(len(took) * share))] for share in (0.5, 0.99))
    return f"p50 {p50:7.2f} ms  p99 {p99:7.2f} ms  max {took[-1]:7.2f} ms  ({len(took)} times)"


if __name__ == "__main__":
    given = Settings(**json.loads(sys.argv[1]))
    serve(build(given), given)
