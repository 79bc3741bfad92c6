"""Opening hours through their interface: decided, inherited, asked about, previewed."""

import asyncio
import json
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from tests.integration.booking_house import API, House

pytestmark = pytest.mark.integration

ONE_DAY = {"from": "2026-10-15", "to": "2026-10-15"}


def hours(start: str = "10:00", end: str = "18:00", state: str = "staffed", **more: Any) -> dict[str, Any]:
    return {"groups": [{"spans": [{"start": start, "end": end, "state": state}], "rules": []}], **more}


async def decide(house: House, owner: str, periods: Any, version: int | None = None) -> httpx.Response:
    headers = {} if version is None else {"If-Match": f'"{version}"'}
    return await house.client.put(f"{API}/{owner}/hours", json={"periods": periods}, headers=headers)


async def day(house: House, owner: str) -> dict[str, Any]:
    return await house.ok(house.client.get(f"{API}/{owner}/hours", params=ONE_DAY))


async def state(house: House, owner: str, at: str) -> str:
    answer = await house.ok(house.client.get(f"{API}/{owner}/hours/state", params={"at": at}))
    return str(answer["state"])


def code(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


async def decisions(house: House, owner: str) -> list[tuple[int, Any]]:
    rows = await house.rows(
        "select convert_from(value, 'utf8') as event from outbox where key like $1 order by id", f"hours/{owner}/%"
    )
    found = [json.loads(row["event"]) for row in rows]
    assert all(one["subjectversion"] == 1 for one in found)
    return [(one["data"]["decision"], one["data"].get("periods")) for one in found]


async def test_hours_each_decision_is_a_subject_of_its_own(house: House) -> None:
    space = await house.space()
    owner = f"spaces/{space}"
    first = await decide(house, owner, [hours()])
    assert (first.status_code, first.headers["etag"], first.json()["version"]) == (200, '"1"', 1)
    assert (await decide(house, owner, [hours()])).json() == first.json()
    assert code(await decide(house, owner, [])) == (428, "precondition_required")
    stale = await decide(house, owner, [], 7)
    assert code(stale) == (412, "stale")
    assert stale.json()["current"]["version"] == 1
    assert (await decide(house, owner, [], 1)).json()["version"] == 2
    gone = await house.client.delete(f"{API}/{owner}/hours", headers={"If-Match": '"2"'})
    assert (gone.status_code, gone.json()["periods"]) == (200, None)
    assert (await decide(house, owner, [hours()])).json()["version"] == 4
    told = await decisions(house, f"space/{space}")
    assert [number for number, _ in told] == [1, 2, 3, 4]
    assert [periods if not periods else len(periods) for _, periods in told] == [1, [], None, 1]


async def test_hours_first_decided_by_many_at_once_is_one_decision(house: House) -> None:
    space = await house.space()
    answers = await asyncio.gather(*(decide(house, f"spaces/{space}", [hours()]) for _ in range(8)))
    assert [answer.status_code for answer in answers] == [200] * 8
    assert len(await decisions(house, f"space/{space}")) == 1


async def test_hours_deleted_where_there_are_none_decides_nothing(house: House) -> None:
    space = await house.space()
    assert (await house.client.delete(f"{API}/spaces/{space}/hours")).status_code == 200
    assert await decisions(house, f"space/{space}") == []


async def test_space_takes_the_hours_of_its_nearest_ancestor_until_it_has_its_own(house: House) -> None:
    top = await house.space()
    middle = await house.space(top)
    leaf = await house.space(middle)
    before = await day(house, f"spaces/{leaf}")
    assert (before["always_open"], before["days"]) == (True, {"2026-10-15": [["00:00", "24:00", "staffed"]]})
    await decide(house, f"spaces/{top}", [hours("08:00", "20:00")])
    from_top = await day(house, f"spaces/{leaf}")
    assert (from_top["inherited_from"], from_top["periods"], from_top["version"]) == (str(top), None, 0)
    await decide(house, f"spaces/{middle}", [])
    never = await day(house, f"spaces/{leaf}")
    assert (never["days"], never["inherited_from"], never["always_open"]) == ({}, str(middle), False)
    await decide(house, f"spaces/{leaf}", [hours("12:00", "13:00")])
    own = await day(house, f"spaces/{leaf}")
    assert (own["days"], own["inherited_from"]) == ({"2026-10-15": [["12:00", "13:00", "staffed"]]}, None)
    await house.ok(house.client.delete(f"{API}/spaces/{middle}/hours"))
    await house.ok(house.client.delete(f"{API}/spaces/{leaf}/hours"))
    assert (await day(house, f"spaces/{leaf}"))["days"] == {"2026-10-15": [["08:00", "20:00", "staffed"]]}


async def test_unit_without_hours_is_closed_and_lends_none_to_its_spaces(house: House) -> None:
    unit = await house.unit()
    space = await house.space(unit_id=str(unit))
    assert (await day(house, f"units/{unit}"))["days"] == {}
    await decide(house, f"units/{unit}", [hours()])
    assert (await day(house, f"units/{unit}"))["days"] == {"2026-10-15": [["10:00", "18:00", "staffed"]]}
    assert (await day(house, f"spaces/{space}"))["always_open"] is True


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        ("2026-10-15T10:00:00+02:00", "staffed"),
        ("2026-10-15T07:59:59.999Z", "closed"),
        ("2026-10-15T08:00:00.000001Z", "staffed"),
        ("2026-10-15T18:00:00+02:00", "closed"),
        ("2026-10-16T01:00:00+09:00", "closed"),
        ("2026-10-16T00:59:59.999+09:00", "staffed"),
        ("2026-10-15T10:00", "staffed"),
    ],
)
async def test_state_is_read_at_any_offset(house: House, at: str, expected: str) -> None:
    space = await house.space()
    await decide(house, f"spaces/{space}", [hours()])
    assert await state(house, f"spaces/{space}", at) == expected


