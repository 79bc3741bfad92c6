"""A facility service with a square of its own, and short words for what tests ask of it.

It runs without Kafka: bookings are decided by PostgreSQL, and a cluster that is away stops none of them.
"""

import datetime as dt
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import httpx

from services.facility.app import build
from services.facility.settings import FacilitySettings
from tests.infra import Database, Kafka, Keys, Postgres, client_of, settings_for

NO_KAFKA = Kafka("127.0.0.1:9", "")
API = "/api/facility"
NOW = "2026-11-24T08:00:00Z"
DAY = dt.date(2026, 12, 1)


@dataclass
class House:
    client: httpx.AsyncClient
    keys: Keys
    database: Database
    square: UUID = field(default_factory=uuid4)

    async def square_of(self, time_zone: str = "Europe/Oslo") -> UUID:
        """Another square, for a test that must not meet what others booked."""
        self.square = uuid4()
        body = {"name": "Prøvetorget", "time_zone": time_zone, "status": "operating"}
        await self.ok(self.client.put(f"{API}/squares/{self.square}", json=body))
        return self.square

    async def unit(self, kind: str = "library") -> UUID:
        made = uuid4()
        body = {"square_id": str(self.square), "kind": kind, "name": kind}
        await self.ok(self.client.put(f"{API}/units/{made}", json=body))
        return made

    async def space(self, parent: UUID | None = None, **more: Any) -> UUID:
        made = uuid4()
        body = {"square_id": str(self.square), "name": f"Rom {made.hex[:4]}", **more}
        if parent:
            body["parent_id"] = str(parent)
        await self.ok(self.client.put(f"{API}/spaces/{made}", json=body))
        return made

    async def hall(self, parts: int = 2) -> tuple[UUID, list[UUID]]:
        """A divisible hall and its parts."""
        hall = await self.space()
        return hall, [await self.space(hall) for _ in range(parts)]

    async def thing(self, **more: Any) -> UUID:
        """Equipment of the square."""
        made = uuid4()
        body = {"square_id": str(self.square), "kind": "projector", "name": "Projektor", **more}
        await self.ok(self.client.put(f"{API}/equipment/{made}", json=body))
        return made

    async def hours(self, space: UUID, *spans: tuple[str, str]) -> None:
        """Open at these times every day; none at all means never."""
        groups = [{"spans": [{"start": a, "end": b, "state": "staffed"} for a, b in spans], "rules": []}]
        period = {"name": "Alltid", "start_date": None, "end_date": None, "override": False, "groups": groups}
        body = {"periods": [period] if spans else []}
        await self.ok(self.client.put(f"{API}/spaces/{space}/hours", json=body))

    async def put(self, spaces: Sequence[UUID], start: str, end: str, **more: Any) -> httpx.Response:
        booking = more.pop("id", None) or uuid4()
        headers = more.pop("headers", None)
        body = wish(spaces, start, end, **more)
        return await self.client.put(f"{API}/bookings/{booking}", json=body, headers=headers)

    async def booked(self, spaces: Sequence[UUID], start: str, end: str, **more: Any) -> dict[str, Any]:
        return await self.ok(self.put(spaces, start, end, **more), 201)

    async def get(self, booking: str) -> dict[str, Any]:
        return await self.ok(self.client.get(f"{API}/bookings/{booking}"))

    async def order(self, what: str, booking: dict[str, Any], **more: Any) -> httpx.Response:
        headers = {"If-Match": f'"{booking["version"]}"', **more.pop("headers", {})}
        return await self.client.post(f"{API}/bookings/{booking['id']}/{what}", json=more, headers=headers)

    async def move(
        self, booking: dict[str, Any], spaces: Sequence[UUID], start: str, end: str, **more: Any
    ) -> httpx.Response:
        return await self.order("move", booking, **wish(spaces, start, end, **more))

    async def clock(self, now: str | None, run_due: bool = True) -> None:
        await self.ok(self.client.put("/test/clock", json={"now": now, "run_due": run_due}))

    def role(self, *roles: str) -> dict[str, str]:
        return self.keys.headers(*roles)

    async def ok(self, asked: Any, status: int | None = None) -> dict[str, Any]:
        answer = await asked
        wanted = (status,) if status else (200, 201)
        assert answer.status_code in wanted, f"{answer.status_code} {answer.text}"
        found: dict[str, Any] = answer.json()
        return found

    async def events(self, booking: str) -> list[tuple[str, int]]:
        """(type, version) of what was said of a booking, in order."""
        rows = await self.rows(
            "select type, convert_from(value, 'utf8')::jsonb ->> 'subjectversion' as version from outbox "
            "where key = $1 order by id",
            f"booking/{booking}",
        )
        return [(row["type"].split(".")[2], int(row["version"])) for row in rows]

    async def rows(self, query: str, *values: Any) -> list[Any]:
        conn = await asyncpg.connect(self.database.admin_dsn, server_settings={"search_path": "facility"})
        try:
            return list(await conn.fetch(query, *values))
        finally:
            await conn.close()


def wish(spaces: Sequence[UUID], start: str, end: str, **more: Any) -> dict[str, Any]:
    """A body; times may be "HH:MM" of the day all tests share."""
    return {"space_ids": [str(space) for space in spaces], "starts_at": time(start), "ends_at": time(end), **more}


def decided(answer: httpx.Response) -> list[dict[str, Any]]:
    """What became of each date of a series, without the words for it."""
    return [{name: row[name] for name in row if name != "reasons"} for row in answer.json()["occurrences"]]


def time(text: str, day: dt.date = DAY) -> str:
    return f"{day.isoformat()}T{text}" if len(text) == 5 else text


def bring(*things: UUID, count: int = 1) -> dict[str, Any]:
    return {"equipment": [{"id": str(thing), "count": count} for thing in things]}


@asynccontextmanager
async def open_house(postgres: Postgres, keys: Keys, **settings: Any) -> AsyncIterator[House]:
    database = await postgres.database("facility")
    app = build(settings_for("facility", database, NO_KAFKA, keys, FacilitySettings, **settings))
    async with client_of(app, **keys.headers("admin@*")) as client:
        house = House(client, keys, database)
        await house.clock(NOW)
        await house.square_of()
        yield house
