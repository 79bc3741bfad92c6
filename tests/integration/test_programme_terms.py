"""Terms that answer a refusal of a room's policy: who is responsible, what it is for, why the rules give way."""

import json
import uuid
from collections.abc import AsyncIterator

import pytest

from tests import infra
from tests.integration.request_house import BOOKINGS, LATER, House, furnished, open_place, rules
from tests.integration.unit_house import ok

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
async def house(kafka: infra.Kafka, database: infra.Database, keys: infra.Keys) -> AsyncIterator[House]:
    async with open_place(kafka, database, keys) as place, furnished(place) as made:
        yield made


async def self_service(house: House, room: str) -> None:
    """Staffed until 16 o'clock."""
    spans = [
        {"start": "10:00", "end": "16:00", "state": "staffed"},
        {"start": "08:00", "end": "22:00", "state": "self_service"},
    ]
    period = {"name": "Alltid", "override": False, "groups": [{"spans": spans, "rules": []}]}
    await ok(house.facility.put(f"/api/facility/spaces/{room}/hours", json={"periods": [period]}))


async def test_responsible_role__for_a_time_without_staff__answers_the_refusal(house: House) -> None:
    room = await house.room(responsible_roles=["key_holder"])
    await self_service(house, room)
    assert rules(await house.plan(room, **LATER)) == ["responsible_role_needed"]

    planned = await ok(house.plan(room, **LATER, responsible_role="key_holder"))

    assert (planned["state"], planned["responsible_role"]) == ("scheduled", "key_holder")
    assert (await house.booking(planned["booking_id"]))["responsible_role"] == "key_holder"


async def test_responsible_role__named_when_a_date_is_moved__goes_with_its_booking(house: House) -> None:
    room = await house.room(responsible_roles=["key_holder"])
    await self_service(house, room)
    planned = await ok(house.plan(room))
    assert rules(await house.step(planned, "reschedule", **LATER)) == ["responsible_role_needed"]

    moved = await ok(house.step(planned, "reschedule", **LATER, responsible_role="key_holder"))

    assert (moved["state"], moved["responsible_role"]) == ("scheduled", "key_holder")
    assert (await house.booking(planned["booking_id"]))["responsible_role"] == "key_holder"


async def test_exception__by_a_role_that_may__sets_the_policy_aside_and_its_text_stays_in_facility(
    house: House,
) -> None:
    room = await house.room(refused_purposes=["private_party"], exception_roles=["unit_editor"])
    assert rules(await house.plan(room, purpose="private_party")) == ["purpose_refused"]
    why = {"reason_code": "agreed", "reason": "Avtalt med styreren"}

    planned = await ok(house.plan(room, purpose="private_party", exception=why))

    assert (planned["state"], planned["purpose"]) == ("scheduled", "private_party")
    kept = await ok(house.facility.get(f"{BOOKINGS}/{planned['booking_id']}/decisions"))
    assert [(one["verdict"], one["reason"]) for one in kept["decisions"]] == [("excepted", why["reason"])]
    assert why["reason"] not in json.dumps(await house.said(planned))
    query = "select asked from occurrence where occurrence_id = $1"
    asked = await house.app.state.pool.fetchval(query, uuid.UUID(planned["occurrence_id"]))
    assert asked["exception"]["reason_code"] == "agreed"
    assert why["reason"] not in json.dumps(asked)


async def test_exception__by_a_role_that_may_not__is_refused_by_facility(house: House) -> None:
    room = await house.room(refused_purposes=["private_party"])

    refused = await house.plan(room, purpose="private_party", exception={"reason": "Bare denne gangen"})

    assert rules(refused) == ["exception_not_allowed", "purpose_refused"]


async def test_exception__repeated_with_another_reason__is_another_request(house: House) -> None:
    room, occurrence = await house.room(), str(uuid.uuid4())
    texts = ["Første", "Første", "Annen"]

    answers = [await house.plan(room, occurrence, exception={"reason": text}) for text in texts]

    assert [answer.status_code for answer in answers] == [201, 200, 409]
