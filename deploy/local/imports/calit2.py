"""A folder with `counts.csv`, `events.csv` and `expected.json`: the main door of one building, and what was held in it.

It becomes a square with a library that is open around the clock on the dates counted, one outer counter, the half hours
as readings and the events as occurrences. Times are local without offset; flow 9 is in, flow 7 is out.
"""

import asyncio
import csv
import datetime as dt
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx

from deploy.local.imports import doors
from deploy.local.imports.house import House, ImportFailed, Progress, id_of, why
from deploy.local.imports.report import Report

NAME = "calit2"
ZONE = ZoneInfo("America/Los_Angeles")
SQUARE, UNIT, COUNTER = id_of(NAME, "square"), id_of(NAME, "unit"), id_of(NAME, "counter")
MINUTES = 30
_DIRECTION = {"9": "in", "7": "out"}
_PATIENCE_SECONDS = 60.0


@dataclass(frozen=True)
class Event:
    starts_at: dt.datetime
    ends_at: dt.datetime
    size_class: str


async def take(api: httpx.AsyncClient, folder: Path, progress: Progress) -> Report:
    """Raises ImportFailed when the house refuses what the rest hangs on, or the folder lacks a file."""
    report = Report(f"{NAME} ({folder.name})")
    house = House(api, report)
    counts, events = _read(folder, report)
    progress("the square, its library and its door")
    first, last = min(counts).date(), max(counts).date()
    await _make_square(house, first, last)
    readings = [{"counter_id": COUNTER, "start": start.isoformat(), **both} for start, both in sorted(counts.items())]
    await doors.send_readings(house, readings, progress)
    progress(f"{len(events)} events")
    await _make_programme(house, events)
    progress("comparing week totals")
    await _compare(house, json.loads(_text(folder, "expected.json")), first, last)
    return report


def _read(folder: Path, report: Report) -> tuple[dict[dt.datetime, dict[str, int]], list[Event]]:
    counts = dict(_counts(_text(folder, "counts.csv"), report))
    events = list(_events(_text(folder, "events.csv"), report))
    if not counts:
        raise ImportFailed(f"{folder.name}/counts.csv holds no half hour that can be read")
    return counts, events


def _text(folder: Path, name: str) -> str:
    try:
        return (folder / name).read_text(encoding="utf-8")
    except OSError as error:
        raise ImportFailed(f"{folder.name}/{name}: {error.strerror}") from None


def _counts(text: str, report: Report) -> Iterator[tuple[dt.datetime, dict[str, int]]]:
    """Half hours with both directions, by local start."""
    found: dict[dt.datetime, dict[str, int]] = {}
    for line, row in enumerate(csv.DictReader(text.splitlines()), 2):
        try:
            start = _local(row["date"], row["time_stamp"])
            found.setdefault(start, {})[_DIRECTION[row["flow"]]] = int(row["count"])
        except (KeyError, ValueError, TypeError):
            report.refused.append((f"counts.csv line {line}", "no flow, time and count that can be read"))
    for start, both in found.items():
        if len(both) == len(_DIRECTION):
            yield start, both
        else:
            report.refused.append((f"counts.csv {start:%Y-%m-%d %H:%M}", "only one of the two directions"))


def _events(text: str, report: Report) -> Iterator[Event]:
    for line, row in enumerate(csv.DictReader(text.splitlines()), 2):
        try:
            starts_at, ends_at = _local(row["date"], row["time_start"]), _local(row["date"], row["time_end"])
            if not starts_at < ends_at:
                raise ValueError
            yield Event(starts_at, ends_at, row["occurence"].split(";")[0].strip())
        except (KeyError, ValueError, TypeError, AttributeError):
            report.refused.append((f"events.csv line {line}", "no start and end that can be read"))


def _local(date: str, clock: str) -> dt.datetime:
    return dt.datetime.strptime(f"{date} {clock}", "%m/%d/%y %H:%M:%S").replace(tzinfo=ZONE)


async def _make_square(house: House, first: dt.date, last: dt.date) -> None:
    square = {"name": "CalIt2", "time_zone": str(ZONE), "status": "operating"}
    await house.put("squares", f"/api/facility/squares/{SQUARE}", square)
    unit = {"square_id": SQUARE, "kind": "library", "name": "CalIt2"}
    await house.put("units", f"/api/facility/units/{UNIT}", unit)
    await doors.open_around_the_clock(house, UNIT, NAME, (first, last))
    door = {"square_id": SQUARE, "kind": "outer", "interval_minutes": MINUTES}
    await house.put("counters", f"/api/counters/counters/{COUNTER}", door)


async def _make_programme(house: House, events: list[Event]) -> None:
    """One activity per size class. The number is the source's own and says nothing exact, so no count is made of it."""
    for size_class in sorted({event.size_class for event in events}):
        activity = {
            "square_id": SQUARE,
            "unit_id": UNIT,
            "title_nb": f"Arrangement i bygget, størrelse {size_class}",
            "title_en": f"Event in the building, size {size_class}",
        }
        await house.put("activities", f"/api/library/activities/{id_of(NAME, 'activity', size_class)}", activity)
    for event in events:
        occurrence = {
            "activity_id": id_of(NAME, "activity", event.size_class),
            "starts_at": event.starts_at.isoformat(),
            "ends_at": event.ends_at.isoformat(),
            "meeting_point": "CalIt2",
        }
        occurrence_id = id_of(NAME, "occurrence", event.starts_at.isoformat(), event.ends_at.isoformat())
        await house.put("occurrences", f"/api/library/occurrences/{occurrence_id}", occurrence)


async def _compare(house: House, expected: dict[str, Any], first: dt.date, last: dt.date) -> None:
    """The views follow within moments; only what still differs after a while is wrong."""
    wanted = {week: said["in"] for week, said in expected["iso_weeks"].items()}
    deadline = asyncio.get_running_loop().time() + _PATIENCE_SECONDS
    found = await _weeks(house, first, last)
    while found != wanted and asyncio.get_running_loop().time() < deadline:
        await asyncio.sleep(0.25)
        found = await _weeks(house, first, last)
    for week, entries in wanted.items():
        if found.get(week) != entries:
            house.report.wrong.append(f"{week}: {found.get(week)} door visits, expected {entries}")
    if sum(found.values()) != expected["total_in"]:
        house.report.wrong.append(f"all weeks: {sum(found.values())} door visits, expected {expected['total_in']}")
    house.report.checked.append(f"{len(wanted)} week totals, {sum(found.values())} door visits")


async def _weeks(house: House, first: dt.date, last: dt.date) -> dict[str, int]:
    path = f"/api/aggregator/squares/{SQUARE}/visitors"
    answer = await house.send("GET", path, params={"from": str(first), "to": str(last), "by": "week"})
    if answer.status_code == 404:  # the square itself has not arrived yet
        return {}
    if answer.is_error:
        raise ImportFailed(f"visitors: {why(answer)}")
    return {row["period"]: row["door_visits"] for row in answer.json()["rows"]}
