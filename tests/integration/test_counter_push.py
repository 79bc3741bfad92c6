"""What devices push: with a token that names their counters, in the shape their makers gave it."""

import base64
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from services.counters.app import build
from tests import infra

pytestmark = pytest.mark.integration
API = "/api/counters"


@pytest.fixture(scope="module")
async def service(
    postgres: infra.Postgres, kafka: infra.Kafka, keys: infra.Keys
) -> AsyncIterator[tuple[httpx.AsyncClient, Any]]:
    database = await postgres.database("counters")
    app = build(infra.settings_for("counters", database, kafka, keys))
    async with infra.client_of(app, **keys.headers(), **{"Accept-Language": "en"}) as client:
        answer = await client.put("/test/clock", json={"now": "2026-11-24T10:20:00Z"})
        assert answer.status_code == 200
        yield client, app


@pytest.fixture
def client(service: tuple[httpx.AsyncClient, Any]) -> httpx.AsyncClient:
    return service[0]


async def counter(client: httpx.AsyncClient, **more: Any) -> str:
    made = str(uuid4())
    body = {"square_id": str(uuid4()), "kind": "outer", "interval_minutes": 15, **more}
    assert (await client.put(f"{API}/counters/{made}", json=body)).status_code == 201
    return made


async def token(client: httpx.AsyncClient, make: str, *counters: Any, **more: Any) -> str:
    named = [one if isinstance(one, dict) else {"counter_id": one} for one in counters]
    answer = await client.put(f"{API}/device-tokens/{uuid4()}", json={"make": make, "counters": named, **more})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["token"])


async def push(client: httpx.AsyncClient, make: str, secret: str, payload: Any, header: str = "Bearer {}") -> Any:
    headers = {"Authorization": header.format(secret)}
    return await client.post(f"{API}/push/{make}", json=payload, headers=headers)


async def kept(client: httpx.AsyncClient, counter_id: str) -> list[tuple[str, int, int]]:
    window = {"from": "2026-11-24T00:00:00Z", "to": "2026-11-25T00:00:00Z"}
    answer = await client.get(f"{API}/counters/{counter_id}/readings", params=window)
    return [(one["start"][11:16], one["in"], one["out"]) for one in answer.json()["readings"]]


def logics(start: str = "10:00", end: str = "10:15", logic: int = 1, **more: Any) -> dict[str, Any]:
    counts = [{"id": 1, "name": "fw", "value": 3}, {"id": 2, "name": "bw", "value": 2}]
    record = {"from": f"2026-11-24T{start}:00Z", "to": f"2026-11-24T{end}:00Z", "counts": counts}
    lines = [{"id": logic, "name": "Door", "info": "XLT_LINE_IN_OUT_COUNT", "records": [record]}]
    return {"logics_data": {"package_info": {"version": "5.0", "id": 7}, "logics": lines, **more}}


async def test__push__of_a_device__is_a_reading_of_its_counter_and_again_changes_nothing(
    client: httpx.AsyncClient,
) -> None:
    door = await counter(client)
    secret = await token(client, "xovis", door)
    answers = [(await push(client, "xovis", secret, logics())).json() for _ in range(2)]

    assert answers == [
        {"accepted": 1, "unchanged": 0, "rejected": []},
        {"accepted": 0, "unchanged": 1, "rejected": []},
    ]
    assert await kept(client, door) == [("10:00", 3, 2)]


async def test__push__with_several_lines__goes_to_the_counters_the_token_names(client: httpx.AsyncClient) -> None:
    door, inner = await counter(client), await counter(client)
    secret = await token(client, "xovis", {"counter_id": door, "line": "1"}, {"counter_id": inner, "line": "2"})
    await push(client, "xovis", secret, logics(logic=2))

    assert await kept(client, door) == []
    assert await kept(client, inner) == [("10:00", 3, 2)]


async def test__push__of_running_numbers__is_a_sample_at_the_nearest_point_of_the_grid(
    client: httpx.AsyncClient,
) -> None:
    door = await counter(client, feed="cumulative")
    secret = await token(client, "terabee", door)
    answer = await push(client, "terabee", secret, {"count_in": 200, "count_out": 456, "flags": {}})

    assert answer.json()["accepted"] == 1
    assert await kept(client, door) == [("10:15", 200, 456)]


async def test__push__on_the_local_clock__is_shifted_by_the_zone_of_the_token(client: httpx.AsyncClient) -> None:
    door = await counter(client, feed="cumulative")
    secret = await token(client, "axis", door, time_zone="America/New_York")
    await push(client, "axis", secret, {"serial": "0", "timestamp": "20261124051502", "in": 12, "out": 3})

    assert await kept(client, door) == [("10:15", 12, 3)]


