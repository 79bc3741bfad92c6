"""Squares, units, spaces and opening hours through HTTP, on real servers."""

import uuid
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from services.facility.app import build
from tests import infra

STAFFED = {"name": "all year", "groups": [{"spans": [{"start": "10:00", "end": "18:00", "state": "staffed"}]}]}


@pytest.fixture(scope="module")
async def client(kafka: infra.Kafka, database: infra.Database, keys: infra.Keys) -> AsyncIterator[httpx.AsyncClient]:
    app = build(infra.settings_for("facility", database, kafka, keys))
    async with infra.client_of(app, **keys.headers()) as ready:
        yield ready


async def put(client: httpx.AsyncClient, path: str, body: dict[str, Any], **headers: str) -> httpx.Response:
    return await client.put(f"/api/facility{path}", json=body, headers=headers)


@pytest.fixture
async def square(client: httpx.AsyncClient) -> str:
    square_id = str(uuid.uuid4())
    made = await put(client, f"/squares/{square_id}", {"name": "Testtorget"})
    assert made.status_code == 201, made.text
    return square_id


async def space(client: httpx.AsyncClient, square: str, **more: Any) -> str:
    space_id = str(uuid.uuid4())
    made = await put(client, f"/spaces/{space_id}", {"square_id": square, "name": "Rom", **more})
    assert made.status_code == 201, made.text
    return space_id


async def test_square_put_again_unchanged_answers_the_same(client: httpx.AsyncClient, square: str) -> None:
    again = await put(client, f"/squares/{square}", {"name": "Testtorget"})
    assert again.status_code == 200
    assert again.json()["version"] == 1


async def test_square_changed_without_version_is_refused_and_stale_shows_current(
    client: httpx.AsyncClient, square: str
) -> None:
    body = {"name": "Nytt navn", "staff_share": 0.1}
    assert (await put(client, f"/squares/{square}", body)).status_code == 428
    stale = await put(client, f"/squares/{square}", body, **{"If-Match": '"7"'})
    assert stale.status_code == 412
    assert stale.json()["current"]["version"] == 1
    changed = await put(client, f"/squares/{square}", body, **{"If-Match": '"1"'})
    assert changed.json()["staff_share"] == 0.1


async def test_unknown_field_is_refused_by_name_in_the_readers_language(client: httpx.AsyncClient) -> None:
    refused = await put(client, f"/squares/{uuid.uuid4()}", {"name": "A", "colour": "red"})
    assert refused.status_code == 422
    assert refused.json()["errors"] == [{"loc": ["colour"], "message": "feltet er ukjent"}]


async def test_space_under_itself_is_refused(client: httpx.AsyncClient, square: str) -> None:
    outer = await space(client, square)
    inner = await space(client, square, parent_id=outer)
    body = {"square_id": square, "name": "Rom", "parent_id": inner}
    refused = await put(client, f"/spaces/{outer}", body, **{"If-Match": '"1"'})
    assert (refused.status_code, refused.json()["code"]) == (422, "invalid")


async def test_space_gets_no_parts_while_it_is_booked(client: httpx.AsyncClient, square: str) -> None:
    hall = await space(client, square)
    booking = {"space_ids": [hall], "starts_at": "2090-01-01T10:00", "ends_at": "2090-01-01T11:00"}
    made = await put(client, f"/bookings/{uuid.uuid4()}", booking)
    assert made.status_code == 201, made.text
    body = {"square_id": square, "name": "Del", "parent_id": hall}
    refused = await put(client, f"/spaces/{uuid.uuid4()}", body)
    assert (refused.status_code, refused.json()["code"]) == (409, "in_use")


async def test_hours_of_space_come_from_nearest_ancestor(client: httpx.AsyncClient, square: str) -> None:
    outer = await space(client, square)
    inner = await space(client, square, parent_id=outer)
    window = {"from": "2026-10-15", "to": "2026-10-15"}
    before = await client.get(f"/api/facility/spaces/{inner}/hours", params=window)
    assert before.json()["days"] == {"2026-10-15": [["00:00", "24:00", "staffed"]]}
    decided = await put(client, f"/spaces/{outer}/hours", {"periods": [STAFFED]})
    assert decided.status_code == 200, decided.text
    after = await client.get(f"/api/facility/spaces/{inner}/hours", params=window)
    assert after.json()["days"] == {"2026-10-15": [["10:00", "18:00", "staffed"]]}
    at = {"at": "2026-10-15T09:30:00.5+02:00"}
    state = await client.get(f"/api/facility/spaces/{inner}/hours/state", params=at)
    assert state.json() == {"state": "closed"}


async def test_hours_changed_need_version_and_deleted_return_to_none(client: httpx.AsyncClient, square: str) -> None:
    room = await space(client, square)
    assert (await put(client, f"/spaces/{room}/hours", {"periods": [STAFFED]})).status_code == 200
    assert (await put(client, f"/spaces/{room}/hours", {"periods": []})).status_code == 428
    assert (await put(client, f"/spaces/{room}/hours", {"periods": []}, **{"If-Match": '"1"'})).status_code == 200
    never = await client.get(f"/api/facility/spaces/{room}/hours", params={"from": "2026-10-15", "to": "2026-10-15"})
    assert never.json()["days"] == {}
    assert (await client.delete(f"/api/facility/spaces/{room}/hours")).status_code == 200
    gone = await client.get(f"/api/facility/spaces/{room}/hours")
    assert gone.json()["periods"] is None


@pytest.mark.parametrize(
    "period",
    [
        {"start_date": "2026-02-01", "end_date": "2026-01-01"},
        {"groups": [{"spans": [{"start": "10:00", "end": "10:00", "state": "staffed"}]}]},
        {"groups": [{"spans": [{"start": "10:00", "end": "11:00", "state": "staffed", "weekdays": [8]}]}]},
        {"groups": [{"spans": [], "rules": [{"kind": "nth_day_of_month", "n": 0}]}]},
        {"groups": [{"spans": [], "rules": [{"kind": "nth_day_of_month", "n": 1, "step": 0}]}]},
        {"groups": [{"spans": [], "rules": [{"kind": "full_moon"}]}]},
    ],
)
async def test_hours_that_rule_b9_refuses_are_invalid_hours(client: httpx.AsyncClient, period: dict[str, Any]) -> None:
    body = {"periods": [period], "from": "2026-01-01", "to": "2026-01-02"}
    refused = await client.post("/api/facility/hours/preview", json=body)
    assert (refused.status_code, refused.json()["code"]) == (422, "invalid_hours"), refused.text
    assert refused.json()["errors"]


async def test_booking_outside_hours_of_named_space_is_refused(client: httpx.AsyncClient, square: str) -> None:
    room = await space(client, square)
    await put(client, f"/spaces/{room}/hours", {"periods": [STAFFED]})
    booking = {"space_ids": [room], "starts_at": "2026-10-15T17:30", "ends_at": "2026-10-15T18:30"}
    refused = await put(client, f"/bookings/{uuid.uuid4()}", booking)
    assert (refused.status_code, refused.json()["code"]) == (409, "outside_hours"), refused.text
    inside = {**booking, "ends_at": "2026-10-15T18:00", "teardown_minutes": 45}
    assert (await put(client, f"/bookings/{uuid.uuid4()}", inside)).status_code == 201
