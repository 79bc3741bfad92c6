"""A folder with `footfall_2014.csv` and `expected_2014.json`: eight counters on the streets of a town, hour by hour.

It becomes a square with eight outer counters and a unit that is open around the clock. Rows are local hours without
offset. The row of an hour that the clock skips counts with the hour it moves to: nothing is lost, and the day has 23
hours. The hour that comes twice has one row, its first pass; the second is missing, as all that has no row is.
"""

import csv
import datetime as dt
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx

from deploy.local.imports import doors, leeds_totals
from deploy.local.imports.house import House, ImportFailed, Progress, id_of
from deploy.local.imports.leeds_totals import NAME, SQUARE, ZONE, Hours, counter_of
from deploy.local.imports.report import Report

UNIT = id_of(NAME, "unit")
MOST_PER_MINUTE = 1000


@dataclass(frozen=True)
class Row:
    place: str
    clock: dt.datetime
    count: int


async def take(api: httpx.AsyncClient, folder: Path, progress: Progress) -> Report:
    """Raises ImportFailed when the house refuses what the rest hangs on, or the folder lacks a file."""
    report = Report(f"{NAME} ({folder.name})")
    house = House(api, report)
    rows = list(rows_of(_text(folder, "footfall_2014.csv"), report))
    if not rows:
        raise ImportFailed(f"{folder.name}/footfall_2014.csv holds no row that can be read")
    expected = json.loads(_text(folder, "expected_2014.json"))
    progress("the square and its counters")
    await _make_square(house, rows)
    hours = in_hours(rows)
    readings = [
        {"counter_id": counter_of(place), "start": start.isoformat(), "in": count}
        for (place, start), count in hours.items()
    ]
    await doors.send_readings(house, readings, progress)
    progress("comparing totals")
    await leeds_totals.compare(house, expected, hours)
    return report


def in_hours(rows: list[Row]) -> Hours:
    """By counter and real hour, in the order of the file."""
    hours: Hours = {}
    for row in rows:
        start = row.clock.replace(tzinfo=ZONE, fold=0).astimezone(dt.UTC)
        hours[row.place, start] = hours.get((row.place, start), 0) + row.count
    return hours


def rows_of(text: str, report: Report) -> Iterator[Row]:
    """Each clock hour of a counter once; one that comes again with another number is refused by its line."""
    seen: dict[tuple[str, dt.datetime], int] = {}
    for line, written in enumerate(csv.DictReader(text.splitlines()), 2):
        try:
            row = _row(written)
        except (KeyError, ValueError, TypeError):
            report.refused.append((f"line {line}", "no date, hour, counter and count that can be read"))
            continue
        key = (row.place, row.clock)
        if key not in seen:
            seen[key] = row.count
            yield row
        elif seen[key] != row.count:
            report.refused.append((f"line {line}", f"the same hour again, with {row.count} after {seen[key]}"))


def _row(written: dict[str, str]) -> Row:
    count, place = int(written["InCount"]), written["LocationName"].strip()
    if count < 0 or not place:
        raise ValueError
    return Row(place, dt.datetime.combine(_date(written["Date"]), dt.time(int(written["Hour"]))), count)


def _date(text: str) -> dt.date:
    """In two forms: the source changed from one to the other within the year."""
    if "-" in text:
        return dt.date.fromisoformat(text)
    day, month, year = map(int, text.split("/"))
    return dt.date(year, month, day)


def _text(folder: Path, name: str) -> str:
    try:
        return (folder / name).read_text(encoding="utf-8")
    except OSError as error:
        raise ImportFailed(f"{folder.name}/{name}: {error.strerror}") from None


async def _make_square(house: House, rows: list[Row]) -> None:
    square = {"name": "Leeds", "time_zone": str(ZONE), "status": "operating"}
    await house.put("squares", f"/api/facility/squares/{SQUARE}", square)
    unit = {"square_id": SQUARE, "kind": "service_desk", "name": "Leeds"}
    await house.put("units", f"/api/facility/units/{UNIT}", unit)
    dates = [row.clock.date() for row in rows]
    await doors.open_around_the_clock(house, UNIT, NAME, (min(dates), max(dates)))
    for place in dict.fromkeys(row.place for row in rows):
        counter = {"square_id": SQUARE, "kind": "outer", "interval_minutes": 60, "max_per_minute": MOST_PER_MINUTE}
        await house.put("counters", f"/api/counters/counters/{counter_of(place)}", counter)
