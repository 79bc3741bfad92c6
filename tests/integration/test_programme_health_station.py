"""The health station's programme: facility tells its bookings in half hours, and its dates keep their own times."""

import uuid
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests import infra
from tests.integration.health_house import API, DAY, House, at, open_house
from tests.integration.streams import until
from tests.integration.unit_house import if_match, ok

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
async def opened(kafka: infra.Kafka, database: infra.Database, keys: infra.Keys) -> AsyncIterator[House]:
    async with open_house(kafka, database, keys) as house:
        yield house


@pytest.fixture
async def house(opened: House) -> House:
    return await opened.furnish()


async def planned(house: House, room: str, **more: Any) -> dict[str, Any]:
    """A date that begins and ends, set-up and all, beside the half hours."""
    activity = str(uuid.uuid4())
    body = {"square_id": house.square, "unit_id": house.unit, "title_nb": "Foreldrekurs"}
    await ok(house.station.put(f"{API}/activities/{activity}", json=body, headers=house.nurse))
    date = {"activity_id": activity, "space_ids": [room], "starts_at": at("10:10"), "ends_at": at("10:50"), **more}
    path = f"{API}/occurrences/{uuid.uuid4()}"
    return await ok(house.station.put(path, json={**date, "setup_minutes": 5}, headers=house.nurse))


async def heard(house: House, one: dict[str, Any], booking_version: int) -> dict[str, Any]:
    """The occurrence, once facility's word about that version of its booking has come."""

    async def has_come() -> bool:
        query = "select booking_version from occurrence where occurrence_id = $1"
        (row,) = await house.rows(query, uuid.UUID(one["occurrence_id"]))
        return bool(row["booking_version"] == booking_version)

    await until(has_come)
    return await ok(house.station.get(f"{API}/occurrences/{one['occurrence_id']}", headers=house.nurse))


async def test_date_beside_the_half_hours__when_its_room_is_confirmed__stays_where_it_is(house: House) -> None:
    made = await planned(house, await house.room())

    seen = await heard(house, made, 2)

    assert (seen["state"], seen["version"], seen["starts_at"]) == ("scheduled", 1, f"{DAY}T09:10:00Z")


async def test_requested_date__when_it_is_approved__is_scheduled_at_its_own_time(house: House) -> None:
    owner = await house.made_unit(str(uuid.uuid4()), "library")
    room = await house.room(unit_id=owner)
    path = f"/api/facility/spaces/{room}/policy"
    await ok(house.facility.put(path, json={"otherwise": "request"}, headers=if_match(0)))
    draft = await planned(house, room, request=True)
    assert draft["room_request"]["state"] == "pending"

    headers = {**house.role(f"unit_editor@{owner}"), **if_match(1)}
    await ok(house.facility.post(f"/api/facility/bookings/{draft['booking_id']}/confirm", headers=headers))

    seen = await heard(house, draft, 2)
    assert (seen["state"], seen["room_request"], seen["starts_at"]) == ("scheduled", None, f"{DAY}T09:10:00Z")
