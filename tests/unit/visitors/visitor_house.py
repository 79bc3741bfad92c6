"""A small square to count in: one library, hours as given, counters and readings in a line each."""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

from services.aggregator.visitors import domain
from services.aggregator.visitors.facts import (
    MINUTE,
    Counter,
    Facts,
    Hours,
    Settings,
    Unit,
    fold_readings,
    micros,
)
from services.aggregator.visitors.history import History
from services.aggregator.visitors.periods import By

OSLO = ZoneInfo("Europe/Oslo")
SPACE = UUID("6ba7b810-9dad-11d1-80b4-00c04fd430c8")
SQUARE, LIBRARY, DESK = (uuid5(SPACE, name) for name in ("square", "library", "desk"))
DOOR, SIDE_DOOR, ZONE = (uuid5(SPACE, name) for name in ("door", "side door", "zone"))
LONG_AGO = micros(dt.datetime(2001, 1, 1, tzinfo=dt.UTC))


def at(written: str, zone: ZoneInfo = OSLO) -> int:
    """An instant from a local clock time, or from one with an offset."""
    moment = dt.datetime.fromisoformat(written)
    return micros(moment if moment.tzinfo else moment.replace(tzinfo=zone))


def day(written: str) -> dt.date:
    return dt.date.fromisoformat(written)


def span(start: str, end: str, state: str = "staffed", **more: Any) -> dict[str, Any]:
    return {"start": start, "end": end, "state": state, **more}


def periods(*spans: dict[str, Any], **period: Any) -> list[dict[str, Any]]:
    whole = [{"end_next_day": False, "full_day": False, "weekdays": None, **one} for one in spans]
    return [
        {
            "name": "always",
            "start_date": None,
            "end_date": None,
            "override": False,
            "groups": [{"spans": whole, "rules": []}],
            **period,
        }
    ]


ALWAYS_STAFFED = periods({**span("00:00", "00:00"), "full_day": True})


def hours(of: UUID = LIBRARY, what: Sequence[dict[str, Any]] | None = None, when: int = LONG_AGO, n: int = 1) -> Hours:
    return Hours(of, n, when, what)


def door(counter_id: UUID = DOOR, minutes: int = 60, when: int = LONG_AGO, n: int = 1, **more: Any) -> Counter:
    return Counter(counter_id, n, when, SQUARE, more.pop("unit_id", None), more.pop("kind", "outer"), minutes, **more)


def share(written: str, when: int = LONG_AGO, n: int = 1) -> Settings:
    return Settings(n, when, Fraction(written))


def facts(*spans: dict[str, Any], zone: ZoneInfo = OSLO, **more: Any) -> Facts:
    return replace(
        Facts(
            SQUARE,
            zone,
            units=[Unit(LIBRARY, [(None, None)])],
            hours=[hours(what=periods(*spans) if spans else ALWAYS_STAFFED)],
            counters=[door()],
        ),
        **more,
    )


def reading(
    start: str,
    count_in: int,
    count_out: int | None = None,
    *,
    counter: UUID = DOOR,
    received: str | None = None,
    sequence: int = 0,
    zone: ZoneInfo = OSLO,
) -> tuple[UUID, int, int, int, int, int]:
    begin = at(start, zone)
    arrived = at(received, zone) if received else begin + 60 * MINUTE
    return counter, begin // MINUTE, arrived, sequence, count_in, count_in if count_out is None else count_out


def with_readings(base: Facts, rows: Iterable[tuple[UUID, int, int, int, int, int]]) -> Facts:
    return replace(base, readings=fold_readings(rows))


def whole_day(date: str, count: int, counter: UUID = DOOR, minutes: int = 60, zone: ZoneInfo = OSLO) -> list[Any]:
    """One reading of `count` in and out for each interval of the local date."""
    begin = at(f"{date}T00:00", zone) // MINUTE
    after = at(f"{day(date) + dt.timedelta(days=1)}T00:00", zone) // MINUTE
    return [(counter, start, (start + minutes) * MINUTE, 0, count, count) for start in range(begin, after, minutes)]


def rows(base: Facts, first: str, last: str | None = None, by: By = "day", now: str = "2027-06-01T00:00") -> list[Any]:
    return list(domain.rows(History(base), day(first), day(last or first), by, at(now)))


def row(base: Facts, date: str, now: str = "2027-06-01T00:00") -> Any:
    (found,) = rows(base, date, now=now)
    return found