async def test_state_follows_the_clock_of_the_square(house: House) -> None:
    here = house.square
    await house.square_of("America/New_York")
    space, house.square = await house.space(), here
    await decide(house, f"spaces/{space}", [hours()])
    assert await state(house, f"spaces/{space}", "2026-10-15T14:00:00Z") == "staffed"
    assert await state(house, f"spaces/{space}", "2026-10-15T13:59:00Z") == "closed"


WRONG: list[tuple[Any, list[Any]]] = [
    ([hours(start_date="2026-02-01", end_date="2026-01-01")], ["periods", 0]),
    ([hours("10:00", "10:00")], ["periods", 0, "groups", 0, "spans", 0]),
    ([{"groups": [{"spans": [{"full_day": True, "state": "staffed", "weekdays": [8]}]}]}],
     ["periods", 0, "groups", 0, "spans", 0, "weekdays", 0]),
    ([{"groups": [{"rules": [{"kind": "full_moon"}]}]}], ["periods", 0, "groups", 0, "rules", 0, "kind"]),
    ([{"groups": [{"rules": [{"kind": "nth_day_of_month", "n": 0}]}]}], ["periods", 0, "groups", 0, "rules", 0]),
    ([{"groups": [{"rules": [{"kind": "nth_day_of_month", "n": 1, "step": 0}]}]}],
     ["periods", 0, "groups", 0, "rules", 0, "step"]),
    (None, ["periods"]),
    ("never", ["periods"]),
    ([hours(colour="red")], ["periods", 0, "colour"]),
]  # fmt: skip


@pytest.mark.parametrize(("periods", "where"), WRONG)
async def test_hours_that_cannot_be_are_refused_with_where_and_what(
    house: House, periods: Any, where: list[Any]
) -> None:
    space = await house.space()
    told = []
    for language in ("nb", "en"):
        headers = {"Accept-Language": language}
        refused = await house.client.put(f"{API}/spaces/{space}/hours", json={"periods": periods}, headers=headers)
        assert code(refused) == (422, "invalid_hours")
        assert refused.json()["errors"][0]["loc"] == where
        told.append(refused.json()["errors"][0]["message"])
    assert told[0] != told[1]
    previewed = await house.client.post(f"{API}/hours/preview", json={"periods": periods, **ONE_DAY})
    assert code(previewed) == (422, "invalid_hours")
    assert (await day(house, f"spaces/{space}"))["version"] == 0


async def test_preview_answers_days_and_state_and_saves_nothing(house: House) -> None:
    body = {"periods": [hours("22:00", "02:00", "self_service")]}
    body["periods"][0]["groups"][0]["spans"][0]["end_next_day"] = True
    days = await house.ok(house.client.post(f"{API}/hours/preview", json=body | ONE_DAY))
    assert days["days"] == {"2026-10-15": [["00:00", "02:00", "self_service"], ["22:00", "24:00", "self_service"]]}
    at = await house.ok(house.client.post(f"{API}/hours/preview", json=body | {"at": "2026-10-15T22:00:00Z"}))
    assert at["state"] == "self_service"


