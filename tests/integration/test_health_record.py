"""The health record tells the health station its days, by a token that is good for nothing else."""

import uuid
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests import infra
from tests.integration.health_house import API, DAY, House, at, open_house
from tests.integration.test_programme import ok

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
async def opened(kafka: infra.Kafka, database: infra.Database, keys: infra.Keys) -> AsyncIterator[House]:
    async with open_house(kafka, database, keys) as house:
        yield house


@pytest.fixture
async def house(opened: House) -> House:
    return await opened.furnish()


async def issue(house: House) -> tuple[str, dict[str, str]]:
    """A record's token of the house's unit, by its id and as headers."""
    token, manager = str(uuid.uuid4()), house.role(f"house_manager@{house.unit}")
    path, body = f"{API}/record-tokens/{token}", {"unit_id": house.unit}
    made = await house.station.put(path, json=body, headers=manager)
    assert made.status_code == 201, made.text
    again = await house.station.put(path, json=body, headers=manager)
    assert (again.status_code, again.json()["token"]) == (200, None)
    return token, {"Authorization": f"Bearer {made.json()['token']}"}


def record(*times: tuple[str, str], as_of: str = "08:00", day: str = DAY) -> dict[str, Any]:
    told = [{"starts_at": at(start, day), "ends_at": at(end, day), "kind": "consultation"} for start, end in times]
    return {"as_of": at(as_of), "appointments": told}


async def test_health_record_replaces_the_day_it_told_and_leaves_what_was_made_by_hand(house: House) -> None:
    room = await house.room()
    _, record_key = await issue(house)
    path = f"{API}/appointments/record/{room}/{DAY}"
    await house.made(room, "15:00", "15:10")
    await ok(house.station.put(path, json=record(("09:00", "09:20"), ("09:20", "09:40")), headers=record_key))
    await house.clock(at("08:15"))
    assert await house.blocks(room) == ["09:00-10:00", "15:00-15:30"]

    newer = record(("12:00", "12:20"), as_of="08:14")
    assert (await ok(house.station.put(path, json=newer, headers=record_key)))["appointments"] == 1
    late = await house.station.put(path, json=record(("09:00", "09:20"), as_of="08:10"), headers=record_key)
    assert (late.status_code, late.json()["code"]) == (409, "older_than_known")
    await ok(house.station.put(path, json=newer, headers=record_key))
    await house.clock(at("08:30"))
    assert await house.blocks(room) == ["12:00-12:30", "15:00-15:30"]

    window = {"unit_id": house.unit, "from": at("00:00"), "to": at("23:00")}
    listed = await ok(house.station.get(f"{API}/appointments", params=window, headers=house.nurse))
    assert [(one["local_start"], one["source"]) for one in listed["appointments"]] == [
        ("12:00", "record"), ("15:00", "hand"),
    ]  # fmt: skip
    told = listed["appointments"][0]
    assert (await house.cancel(told)).json()["code"] == "wrong_state"
    await ok(house.station.put(path, json=record(as_of="08:20"), headers=record_key))
    await house.clock(at("08:45"))
    assert await house.blocks(room) == ["15:00-15:30"]


async def test_health_records_day_that_cannot_be_right_is_refused_whole(house: House) -> None:
    room = await house.room()
    _, record_key = await issue(house)
    path = f"{API}/appointments/record/{room}/{DAY}"
    other_day = {**record(("09:00", "09:20")), "as_of": at("08:00")}
    other_day["appointments"] += record(("09:00", "09:20"), day="2031-03-04")["appointments"]
    for body, where in (
        (other_day, ["appointments", 1, "starts_at"]),
        (record(("09:00", "08:20")), ["appointments", 0]),
        (record(("09:00", "09:20"), as_of="09:30"), ["as_of"]),
        ({**record(("09:00", "09:20")), "patient": "x"}, ["patient"]),
    ):
        answer = await house.station.put(path, json=body, headers=record_key)
        assert (answer.status_code, answer.json()["errors"][0]["loc"]) == (422, where)
    await house.clock(at("08:15"))
    assert await house.said(room) == []


async def test_health_records_token_is_good_for_its_units_days_and_nothing_else(house: House) -> None:
    room, token = await house.room(), await issue(house)
    token_id, record_key = token
    path = f"{API}/appointments/record/{room}/{DAY}"
    library = await house.made_unit(str(uuid.uuid4()), "library")
    others = await house.room(unit_id=library)
    window = {"unit_id": house.unit, "from": at("00:00"), "to": at("23:00")}
    answers = [
        await house.station.get(f"{API}/appointments", params=window, headers=record_key),
        await house.station.get(f"{API}/activities", params={"square_id": house.square}, headers=record_key),
        await house.station.put("/test/clock", json={"now": None}, headers=record_key),
        await house.facility.get(f"/api/facility/spaces/{room}", headers=record_key),
        await house.station.put(path, json=record(("09:00", "09:20")), headers=house.nurse),
        await house.station.put(path, json=record(("09:00", "09:20")), headers=house.role("admin@*")),
    ]
    assert {answer.status_code for answer in answers} == {401}
    foreign = await house.station.put(
        f"{API}/appointments/record/{others}/{DAY}", json=record(("09:00", "09:20")), headers=record_key
    )
    assert foreign.status_code == 422

    await ok(house.station.put(path, json=record(("09:00", "09:20")), headers=record_key))
    manager = house.role(f"house_manager@{house.unit}")
    revoked = await ok(house.station.post(f"{API}/record-tokens/{token_id}/revoke", headers=manager))
    listed = await ok(house.station.get(f"{API}/record-tokens", params={"unit_id": house.unit}, headers=manager))
    assert listed["record_tokens"] == [revoked]
    late = await house.station.put(path, json=record(as_of="08:01"), headers=record_key)
    assert late.status_code == 401


async def test_health_records_secret_is_nowhere_in_the_database(house: House) -> None:
    _, record_key = await issue(house)
    secret = record_key["Authorization"].removeprefix("Bearer ")
    (row,) = await house.rows("select to_jsonb(t) as row from record_token t where unit_id = $1", uuid.UUID(house.unit))
    assert secret not in str(row["row"])
    assert secret.removeprefix("torg-record-") not in str(row["row"])


async def test_audit_tells_the_unit_who_wrote_and_read_and_nobody_else(house: House) -> None:
    room = await house.room()
    _, record_key = await issue(house)
    made = await house.made(room, "10:05", "10:25")
    await house.station.get(f"{API}/appointments/{made['appointment_id']}", headers=house.nurse)
    await house.cancel(made)
    path = f"{API}/appointments/record/{room}/{DAY}"
    await ok(house.station.put(path, json=record(("09:00", "09:20")), headers=record_key))

    asked, auditor = {"unit_id": house.unit}, house.role(f"auditor@{house.unit}")
    entries = (await ok(house.station.get(f"{API}/audit", params=asked, headers=auditor)))["entries"]
    assert [one["action"] for one in entries] == [
        "record_day.put", "appointment.cancel", "appointment.read", "appointment.put", "record_token.issue",
    ]  # fmt: skip
    assert entries[0]["subject"].startswith("record-token/")
    assert (entries[1]["before"]["state"], entries[1]["after"]["state"]) == ("booked", "cancelled")
    for role in ("admin@*", f"auditor@{house.square}"):
        refused = await house.station.get(f"{API}/audit", params=asked, headers=house.role(role))
        assert refused.status_code == 404
