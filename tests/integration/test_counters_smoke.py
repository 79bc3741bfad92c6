"""A service on real servers, from request to record."""

import json
import uuid

from aiokafka import AIOKafkaConsumer

from services.counters.app import build
from tests import infra


async def test_reading_posted_arrives_on_kafka(kafka: infra.Kafka, database: infra.Database, keys: infra.Keys) -> None:
    counter, square = uuid.uuid4(), uuid.uuid4()
    app = build(infra.settings_for("counters", database, kafka, keys))
    consumer = AIOKafkaConsumer("torg.counters.v1", auto_offset_reset="earliest", **kafka.options())
    await consumer.start()
    try:
        async with infra.client_of(app, **keys.headers()) as client:
            settings = {"square_id": str(square), "kind": "outer", "interval_minutes": 15}
            made = await client.put(f"/api/counters/counters/{counter}", json=settings)
            assert made.status_code == 201, made.text
            reading = {"counter_id": str(counter), "start": "2026-11-24T10:00:00Z", "in": 3, "out": 2}
            taken = await client.post("/api/counters/readings", json={"readings": [reading]})
            assert taken.json()["accepted"] == 1, taken.text
            async for record in consumer:
                if record.key.decode().startswith(f"interval/{counter}"):
                    break
        event = json.loads(record.value)
        assert event["type"] == "counters.interval.recorded.v1"
        assert event["subjectversion"] == 1
    finally:
        await consumer.stop()
