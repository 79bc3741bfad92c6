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


async def anothers_room(house: House) -> tuple[str, str]:
    """(the unit whose it is, a room of it that has to be requested)."""
    owner = await house.made_unit(str(uuid.uuid4()), "library")
    room = await house.room(unit_id=owner)
    path = f"/api/facility/spaces/{room}/policy"
    await ok(house.facility.put(path, json={"otherwise": "request"}, headers=if_match(0)))
    return owner, room


async def agree(house: House, owner: str, booking_id: str) -> None:
    headers = {**house.role(f"unit_editor@{owner}"), **if_match(1)}
    await ok(house.facility.post(f"/api/facility/bookings/{booking_id}/confirm", headers=headers))


async def test_requested_date__when_it_is_approved__is_scheduled_at_its_own_time(house: House) -> None:
    owner, room = await anothers_room(house)
    draft = await planned(house, room, request=True)
    assert draft["room_request"]["state"] == "pending"

    await agree(house, owner, draft["booking_id"])

    seen = await heard(house, draft, 2)
    assert (seen["state"], seen["room_request"], seen["starts_at"]) == ("scheduled", None, f"{DAY}T09:10:00Z")


async def test_date_that_asks_to_be_elsewhere__when_that_is_approved__is_there_at_its_own_time(house: House) -> None:
    date = await heard(house, await planned(house, await house.room()), 2)
    owner, room = await anothers_room(house)
    body = {"space_ids": [room], "starts_at": at("11:05"), "ends_at": at("11:50"), "request": True}
    path = f"{API}/occurrences/{date['occurrence_id']}/reschedule"
    asked = await ok(house.station.post(path, json=body, headers={**house.nurse, **if_match(date["version"])}))
    assert (asked["state"], asked["starts_at"]) == ("scheduled", f"{DAY}T09:10:00Z")

    await agree(house, owner, asked["move_request"]["booking_id"])

    async def is_there() -> dict[str, Any] | None:
        seen = await ok(house.station.get(f"{API}/occurrences/{date['occurrence_id']}", headers=house.nurse))
        return dict(seen) if seen["space_ids"] == [room] else None

    seen = await until(is_there)
    assert (seen["state"], seen["starts_at"], seen["setup_minutes"]) == ("scheduled", f"{DAY}T10:05:00Z", 5)
    former = await ok(house.facility.get(f"/api/facility/bookings/{date['booking_id']}"))
    assert former["state"] == "cancelled"
