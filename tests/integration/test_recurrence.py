"""Recurrence through HTTP: what a rule gives before anybody books by it, and series that are given by one."""

import json
from typing import Any
from uuid import UUID, uuid4

import pytest

from tests.integration.booking_house import API, House

pytestmark = pytest.mark.integration


def rule(start: str = "2026-12-01T10:00", rrule: str | None = "FREQ=WEEKLY;COUNT=3", **more: Any) -> dict[str, Any]:
    return {"dtstart_local": start, "tz": "Europe/Oslo", "duration_minutes": 60, "rrule": rrule, **more}


async def preview(house: House, since: str = "2026-11-01", until: str = "2027-10-31", **fields: Any) -> Any:
    body = {**rule(), "from": since, "to": until, **fields}
    return await house.client.post(f"{API}/recurrence/preview", json=body, headers={"Accept-Language": "en"})


async def put(house: House, room: UUID, given: Any, series: UUID | None = None, **shared: Any) -> Any:
    body = {"space_ids": [str(room)], "rule": given, **shared}
    headers = {"Accept-Language": "en"}
    return await house.client.put(f"{API}/series/{series or uuid4()}", json=body, headers=headers)


async def test_preview_of_a_rule_over_the_gap_in_utc_and_in_order(house: House) -> None:
    answer = await preview(house, **rule("2027-03-27T02:30", "FREQ=DAILY;COUNT=3"))
    assert answer.status_code == 200
    assert answer.json()["occurrences"] == [
        {"starts_at": "2027-03-27T01:30:00Z", "ends_at": "2027-03-27T02:30:00Z"},
        {"starts_at": "2027-03-28T01:30:00Z", "ends_at": "2027-03-28T02:30:00Z"},
        {"starts_at": "2027-03-29T00:30:00Z", "ends_at": "2027-03-29T01:30:00Z"},
    ]


async def test_preview_of_whole_days_with_exceptions(house: House) -> None:
    fields = {"dtstart_local": "2026-10-24", "duration_minutes": None, "all_day": True, "duration_days": 1}
    more = {"exdates": ["2026-10-24"], "overrides": [{"recurrence_id": "2026-10-26", "start_local": "2027-03-28"}]}
    answer = await preview(house, "2026-10-01", "2027-10-01", **fields, rrule="FREQ=DAILY;COUNT=3", **more)
    assert answer.json()["occurrences"] == [
        {"starts_at": "2026-10-24T22:00:00Z", "ends_at": "2026-10-25T23:00:00Z"},
        {"starts_at": "2027-03-27T23:00:00Z", "ends_at": "2027-03-28T22:00:00Z"},
    ]


@pytest.mark.parametrize(
    ("since", "until", "expected"),
    [
        ("2026-12-01", "2026-12-08", 2),
        ("2026-12-01T10:00", "2026-12-08T10:00", 1),
        ("2026-12-01T09:00:00Z", "2026-12-08T09:00:00.5Z", 2),
        ("2026-12-01T10:01:00+01:00", "2026-12-08T10:00:00+01:00", 0),
        ("2026-01-01", "2026-11-30", 0),
    ],
)
async def test_preview_window_is_times_half_open_or_dates_both_inside(
    house: House, since: str, until: str, expected: int
) -> None:
    answer = await preview(house, since, until)
    assert len(answer.json()["occurrences"]) == expected


async def test_preview_knows_no_limit_of_a_series(house: House) -> None:
    answer = await preview(house, "2031-01-01", "2031-12-31", rrule="FREQ=DAILY;BYHOUR=9,12")
    assert len(answer.json()["occurrences"]) == 730


async def test_preview_of_a_calendar_older_than_what_is_kept(house: House) -> None:
    fields = {"dtstart_local": "1997-09-02T09:00", "tz": "America/New_York", "rrule": "FREQ=YEARLY;BYDAY=TU;BYMONTH=9"}
    then = (await preview(house, "1997-09-01", "1997-09-10", **fields)).json()["occurrences"]
    assert [date["starts_at"] for date in then] == ["1997-09-02T13:00:00Z", "1997-09-09T13:00:00Z"]
    now = (await preview(house, "2026-09-01", "2026-09-10", **fields)).json()["occurrences"]
    assert [date["starts_at"] for date in now] == ["2026-09-01T13:00:00Z", "2026-09-08T13:00:00Z"]
    assert (await preview(house, "1899-09-01", "1899-09-10", **fields)).json()["code"] == "invalid_rule"


