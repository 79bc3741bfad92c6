"""Whether a year of eight street counters arrived whole: against totals that were counted apart from the product."""

import asyncio
import datetime as dt
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any
from zoneinfo import ZoneInfo

from deploy.local.imports.house import House, ImportFailed, id_of, why

NAME = "leeds"
ZONE = ZoneInfo("Europe/London")
SQUARE = id_of(NAME, "square")
Hours = dict[tuple[str, dt.datetime], int]
_PATIENCE_SECONDS = 180.0


def counter_of(place: str) -> str:
    return id_of(NAME, "counter", place)


async def compare(house: House, expected: dict[str, Any], hours: Hours) -> None:
    await _compare_counters(house, expected, hours)
    await _compare_months(house, expected, hours)


async def _compare_counters(house: House, expected: dict[str, Any], hours: Hours) -> None:
    """What the counters service itself has of each counter, by month and week of the local date."""
    starts = [start for _, start in hours]
    total = 0
    for place, wanted in expected["counters"].items():
        found = await _read_back(house, counter_of(place), min(starts), max(starts))
        for title, by, name in (("month", _month, "month_totals"), ("week", _week, "iso_week_totals")):
            sums = _sums(found, by)
            for period, number in wanted[f"{name}_each_hour_once"].items():
                if sums[period] != number:
                    house.report.wrong.append(f"{place}, {title} {period}: {sums[period]} persons, expected {number}")
        total += sum(found.values())
    if total != expected["all_counters_total_each_hour_once"]:
        house.report.wrong.append(f"{total} persons, expected {expected['all_counters_total_each_hour_once']}")
    house.report.checked.append(f"{len(expected['counters'])} counters by month and week, {total} persons")


async def _read_back(house: House, counter: str, first: dt.datetime, last: dt.datetime) -> dict[dt.datetime, int]:
    found: dict[dt.datetime, int] = {}
    at: str | None = first.isoformat()
    while at:
        window = {"from": at, "to": (last + dt.timedelta(hours=1)).isoformat()}
        said = await house.get(f"/api/counters/counters/{counter}/readings", **window)
        found |= {dt.datetime.fromisoformat(one["start"]): one["in"] for one in said["readings"]}
        at = said["next"]
    return found


async def _compare_months(house: House, expected: dict[str, Any], hours: Hours) -> None:
    """The square's own figures, where no hour of a month is missing. The views follow within moments."""
    wanted = {
        month: sum(one["month_totals_each_hour_once"][month] for one in expected["counters"].values())
        for month in sorted(_whole_months(hours, len(expected["counters"])))
    }
    deadline = asyncio.get_running_loop().time() + _PATIENCE_SECONDS
    for month, number in wanted.items():
        found = await _door_visits(house, month)
        while found != number and asyncio.get_running_loop().time() < deadline:
            await asyncio.sleep(1)
            found = await _door_visits(house, month)
        if found != number:
            house.report.wrong.append(f"{month}: {found} door visits, expected {number}")
    house.report.checked.append(f"{len(wanted)} months of the square in which no hour is missing")


def _whole_months(hours: Hours, places: int) -> Iterator[str]:
    counted = Counter(_month(start) for _, start in hours)
    for month, number in counted.items():
        first = dt.datetime.fromisoformat(f"{month}-01").replace(tzinfo=ZONE)
        after = (first + dt.timedelta(days=31)).replace(day=1)
        real_hours = (after.astimezone(dt.UTC) - first.astimezone(dt.UTC)) // dt.timedelta(hours=1)
        if number == places * real_hours:
            yield month


async def _door_visits(house: House, month: str) -> int | None:
    """None while the square itself has not arrived, or the figures take longer than anybody waits."""
    query = {"from": f"{month}-01", "to": f"{month}-01", "by": "month"}
    answer = await house.send("GET", f"/api/aggregator/squares/{SQUARE}/visitors", params=query)
    if answer.status_code in (404, 503):
        return None
    if answer.is_error:
        raise ImportFailed(f"visitors: {why(answer)}")
    return next((int(row["door_visits"]) for row in answer.json()["rows"]), None)


def _sums(found: dict[dt.datetime, int], by: Callable[[dt.datetime], str]) -> Counter[str]:
    sums: Counter[str] = Counter()
    for start, number in found.items():
        sums[by(start)] += number
    return sums


def _month(start: dt.datetime) -> str:
    return start.astimezone(ZONE).strftime("%Y-%m")


def _week(start: dt.datetime) -> str:
    return start.astimezone(ZONE).strftime("%G-W%V")
