"""Poison straight onto Kafka, as a broken or hostile producer would: put aside with a reason, and the house goes on."""

import datetime as dt
from functools import partial
from typing import Any
from uuid import uuid4

import httpx
import pytest
from confluent_kafka import Producer

from deploy.local.instance import Instance
from tests.faults.stage import FIRST, Stage
from tests.house import House, wait_until
from tests.poison import POISON, booking

TOPICS = ("torg.facility.v1", "torg.library.v1", "torg.counters.v1")
ODD_HEADERS: list[list[tuple[str, bytes | None]]] = [
    [("ce_type", None)],
    [("ce_type", b"\xff\xfe")],
    [(f"x{number}", b"y") for number in range(500)],
]
Place = tuple[str, int, int]


def produce(house: House, records: list[tuple[str, bytes | None, bytes | None, Any]]) -> list[Place]:
    """As the administrator of Kafka, whom no service is. Where each record lies."""
    instance = Instance(house.folder)
    producer = Producer(
        {
            "bootstrap.servers": f"127.0.0.1:{instance.ports_in_use()['kafka']}",
            "security.protocol": "SASL_PLAINTEXT",
            "sasl.mechanism": "SCRAM-SHA-512",
            "sasl.username": "admin",
            "sasl.password": instance.passwords["admin"],
            "batch.num.messages": 1,  # the limit of a topic is on whole batches
        }
    )
    places: dict[int, Place] = {}

    def delivered(number: int, error: Any, record: Any) -> None:
        assert error is None, error
        places[number] = (record.topic(), record.partition(), record.offset())

    for number, (topic, key, value, headers) in enumerate(records):
        producer.produce(topic, value, key=key, headers=headers, on_delivery=partial(delivered, number))
    assert producer.flush(30) == 0
    return [places[number] for number in range(len(records))]


def letters(api: httpx.Client, service: str) -> dict[Place, dict[str, Any]]:
    found: dict[Place, dict[str, Any]] = {}
    after: int | None = 0
    while after is not None:
        page = api.get(f"/api/{service}/dead-letters", params={"after": after}).json()
        found |= {(one["topic"], one["partition"], one["offset"]): one for one in page["dead_letters"]}
        after = page["next"]
    return found


def books(stage: Stage, api: httpx.Client, hour: int) -> str:
    made = str(uuid4())
    answer = api.put(f"/api/facility/bookings/{made}", json=stage.wish(7, hour))
    assert answer.status_code == 201, answer.text
    return made


def arrives(stage: Stage, api: httpx.Client, made: str) -> None:
    day = FIRST.date()
    wait_until(lambda: made in stage.calendar_ids(api, day, day + dt.timedelta(days=1)), "nothing arrives any more")


@pytest.fixture(scope="module")
def poisoned(stage: Stage) -> list[Place]:
    """Every poison on every topic."""
    return produce(stage.house, [(topic, *poison, None) for topic in TOPICS for poison in POISON.values()])


# No event at all, whoever reads it. A reaction passes over tombstones, and over what is not about anything it has.
NO_EVENT = {number for number, (key, value) in enumerate(POISON.values()) if key == b"x" and value is not None}


def test_poison__on_every_topic__is_put_aside_by_the_aggregator_with_a_reason(
    stage: Stage, poisoned: list[Place]
) -> None:
    with stage.caller() as api:
        wait_until(lambda: set(poisoned) <= letters(api, "aggregator").keys(), "not all poison was put aside")
        found = letters(api, "aggregator")
    assert all(found[place]["code"] and found[place]["reason"] for place in poisoned)
    assert not [one for one in found.values() if "Styrem" in one["reason"]]


@pytest.mark.parametrize(("service", "topic"), [("facility", "torg.library.v1"), ("library", "torg.facility.v1")])
def test_poison__where_a_service_reacts__is_put_aside_there_too(
    stage: Stage, poisoned: list[Place], service: str, topic: str
) -> None:
    first = TOPICS.index(topic) * len(POISON)
    wanted = {poisoned[first + number] for number in NO_EVENT}
    with stage.caller() as api:
        wait_until(lambda: wanted <= letters(api, service).keys(), f"{service} did not put all of {topic} aside")
        assert all(one["reason"] for one in letters(api, service).values())


def test_log__with_poison_on_it__is_read_on_and_reacted_to(stage: Stage, poisoned: list[Place]) -> None:
    assert poisoned
    occurrence = str(uuid4())
    path = f"/api/library/occurrences/{occurrence}"
    wish = stage.wish(6, 1) | {"activity_id": stage.activity}
    del wish["title"]
    with stage.caller() as api:
        arrives(stage, api, books(stage, api, 1))
        made = api.put(path, json=wish)
        assert made.status_code == 201, made.text
        room = f"/api/facility/bookings/{made.json()['booking_id']}"
        seen = {"If-Match": f'"{made.json()["version"]}"'}
        assert api.post(f"{path}/cancel", json={}, headers=seen).status_code == 200
        wait_until(lambda: api.get(room).json()["state"] == "cancelled", "facility no longer reacts to the library")


def test_record__with_odd_headers__is_read_by_its_body_and_stops_nothing(stage: Stage) -> None:
    day = FIRST.date()
    good = [booking(data={"square_id": stage.square, "starts_at": f"{day}T20:00:00Z", "ends_at": f"{day}T21:00:00Z"})]
    wanted = {key.decode().removeprefix("booking/") for key, _ in good}
    produce(stage.house, [("torg.facility.v1", *good[0], headers) for headers in ODD_HEADERS])
    with stage.caller() as api:
        wait_until(lambda: wanted <= stage.calendar_ids(api, day, day), "the record was not read")
        arrives(stage, api, books(stage, api, 2))
        assert wanted <= stage.calendar_ids(api, day, day)


def test_services__after_poison__are_all_ready(stage: Stage, poisoned: list[Place]) -> None:
    assert poisoned
    for name in stage.house.status()["services"]:
        assert stage.house.wait_ready(name)["state"] == "ready"
