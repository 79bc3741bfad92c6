import asyncio
import datetime as dt
import json
import random
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import httpx
import pytest

from services.counters.app import build
from tests import infra

pytestmark = pytest.mark.integration
ENGLISH = {"Accept-Language": "en"}


@pytest.fixture(scope="module")
async def counters(
    postgres: infra.Postgres, kafka: infra.Kafka, keys: infra.Keys
) -> AsyncIterator[tuple[httpx.AsyncClient, Any]]:
    database = await postgres.database("counters")
    app = build(infra.settings_for("counters", database, kafka, keys))
    async with infra.client_of(app, **keys.headers(), **ENGLISH) as client:
        yield client, app


@pytest.fixture
def client(counters: tuple[httpx.AsyncClient, Any]) -> httpx.AsyncClient:
    return counters[0]


def settings(**more: Any) -> dict[str, Any]:
    return {"square_id": str(uuid4()), "kind": "outer", "interval_minutes": 15, **more}


async def make_counter(client: httpx.AsyncClient, **more: Any) -> str:
    counter_id = str(uuid4())
    answer = await client.put(f"/api/counters/counters/{counter_id}", json=settings(**more))
    assert answer.status_code == 201, answer.text
    return counter_id


def reading(counter_id: str, start: str = "2026-10-05T10:00:00Z", count: int = 3, **more: Any) -> dict[str, Any]:
    return {"counter_id": counter_id, "start": start, "in": count, "out": count, **more}


async def send(client: httpx.AsyncClient, *readings: Any, **headers: str) -> dict[str, Any]:
    answer = await client.post("/api/counters/readings", json={"readings": list(readings)}, headers=headers)
    assert answer.status_code == 200, answer.text
    result: dict[str, Any] = answer.json()
    return result


async def events(app: Any, counter_id: str) -> list[dict[str, Any]]:
    async with app.state.pool.acquire() as conn:
        rows = await conn.fetch("select value from outbox where key like '%' || $1 || '%' order by id", counter_id)
    return [json.loads(row["value"]) for row in rows]


async def test__counter__put_twice__changes_nothing_and_an_edit_needs_its_version(
    counters: tuple[httpx.AsyncClient, Any],
) -> None:
    client, app = counters
    path, body = f"/api/counters/counters/{uuid4()}", settings()
    first, again = await client.put(path, json=body), await client.put(path, json=body)
    blind = await client.put(path, json={**body, "swapped": True})
    stale = await client.put(path, json={**body, "swapped": True}, headers={"If-Match": '"7"'})
    edited = await client.put(path, json={**body, "swapped": True}, headers={"If-Match": first.headers["etag"]})

    assert [answer.status_code for answer in (first, again, blind, stale, edited)] == [201, 200, 428, 412, 200]
    assert stale.json()["current"]["version"] == 1
    assert edited.json()["swapped"] is True
    said = await events(app, path.rsplit("/", 1)[1])
    assert [event["data"]["decision"] for event in said] == [1, 2]


async def test__counter__put_by_many_at_once__is_made_once(client: httpx.AsyncClient) -> None:
    path, body = f"/api/counters/counters/{uuid4()}", settings()
    answers = await asyncio.gather(*(client.put(path, json=body) for _ in range(8)))

    assert sorted(answer.status_code for answer in answers) == [200] * 7 + [201]


async def test__counter__of_a_square_one_has_no_role_in__is_not_found(
    client: httpx.AsyncClient, keys: infra.Keys
) -> None:
    counter_id = await make_counter(client)
    stranger = keys.headers(f"admin@{uuid4()}")

    assert (await client.get(f"/api/counters/counters/{counter_id}", headers=stranger)).status_code == 404
    answer = await send(client, reading(counter_id), **stranger)
    assert answer["rejected"] == [{"index": 0, "code": "unknown_counter"}]


