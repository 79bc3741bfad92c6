"""Invented people through invented doors: the same door and time always give the same reading.

entries = mean of a weekday × weekday × month × the square's luck that day, spread over the hours that are open, and a
Poisson-like scatter. A little fewer are seen leaving than entering, as with real counters.
"""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any
from uuid import UUID

from deploy.local.demo.house import OSLO, Call, Square, is_off, local, opening, uid

BACK = dt.timedelta(weeks=9)
WEEKDAY = (0.95, 1.0, 1.05, 1.1, 0.9)
# Saturday and Sunday. What is open then gets its share; the street door gets less, since most of the house is closed.
WEEKEND = {"outer": (0.38, 0.22), "zone": (0.7, 0.4)}
MONTH = (1.0, 1.0, 1.05, 1.0, 0.95, 0.85, 0.45, 0.8, 1.05, 1.1, 1.1, 0.9)
# How many come at each local hour, from seven in the morning, were it open all the time.
HOURS = (0.01, 0.05, 0.08, 0.13, 0.13, 0.11, 0.1, 0.08, 0.08, 0.06, 0.06, 0.05, 0.03, 0.02, 0.01)
FIRST_HOUR = 7
IN_MODE = {"staffed": 1.0, "self_service": 0.15}
LOCKED = 0.02  # somebody with a key
CHILDREN_WEEKS, MORE_CHILDREN = (8, 40), 1.2  # no school: the library fills
DROPPED = 0.005


@dataclass(frozen=True)
class Door:
    """A counter at a door to the street, or with `unit` at the way into one unit."""

    square: Square
    key: str
    entries: int
    minutes: int
    unit: str | None = None
    silent: bool = False
    drops: bool = False
    weekend: tuple[float, float] | None = None

    @property
    def kind(self) -> str:
        return "zone" if self.unit else "outer"

    @property
    def counter_id(self) -> UUID:
        return uid("counter", self.square.key, self.key)

    @property
    def length(self) -> dt.timedelta:
        return dt.timedelta(minutes=self.minutes)

    def call(self, valid_from: dt.datetime) -> Call:
        body = {
            "square_id": str(self.square.id),
            "unit_id": self.square.unit(self.unit) if self.unit else None,
            "kind": self.kind,
            "interval_minutes": self.minutes,
            "valid_from": valid_from.astimezone(dt.UTC).isoformat(),
        }
        return "PUT", f"/api/counters/counters/{self.counter_id}", body


def doors(square: Square) -> list[Door]:
    return [Door(square, key, **said) for key, said in square.said["counters"].items()]


def readings(door: Door, since: dt.datetime, until: dt.datetime) -> Iterator[dict[str, Any]]:
    """Every interval that ends after `since` and not after `until`, as counters take them, in order."""
    day = since.astimezone(OSLO).date()
    while day <= until.astimezone(OSLO).date():
        if not (door.silent and fails(day)):
            for start, mean in _expected(door, day):
                if since < start + door.length <= until and (reading := _reading(door, start, mean)):
                    yield reading
        day += dt.timedelta(days=1)


def by_hand(squares: Sequence[Square], days: Sequence[dt.date]) -> Iterator[Call]:
    """The count of the day of units without a counter, on the days they are open."""
    for square in squares:
        for kind, usual in square.said.get("by_hand", {}).items():
            for day in days:
                if day.weekday() < len(WEEKDAY) and opening(square, kind, day):
                    count = round(usual * WEEKDAY[day.weekday()] * MONTH[day.month - 1] * luck(square, day))
                    body = {"square_id": str(square.id), "unit_id": square.unit(kind), "date": str(day), "count": count}
                    yield "PUT", f"/api/counters/manual/{uid('by hand', square.key, kind, day)}", body


def _expected(door: Door, day: dt.date) -> list[tuple[dt.datetime, float]]:
    """(start, mean of entries) of each interval of the day."""
    open_now = _openings(door, day)
    starts = [
        local(day, f"{hour:02}:{minute:02}")
        for hour in range(FIRST_HOUR, FIRST_HOUR + len(HOURS))
        for minute in range(0, 60, door.minutes)
    ]
    weights = [HOURS[start.hour - FIRST_HOUR] * _weight(door, f"{start:%H:%M}", open_now) for start in starts]
    total = sum(weights)
    people = _people(door, day) if open_now else door.entries * LOCKED
    return [
        (start.astimezone(dt.UTC), people * weight / total if total else 0.0)
        for start, weight in zip(starts, weights, strict=True)
    ]


def _openings(door: Door, day: dt.date) -> list[tuple[str, str, str]]:
    kinds: Mapping[str, Any] = door.square.said["units"]
    return [piece for kind in ([door.unit] if door.unit else kinds) for piece in opening(door.square, kind, day)]


def _weight(door: Door, clock: str, openings: Sequence[tuple[str, str, str]]) -> float:
    """Through a street door people come while anything is open; into a unit when it is, and most when it is staffed."""
    states = [state for start, end, state in openings if start <= clock < end]
    if door.unit:
        return max((IN_MODE.get(state, 0.0) for state in states), default=0.0)
    return 1.0 if states else LOCKED


def _people(door: Door, day: dt.date) -> float:
    week = (*WEEKDAY, *(door.weekend or WEEKEND[door.kind]))
    weekday = week[6 if is_off(day) else day.weekday()]
    more = MORE_CHILDREN if door.unit == "library" and day.isocalendar().week in CHILDREN_WEEKS else 1.0
    own = Random(f"{door.counter_id} {day}").gauss(1, 0.03)  # noqa: S311 -- invented figures
    return door.entries * weekday * MONTH[day.month - 1] * luck(door.square, day) * own * more


def luck(square: Square, day: dt.date) -> float:
    """Weather, buses, what is on: the same for all doors of a square."""
    return min(max(Random(f"{square.key} {day}").gauss(1, 0.12), 0.6), 1.5)  # noqa: S311 -- invented figures


def _reading(door: Door, start: dt.datetime, mean: float) -> dict[str, Any] | None:
    chance = Random(f"{door.counter_id} {start:%Y%m%d%H%M}")  # noqa: S311 -- invented figures
    if door.drops and chance.random() < DROPPED:
        return None
    entries = max(0, round(chance.gauss(mean, mean**0.5)))
    exits = int(entries * chance.gauss(0.96, 0.01) + chance.random())
    arrived = start + door.length + dt.timedelta(seconds=chance.randrange(5, 120))
    return {
        "counter_id": str(door.counter_id),
        "start": start.isoformat(),
        "in": entries,
        "out": exits,
        "received_at": arrived.isoformat(),
    }


def fails(day: dt.date) -> bool:
    year, week, weekday = day.isocalendar()
    return weekday == 3 and week % 4 == year % 4
