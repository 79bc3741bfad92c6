"""Invented people through invented doors: the same door and time always give the same reading.

entries = mean of a weekday × weekday × month × hour of the day × the day's luck, and a Poisson-like scatter
"""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

OSLO = ZoneInfo("Europe/Oslo")
WEEKDAY = (1.0, 1.05, 1.1, 1.15, 0.95, 0.55, 0.3)
MONTH = (1.0, 1.0, 1.05, 1.0, 0.95, 0.85, 0.45, 0.8, 1.05, 1.1, 1.1, 0.9)
# Shares of a day by local hour, from seven in the morning.
HOURS = (0.01, 0.05, 0.08, 0.13, 0.13, 0.11, 0.1, 0.08, 0.08, 0.06, 0.06, 0.05, 0.03, 0.02, 0.01)
FIRST_HOUR = 7
LOST = 0.005  # of a maker's packages never arrive


@dataclass(frozen=True)
class Door:
    """A counter; `silent`: it fails for a day now and then, as real ones do."""

    counter_id: UUID
    entries: int
    minutes: int
    silent: bool = False


def readings(door: Door, first: dt.date, until: dt.datetime) -> Iterator[dict[str, Any]]:
    """Every interval of the opening hours from `first` on that has ended by `until`, as counters take them."""
    day = first
    while day <= until.astimezone(OSLO).date():
        if not (door.silent and _fails(day)):
            yield from _of_day(door, day, until)
        day += dt.timedelta(days=1)


def _of_day(door: Door, day: dt.date, until: dt.datetime) -> Iterator[dict[str, Any]]:
    length = dt.timedelta(minutes=door.minutes)
    luck = min(max(Random(f"{door.counter_id} {day}").gauss(1, 0.12), 0.6), 1.5)  # noqa: S311 -- invented figures
    mean = door.entries * WEEKDAY[day.weekday()] * MONTH[day.month - 1] * luck
    for hour, share in enumerate(HOURS, start=FIRST_HOUR):
        start = dt.datetime.combine(day, dt.time(hour), OSLO).astimezone(dt.UTC)
        for _ in range(60 // door.minutes):
            if start + length > until:
                return
            reading = _reading(door, start, mean * share * door.minutes / 60)
            if reading:
                yield reading
            start += length


def _reading(door: Door, start: dt.datetime, mean: float) -> dict[str, Any] | None:
    chance = Random(f"{door.counter_id} {start:%Y%m%d%H%M}")  # noqa: S311 -- invented figures
    if chance.random() < LOST:
        return None
    entries = max(0, round(chance.gauss(mean, mean**0.5)))
    exits = max(0, round(entries * chance.gauss(0.97, 0.02)))
    arrived = start + dt.timedelta(minutes=door.minutes, seconds=chance.randrange(5, 120))
    return {
        "counter_id": str(door.counter_id),
        "start": start.isoformat(),
        "in": entries,
        "out": exits,
        "received_at": arrived.isoformat(),
    }


def _fails(day: dt.date) -> bool:
    year, week, weekday = day.isocalendar()
    return weekday == 3 and week % 4 == year % 4
