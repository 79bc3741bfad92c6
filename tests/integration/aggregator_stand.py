"""An aggregator on real servers, and publishers that speak for the other services."""

import asyncio
import datetime as dt
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

import httpx
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from fastapi import FastAPI

from services.aggregator import store
from services.aggregator.app import TOPICS, build
from services.aggregator.batches import Place
from shared import db, envelope
from shared.envelope import Event, topic_of
from shared.problems import Unavailable
from shared.settings import Settings
from tests import infra

NOW = dt.datetime(2026, 11, 24, 9, 0, tzinfo=dt.UTC)


@dataclass
class Log:
    """Speaks on the topics of the house; counts the versions of each subject by itself."""

    producer: AIOKafkaProducer
    reader: AIOKafkaConsumer
    partitions: list[TopicPartition]
    versions: dict[str, int] = field(default_factory=dict)

    async def say(self, service: str, kind: str, subject: str, data: dict[str, Any], **more: Any) -> Event:
        version = more.pop("version", None) or self.versions.get(subject, 0) + 1
        self.versions[subject] = max(version, self.versions.get(subject, 0))
        event = envelope.build(service, kind, subject, version, data, at=more.pop("at", NOW), **more)
        await self.send(topic_of(service), subject.encode(), envelope.encode(event), envelope.headers(event))
        return event

    async def send(self, topic: str, key: bytes | None, value: bytes | None, headers: Any = (), **more: Any) -> None:
        await self.producer.send_and_wait(topic, value, key=key, headers=list(headers), **more)

    async def ends(self) -> dict[Place, int]:
        found = await self.reader.end_offsets(self.partitions)
        return {(tp.topic, tp.partition): end for tp, end in found.items()}

    async def square(self, square_id: UUID, time_zone: str = "Europe/Oslo") -> None:
        data = {"square_id": str(square_id), "name": "Torget", "time_zone": time_zone, "status": "operating"}
        await self.say("facility", "square.changed.v1", f"square/{square_id}", data)

    async def unit(self, square_id: UUID, unit_id: UUID, kind: str = "library") -> None:
        data = {"unit_id": str(unit_id), "square_id": str(square_id), "kind": kind, "name": kind.title()}
        await self.say("facility", "unit.changed.v1", f"unit/{unit_id}", data)

    async def space(self, square_id: UUID, space_id: UUID, **more: Any) -> None:
        data = {"space_id": str(space_id), "square_id": str(square_id), "name": "Verkstedet", **more}
        await self.say("facility", "space.changed.v1", f"space/{space_id}", data)

    async def booking(self, square_id: UUID, booking_id: UUID, start: str, end: str, **more: Any) -> Event:
        version = more.pop("version", None)
        data = {
            "booking_id": str(booking_id),
            "square_id": str(square_id),
            "space_ids": [str(uuid4())],
            "starts_at": start,
            "ends_at": end,
            "state": "confirmed",
            "title": "Styremøte",
        }
        kind = f"booking.{more.get('state', 'confirmed')}.v1"
        return await self.say("facility", kind, f"booking/{booking_id}", data | more, version=version)

    async def occurrence(self, square_id: UUID, occurrence_id: UUID, start: str, end: str, **more: Any) -> Event:
        version = more.pop("version", None)
        data = {
            "occurrence_id": str(occurrence_id),
            "activity_id": str(uuid4()),
            "square_id": str(square_id),
            "unit_id": str(uuid4()),
            "title_nb": "Kodeklubben",
            "starts_at": start,
            "ends_at": end,
            "state": "scheduled",
        }
        subject = f"occurrence/{occurrence_id}"
        return await self.say("library", "occurrence.scheduled.v1", subject, data | more, version=version)

    async def busy(self, square_id: UUID, space_id: UUID, date: str, *blocks: tuple[str, str], **more: Any) -> Event:
        """Blocks as (start, end) in UTC, each "HH:MM" of the date or a whole instant."""
        version = more.pop("version", None)
        data = {
            "space_id": str(space_id),
            "square_id": str(square_id),
            "unit_id": more.pop("unit_id", str(uuid4())),
            "local_date": date,
            "blocks": [{"starts_at": _instant(date, start), "ends_at": _instant(date, end)} for start, end in blocks],
        }
        subject = f"room_busy/{space_id}/{date}"
        return await self.say("health_station", "room_busy.published.v1", subject, data | more, version=version)

    async def shift(self, square_id: UUID, shift_id: UUID, start: str, end: str, **more: Any) -> Event:
        version = more.pop("version", None)
        data = {
            "shift_id": str(shift_id),
            "square_id": str(square_id),
            "unit_id": str(uuid4()),
            "role": "cafe_help",
            "starts_at": start,
            "ends_at": end,
            "needed": 2,
            "confirmed": 1,
            "state": "open",
        }
        return await self.say(
            "volunteer_central", "shift.changed.v1", f"shift/{shift_id}", data | more, version=version
        )

    async def meal(self, square_id: UUID, serving_id: UUID, start: str, end: str, **more: Any) -> Event:
        version = more.pop("version", None)
        data = {
            "serving_id": str(serving_id),
            "square_id": str(square_id),
            "unit_id": str(uuid4()),
            "kind": "dinner",
            "menu_nb": "Fiskegrateng",
            "menu_en": "Fish gratin",
            "starts_at": start,
            "ends_at": end,
            "portions_planned": 42,
            "price_nok": 130,
            "state": "planned",
        }
        subject = f"meal_serving/{serving_id}"
        return await self.say("senior_centre", "meal_serving.changed.v1", subject, data | more, version=version)

    async def presence(self, square_id: UUID, presence_id: UUID, start: str, end: str, **more: Any) -> Event:
        version = more.pop("version", None)
        data = {
            "presence_id": str(presence_id),
            "square_id": str(square_id),
            "unit_id": str(uuid4()),
            "starts_at": start,
            "ends_at": end,
        }
        subject = f"presence/{presence_id}"
        return await self.say("service_desk", "presence.changed.v1", subject, data | more, version=version)

    async def desk_hour(
        self, square_id: UUID, unit_id: UUID, date: str, hour: int, *counts: tuple[str, str, int], **more: Any
    ) -> Event:
        """Counts as (channel, topic, count)."""
        version = more.pop("version", None)
        data = {
            "unit_id": str(unit_id),
            "square_id": str(square_id),
            "local_date": date,
            "hour": hour,
            "counts": [{"channel": channel, "topic": topic, "count": count} for channel, topic, count in counts],
            "summarised_at": f"{date}T{hour:02}:59:00Z",
        }
        subject = f"desk_hour/{unit_id}/{square_id}/{date}/{hour:02}"
        return await self.say("service_desk", "desk_hour.summarised.v1", subject, data | more, version=version)

    async def hours(self, square_id: UUID, unit_id: UUID, *spans: tuple[str, str, str]) -> None:
        periods = [
            {"groups": [{"spans": [{"start": start, "end": end, "state": state} for start, end, state in spans]}]}
        ]
        data = {
            "owner_kind": "unit",
            "owner_id": str(unit_id),
            "square_id": str(square_id),
            "decision": 1,
            "decided_at": "2026-11-24T08:00:00Z",
            "periods": periods,
        }
        await self.say("facility", "hours.decided.v1", f"hours/unit/{unit_id}/1", data)

    async def watermark(self, service: str, partition: int, version: int, until: dt.datetime, of: int = 6) -> None:
        subject = f"watermark/{service}/{partition}"
        data = {"service": service, "partition": partition, "partitions": of, "complete_until": until.isoformat()}
        event = envelope.build(service, "source.watermark.v1", subject, version, data, at=until)
        headers = envelope.headers(event)
        await self.send(topic_of(service), subject.encode(), envelope.encode(event), headers, partition=partition)