async def test__readings__some_of_them_wrong__the_others_are_kept(client: httpx.AsyncClient) -> None:
    counter_id = await make_counter(client)
    answer = await send(
        client,
        reading(counter_id),
        reading(counter_id, "2026-10-05T10:07:00Z"),
        reading(str(uuid4())),
        reading(counter_id, "2026-10-05T10:15:00Z", -1),
        reading(counter_id, "2026-10-05T10:15:00Z"),
    )

    assert (answer["accepted"], answer["unchanged"]) == (2, 0)
    assert answer["rejected"] == [
        {"index": 1, "code": "off_grid"},
        {"index": 2, "code": "unknown_counter"},
        {"index": 3, "code": "invalid"},
    ]


async def test__readings__sent_again_in_another_order__change_nothing(client: httpx.AsyncClient) -> None:
    counter_id = await make_counter(client)
    sent = [reading(counter_id, f"2026-10-05T{hour:02}:00:00Z", hour) for hour in range(24)]
    first = await send(client, *sent)
    random.Random(1).shuffle(sent)
    again = await send(client, *sent, *sent)

    assert (first["accepted"], first["unchanged"]) == (24, 0)
    assert (again["accepted"], again["unchanged"]) == (0, 48)


async def test__different_readings__of_one_interval__are_all_on_its_event(
    counters: tuple[httpx.AsyncClient, Any],
) -> None:
    client, app = counters
    counter_id = await make_counter(client)
    await send(client, reading(counter_id, count=5, received_at="2026-10-05T12:00:00Z"))
    await send(client, reading(counter_id, count=4, received_at="2026-10-05T11:00:00Z"))
    await send(client, reading(counter_id, count=5, received_at="2026-10-05T10:30:00Z"))
    intervals = [event for event in await events(app, counter_id) if event["type"].endswith("interval.recorded.v1")]

    assert [event["subjectversion"] for event in intervals] == [1, 2, 3]
    assert [(one["count_in"], one["received_at"]) for one in intervals[-1]["data"]["readings"]] == [
        (5, "2026-10-05T10:30:00Z"),
        (4, "2026-10-05T11:00:00Z"),
    ]


async def test__readings__from_many_at_once__lose_nothing_and_leave_no_gap_in_versions(
    counters: tuple[httpx.AsyncClient, Any],
) -> None:
    client, app = counters
    counter_id = await make_counter(client)

    async def one(count: int) -> dict[str, Any]:
        sent = [reading(counter_id, f"2026-10-05T{hour:02}:00:00Z", count % 3) for hour in range(24)]
        random.Random(count).shuffle(sent)
        return await send(client, *sent)

    answers = await asyncio.gather(*(one(count) for count in range(12)))

    assert sum(answer["accepted"] for answer in answers) == 3 * 24
    intervals = [event for event in await events(app, counter_id) if "start" in event["data"]]
    by_subject: dict[str, list[int]] = {}
    for event in intervals:
        by_subject.setdefault(event["subject"], []).append(event["subjectversion"])
    assert set(map(tuple, by_subject.values())) == {(1, 2, 3)}


async def test__readings__read_back__come_page_by_page_with_all_that_differ(client: httpx.AsyncClient) -> None:
    counter_id = await make_counter(client, interval_minutes=5)
    begin = dt.datetime(2026, 10, 5, tzinfo=dt.UTC)
    starts = [(begin + dt.timedelta(minutes=5 * number)).isoformat() for number in range(600)]
    await send(client, *(reading(counter_id, start) for start in starts))
    await send(client, *(reading(counter_id, starts[499], count) for count in range(5)))
    found, pages, at = [], 0, starts[0]
    while at:
        window = {"from": at, "to": starts[550]}
        answer = await client.get(f"/api/counters/counters/{counter_id}/readings", params=window)
        found += answer.json()["readings"]
        at, pages = answer.json()["next"], pages + 1

    assert pages == 2
    assert [one["start"] for one in found] == sorted([*starts[:550], *[starts[499]] * 4])
    assert sorted(one["in"] for one in found if one["start"] == starts[499]) == [0, 1, 2, 3, 4]


