"""One unit's service with facility beside it, a square and a unit of its kind, and short words for what tests ask."""

import asyncio
import datetime as dt
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

import httpx
import uvicorn
from fastapi import FastAPI

from deploy.local.process import free_ports
from services.facility.app import build as build_facility
from shared.settings import Settings
from tests import infra
from tests.integration.streams import until

LONG_AGO = "2026-03-02"  # a Monday; every clock of the tests is later


@dataclass
class UnitHouse:
    """`client` speaks to the unit as admin, in English."""

    service: str
    app: FastAPI
    facility: httpx.AsyncClient
    client: httpx.AsyncClient
    keys: infra.Keys
    square: str = field(default_factory=lambda: str(uuid4()))
    unit: str = field(default_factory=lambda: str(uuid4()))

    async def furnish(self) -> None:
        await self.add_square(self.square)
        await self.add_unit(self.unit, self.square)

    async def add_square(self, square: str, **more: Any) -> None:
        await ok(self.facility.put(f"/api/facility/squares/{square}", json={"name": "Testtorget", **more}))

    async def add_unit(self, unit: str, square: str, kind: str | None = None, **more: Any) -> None:
        body = {"square_id": square, "kind": kind or self.service, "name": "Testenheten", **more}
        await ok(self.facility.put(f"/api/facility/units/{unit}", json=body))

    async def heard_of(self, square: str) -> None:
        """Until facility's word of the square, and of our own unit, has come to the service over Kafka."""

        async def has_come() -> Any:
            query = """
            select exists (select from known_square where square_id = $1)
            and exists (select from known_unit where unit_id = $2)
            """
            return await self.app.state.pool.fetchval(query, UUID(square), UUID(self.unit))

        await until(has_come)

    async def put(self, path: str, body: Any, seen: int | None = None, **headers: str) -> httpx.Response:
        return await self.client.put(self.path(path), json=body, headers={**if_match(seen), **headers})

    async def post(self, path: str, body: Any = None, seen: int | None = None, **headers: str) -> httpx.Response:
        return await self.client.post(self.path(path), json=body or {}, headers={**if_match(seen), **headers})

    async def get(self, path: str, **query: Any) -> Any:
        return await ok(self.client.get(self.path(path), params=query))

    def path(self, path: str) -> str:
        return f"/api/{self.service}/{path}"

    def here(self, **more: Any) -> dict[str, Any]:
        return {"square_id": self.square, "unit_id": self.unit, **more}

    async def said(self, subject: str) -> list[dict[str, Any]]:
        """The events of a subject in the order they were recorded, each with `verb`, `version` and its data."""
        query = "select value from outbox where key = $1 order by id"
        events = [json.loads(row["value"]) for row in await self.app.state.pool.fetch(query, subject)]
        return [{"verb": one["type"].split(".")[2], "version": one["subjectversion"], **one["data"]} for one in events]

    async def verbs(self, subject: str) -> list[str]:
        return [one["verb"] for one in await self.said(subject)]

    async def clock(self, now: str | None, *, run_due: bool = True) -> None:
        await ok(self.client.put("/test/clock", json={"now": now, "run_due": run_due}))


def if_match(seen: int | None) -> dict[str, str]:
    return {} if seen is None else {"If-Match": f'"{seen}"'}


def times(date: str, start: str, end: str) -> dict[str, str]:
    """On the clock of Oslo in winter."""
    return {"starts_at": f"{date}T{start}:00+01:00", "ends_at": f"{date}T{end}:00+01:00"}


def instant(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text)


async def ok(call: Any) -> Any:
    answer = await call
    assert answer.status_code in (200, 201), answer.text
    return answer.json()


async def insist(call: Callable[[], Awaitable[httpx.Response]]) -> httpx.Response:
    """Again while the service is too busy, as a client does: every command may be repeated."""
    while (answer := await call()).status_code == 503:  # noqa: ASYNC110 -- the service has no other way to tell
        await asyncio.sleep(0.1)
    return answer


@asynccontextmanager
async def serving(app: FastAPI, port: int) -> AsyncIterator[str]:
    """The app on a socket of its own: facility has to be asked as units ask it."""
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_config=None, access_log=False))
    task = asyncio.create_task(server._serve())  # `serve` would take over the signals of the test run
    try:
        async with asyncio.timeout(20):
            while not server.started:  # noqa: ASYNC110 -- the server has no event for it
                await asyncio.sleep(0.01)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        await task


@asynccontextmanager
async def open_unit(
    service: str,
    build: Callable[[Settings], FastAPI],
    kafka: infra.Kafka,
    database: infra.Database,
    keys: infra.Keys,
) -> AsyncIterator[UnitHouse]:
    (port,) = free_ports(1)
    headers = keys.headers("admin@*", **{"Accept-Language": "en"})
    facility = build_facility(infra.settings_for("facility", database, kafka, keys))
    app = build(
        infra.settings_for(service, database, kafka, keys, service_urls={"facility": f"http://127.0.0.1:{port}"})
    )
    async with (
        serving(facility, port) as url,
        httpx.AsyncClient(base_url=url, headers=headers, trust_env=False) as to_facility,
        infra.client_of(app, **headers) as client,
    ):
        house = UnitHouse(service, app, to_facility, client, keys)
        await house.furnish()
        yield house
