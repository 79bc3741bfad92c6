"""Whose clock a time is on: a zone of the world, one of Windows by its name, or one that the file describes itself."""

import datetime as dt
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from icalendar.timezone.windows_to_olson import WINDOWS_TO_OLSON

from shared.icalendar_in.content import Component, offset, times
from shared.recurrence import rule
from shared.recurrence.expansion import LAST_DATE
from shared.recurrence.faults import Budget
from shared.recurrence.pattern import Pattern

UTC = ZoneInfo("UTC")
_FIRST_DATE = dt.date(1970, 1, 1)


class Onset(NamedTuple):
    """From this instant on, written as UTC without a zone, the clock is `after` ahead of UTC."""

    at: dt.datetime
    before: dt.timedelta
    after: dt.timedelta


class DescribedZone(dt.tzinfo):
    """A VTIMEZONE. A clock time in a gap reads with the offset before it, a repeated one by its fold, by PEP 495."""

    def __init__(self, name: str, onsets: Iterable[Onset]) -> None:
        self._name = name
        changes = sorted(onsets)
        self._instants = [one.at for one in changes]
        self._offsets = [changes[0].before, *(one.after for one in changes)]
        # The clock time at which each change is seen, with fold 0 and with fold 1.
        self._seen = [
            [one.at + max(one.before, one.after) for one in changes],
            [one.at + min(one.before, one.after) for one in changes],
        ]

    def utcoffset(self, when: dt.datetime | None) -> dt.timedelta | None:
        if when is None:
            return None
        return self._offsets[bisect_right(self._seen[when.fold], when.replace(tzinfo=None))]

    def fromutc(self, when: dt.datetime) -> dt.datetime:
        past = bisect_right(self._instants, when.replace(tzinfo=None))
        local = when + self._offsets[past]
        repeated = past > 0 and local.replace(tzinfo=None) < self._seen[0][past - 1]
        return local.replace(fold=int(repeated))

    def dst(self, when: dt.datetime | None) -> None:
        return None

    def tzname(self, when: dt.datetime | None) -> str:
        return self._name


class Zones:
    """The zones a file may name. `own` counts where it names none; `budget` is for all of its descriptions."""

    def __init__(self, calendar: Component, own: dt.tzinfo, budget: Budget) -> None:
        self.own = own
        self.budget = budget
        self._described = {one.text("TZID"): one for one in calendar.parts if one.name == "VTIMEZONE"}
        self._found: dict[str, dt.tzinfo | None] = {}

    def named(self, name: str | None) -> dt.tzinfo:
        """Raises LookupError for a name that says nothing."""
        if name is None:
            return self.own
        if name not in self._found:
            self._found[name] = world_zone(name) or self._describe(name)
        found = self._found[name]
        if found is None:
            raise LookupError(name)
        return found

    def _describe(self, name: str) -> dt.tzinfo | None:
        described = self._described.get(name)
        try:
            onsets = list(_onsets(described, self.budget)) if described else []
        except (ValueError, OverflowError):  # RuleFault is a ValueError
            return None
        return DescribedZone(name, onsets) if onsets else None


def world_zone(name: str) -> dt.tzinfo | None:
    """By its own name, by Windows', or by the end of a path that some programs put before it."""
    name = name.strip().strip('"')
    steps = [step for step in name.split("/") if step]
    for tried in (WINDOWS_TO_OLSON.get(name), name, "/".join(steps[-3:]), "/".join(steps[-2:])):
        try:
            if tried:
                return ZoneInfo(tried)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            continue
    return None


def _onsets(described: Component, budget: Budget) -> Iterator[Onset]:
    for part in (one for one in described.parts if one.name in ("STANDARD", "DAYLIGHT")):
        before, after = offset(part.text("TZOFFSETFROM")), offset(part.text("TZOFFSETTO"))
        for clock in _clocks(part, before, budget):
            yield Onset(clock - before, before, after)


def _clocks(part: Component, before: dt.timedelta, budget: Budget) -> Iterator[dt.datetime]:
    """When it begins, by the clock as it was until then."""
    began = part.get("DTSTART")
    if began is None:
        raise ValueError("DTSTART")
    (start,) = times(began)
    yield start.clock
    for extra in part.all("RDATE"):
        yield from (one.clock for one in times(extra))
    for written in part.all("RRULE"):
        yield from _repeated(rule.parse(written.value.strip().rstrip(";")), start.clock, before, budget)


def _repeated(read: rule.Rule, start: dt.datetime, before: dt.timedelta, budget: Budget) -> Iterator[dt.datetime]:
    since = _FIRST_DATE if read.count is None else None
    for clock in islice(Pattern(read, start).clocks(LAST_DATE, budget, since), read.count):
        until = read.until
        if until and (clock - before > until.replace(tzinfo=None) if until.tzinfo else clock > until):
            return
        if clock != start:
            yield clock
