"""A folder with `venues.json` and `expected.json`: a university's weekly classes in six rooms.

It becomes a square with those rooms. Every class is asked for as a series, in file order and week by week, through the
same interface as any booking: what comes first gets the room, what lies on it is refused with the booking that blocks.
"""

import datetime as dt
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from deploy.local.imports.house import House, ImportFailed, Progress, id_of, why
from deploy.local.imports.report import Report

NAME = "room-plan"
ZONE = "Asia/Singapore"
SQUARE = id_of(NAME, "square")
WEEK_ONE = dt.date(2026, 8, 10)  # teaching weeks are no ISO weeks: any Monday serves
WEEKS_BEFORE_THE_BREAK = 6
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


@dataclass(frozen=True)
class Class:
    """One line of the plan, `row` counted from 0 through the whole file."""

    row: int
    room: str
    day: str
    start: str
    end: str
    weeks: tuple[int, ...]
    title: str

    @property
    def series(self) -> str:
        return id_of(NAME, "series", str(self.row))

    def date_id(self, week: int) -> str:
        return id_of(NAME, "date", str(self.row), str(week))

    def date(self, week: int) -> dt.date:
        """One free week lies between the sixth and the seventh."""
        weeks = week - 1 + (week > WEEKS_BEFORE_THE_BREAK)
        return WEEK_ONE + dt.timedelta(weeks=weeks, days=DAYS.index(self.day))


async def take(api: httpx.AsyncClient, folder: Path, progress: Progress) -> Report:
    """Raises ImportFailed when the house refuses what the rest hangs on, or the folder lacks a file."""
    report = Report(f"{NAME} ({folder.name})")
    house = House(api, report)
    classes = list(_classes(_read(folder, "venues.json"), report))
    progress("the square and its rooms")
    await _make_rooms(house, classes)
    outcomes: dict[int, list[dict[str, Any]]] = {}
    for number, one in enumerate(classes, 1):
        outcomes[one.row] = await _ask_for(house, one)
        if number % 10 == 0 or number == len(classes):
            progress(f"{number} of {len(classes)} classes")
    _tell(report, classes, outcomes)
    _compare(report, _read(folder, "expected.json"), classes, outcomes)
    return report


def _read(folder: Path, name: str) -> Any:
    try:
        return json.loads((folder / name).read_text(encoding="utf-8"))
    except OSError as error:
        raise ImportFailed(f"{folder.name}/{name}: {error.strerror}") from None
    except ValueError:
        raise ImportFailed(f"{folder.name}/{name} is no JSON") from None


def _classes(venues: Any, report: Report) -> Iterator[Class]:
    """In the order of the file. A line that cannot be read is refused by its number."""
    lines = [(room, one) for room, days in venues.items() for day in days for one in day["classes"]]
    for row, (room, one) in enumerate(lines):
        try:
            yield Class(
                row=row,
                room=room,
                day=DAYS[DAYS.index(one["day"])],
                start=_clock(one["startTime"]),
                end=_clock(one["endTime"]),
                weeks=tuple(sorted(int(week) for week in one["weeks"])),
                title=f"{one['moduleCode']} {one['lessonType']} {one['classNo']}",
            )
        except (KeyError, ValueError, TypeError):
            report.refused.append((f"{room}, line {row}", "no day, times and weeks that can be read"))


def _clock(hhmm: str) -> str:
    return dt.datetime.strptime(hhmm, "%H%M").strftime("%H:%M")  # noqa: DTZ007 -- a clock time has no zone


async def _make_rooms(house: House, classes: list[Class]) -> None:
    square = {"name": "Universitetet", "time_zone": ZONE, "status": "operating"}
    await house.put("squares", f"/api/facility/squares/{SQUARE}", square)
    for room in dict.fromkeys(one.room for one in classes):
        body = {"square_id": SQUARE, "name": room, "features": []}
        await house.put("rooms", f"/api/facility/spaces/{id_of(NAME, 'room', room)}", body)


async def _ask_for(house: House, one: Class) -> list[dict[str, Any]]:
    """What became of each date, now or in an earlier run."""
    path = f"/api/facility/series/{one.series}"
    known = (await house.send("GET", path)).status_code == 200
    dates = [
        {
            "id": one.date_id(week),
            "starts_at": f"{one.date(week)}T{one.start}",
            "ends_at": f"{one.date(week)}T{one.end}",
        }
        for week in one.weeks
    ]
    body = {"space_ids": [id_of(NAME, "room", one.room)], "title": one.title, "occurrences": dates}
    answer = await house.send("PUT", path, json=body)
    if answer.is_error:
        raise ImportFailed(f"{one.title}: {why(answer)}")
    outcomes: list[dict[str, Any]] = answer.json()["occurrences"]
    for outcome in outcomes:
        confirmed = outcome["outcome"] == "confirmed"
        house.report.count("dates confirmed" if confirmed else "dates kept as refused", new=not known)
    return outcomes


def _tell(report: Report, classes: list[Class], outcomes: dict[int, list[dict[str, Any]]]) -> None:
    """Every refused date with the booking that blocks it, by name and id."""
    titles = {one.date_id(week): one.title for one in classes for week in one.weeks}
    for one in classes:
        dates = {one.date_id(week): week for week in one.weeks}
        for outcome in (found for found in outcomes[one.row] if found["outcome"] == "rejected"):
            week = dates[outcome["id"]]
            blocking = ", ".join(f"{titles.get(other, 'another booking')} ({other})" for other in outcome["blocking"])
            what = f"{one.title}, {one.room}, week {week}, {one.date(week)} {one.start}"
            report.refused.append((what, f"{outcome['reason']}: {blocking}" if blocking else outcome["reason"]))


def _compare(
    report: Report, expected: dict[str, Any], classes: list[Class], outcomes: dict[int, list[dict[str, Any]]]
) -> None:
    wanted = expected["first_come_first_served"]
    refused = {
        one.row: sorted(week for week in one.weeks if _outcome_of(outcomes[one.row], one.date_id(week)) == "rejected")
        for one in classes
    }
    found = {row: weeks for row, weeks in refused.items() if weeks}
    total = sum(len(weeks) for weeks in found.values())
    dates = sum(len(one.weeks) for one in classes)
    for name, number, right in (
        ("dates", dates, expected["occurrences"]),
        ("confirmed", dates - total, wanted["confirmed"]),
        ("refused", total, wanted["rejected"]),
    ):
        if number != right:
            report.wrong.append(f"{number} {name}, expected {right}")
    if found != {one["row"]: one["rejected_weeks"] for one in wanted["rejections"]}:
        report.wrong.append("other dates were refused than expected")
    report.checked.append(f"{dates} dates, {dates - total} confirmed, {total} refused with the blocking booking named")


def _outcome_of(outcomes: list[dict[str, Any]], date_id: str) -> str:
    return next(str(outcome["outcome"]) for outcome in outcomes if outcome["id"] == date_id)
