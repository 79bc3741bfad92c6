"""The hours of a real library, a month with self-service and midsummer, written as periods and read back by the day."""

import datetime as dt
import json
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

from shared.contracts.opening_hours import Hours

STATES = {1: "staffed", 2: "self_service"}
MIDSUMMER = ("2020-06-18", "2020-06-21")


def as_periods(schedules: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The ordinary weeks by their number, midsummer as an override of a house that would have been open all day."""
    weeks: dict[int, list[dict[str, Any]]] = defaultdict(list)
    feast = []
    for day in schedules:
        date = dt.date.fromisoformat(day["date"])
        spans = [
            {"start": one["from"], "end": one["to"], "state": STATES[one["status"]], "weekdays": [date.isoweekday()]}
            for one in day["times"]
        ]
        if MIDSUMMER[0] <= day["date"] <= MIDSUMMER[1]:
            closed = {"full_day": True, "state": "closed", "weekdays": [date.isoweekday()]}
            feast += spans or [closed]
            weeks[date.isocalendar().week].append({**closed, "state": "staffed"})
        else:
            weeks[date.isocalendar().week] += spans
    rules = {week: [{"kind": "nth_week_of_year", "n": week}] for week in weeks}
    return [
        {"groups": [{"spans": spans, "rules": rules[week]} for week, spans in weeks.items()]},
        {
            "start_date": MIDSUMMER[0],
            "end_date": MIDSUMMER[1],
            "override": True,
            "groups": [{"spans": feast, "rules": []}],
        },
    ]


def minutes(days: dict[str, list[list[str]]], state: str) -> int:
    return sum(
        (int(end[:2]) - int(start[:2])) * 60 + int(end[3:]) - int(start[3:])
        for pieces in days.values()
        for start, end, of in pieces
        if of == state
    )


@pytest.mark.parametrize(("name", "staffed", "self_service"), [("simple", 3240, 600), ("pattern", 14640, 1080)])
def test_days__of_a_real_library__add_up_to_its_published_minutes(
    shared_data: Path, name: str, staffed: int, self_service: int
) -> None:
    source = shared_data / "opening-hours-helsinki" / f"kirjastot_data_{name}.json"
    schedules = json.loads(source.read_text())["data"]["schedules"]
    hours = Hours(as_periods(schedules))
    dates = [dt.date.fromisoformat(day["date"]) for day in schedules]
    days = hours.days(min(dates), max(dates))
    assert (minutes(days, "staffed"), minutes(days, "self_service")) == (staffed, self_service)
    for day in schedules:
        told = [[one["from"], one["to"], STATES[one["status"]]] for one in day["times"]]
        found = [piece for piece in days.get(day["date"], []) if piece[2] != "closed"]
        assert found == sorted(told), day["date"]