async def test__push__of_registers__pairs_the_directions_of_a_counter(client: httpx.AsyncClient) -> None:
    door = await counter(client, feed="cumulative")
    secret = await token(client, "irisys", {"counter_id": door, "line": "In", "out_line": "Out"})
    counts = [{"Name": name, "RegisterId": at, "Value": 10 + at} for at, name in enumerate(("In", "Out", "Zone"))]
    log = {"Counts": counts, "LogEntryId": 5, "Timestamp": "2026-11-24T10:15:00Z"}
    await push(client, "irisys", secret, {"CountLogs": [log], "FriendlyDeviceSerial": "V4D-00000000"})

    assert await kept(client, door) == [("10:15", 10, 11)]


async def test__push__that_holds_no_counts__is_taken_and_changes_nothing(client: httpx.AsyncClient) -> None:
    door = await counter(client, feed="cumulative")
    secret = await token(client, "terabee", door)
    answer = await push(client, "terabee", secret, {"cmd": {"name": "CMD_GET_AP_STATE", "success": True}})

    assert (answer.status_code, answer.json()["accepted"]) == (200, 0)
    assert await kept(client, door) == []


@pytest.mark.parametrize(
    ("make", "payload", "said"),
    [
        ("xovis", {"logics_data": {"logics": [{"id": 1, "records": 3}]}}, "logics_data.logics.0.records"),
        ("xovis", logics("10:03", "10:18"), "10:03"),
        ("xovis", {"hello": "there"}, "logics_data"),
        ("axis", {"timestamp": "20261124111500", "in": 4, "out": 5}, "cumulative"),
        ("sensmax", {"date": "2026-11-24 11:15 +01:00", "inside": 4, "offline": False}, "inside"),
        ("milesight", [], "object"),
        ("imbuildings", {"total_counter_a": -1, "total_counter_b": 1}, "total_counter_a"),
    ],
)
async def test__push__that_cannot_be_used__names_what_is_wrong(
    client: httpx.AsyncClient, make: str, payload: Any, said: str
) -> None:
    door = await counter(client)
    answer = await push(client, make, await token(client, make, door), payload)

    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")
    assert said in json.dumps(answer.json())
    assert answer.json()["errors"][0]["message"]
    assert await kept(client, door) == []


async def test__push__that_fits_in_part__keeps_that_and_names_the_rest(client: httpx.AsyncClient) -> None:
    door = await counter(client)
    payload = logics()
    records = payload["logics_data"]["logics"][0]["records"]
    records.append({**records[0], "from": "2026-11-24T10:15:00Z", "to": "2026-11-24T10:20:00Z"})
    answer = await push(client, "xovis", await token(client, "xovis", door), payload)

    assert (answer.status_code, answer.json()["accepted"]) == (200, 1)
    assert [one["loc"] for one in answer.json()["rejected"]] == [["2026-11-24T10:15:00+00:00"]]


