"""What a unit's dates bring along: taken with their rooms, kept when they move, and refused as rooms are."""

import uuid
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from tests import infra
from tests.integration.request_house import LATER, NOON, House, furnished, open_place
from tests.integration.unit_house import ok

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
async def house(kafka: infra.Kafka, database: infra.Database, keys: infra.Keys) -> AsyncIterator[House]:
    async with open_place(kafka, database, keys) as place, furnished(place) as made:
        yield made


async def piano(house: House) -> str:
    """There is one of it, and it is the square's."""
    thing = str(uuid.uuid4())
    body = {"square_id": house.square, "kind": "piano", "name": "Pianoet"}
    await ok(house.facility.put(f"/api/facility/equipment/{thing}", json=body))
    return thing


def bring(thing: str) -> list[dict[str, Any]]:
    return [{"id": thing, "count": 1}]


async def brought(house: House, one: dict[str, Any]) -> Any:
    """By the date's booking."""
    return (await house.booking(one["booking_id"]))["equipment"]


TAKEN = (409, "conflict", [("equipment", 0, "“Pianoet” is taken.")])


def told(answer: httpx.Response) -> tuple[int, str, list[tuple[str, int, str]]]:
    said = answer.json()
    reasons = [(one["rule"], one.get("free"), one["message"]) for one in said["reasons"]]
    return answer.status_code, said["code"], reasons


async def test_date__with_equipment__has_it_and_says_so(house: House) -> None:
    thing = await piano(house)

    planned = await ok(house.plan(await house.room(), equipment=bring(thing)))

    assert (planned["state"], planned["equipment"]) == ("scheduled", bring(thing))
    assert await brought(house, planned) == bring(thing)
    assert (await house.look(planned))["equipment"] == bring(thing)
    [event] = await house.said(planned)
    assert event["data"]["equipment"] == [{"equipment_id": thing, "count": 1}]


async def test_date__with_equipment_that_is_taken__is_refused_with_facilitys_reason(house: House) -> None:
    thing = await piano(house)
    await ok(house.plan(await house.room(), equipment=bring(thing)))

    assert told(await house.plan(await house.room(), equipment=bring(thing))) == TAKEN


async def test_date__moved_without_a_word_of_equipment__keeps_it(house: House) -> None:
    thing = await piano(house)
    planned = await ok(house.plan(await house.room(), equipment=bring(thing)))

    moved = await ok(house.step(planned, "reschedule", **LATER))

    assert moved["equipment"] == await brought(house, moved) == bring(thing)


async def test_date__moved_to_where_its_equipment_is_taken__stays_where_it_is(house: House) -> None:
    thing = await piano(house)
    await ok(house.plan(await house.room(), equipment=bring(thing), **LATER))
    planned = await ok(house.plan(await house.room(), equipment=bring(thing)))

    assert told(await house.step(planned, "reschedule", **LATER)) == TAKEN

    assert await house.look(planned) == planned


async def test_date__moved_without_its_equipment__leaves_it_to_others(house: House) -> None:
    thing = await piano(house)
    planned = await ok(house.plan(await house.room(), equipment=bring(thing)))

    moved = await ok(house.step(planned, "reschedule", **NOON, equipment=[]))

    assert moved["equipment"] == await brought(house, moved) == []
    await ok(house.plan(await house.room(), equipment=bring(thing)))


async def test_date__moved_out_of_the_house__gives_its_equipment_back(house: House) -> None:
    thing = await piano(house)
    planned = await ok(house.plan(await house.room(), equipment=bring(thing)))

    moved = await ok(house.step(planned, "reschedule", **NOON, space_ids=[]))

    assert (moved["equipment"], moved["booking_id"]) == ([], None)
    await ok(house.plan(await house.room(), equipment=bring(thing)))


async def test_draft__that_keeps_its_wish__gets_its_equipment_with_its_room(house: House) -> None:
    thing = await piano(house)
    draft = await ok(house.plan(await house.room(), equipment=bring(thing), draft=True))
    assert (draft["state"], draft["equipment"]) == ("draft", bring(thing))

    planned = await ok(house.step(draft, "schedule"))

    assert planned["state"] == "scheduled"
    assert await brought(house, planned) == bring(thing)


async def test_draft__whose_equipment_is_taken__is_asked_for_without_it(house: House) -> None:
    thing = await piano(house)
    await ok(house.plan(await house.room(), equipment=bring(thing)))
    draft = await ok(house.plan(await house.room(), equipment=bring(thing), draft=True))
    assert told(await house.step(draft, "schedule")) == TAKEN

    planned = await ok(house.step(draft, "schedule", equipment=[]))

    assert (planned["state"], planned["equipment"]) == ("scheduled", [])


async def test_series__with_equipment_that_is_taken_once__keeps_that_date_as_a_draft_with_its_wish(
    house: House,
) -> None:
    thing = await piano(house)
    await ok(house.plan(await house.room(), equipment=bring(thing), **LATER))

    made = await house.series(await house.room(), equipment=bring(thing))

    first, second = made["occurrences"]
    assert (first["state"], second["state"]) == ("scheduled", "draft")
    assert first["equipment"] == second["equipment"] == await brought(house, first) == bring(thing)
    assert [reason["rule"] for reason in second["refusal"]["reasons"]] == ["equipment"]


async def test_date__whose_booking_was_moved_without_its_equipment__is_affected_and_has_it_no_more(
    house: House,
) -> None:
    thing = await piano(house)
    planned = await ok(house.plan(await house.room(), equipment=bring(thing)))
    booking = await house.booking(planned["booking_id"])

    await house.hear("moved", booking, booking["version"] + 1)

    found = await house.look(planned)
    assert (found["state"], found["equipment"]) == ("affected", [])


async def test_date__with_equipment_there_is_not__is_refused_with_facilitys_reason(house: House) -> None:
    refused = await house.plan(await house.room(), equipment=bring(str(uuid.uuid4())))

    assert refused.status_code == 422
    assert [reason["rule"] for reason in refused.json()["reasons"]] == ["unknown_equipment"]


async def test_date__with_equipment_and_no_room__is_refused_with_its_field(house: House) -> None:
    refused = await house.plan(await house.room(), equipment=bring(await piano(house)), space_ids=[])

    assert refused.status_code == 422
    assert [error["loc"] for error in refused.json()["errors"]] == [["equipment"]]
