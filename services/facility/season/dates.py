"""On which dates a weekly time falls in a season, and which of them are left out beforehand. Pure."""

import datetime as dt
from collections.abc import Sequence
from functools import lru_cache
from typing import Literal, NamedTuple
from zoneinfo import ZoneInfo

import holidays

from services.facility.season.domain import Break, Time
from shared.problems import Message

_ONE_DAY = dt.timedelta(days=1)
_WEEK = dt.timedelta(days=7)


class Meeting(NamedTuple):
    """One date of a weekly time: its bare time in seconds since 1970, since a plan compares millions of them."""

    date: dt.date
    start: int
    end: int


class Skipped(NamedTuple):
    date: dt.date
    why: Literal["holiday", "break"]
    name: Message


Dates = tuple[tuple[Meeting, ...], tuple[Skipped, ...]]


class Calendar:
    """The dates of a season, first and last inside, on the clock of its squares."""

    def __init__(self, first: dt.date, last: dt.date, zone: ZoneInfo, breaks: Sequence[Break] = ()) -> None:
        self._first, self._last, self._zone, self._breaks = first, last, zone, breaks
        self._known: dict[tuple[Time, bool], Dates] = {}

    def meetings(self, time: Time, skip_holidays: bool) -> Dates:
        """(the dates it falls on, the dates that are left out), in order. Asked for again and again, made once."""
        key = (time, skip_holidays)
        if key not in self._known:
            self._known[key] = self._meetings(*key)
        return self._known[key]

    def _meetings(self, time: Time, skip_holidays: bool) -> Dates:
        kept, skipped = [], []
        for date in self._dates(time):
            left_out = self._left_out(date, skip_holidays)
            if left_out:
                skipped.append(left_out)
            else:
                kept.append(self._meeting(date, time))
        return tuple(kept), tuple(skipped)

    def _dates(self, time: Time) -> Sequence[dt.date]:
        date = self._first + _ONE_DAY * ((time.weekday - self._first.isoweekday()) % 7)
        dates = []
        while date <= self._last:
            if time.weeks == "every" or (date.isocalendar().week % 2 == 1) == (time.weeks == "odd"):
                dates.append(date)
            date += _WEEK
        return dates

    def _left_out(self, date: dt.date, skip_holidays: bool) -> Skipped | None:
        for one in self._breaks:
            if one.first <= date <= one.last:
                return Skipped(date, "break", Message(one.name, one.name))
        name = public_holiday(date) if skip_holidays else None
        return Skipped(date, "holiday", name) if name else None

    def _meeting(self, date: dt.date, time: Time) -> Meeting:
        """The start by the clock, moved forward out of a skipped hour; the length exactly."""
        wall = dt.datetime.combine(date, dt.time(time.start // 60, time.start % 60), self._zone)
        start = int(wall.timestamp())
        return Meeting(date, start, start + (time.end - time.start) * 60)


def learn_holidays(first: int, last: int) -> None:
    """Of these years. The first time it takes a tenth of a second, so do it off the loop; afterwards it is nothing."""
    for year in range(first, last + 1):
        _names(year)


def public_holiday(date: dt.date) -> Message | None:
    nb, en = _names(date.year)
    return Message(nb[date], en[date]) if date in nb else None


@lru_cache(maxsize=128)
def _names(year: int) -> tuple[dict[dt.date, str], dict[dt.date, str]]:
    """Public holidays in both languages; where two fall on one date the names are joined."""
    nb, en = (holidays.country_holidays("NO", years=year, language=tongue) for tongue in ("no", "en_US"))
    return (
        {date: name.replace("; ", " / ") for date, name in nb.items()},
        {date: name.replace("; ", " / ") for date, name in en.items()},
    )