@dataclass
class Stand:
    app: FastAPI
    http: httpx.AsyncClient
    log: Log
    settings: Settings
    database: infra.Database

    @property
    def pool(self) -> Any:
        return self.app.state.pool

    async def get(self, path: str, status: int = 200, **params: Any) -> Any:
        answer = await self.http.get(f"/api/aggregator{path}", params=params)
        assert answer.status_code == status, answer.text
        return answer.json()

    async def items(self, square_id: UUID, date: str) -> list[dict[str, Any]]:
        found = await self.get(f"/squares/{square_id}/calendar", **{"from": date, "to": date})
        items: list[dict[str, Any]] = found["days"][0]["items"]
        return items

    async def caught_up(self) -> None:
        """Every record that is on the topics now is in the views, all of which are live. Outages are waited out."""
        ends, names = await self.log.ends(), self.app.state.projector.names

        async def level() -> bool:
            try:
                async with db.connection(self.pool) as conn:
                    live, positions = await store.live(conn, names), await store.positions(conn, names)
            except (*db.OUTAGE, Unavailable):
                return False
            return len(live) == len(names) and all(positions.get(place, 0) >= end for place, end in ends.items())

        await until(level)

    async def hashes(self) -> dict[str, str]:
        found: dict[str, str] = (await self.get("/hashes"))["hashes"]
        return found


def _instant(date: str, written: str) -> str:
    return written if "T" in written else f"{date}T{written}:00Z"


async def until(true: Callable[[], Awaitable[Any]], seconds: float = 30.0) -> Any:
    async with asyncio.timeout(seconds):
        while not (answer := await true()):  # noqa: ASYNC110 -- what is waited for happens in another process
            await asyncio.sleep(0.02)
        return answer


@asynccontextmanager
async def log_of(kafka: infra.Kafka) -> AsyncIterator[Log]:
    producer = AIOKafkaProducer(**kafka.options())
    reader = AIOKafkaConsumer(**kafka.options())
    await producer.start()
    await reader.start()
    try:
        partitions = [TopicPartition(topic, n) for topic in TOPICS for n in await producer.partitions_for(topic)]
        yield Log(producer, reader, partitions)
    finally:
        await reader.stop()
        await producer.stop()


@asynccontextmanager
async def aggregator(
    kafka: infra.Kafka, postgres: infra.Postgres, keys: infra.Keys, database: infra.Database | None = None
) -> AsyncIterator[Stand]:
    database = database or await postgres.database("aggregator")
    settings = infra.settings_for("aggregator", database, kafka, keys)
    app = build(settings)
    async with log_of(kafka) as log, infra.client_of(app, **keys.headers()) as http:
        yield Stand(app, http, log, settings, database)
