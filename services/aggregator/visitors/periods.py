"""Which periods a question touches, how they are labelled and when they are published (E.8, E.9)."""

import datetime as dt
from collections.abc import Callable, Iterator
from typing import Literal, NamedTuple
from zoneinfo import ZoneInfo

from services.aggregator.visitors.facts import Micros
from services.aggregator.visitors.modes import clock_instant

By = Literal["day", "hour", "week", "month", "year"]
_ONE_DAY = dt.timedelta(days=1)
_PUBLISHED_AFTER = dt.timedelta(days=8)
_PUBLISHED_AT = "02:00"


class Period(NamedTuple):
    """Local dates, the last not included."""

    label: str
    first: dt.date
    after: dt.date

    def dates(self) -> list[dt.date]:
        return [self.first + _ONE_DAY * offset for offset in range((self.after - self.first).days)]

    def published_at(self, zone: ZoneInfo) -> Micros:
        """A period is published with its last day."""
        return published_at(self.after - _ONE_DAY, zone)


def published_at(date: dt.date, zone: ZoneInfo) -> Micros:
    return clock_instant(date + _PUBLISHED_AFTER, _PUBLISHED_AT, zone)


def touched(first: dt.date, last: dt.date, by: By) -> Iterator[Period]:
    """The whole periods that share a date with `first` to `last`, both inside. Hours come day by day."""
    at = first
    while at <= last:
        period = _OF[by](at)
        yield period
        at = period.after


def _day(date: dt.date) -> Period:
    return Period(date.isoformat(), date, date + _ONE_DAY)


def _week(date: dt.date) -> Period:
    """ISO weeks, counted by their week-year."""
    year, week, weekday = date.isocalendar()
    monday = date - _ONE_DAY * (weekday - 1)
    return Period(f"{year:04}-W{week:02}", monday, monday + 7 * _ONE_DAY)


def _month(date: dt.date) -> Period:
    first = date.replace(day=1)
    return Period(f"{date:%Y-%m}", first, (first + 31 * _ONE_DAY).replace(day=1))


def _year(date: dt.date) -> Period:
    return Period(f"{date:%Y}", date.replace(month=1, day=1), dt.date(date.year + 1, 1, 1))


_OF: dict[By, Callable[[dt.date], Period]] = {
    "day": _day,
    "hour": _day,
    "week": _week,
    "month": _month,
    "year": _year,
}
