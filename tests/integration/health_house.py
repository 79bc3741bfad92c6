"""A health station with facility beside it, each on its own socket, and short words for what tests ask of them."""

import datetime as dt
import json
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import asyncpg
import httpx
from fastapi import FastAPI

from deploy.local.process import free_ports
from services.facility.app import build as build_facility
from services.health_station.app import build as build_station
from services.health_station.settings import HealthStationSettings
from tests import infra
from tests.integration.test_programme import ok, serving, until

API = "/api/health_station"
DAY = "2031-03-03"  # a Monday; Oslo is an hour ahead of UTC


def at(clock: str, day: str = DAY) -> str:
    """By the clock in Oslo."""
    return f"{day}T{clock}:00+01:00"


@dataclass
class House:
    """`facility` and `station` are asked as an administrator of everything, `nurse` is one of the health station."""

    facility: httpx.AsyncClient
    station: httpx.AsyncClient
    app: FastAPI
    keys: infra.Keys
    database: infra.Database
    square: str = field(default_factory=lambda: str(uuid.uuid4()))
    unit: str = field(default_factory=lambda: str(uuid.uuid4()))

    def role(self, *roles: str, **headers: str) -> dict[str, str]:
        return self.keys.headers(*roles, **headers)

    @property
    def nurse(self) -> dict[str, str]:
        return self.role(f"unit_editor@{self.unit}")

    async def furnish(self) -> "House":
        """A square and unit of the test's own, at eight in the morning of the day."""
        self.square, self.unit = str(uuid.uuid4()), str(uuid.uuid4())
        await ok(self.facility.put(f"/api/facility/squares/{self.square}", json={"name": "Testtorget"}))
        await self.made_unit(self.unit, "health_station")
        await self.clock(at("08:00"))
        return self

    async def made_unit(self, unit: str, kind: str, square: str | None = None) -> str:
        body = {"square_id": square or self.square, "kind": kind, "name": kind}
        await ok(self.facility.put(f"/api/facility/units/{unit}", json=body))
        return unit

    async def room(self, **more: Any) -> str:
        space = str(uuid.uuid4())
        body = {"square_id": self.square, "unit_id": self.unit, "name": "Helse 1", **more}
        await ok(self.facility.put(f"/api/facility/spaces/{space}", json=body))
        return space

    async def clock(self, now: str, run_due: bool = True) -> None:
        """First everybody has the time, then what is due is run, as the portal does it."""
        await ok(self.facility.put("/test/clock", json={"now": now, "run_due": False}))
        await ok(self.station.put("/test/clock", json={"now": now, "run_due": run_due}))

    async def put(self, room: str, start: str, end: str, **more: Any) -> httpx.Response:
        appointment = more.pop("id", None) or str(uuid.uuid4())
        headers = {**self.nurse, **more.pop("headers", {})}
        body = {"unit_id": self.unit, "space_id": room, "starts_at": at(start), "ends_at": at(end), **more}
        return await self.station.put(f"{API}/appointments/{appointment}", json=body, headers=headers)

    async def made(self, room: str, start: str, end: str, **more: Any) -> dict[str, Any]:
        answer = await self.put(room, start, end, **more)
        assert answer.status_code == 201, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def cancel(self, one: dict[str, Any], **more: Any) -> httpx.Response:
        headers = {**self.nurse, "If-Match": f'"{one["version"]}"', **more.pop("headers", {})}
        return await self.station.post(f"{API}/appointments/{one['appointment_id']}/cancel", headers=headers)

    async def said(self, room: str, day: str = DAY) -> list[dict[str, Any]]:
        """Every event about the room's day, in the order it was written."""
        query = "select convert_from(value, 'utf8')::jsonb as event from outbox where key = $1 order by id"
        return [row["event"] for row in await self.rows(query, f"room_busy/{room}/{day}")]

    async def blocks(self, room: str, day: str = DAY) -> list[str]:
        """What was last said, by the clock in Oslo."""
        said = await self.said(room, day)
        return [_clocks(one) for one in said[-1]["data"]["blocks"]] if said else []

    async def bookings(self, room: str, **more: Any) -> list[dict[str, Any]]:
        """What facility shows of the room on the day, of bookings that stand."""
        params = {"space_id": room, "from": f"{DAY}T00:00", "to": "2031-03-04T00:00"}
        found = await ok(self.facility.get("/api/facility/bookings", params=params, headers=more.get("headers")))
        standing = ("held", "confirmed", "affected", "blocked")
        return [one for one in found["bookings"] if one["state"] in standing]

    async def kept(self, room: str) -> list[str]:
        return [_clocks(one) for one in await self.bookings(room)]

    async def room_day(self, room: str) -> list[dict[str, Any]]:
        params = {"unit_id": self.unit, "space_id": room, "from": DAY, "to": DAY}
        found = await ok(self.station.get(f"{API}/room-days", params=params, headers=self.nurse))
        return [block for day in found["room_days"] for block in day["blocks"]]

    async def rows(self, query: str, *values: Any) -> list[Any]:
        conn = await asyncpg.connect(self.database.admin_dsn, server_settings={"search_path": "health_station"})
        try:
            await conn.set_type_codec("jsonb", encoder=str, decoder=json.loads, schema="pg_catalog")
            return list(await conn.fetch(query, *values))
        finally:
            await conn.close()

    async def until(self, true: Callable[[], Awaitable[bool]]) -> None:
        await until(true)


def _clocks(one: dict[str, Any]) -> str:
    oslo = dt.timezone(dt.timedelta(hours=1))
    start, end = (dt.datetime.fromisoformat(one[name]).astimezone(oslo) for name in ("starts_at", "ends_at"))
    return f"{start:%H:%M}-{end:%H:%M}"


def settings(database: infra.Database, kafka: infra.Kafka, keys: infra.Keys, facility: str, **more: Any) -> Any:
    more = {"service_urls": {"facility": facility}, "actor_key": keys.acting["health_station"], **more}
    return infra.settings_for("health_station", database, kafka, keys, HealthStationSettings, **more)


@asynccontextmanager
async def open_house(kafka: infra.Kafka, database: infra.Database, keys: infra.Keys) -> AsyncIterator[House]:
    ports = free_ports(2)
    facility = build_facility(infra.settings_for("facility", database, kafka, keys))
    station = build_station(settings(database, kafka, keys, f"http://127.0.0.1:{ports[0]}"))
    headers = keys.headers("admin@*", **{"Accept-Language": "en"})
    async with (
        serving(facility, ports[0]) as facility_url,
        serving(station, ports[1]) as station_url,
        httpx.AsyncClient(base_url=facility_url, headers=headers, trust_env=False) as to_facility,
        httpx.AsyncClient(base_url=station_url, headers=headers, trust_env=False) as to_station,
    ):
        yield House(to_facility, to_station, station, keys, database)
