"""A library with facility beside it, in a house whose rooms are another unit's and have a policy."""

import json
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
from fastapi import FastAPI

from deploy.local.process import free_ports
from services.facility.app import build as build_facility
from services.library.app import build as build_library
from shared import db
from shared.contracts import facility
from shared.envelope import build
from shared.programme import reactions
from tests import infra
from tests.integration.streams import CLOCK, until
from tests.integration.unit_house import if_match, instant, ok, serving

NOON = {"starts_at": "2090-03-02T11:00:00Z", "ends_at": "2090-03-02T12:00:00Z"}
LATER = {"starts_at": "2090-03-02T17:00:00Z", "ends_at": "2090-03-02T18:00:00Z"}
BOOKINGS = "/api/facility/bookings"


@dataclass
class House:
    """A library, and a senior centre that owns the rooms. The library's editor speaks to its service, in English."""

    facility: httpx.AsyncClient
    library: httpx.AsyncClient
    app: FastAPI
    keys: infra.Keys
    square: str = field(default_factory=lambda: str(uuid.uuid4()))
    unit: str = field(default_factory=lambda: str(uuid.uuid4()))
    owner: str = field(default_factory=lambda: str(uuid.uuid4()))
    activity: str = field(default_factory=lambda: str(uuid.uuid4()))

    async def furnish(self) -> None:
        await ok(self.facility.put(f"/api/facility/squares/{self.square}", json={"name": "Testtorget"}))
        for unit, kind in ((self.unit, "library"), (self.owner, "senior_centre")):
            body = {"square_id": self.square, "kind": kind, "name": kind}
            await ok(self.facility.put(f"/api/facility/units/{unit}", json=body))
        self.library.headers.update(self.as_role(f"unit_editor@{self.unit}"))
        body = {"square_id": self.square, "unit_id": self.unit, "title_nb": "Lesesirkel"}
        await ok(self.library.put(f"/api/library/activities/{self.activity}", json=body))

    def as_role(self, *roles: str) -> dict[str, str]:
        return self.keys.headers(*roles, **{"Accept-Language": "en"})

    async def room(self, **rules: Any) -> str:
        """Of the senior centre, with this policy."""
        space = str(uuid.uuid4())
        body = {"square_id": self.square, "unit_id": self.owner, "name": "Rom"}
        await ok(self.facility.put(f"/api/facility/spaces/{space}", json=body))
        await ok(self.facility.put(f"/api/facility/spaces/{space}/policy", json=rules, headers=if_match(0)))
        return space

    async def plan(self, room: str, occurrence: str | None = None, **more: Any) -> httpx.Response:
        body = {"activity_id": self.activity, "space_ids": [room], **NOON, **more}
        return await self.library.put(f"/api/library/occurrences/{occurrence or uuid.uuid4()}", json=body)

    async def requested(self, room: str, **more: Any) -> dict[str, Any]:
        draft = await ok(self.plan(room, request=True, **more))
        assert (draft["state"], draft["room_request"]) == ("draft", {"state": "pending", "reason_code": None})
        return draft

    async def series(self, room: str, **more: Any) -> dict[str, Any]:
        """Sends the same body twice."""
        dates = [{"id": str(uuid.uuid4()), **NOON}, {"id": str(uuid.uuid4()), **LATER}]
        body = {"activity_id": self.activity, "space_ids": [room], "occurrences": dates, **more}
        path = f"/api/library/series/{uuid.uuid4()}"
        made = await ok(self.library.put(path, json=body))
        assert await ok(self.library.put(path, json=body)) == made
        return made

    async def step(self, one: dict[str, Any], verb: str, **body: Any) -> httpx.Response:
        path = f"/api/library/occurrences/{one['occurrence_id']}/{verb}"
        return await self.library.post(path, json=body, headers=if_match(one["version"]))

    async def look(self, one: dict[str, Any]) -> dict[str, Any]:
        return await ok(self.library.get(f"/api/library/occurrences/{one['occurrence_id']}"))

    async def becomes(self, one: dict[str, Any], **wanted: Any) -> dict[str, Any]:
        async def has() -> Any:
            seen = await self.look(one)
            return seen if {name: seen[name] for name in wanted} == wanted else None

        return await until(has)

    async def booking(self, booking_id: str) -> dict[str, Any]:
        return await ok(self.facility.get(f"{BOOKINGS}/{booking_id}"))

    async def booking_becomes(self, booking_id: str, state: str) -> None:
        async def has() -> bool:
            return bool((await self.booking(booking_id))["state"] == state)

        await until(has)

    async def decide(self, what: str, booking_id: str, **said: Any) -> None:
        """By the senior centre."""
        await self.decide_as(f"unit_editor@{self.owner}", what, booking_id, **said)

    async def decide_as(self, role: str, what: str, booking_id: str, **said: Any) -> None:
        seen = (await self.booking(booking_id))["version"]
        headers = {**self.as_role(role), **if_match(seen)}
        await ok(self.facility.post(f"{BOOKINGS}/{booking_id}/{what}", json=said, headers=headers))

    async def said(self, one: dict[str, Any]) -> list[dict[str, Any]]:
        query = "select value from outbox where key = $1 order by id"
        rows = await self.app.state.pool.fetch(query, f"occurrence/{one['occurrence_id']}")
        return [json.loads(row["value"]) for row in rows]

    async def verbs(self, one: dict[str, Any]) -> list[str]:
        return [event["type"].split(".")[2] for event in await self.said(one)]

    async def hear(self, verb: str, booking: dict[str, Any], version: int) -> None:
        """Facility's word, as it comes over Kafka, at a moment of the test's choice."""
        told = facility.Booking(
            booking_id=booking["id"],
            square_id=self.square,
            state="confirmed",
            space_ids=booking["space_ids"],
            starts_at=instant(booking["starts_at"]),
            ends_at=instant(booking["ends_at"]),
            owner_ref=booking["owner_ref"],
        )
        event = build("facility", f"booking.{verb}.v1", f"booking/{told.booking_id}", version, told, at=CLOCK.now())
        async with db.transaction(self.app.state.pool) as conn:
            await reactions.handlers(self.app.state.programme)[event.type](conn, event)


@dataclass
class Place:
    """Facility at its address, and the library as often as a test wants to start it."""

    url: str
    settings: Callable[[str], Any]
    keys: infra.Keys

    @asynccontextmanager
    async def library(self, url: str | None = None) -> AsyncIterator[House]:
        app = build_library(self.settings(url or self.url))
        async with (
            httpx.AsyncClient(base_url=self.url, headers=self.keys.headers("admin@*"), trust_env=False) as to_facility,
            infra.client_of(app) as client,
        ):
            yield House(to_facility, client, app, self.keys)


@asynccontextmanager
async def open_place(kafka: infra.Kafka, database: infra.Database, keys: infra.Keys) -> AsyncIterator[Place]:
    def settings(url: str) -> Any:
        return infra.settings_for("library", database, kafka, keys, service_urls={"facility": url})

    (port,) = free_ports(1)
    async with serving(build_facility(infra.settings_for("facility", database, kafka, keys)), port) as url:
        yield Place(url, settings, keys)


@asynccontextmanager
async def furnished(place: Place) -> AsyncIterator[House]:
    async with place.library() as made:
        await made.furnish()
        yield made


def rules(answer: httpx.Response) -> list[str]:
    assert (answer.status_code, answer.json()["code"]) == (409, "policy"), answer.text
    return [reason["rule"] for reason in answer.json()["reasons"]]