async def test_preview_of_dates_older_than_what_is_kept(house: House) -> None:
    body = {"periods": [hours()]}
    asked = house.client.post(f"{API}/hours/preview", json=body | {"from": "1998-12-28", "to": "1998-12-28"})
    assert (await house.ok(asked))["days"] == {"1998-12-28": [["10:00", "18:00", "staffed"]]}
    at = house.client.post(f"{API}/hours/preview", json=body | {"at": "1998-12-28T10:00+01:00"})
    assert (await house.ok(at))["state"] == "staffed"
    refused = await house.client.post(f"{API}/hours/preview", json=body | {"from": "1899-12-31", "to": "1899-12-31"})
    assert code(refused) == (422, "invalid")


async def test_closing_span_without_effect_is_saved_with_a_warning(house: House) -> None:
    space = await house.space()
    period = hours()
    period["groups"][0]["spans"].append({"start": "12:00", "end": "13:00", "state": "closed"})
    saved = await decide(house, f"spaces/{space}", [period])
    assert [(one["rule"], one["period"]) for one in saved.json()["warnings"]] == [("closing_without_effect", 0)]
    assert await state(house, f"spaces/{space}", "2026-10-15T12:30") == "staffed"


@pytest.mark.parametrize(
    "window",
    [
        {"from": "2026-10-15"},
        {"from": "2026-10-15", "to": "2026-10-14"},
        {"from": "2026-01-01", "to": "2027-06-01"},
        {"from": "2026-02-30", "to": "2026-03-01"},
        {"from": "9999-12-31", "to": "9999-12-31"},
    ],
)
async def test_window_that_cannot_be_is_refused(house: House, window: dict[str, str]) -> None:
    space = await house.space()
    assert code(await house.client.get(f"{API}/spaces/{space}/hours", params=window)) == (422, "invalid")


@pytest.mark.parametrize("at", ["yesterday", "2026-10-15", "9999-12-31T23:59:59-12:00", "0001-01-01T00:00:00+14:00"])
async def test_instant_that_cannot_be_is_refused(house: House, at: str) -> None:
    space = await house.space()
    answer = await house.client.get(f"{API}/spaces/{space}/hours/state", params={"at": at})
    assert code(answer) == (422, "invalid")


@pytest.mark.parametrize("owner", ["spaces", "units"])
async def test_hours_of_nobody_are_not_found(house: House, owner: str) -> None:
    unknown = f"{owner}/{uuid4()}"
    assert (await decide(house, unknown, [])).status_code == 404
    assert (await house.client.get(f"{API}/{unknown}/hours", params=ONE_DAY)).status_code == 404
    assert (
        await house.client.get(f"{API}/{unknown}/hours/state", params={"at": "2026-10-15T10:00"})
    ).status_code == 404


@pytest.mark.parametrize("role", ["unit_editor@*", "front_line@*"])
async def test_hours_are_decided_by_those_who_manage_the_house(house: House, role: str) -> None:
    space = await house.space()
    headers = house.role(role)
    refused = await house.client.put(f"{API}/spaces/{space}/hours", json={"periods": []}, headers=headers)
    assert code(refused) == (403, "forbidden")
    assert (await house.client.delete(f"{API}/spaces/{space}/hours", headers=headers)).status_code == 403
    assert (await house.client.get(f"{API}/spaces/{space}/hours", headers=headers)).status_code == 200


async def test_booking_is_limited_by_the_hours_of_each_named_space_and_of_no_unit(house: House) -> None:
    hall, (left, right) = await house.hall()
    unit = await house.unit()
    await decide(house, f"units/{unit}", [])
    await decide(house, f"spaces/{left}", [hours("10:00", "12:00"), hours("12:00", "14:00", "self_service")])
    assert (await house.put([left], "11:00", "13:00", unit_id=str(unit))).status_code == 201
    assert code(await house.put([left], "13:30", "14:30")) == (409, "outside_hours")
    assert (await house.put([right], "13:30", "14:30")).status_code == 201
    assert (await house.put([hall], "18:00", "19:00")).status_code == 201
    assert code(await house.put([left, right], "18:00", "19:00")) == (409, "outside_hours")


async def test_booking_over_midnight_inside_hours_that_touch_is_accepted(house: House) -> None:
    space: UUID = await house.space()
    full = {"groups": [{"spans": [{"full_day": True, "state": "staffed"}]}]}
    await decide(house, f"spaces/{space}", [full])
    assert (await house.put([space], "2026-12-01T22:00", "2026-12-02T02:00")).status_code == 201