@pytest.mark.parametrize(
    "unwanted",
    [
        {"snapshot": "/9j/4AAQSkZJRgABAQAAAQABAAD"},
        {"frames": [{"tracked_objects": [{"id": 4, "position": [1, 2, 3]}]}]},
        {"wifi_bt_data": {"devices": []}},
    ],
)
async def test__push__of_pictures_tracks_or_radio__is_refused_whole_and_nowhere_to_be_found(
    service: tuple[httpx.AsyncClient, Any], unwanted: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    client, app = service
    door = await counter(client)
    secret = await token(client, "xovis", door)
    answer = await push(client, "xovis", secret, logics(**unwanted))

    assert (answer.status_code, answer.json()["code"]) == (422, "personal_data_refused")
    assert next(iter(unwanted)) in answer.json()["errors"][0]["loc"][0]
    assert await kept(client, door) == []
    async with app.state.pool.acquire() as conn:
        said = await conn.fetch("select convert_from(value, 'utf8') as value from outbox")
    assert not any(next(iter(unwanted)) in row["value"] for row in said)
    assert "4AAQSkZJRg" not in capsys.readouterr().out


async def test__push__is_on_the_log_as_any_other_reading(service: tuple[httpx.AsyncClient, Any]) -> None:
    client, app = service
    door = await counter(client)
    await push(client, "xovis", await token(client, "xovis", door), logics())
    async with app.state.pool.acquire() as conn:
        rows = await conn.fetch("select value from outbox where key like 'interval/' || $1 || '/%'", door)

    (event,) = [json.loads(row["value"]) for row in rows]
    expected = {"count_in": 3, "count_out": 2, "sequence": 7, "received_at": "2026-11-24T10:20:00Z"}
    assert event["data"]["readings"] == [expected]


async def test__token__is_told_once_and_good_for_its_make_and_its_counters_alone(client: httpx.AsyncClient) -> None:
    door, path = await counter(client), f"{API}/device-tokens/{uuid4()}"
    body = {"make": "xovis", "counters": [{"counter_id": door}]}
    first, again = await client.put(path, json=body), await client.put(path, json=body)
    other = await client.put(path, json={**body, "make": "axis"})
    secret = first.json()["token"]

    assert [answer.status_code for answer in (first, again, other)] == [201, 200, 409]
    assert again.json()["token"] is None
    headers = {"Authorization": f"Bearer {secret}"}
    assert (await push(client, "axis", secret, {})).status_code == 401
    assert (await client.post(f"{API}/readings", json={"readings": []}, headers=headers)).status_code == 401
    assert (await client.get(f"{API}/counters/{door}", headers=headers)).status_code == 401


@pytest.mark.parametrize("header", ["Bearer {}", "{}", "Basic"])
async def test__token__in_whatever_way_a_device_can_send_it__is_known(client: httpx.AsyncClient, header: str) -> None:
    secret = await token(client, "xovis", await counter(client))
    if header == "Basic":
        header = f"Basic {base64.b64encode(f'device:{secret}'.encode()).decode()}"
    assert (await push(client, "xovis", secret, logics(), header)).status_code == 200


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer torg-counter-guess", "Basic !", "Basic 4pyT", "Digest x"])
async def test__push__without_a_known_token__is_not_let_in(client: httpx.AsyncClient, header: str) -> None:
    answer = await client.post(f"{API}/push/xovis", json=logics(), headers={"Authorization": header})
    assert answer.status_code == 401


async def test__token__revoked__is_good_for_nothing(client: httpx.AsyncClient) -> None:
    door, token_id = await counter(client), uuid4()
    body = {"make": "xovis", "counters": [{"counter_id": door}]}
    secret = (await client.put(f"{API}/device-tokens/{token_id}", json=body)).json()["token"]
    answers = [await client.post(f"{API}/device-tokens/{token_id}/revoke") for _ in range(2)]

    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[0].json() == answers[1].json()
    assert (await push(client, "xovis", secret, logics())).status_code == 401


async def test__tokens__of_a_square__are_listed_without_their_secrets(
    client: httpx.AsyncClient, keys: infra.Keys
) -> None:
    square = str(uuid4())
    door = await counter(client, square_id=square)
    secret = await token(client, "xovis", door)
    found = await client.get(f"{API}/device-tokens", params={"square_id": square})

    assert [one["counters"][0]["counter_id"] for one in found.json()["device_tokens"]] == [door]
    assert secret not in found.text
    strangers = keys.headers(f"admin@{uuid4()}")
    assert (
        await client.get(f"{API}/device-tokens", params={"square_id": square}, headers=strangers)
    ).status_code == 404


@pytest.mark.parametrize(
    "wrong",
    [
        {"make": "acme"},
        {"counters": []},
        {"counters": [{"counter_id": str(uuid4())}]},
        {"counters": [{"counter_id": "DOOR", "line": "a\0b"}]},
        {"time_zone": "Europe/Asker"},
    ],
)
async def test__token__for_what_is_not_there__is_refused(client: httpx.AsyncClient, wrong: dict[str, Any]) -> None:
    door = await counter(client)
    body: dict[str, Any] = {"make": "xovis", "counters": [{"counter_id": door}], **wrong}
    for one in body["counters"]:
        one["counter_id"] = door if one["counter_id"] == "DOOR" else one["counter_id"]
    assert (await client.put(f"{API}/device-tokens/{uuid4()}", json=body)).status_code == 422


async def test__token__for_a_counter_of_another_square__is_not_issued(
    client: httpx.AsyncClient, keys: infra.Keys
) -> None:
    body = {"make": "xovis", "counters": [{"counter_id": await counter(client)}]}
    path = f"{API}/device-tokens/{uuid4()}"
    assert (await client.put(path, json=body, headers=keys.headers(f"admin@{uuid4()}"))).status_code == 404
    assert (await client.put(path, json=body, headers=keys.headers("front_line@*"))).status_code == 403


async def test__push__of_real_messages__is_taken(client: httpx.AsyncClient, shared_data: Path) -> None:
    folder = shared_data / "counter-payloads"
    if not folder.exists():
        pytest.skip("counter-payloads is not among the real data sets here")
    taken = {}
    for make, file, line in (
        ("imbuildings", "imbuildings_people_counter.json", ""),
        ("milesight", "milesight_vs133.json", "1"),
        ("milesight", "milesight_vs360.json", ""),
        ("terabee", "terabee_people_flow_l_xl.json", ""),
    ):
        door = await counter(client, feed="cumulative")
        secret = await token(client, make, {"counter_id": door, "line": line})
        for example in json.loads((folder / file).read_text())["examples"]:
            assert (await push(client, make, secret, example)).status_code == 200
        taken[file] = await kept(client, door)

    assert taken == {
        "imbuildings_people_counter.json": [("10:15", 13, 10)],
        "milesight_vs133.json": [("10:15", 72, 200)],
        "milesight_vs360.json": [("10:15", 18, 22)],
        "terabee_people_flow_l_xl.json": [("10:15", 200, 456)],
    }