async def test__readings__read_back_by_a_stranger_or_over_years__are_not_told(
    client: httpx.AsyncClient, keys: infra.Keys
) -> None:
    path = f"/api/counters/counters/{await make_counter(client)}/readings"
    window = {"from": "2026-10-05T00:00:00Z", "to": "2026-10-06T00:00:00Z"}

    assert (await client.get(path, params=window, headers=keys.headers(f"admin@{uuid4()}"))).status_code == 404
    assert (await client.get(path, params={**window, "to": "2027-12-01T00:00:00Z"})).status_code == 422
    assert (await client.get(path, params={**window, "to": window["from"]})).status_code == 422


async def test__readings__more_than_ten_thousand__are_refused_whole(client: httpx.AsyncClient) -> None:
    answer = await client.post("/api/counters/readings", json={"readings": [None] * 10_001})

    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")


async def test__different_readings__more_than_an_event_carries__are_refused_alone(client: httpx.AsyncClient) -> None:
    counter_id = await make_counter(client)
    sent = [reading(counter_id, sequence=number) for number in range(5_000)]
    first = await send(client, *sent, *(reading(str(uuid4()), sequence=number) for number in range(600)))
    again = await send(client, *sent[:600])

    assert first["accepted"] == 500
    assert first["rejected"][:1] == [{"index": 500, "code": "invalid"}]
    assert {one["code"] for one in first["rejected"] if one["index"] >= 5_000} == {"unknown_counter"}
    assert (again["accepted"], again["unchanged"], len(again["rejected"])) == (0, 500, 100)


async def test__received_at__without_the_backfill_right__is_the_clock_s(
    counters: tuple[httpx.AsyncClient, Any],
) -> None:
    client, app = counters
    counter_id = await make_counter(client)
    answer = await client.put("/test/clock", json={"now": "2026-10-05T11:00:00Z"})
    assert answer.status_code == 200
    await send(client, reading(counter_id))
    await client.put("/test/clock", json={"now": None})

    (interval,) = [event for event in await events(app, counter_id) if "start" in event["data"]]
    assert interval["data"]["readings"][0]["received_at"] == "2026-10-05T11:00:00Z"


async def test__table__of_readings__is_taken_and_what_is_refused_is_named_by_line(client: httpx.AsyncClient) -> None:
    counter_id = await make_counter(client)
    table = f"counter,start,in,out\n{counter_id},2026-10-05T10:00,4,2\nx,2026-10-05T10:00,1,1\n"
    answer = await client.post("/api/counters/import", params={"zone": "Europe/Oslo"}, content=table)

    assert answer.json() == {
        "rows": 2,
        "accepted": 1,
        "unchanged": 0,
        "rejected": [{"line": 3, "code": "invalid"}],
    }


async def test__correction__is_a_record_of_its_own(counters: tuple[httpx.AsyncClient, Any]) -> None:
    client, app = counters
    square_id, path = str(uuid4()), f"/api/counters/corrections/{uuid4()}"
    body = {"square_id": square_id, "date": "2026-10-05", "mode": "staffed", "door_visits": 7, "reason": "Rehearsal"}
    answers = [
        await client.put(path, json=body),
        await client.put(path, json=body),
        await client.put(path, json={**body, "door_visits": 8}),
        await client.put(f"/api/counters/corrections/{uuid4()}", json={**body, "door_visits": None}),
    ]

    assert [answer.status_code for answer in answers] == [201, 200, 409, 201]
    said = await events(app, path.rsplit("/", 1)[1])
    assert [event["data"]["decision"] for event in said] == [1]
    assert "Rehearsal" not in json.dumps(said)


async def test__manual_count__without_the_right__is_forbidden(client: httpx.AsyncClient, keys: infra.Keys) -> None:
    body = {"square_id": str(uuid4()), "unit_id": str(uuid4()), "date": "2026-10-05", "count": 12}
    path = f"/api/counters/manual/{uuid4()}"

    assert (await client.put(path, json=body, headers=keys.headers("front_line@*"))).status_code == 403
    assert (await client.put(path, json=body)).status_code == 201