BAD: list[dict[str, Any]] = [
    {"rrule": "FREQ=SECONDLY"},
    {"rrule": "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30"},
    {"rrule": "FREQ=DAILY;COUNT=3;UNTIL=20270101"},
    {"rrule": "FREQ=DAILY;BYHOUR=1,2,3,4,5,6,7;BYMINUTE=0,15,30,45"},
    {"rrule": "FREQ=DAILY;BYMONTH=13"},
    {"rrule": "\0"},
    {"rrule": ["FREQ=DAILY"]},
    {"tz": "Europe/Asker"},
    {"dtstart_local": "2026-12-01T10:00Z"},
    {"duration_minutes": 0},
    {"exdates": ["tomorrow"]},
    {"overrides": [{"recurrence_id": "2026-12-01T10:00"}]},
    {"from": "2026-12-01", "to": "2026-11-01"},
    {"from": "2026-12-01T10:00", "to": "2026-12-01T10:00"},
    {"from": "2026-12-01", "to": "2028-01-10"},
    {"from": "0001-01-01T00:00+14:00"},
    {"from": None},
    {"colour": "red"},
]


@pytest.mark.parametrize("fields", BAD)
async def test_preview_of_what_cannot_be_is_refused_with_a_sentence_in_the_askers_language(
    house: House, fields: dict[str, Any]
) -> None:
    body = {**rule(), "from": "2026-11-01", "to": "2027-10-31", **fields}
    answers = [
        await house.client.post(f"{API}/recurrence/preview", json=body, headers={"Accept-Language": tongue})
        for tongue in ("en", "nb")
    ]
    english, norwegian = (answer.json() for answer in answers)
    assert [answer.status_code for answer in answers] == [422, 422]
    assert (english["code"], norwegian["code"]) == ("invalid_rule", "invalid_rule")
    assert english["errors"][0]["message"]
    assert english["detail"] != norwegian["detail"]


