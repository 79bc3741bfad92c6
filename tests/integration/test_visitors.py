"""Visitor figures from the door to the answer, through real Kafka and PostgreSQL."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from deploy.local.imports import calit2
from services.aggregator import app as aggregator
from services.counters import app as counters
from services.facility import app as facility
from services.library import app as library
from tests import infra

pytestmark = pytest.mark.integration
APPS = {"facility": facility, "counters": counters, "library": library, "aggregator": aggregator}
MONDAY = "2026-10-05"
SPAN = {"start": "10:00", "end": "12:00", "state": "staffed"}
Row = dict[str, Any]


class ByPath(httpx.AsyncBaseTransport):
    """Does what the portal does: /api/<service>/… goes to that service."""

    def __init__(self, to: dict[str, httpx.AsyncBaseTransport]) -> None:
        self.to = to

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        return await self.to[request.url.path.split("/")[2]].handle_async_request(request)


@pytest.fixture(scope="module")
async def house(postgres: infra.Postgres, kafka: infra.Kafka, keys: infra.Keys) -> AsyncIterator[httpx.AsyncClient]:
    database = await postgres.database(*APPS)
    async with AsyncExitStack() as running:
        transports: dict[str, httpx.AsyncBaseTransport] = {}
        for service, module in APPS.items():
            app = module.build(infra.settings_for(service, database, kafka, keys))
            await running.enter_async_context(app.router.lifespan_context(app))
            transports[service] = httpx.ASGITransport(app, raise_app_exceptions=False)
        headers = keys.headers(**{"Accept-Language": "en"})
        async with httpx.AsyncClient(
            transport=ByPath(transports), base_url="http://house", headers=headers, timeout=60
        ) as client:
            yield client


async def until(look: Callable[[], Awaitable[Any]], seconds: float = 30) -> Any:
    """What `look` finds, once it finds something."""
    deadline = time.monotonic() + seconds
    while not (found := await look()):
        assert time.monotonic() < deadline, "the view did not follow"
        await asyncio.sleep(0.05)
    return found


async def put(house: httpx.AsyncClient, path: str, body: Row) -> None:
    answer = await house.put(path, json=body)
    assert answer.is_success, answer.text


async def visitors(house: httpx.AsyncClient, square: str, first: str, last: str | None = None, **query: str) -> Any:
    path, asked = f"/api/aggregator/squares/{square}/visitors", {"from": first, "to": last or first, **query}
    return await house.get(path, params=asked)


class Square:
    def __init__(self, house: httpx.AsyncClient) -> None:
        self.house = house
        self.id, self.unit, self.door = str(uuid4()), str(uuid4()), str(uuid4())

    async def build(self, **more: Any) -> "Square":
        square = {"name": "Torget", "time_zone": "Europe/Oslo", "status": "operating", **more}
        await put(self.house, f"/api/facility/squares/{self.id}", square)
        unit = {"square_id": self.id, "kind": "library", "name": "Biblioteket"}
        await put(self.house, f"/api/facility/units/{self.unit}", unit)
        hours = {"periods": [{"name": "Alltid", "groups": [{"spans": [SPAN]}]}]}
        await put(self.house, f"/api/facility/units/{self.unit}/hours", hours)
        door = {"square_id": self.id, "kind": "outer", "interval_minutes": 30}
        await put(self.house, f"/api/counters/counters/{self.door}", door)
        return self

    async def count(self, clock: str, entered: int, left: int | None = None, **more: Any) -> None:
        reading = {"counter_id": self.door, "start": f"{MONDAY}T{clock}:00+02:00", "in": entered, **more}
        reading["out"] = entered if left is None else left
        answer = await self.house.post("/api/counters/readings", json={"readings": [reading]})
        assert answer.json()["rejected"] == [], answer.text

    async def row(self, wanted: Callable[[Row], bool], **query: str) -> Row:
        """The day's row, once it is as wanted."""

        async def look() -> Row | None:
            answer = await visitors(self.house, self.id, MONDAY, **query)
            rows = answer.json().get("rows") if answer.is_success else None
            return rows[0] if rows and wanted(rows[0]) else None

        found: Row = await until(look)
        return found


async def test_door__counted_in_open_and_closed_hours__becomes_the_day_figure(house: httpx.AsyncClient) -> None:
    square = await Square(house).build(staff_share=0.1)
    for clock in ("10:00", "10:30", "11:00", "11:30", "20:00"):
        await square.count(clock, 5)
    found = await square.row(lambda row: bool(row["quality"] == "observed" and row["door_visits"] == 18))

    assert (found["period"], found["staffed"], found["self_service"]) == (MONDAY, 18, 0)
    assert (found["imputed_share"], found["unbalanced"], found["unit_visits"]) == (0, False, {})
    hours = (await visitors(house, square.id, MONDAY, by="hour")).json()["rows"]
    assert [(hour["period"], hour["door_visits"]) for hour in hours] == [(f"{MONDAY}T10", 10), (f"{MONDAY}T11", 10)]


