"""A unit's activities say how loud they are and how much quiet they need, and hear what facility makes of it."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import httpx
import pytest

from services.senior_centre.app import build
from tests import infra
from tests.integration.unit_house import UnitHouse, ok, open_unit, times

pytestmark = pytest.mark.integration
THURSDAY = "2090-03-02"


@pytest.fixture(scope="module")
async def house(kafka: infra.Kafka, database: infra.Database, keys: infra.Keys) -> AsyncIterator[UnitHouse]:
    async with open_unit("senior_centre", build, kafka, database, keys) as made:
        yield made


async def gym_and_quiet_room(house: UnitHouse) -> tuple[str, str]:
    gym, quiet = str(uuid4()), str(uuid4())
    rooms = ((quiet, "Stillerommet", {"noise_tolerance": 0}), (gym, "Gymsalen", {"neighbours": [_wall(quiet)]}))
    for room, name, more in rooms:
        body = {"square_id": house.square, "name": name, **more}
        await ok(house.facility.put(f"/api/facility/spaces/{room}", json=body))
    return gym, quiet


def _wall(heard_in: str) -> dict[str, Any]:
    return {"space_id": heard_in, "attenuation": 2}


async def activity(house: UnitHouse, title: str, **levels: int) -> str:
    made = str(uuid4())
    await ok(house.put(f"activities/{made}", house.here(title_nb=title, **levels)))
    return made


async def planned(house: UnitHouse, activity_id: str, room: str, start: str, end: str, **more: Any) -> httpx.Response:
    body = {"activity_id": activity_id, "space_ids": [room], **times(THURSDAY, start, end), **more}
    return await house.put(f"occurrences/{uuid4()}", body)


async def test_occurrence__too_loud_for_its_neighbour__is_refused_with_facilitys_reason(house: UnitHouse) -> None:
    gym, quiet = await gym_and_quiet_room(house)
    meeting = await activity(house, "Hørselstreff", noise_out=1, quiet_need=5)
    exercise = await activity(house, "Trim 62+", noise_out=4)
    await ok(planned(house, meeting, quiet, "10:00", "12:00"))

    refused = await planned(house, exercise, gym, "10:00", "11:00")

    assert (refused.status_code, refused.json()["code"]) == (409, "policy")
    [reason] = refused.json()["reasons"]
    assert (reason["rule"], reason["severity"], reason["title"]) == ("noise", 2, "Hørselstreff")
    assert reason["message"].startswith("The sound from Gymsalen is too loud in Stillerommet")


async def test_occurrence__a_little_too_loud__is_planned_with_a_warning_and_moved_with_one(house: UnitHouse) -> None:
    gym, quiet = await gym_and_quiet_room(house)
    reading = await activity(house, "Lesesirkel")
    singing = await activity(house, "Allsang", noise_out=3)
    for start, end in (("10:00", "11:00"), ("13:00", "14:00")):
        await ok(planned(house, reading, quiet, start, end))

    made = await ok(planned(house, singing, gym, "10:00", "11:00"))
    told = "The sound from Gymsalen is a little too loud in Stillerommet, which is in use 10:00–11:00."
    assert [one["message"] for one in made["warnings"]] == [told]
    assert "warnings" not in await house.get(f"occurrences/{made['occurrence_id']}")

    path = f"occurrences/{made['occurrence_id']}/reschedule"
    moved = await ok(house.post(path, times(THURSDAY, "13:00", "14:00"), made["version"]))
    assert [one["severity"] for one in moved["warnings"]] == [1]


async def test_occurrence__accepted_with_a_reason__is_planned_and_on_record(house: UnitHouse) -> None:
    gym, quiet = await gym_and_quiet_room(house)
    meeting = await activity(house, "Hørselstreff", noise_out=1, quiet_need=5)
    exercise = await activity(house, "Trim 62+", noise_out=4)
    await ok(planned(house, exercise, gym, "10:00", "11:00"))
    excuse = {"reason_code": "noise_accepted", "reason": "De avtaler det seg imellom"}

    made = await ok(planned(house, meeting, quiet, "10:00", "12:00", exception=excuse))

    assert made["state"] == "scheduled"
    kept = await ok(house.facility.get(f"/api/facility/bookings/{made['booking_id']}/decisions"))
    assert [(one["verdict"], one["rules"]) for one in kept["decisions"]] == [("excepted", ["noise"])]


async def test_series__a_little_too_loud_on_one_date__is_made_and_warned_of_that_date(house: UnitHouse) -> None:
    gym, quiet = await gym_and_quiet_room(house)
    reading = await activity(house, "Lesesirkel")
    singing = await activity(house, "Allsang", noise_out=3)
    await ok(planned(house, reading, quiet, "10:00", "11:00"))
    dates = [{"id": str(uuid4()), **times(date, "10:00", "11:00")} for date in (THURSDAY, "2090-03-09")]
    body = {"activity_id": singing, "space_ids": [gym], "occurrences": dates}
    path = f"series/{uuid4()}"

    made = await ok(house.put(path, body))

    first, second = made["occurrences"]
    assert [one["state"] for one in (first, second)] == ["scheduled", "scheduled"]
    told = "The sound from Gymsalen is a little too loud in Stillerommet, which is in use 10:00–11:00."
    assert [(one["message"], one["title"]) for one in first["warnings"]] == [(told, "Lesesirkel")]
    assert "warnings" not in second
    assert await ok(house.put(path, body)) == made

    await ok(house.post(f"occurrences/{first['occurrence_id']}/reschedule", times(THURSDAY, "13:00", "14:00"), 1))
    assert [one for one in (await house.get(path))["occurrences"] if "warnings" in one] == []


async def test_series__too_loud_on_one_date__is_refused_with_the_neighbour_or_requested_with_a_warning(
    house: UnitHouse,
) -> None:
    gym, quiet = await gym_and_quiet_room(house)
    meeting = await activity(house, "Hørselstreff", noise_out=1, quiet_need=5)
    exercise = await activity(house, "Trim 62+", noise_out=4)
    await ok(planned(house, meeting, quiet, "10:00", "12:00"))
    body = {"activity_id": exercise, "space_ids": [gym]}
    told = "The sound from Gymsalen is too loud in Stillerommet, which is in use 10:00–12:00. "

    [refused] = (await ok(house.put(f"series/{uuid4()}", {**body, "occurrences": dates()})))["occurrences"]
    [asked] = (await ok(house.put(f"series/{uuid4()}", {**body, "occurrences": dates(), "request": True})))[
        "occurrences"
    ]

    assert refused["refusal"]["reasons"][0]["message"].startswith(told)
    assert (asked["room_request"]["state"], asked["warnings"][0]["severity"]) == ("pending", 2)


def dates() -> list[dict[str, str]]:
    return [{"id": str(uuid4()), **times(THURSDAY, "10:00", "11:00")}]