async def test_preview_with_a_million_exceptions_is_too_large(house: House) -> None:
    body = json.dumps({**rule(), "from": "2026-11-01", "to": "2027-10-31", "exdates": ["2026-12-01T10:00"] * 1_000_000})
    headers = {"Content-Type": "application/json"}
    answer = await house.client.post(f"{API}/recurrence/preview", content=body, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


async def test_preview_needs_a_role_in_the_house(house: House) -> None:
    body = {**rule(), "from": "2026-11-01", "to": "2027-10-31"}
    asked = house.client.post(f"{API}/recurrence/preview", json=body, headers=house.role("nobody@*"))
    assert (await asked).status_code == 403


async def test_series_by_a_rule_is_decided_date_by_date(house: House) -> None:
    room = await house.space()
    taken = await house.booked([room], "2026-12-08T10:30", "2026-12-08T11:30")
    answer = await put(house, room, rule())
    assert answer.status_code == 201
    found = answer.json()["occurrences"]
    assert [(row["starts_at"], row["outcome"], row["reason"], row["blocking"]) for row in found] == [
        ("2026-12-01T10:00:00+01:00", "confirmed", None, []),
        ("2026-12-08T10:00:00+01:00", "rejected", "conflict", [taken["id"]]),
        ("2026-12-15T10:00:00+01:00", "confirmed", None, []),
    ]
    booking = await house.get(found[2]["id"])
    assert (booking["state"], booking["starts_at"]) == ("confirmed", "2026-12-15T10:00:00+01:00")
    assert booking["series_id"] == answer.json()["id"]


async def test_series_by_a_rule_sent_again_answers_the_same_another_rule_is_refused(house: House) -> None:
    room, series = await house.space(), uuid4()
    first = await put(house, room, rule(), series)
    again = await put(house, room, rule(), series)
    assert (again.status_code, again.json()) == (201, first.json())
    other = await put(house, room, rule(rrule="FREQ=WEEKLY;COUNT=4"), series)
    assert (other.status_code, other.json()["code"]) == (409, "id_in_use")


async def test_series_by_a_rule_in_another_square_has_its_ids_from_series_and_date(house: House) -> None:
    series, other = await house.space(), await house.space()
    ids = [[row["id"] for row in (await put(house, series, rule())).json()["occurrences"]] for _ in range(2)]
    assert not set(ids[0]) & set(ids[1])
    moved = rule(overrides=[{"recurrence_id": "2026-12-08T10:00", "start_local": "2026-12-09T12:00"}])
    found = (await put(house, other, moved)).json()["occurrences"]
    assert [row["starts_at"][:16] for row in found] == ["2026-12-01T10:00", "2026-12-09T12:00", "2026-12-15T10:00"]


async def test_series_by_a_rule_without_zone_is_on_the_clock_of_the_square(house: House) -> None:
    before = house.square
    await house.square_of("America/New_York")
    room = await house.space()
    house.square = before
    answer = await put(house, room, rule(tz=None))
    assert answer.json()["occurrences"][0]["starts_at"] == "2026-12-01T10:00:00-05:00"


async def test_series_by_a_rule_may_begin_in_the_past_and_have_no_rule_at_all(house: House) -> None:
    room = await house.space()
    answer = await put(house, room, rule("2026-01-05T10:00", None, rdates=["2026-02-05T10:00"]))
    assert [row["outcome"] for row in answer.json()["occurrences"]] == ["confirmed", "confirmed"]


async def test_series_by_a_rule_refuses_only_the_dates_that_are_too_old_to_be_kept(house: House) -> None:
    answer = await put(house, await house.space(), rule("1999-12-31T10:00", "FREQ=DAILY;COUNT=3"))
    assert [row["reason"] for row in answer.json()["occurrences"]] == [None, None, "invalid"]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (rule(rrule="FREQ=WEEKLY"), "must have an end"),
        (rule(rrule="FREQ=DAILY;COUNT=401"), "at most 400"),
        (rule(rrule="FREQ=DAILY;UNTIL=99991231"), "at most 400"),
        (rule(rrule="FREQ=WEEKLY;COUNT=110"), "two years"),
        (rule(rrule="FREQ=WEEKLY;UNTIL=20261101"), "no dates"),
        (rule(rrule="FREQ=DAILY;COUNT=3", exdates=[f"2026-12-0{day}T10:00" for day in (1, 2, 3)]), "no dates"),
        (rule(rrule="FREQ=HOURLY;COUNT=3"), "FREQ"),
        (rule(rrule="FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30;COUNT=3"), "never"),
        (rule(tz="Europe/Asker"), "tz"),
        ({"rrule": "FREQ=DAILY;COUNT=1"}, "dtstart_local"),
        (rule(exdates=["in May"]), "exdates"),
    ],
)
async def test_series_by_a_rule_that_cannot_be_is_refused_whole(house: House, given: Any, said: str) -> None:
    room, series = await house.space(), uuid4()
    answer = await put(house, room, given, series)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_rule")
    assert said in answer.json()["detail"]
    assert (await house.client.get(f"{API}/series/{series}")).status_code == 404


async def test_series_of_400_dates_within_two_years_is_taken(house: House) -> None:
    room = await house.space()
    answer = await put(house, room, rule(rrule="FREQ=DAILY;COUNT=400"))
    assert {row["outcome"] for row in answer.json()["occurrences"]} == {"confirmed"}
    assert len(answer.json()["occurrences"]) == 400


async def test_series_by_dates_and_a_rule_or_by_neither_is_invalid(house: House) -> None:
    room = await house.space()
    dates = [{"id": str(uuid4()), "starts_at": "2026-12-01T10:00", "ends_at": "2026-12-01T11:00"}]
    both = await put(house, room, rule(), occurrences=dates)
    neither = await house.client.put(f"{API}/series/{uuid4()}", json={"space_ids": [str(room)]})
    assert [answer.json()["code"] for answer in (both, neither)] == ["invalid", "invalid"]
