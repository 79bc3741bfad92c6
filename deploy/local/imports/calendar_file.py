"""An iCalendar file that becomes the programme of one unit: an activity for each entry, an occurrence for each date.

A date that the file moved is planned as the series has it and then rescheduled, one that it cancelled is cancelled: so
the house shows both as what they are. Ids follow from the unit, the entry and the date. A file beside it by the name of
`expected_counts.json` may say how many dates there are to be, and in which window.
"""

import datetime as dt
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx

from deploy.local.imports.calendar_dates import NAME, Target, take_entry
from deploy.local.imports.house import House, ImportFailed, Progress
from deploy.local.imports.report import Report
from shared.clock import SystemClock
from shared.icalendar_in.content import Unreadable
from shared.icalendar_in.reading import Reading, read
from shared.icalendar_in.zones import world_zone

LARGEST = 4 * 1024 * 1024
_FIRST = dt.datetime(2000, 1, 1, tzinfo=dt.UTC)
_AHEAD = dt.timedelta(days=366)
_WIDEST, _NARROWEST, _MOST = dt.timedelta(days=390), dt.timedelta(hours=1), 500


@dataclass(frozen=True)
class Window:
    """`expected`: how many dates there are to be in it, by the month of their start in UTC."""

    since: dt.datetime
    until: dt.datetime
    expected: Counter[str] | None = None


async def take(
    api: httpx.AsyncClient,
    path: Path,
    progress: Progress,
    unit: str = "",
    space: Sequence[str] = (),
    since: str = "",
    until: str = "",
    zone: str = "",
) -> Report:
    """Raises ImportFailed when there is no such unit, or the file is no calendar."""
    if not unit:
        raise ImportFailed("--unit ID says whose programme it becomes")
    report = Report(f"{NAME} ({path.name})")
    house = House(api, report)
    found = await house.get(f"/api/facility/units/{unit}")
    square = await house.get(f"/api/facility/squares/{found['square_id']}")
    target = Target(unit, found["square_id"], found["kind"], tuple(space))
    beside = _beside(path)
    own = _zone(zone or beside.get("zone_for_floating_and_all_day", ""))
    reading = _read(path, own, ZoneInfo(square["time_zone"]))
    window = _window(reading, beside, since, until, own or ZoneInfo(square["time_zone"]))
    _tell(report, reading)
    taken: set[str] = set()
    for number, entry in enumerate(reading.entries, 1):
        taken |= await take_entry(house, target, entry, window.since, window.until)
        if number % 10 == 0 or number == len(reading.entries):
            progress(f"{number} of {len(reading.entries)} entries")
    await _compare(house, target, window, taken)
    return report


def _beside(path: Path) -> dict[str, Any]:
    try:
        files = json.loads((path.parent / "expected_counts.json").read_text(encoding="utf-8"))["files"]
        found: dict[str, Any] = files.get(path.name, {})
    except (OSError, ValueError, KeyError, AttributeError):
        return {}
    return found


def _zone(name: str) -> dt.tzinfo | None:
    if not name:
        return None
    found = world_zone(name)
    if found is None:
        raise ImportFailed(f"--zone {name}: no such time zone; write it as Europe/Oslo")
    return found


def _read(path: Path, zone: dt.tzinfo | None, otherwise: dt.tzinfo) -> Reading:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ImportFailed(f"{path.name}: {error.strerror}") from None
    if len(data) > LARGEST:
        raise ImportFailed(f"{path.name} is larger than {LARGEST // 1024 // 1024} MB")
    try:
        return read(data, otherwise, zone)
    except Unreadable as error:
        raise ImportFailed(f"{path.name} is no calendar: {error}") from None


def _window(reading: Reading, beside: dict[str, Any], since: str, until: str, zone: dt.tzinfo) -> Window:
    """As asked, both dates inside; else as the file beside it says; else from the first date to a year from now."""
    if since or until or not beside:
        starts = [entry.recurrence.start.replace(tzinfo=entry.recurrence.zone) for entry in reading.entries]
        first = _date("--from", since, zone) if since else max(_FIRST, min(starts, default=_FIRST))
        last = _date("--to", until, zone, days=1) if until else SystemClock().now() + _AHEAD
        if not first < last:
            raise ImportFailed("--to must not be before --from")
        return Window(first, last)
    first, last = map(dt.datetime.fromisoformat, beside["window"])
    return Window(first, last, Counter(beside["by_utc_start_month"]))


def _date(option: str, text: str, zone: dt.tzinfo, days: int = 0) -> dt.datetime:
    try:
        date = dt.date.fromisoformat(text) + dt.timedelta(days=days)
    except (ValueError, OverflowError):
        raise ImportFailed(f"{option} {text}: a date is written 2026-11-24") from None
    return dt.datetime.combine(date, dt.time(), zone)


def _tell(report: Report, reading: Reading) -> None:
    report.refused += [(one.what or "an entry without title", one.why.en) for one in reading.refused]
    if reading.busy:
        why_not = "say only that somebody is busy: no programme can be made of them"
        report.refused.append((f"{len(reading.busy)} busy times", why_not))


async def _compare(house: House, target: Target, window: Window, taken: set[str]) -> None:
    """What the unit itself says now, month by month, against what there should be."""
    starts = await _in_programme(house, target, window.since, window.until, taken) if taken else {}
    found = Counter(start.astimezone(dt.UTC).strftime("%Y-%m") for start in starts.values())
    for month in sorted(found.keys() | (window.expected or {}).keys()):
        if window.expected is not None and found[month] != window.expected[month]:
            house.report.wrong.append(f"{month}: {found[month]} dates, expected {window.expected[month]}")
    against = "as the file beside it counts" if window.expected is not None else "read back from the programme"
    house.report.checked.append(f"{len(starts)} dates {against}, {window.since.date()} to {window.until.date()}")


async def _in_programme(
    house: House, target: Target, since: dt.datetime, until: dt.datetime, taken: set[str]
) -> dict[str, dt.datetime]:
    """Starts of what was taken and stands. A list ends at 500, so a window that is full is asked for in two halves."""
    query = {"square_id": target.square_id, "from": since.isoformat(), "to": until.isoformat()}
    wide = until - since > _WIDEST
    rows = [] if wide else (await house.get(f"/api/{target.service}/occurrences", **query))["occurrences"]
    if wide or (len(rows) >= _MOST and until - since > _NARROWEST):
        middle = since + (until - since) / 2
        halves = [await _in_programme(house, target, *half, taken) for half in ((since, middle), (middle, until))]
        return halves[0] | halves[1]
    return {
        row["occurrence_id"]: dt.datetime.fromisoformat(row["starts_at"])
        for row in rows
        if row["occurrence_id"] in taken and row["state"] != "cancelled"
    }
