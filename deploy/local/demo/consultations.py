"""The demo's health record: the appointments of the consultation rooms, told a day at a time as a record tells them.

What kind they are stays inside the health station; the house sees which half hours are taken.
"""

import datetime as dt
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from random import Random
from typing import Any
from uuid import uuid4

from deploy.local.demo.acts import Act, Day
from deploy.local.demo.caller import Caller
from deploy.local.demo.house import Call, Square, is_off, local
from deploy.local.demo.programme import lines

BACK, AHEAD = dt.timedelta(weeks=4), dt.timedelta(weeks=3)
UNIT = "health_station"
RECORD = f"/api/{UNIT}/appointments/record"
FIRST, LAST = "08:15", "15:15"
LENGTHS = (20, 30, 30, 45, 60)
PAUSES = (0, 0, 5, 10, 30, 45)  # minutes
KINDS = ("consultation", "consultation", "vaccination", "weighing", "midwife", "doctor")
CHANGES = 4  # on a day that is played
Appointments = list[dict[str, str]]


def days(of: Sequence[Square], dates: Sequence[dt.date], as_of: dt.datetime) -> Iterator[Call]:
    for square in of:
        for room in square.said.get("consultations", []):
            for date in dates:
                if found := appointments(square, room, date):
                    yield _told(square, room, date, found, as_of)


def appointments(square: Square, room: str, date: dt.date) -> Appointments:
    """Of a room's day, around what the programme has there or makes too loud. A room is used on most days."""
    chances = Random(f"record {square.key} {room} {date}")  # noqa: S311 -- invented appointments
    if date.isoweekday() > 5 or is_off(date) or chances.random() < 0.25:
        return []
    there = [line for line in lines(square) if room in (*line.rooms, *line.disturbed) and line.on(date)]
    taken = [line.occupied(date) for line in there]
    found, at = [], local(date, FIRST)
    while (end := at + dt.timedelta(minutes=chances.choice(LENGTHS))) <= local(date, LAST):
        if not any(at < finish and begin < end for begin, finish in taken):
            found.append(_appointment(at, end, "hearing_test" if room.endswith("4") else chances.choice(KINDS)))
        at = end + dt.timedelta(minutes=chances.choice(PAUSES))
    return found


def acts(day: Day) -> Iterator[Act]:
    """Appointments are given up; the record tells the room's day anew each time."""
    rooms = day.square.said.get("consultations", [])
    told = {room: appointments(day.square, room, day.date) for room in rooms}
    used = [room for room in rooms if len(told[room]) > CHANGES]
    chances = day.chances("record")
    for number in range(CHANGES if used else 0):
        at = day.clock("08:05") + dt.timedelta(minutes=90 * number + chances.randrange(60))
        room = chances.choice(used)
        later = [one for one in told[room] if dt.datetime.fromisoformat(one["starts_at"]) > at]
        if later:
            gone = chances.choice(later)
            told[room] = [one for one in told[room] if one is not gone]
            call = _told(day.square, room, day.date, told[room], at)
            yield Act(at, day.tell("the health record tells a day anew"), call)


@contextmanager
def record(caller: Caller, of: Sequence[Square]) -> Iterator[None]:
    """For its length `caller` tells days as the health record of these squares, with tokens of their own."""
    issued = []
    for square in of:
        if "consultations" in square.said:
            path = f"/api/{UNIT}/record-tokens/{uuid4()}"
            secret = caller.call("PUT", path, {"unit_id": square.unit(UNIT)}).get("token", "none")
            issued.append(path)
            for room in square.said["consultations"]:
                caller.bearers[f"{RECORD}/{square.room(room)}/"] = secret
    try:
        yield
    finally:
        caller.bearers.clear()
        for path in issued:
            caller.ask("POST", f"{path}/revoke", {})


def _told(square: Square, room: str, date: dt.date, found: Appointments, as_of: dt.datetime) -> Call:
    body: dict[str, Any] = {"as_of": as_of.isoformat(), "appointments": found}
    return "PUT", f"{RECORD}/{square.room(room)}/{date}", body


def _appointment(start: dt.datetime, end: dt.datetime, kind: str) -> dict[str, str]:
    return {"starts_at": start.isoformat(), "ends_at": end.isoformat(), "kind": kind}