async def test_closure_and_correction__reach_the_figures(house: httpx.AsyncClient) -> None:
    square = await Square(house).build()
    for clock in ("10:00", "10:30", "11:00", "11:30"):
        await square.count(clock, 5)
    await square.row(lambda row: bool(row["door_visits"] == 20))
    closure = {
        "unit_id": square.unit,
        "starts_at": f"{MONDAY}T11:00:00+02:00",
        "ends_at": f"{MONDAY}T12:00:00+02:00",
        "reason_code": "power_cut",
    }
    await put(house, f"/api/facility/closures/{uuid4()}", closure)
    assert (await square.row(lambda row: bool(row["door_visits"] == 10)))["cause"] == "opening_changed"

    correction = {"square_id": square.id, "date": MONDAY, "mode": "staffed", "door_visits": 99, "reason": "Counted"}
    await put(house, f"/api/counters/corrections/{uuid4()}", correction)
    corrected = await square.row(lambda row: bool(row["door_visits"] == 99))
    assert (corrected["cause"], corrected["quality"]) == ("correction", "observed")


async def test_as_of__before_anything_was_decided__is_a_closed_day(house: httpx.AsyncClient) -> None:
    square = await Square(house).build()
    await square.count("10:00", 5)
    await square.row(lambda row: bool(row["door_visits"] == 5))
    then = await square.row(lambda row: True, as_of="2026-10-20T12:00:00Z")

    assert (then["door_visits"], then["quality"], then["revision"]) == (0, "closed", 1)
    unescaped = f"from={MONDAY}&to={MONDAY}&as_of=2026-10-20T12:00:00+02:00"
    answer = await house.get(f"/api/aggregator/squares/{square.id}/visitors?{unescaped}")
    assert answer.json()["as_of"] == "2026-10-20T12:00:00+02:00"


async def test_counters__of_a_square__say_their_last_interval(house: httpx.AsyncClient) -> None:
    square = await Square(house).build()
    await square.count("10:30", 5)
    await square.row(lambda row: bool(row["door_visits"] == 5))
    answer = (await house.get(f"/api/aggregator/squares/{square.id}/counters")).json()

    (door,) = answer["counters"]
    assert (door["counter_id"], door["last_interval"]) == (square.door, f"{MONDAY}T10:30:00+02:00")
    assert {source["source"] for source in answer["sources"]} <= set(APPS)


async def test_figures__asked_wrongly_or_without_right__are_refused(house: httpx.AsyncClient, keys: infra.Keys) -> None:
    square = await Square(house).build()
    await square.row(lambda row: True)
    path, day = f"/api/aggregator/squares/{square.id}/visitors", {"from": MONDAY, "to": MONDAY}

    assert (await visitors(house, str(uuid4()), MONDAY)).status_code == 404
    assert (await visitors(house, square.id, MONDAY, "2026-10-04")).status_code == 422
    assert (await visitors(house, square.id, "2025-01-01", MONDAY)).status_code == 422
    assert (await visitors(house, square.id, MONDAY, by="minute")).status_code == 422
    assert (await house.get(path, params=day, headers=keys.headers(f"admin@{uuid4()}"))).status_code == 404
    assert (await house.get(path, params=day, headers=keys.headers("statistics_reader@*"))).status_code == 200
    member = keys.headers(f"front_line@{square.unit}")
    assert (await house.get(path, params=day, headers=member)).status_code == 200


async def test_calit2__imported_twice__gives_the_week_totals_and_changes_nothing(
    house: httpx.AsyncClient, shared_data: Path
) -> None:
    heard: list[str] = []
    first = await calit2.take(house, shared_data / "calit2-door-counts", heard.append)
    second = await calit2.take(house, shared_data / "calit2-door-counts", heard.append)

    assert first.ok, "\n".join(first.lines())
    assert first.taken == {
        "squares": 1,
        "units": 1,
        "opening hours": 1,
        "counters": 1,
        "readings": 2736,
        "activities": 3,
        "occurrences": 18,
    }
    assert second.ok
    assert +second.taken == {}
    assert second.unchanged == first.taken
    assert first.refused == second.refused == []
    assert "2736 of 2736 readings" in heard


async def test_facts__rebuilt_from_the_log__are_the_same(house: httpx.AsyncClient) -> None:
    square = await Square(house).build(staff_share=0.1)
    for clock in ("10:30", "10:00", "10:30"):
        await square.count(clock, 5)
    await square.count("10:30", 7)
    await square.row(lambda row: bool(row["door_visits"] == 11))
    before = await fact_hashes(house)
    assert (await house.post("/api/aggregator/rebuild/visitors")).status_code == 202

    async def done() -> bool:
        state = (await house.get("/api/aggregator/rebuild/visitors")).json()["state"]
        assert state != "failed"
        return bool(state == "done")

    await until(done, seconds=60)
    assert len(before) == len(aggregator.Visitors.tables)
    assert await fact_hashes(house) == before


async def fact_hashes(house: httpx.AsyncClient) -> Row:
    hashes = (await house.get("/api/aggregator/hashes")).json()["hashes"]
    return {table: digest for table, digest in hashes.items() if table in aggregator.Visitors.tables}
