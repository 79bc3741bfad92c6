"""From a recurrence to its dates as instants.

Everything is counted in clock times of the zone: EXDATE, RDATE, COUNT and the ids of single dates. Only at the end does
each clock time become an instant. So a time that the change of the clock skips counts as any other, and no length of
an item depends on how its day was shortened or made longer.
"""

import datetime as dt
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import NamedTuple

from shared.problems import Message
from shared.recurrence.faults import Budget, RuleFault
from shared.recurrence.pattern import Pattern
from shared.recurrence.rule import Rule

MOST_A_DAY = 24
LAST_DATE = dt.date(2100, 1, 1)
# More than any zone differs from UTC, and than any clock is changed.
_MARGIN = dt.timedelta(days=2)
_TOO_MANY = Message(
    f"RRULE gir mer enn {MOST_A_DAY} starter på én dato.", f"RRULE gives more than {MOST_A_DAY} starts on one date."
)
_NEVER = Message("RRULE gir aldri noen dato.", "RRULE never gives a date.")


class Length(NamedTuple):
    """Elapsed time of a timed item, or whole days from midnight to midnight: one of them is zero."""

    elapsed: dt.timedelta = dt.timedelta(0)
    days: int = 0


@dataclass(frozen=True)
class Override:
    """What is different on one date. `start` None: it is cancelled; `length` None: as long as the others."""

    start: dt.datetime | None
    length: Length | None = None


@dataclass(frozen=True)
class Recurrence:
    """All times are clock times of `zone`, without offset; those of whole-day items are midnights."""

    start: dt.datetime
    zone: dt.tzinfo
    length: Length
    rule: Rule | None = None
    exdates: frozenset[dt.datetime] = frozenset()
    rdates: frozenset[dt.datetime] = frozenset()
    overrides: Mapping[dt.datetime, Override] = field(default_factory=dict)


class Date(NamedTuple):
    """`recurrence_id` is the clock time the rule gave it, wherever it was moved."""

    starts_at: dt.datetime
    ends_at: dt.datetime
    recurrence_id: dt.datetime


def expand(
    recurrence: Recurrence,
    since: dt.datetime,
    until: dt.datetime,
    budget: Budget | None = None,
    most: int | None = None,
) -> list[Date]:
    """The dates that start at or after `since` and before `until`, in order. Raises RuleFault.

    With `most`, it may stop once there are more of them than that.
    """
    starts = _starts(recurrence, since, until, budget or Budget(), most)
    dates = [_date(recurrence, clock, start, length) for clock, start, length in starts]
    _check_days(dates, recurrence.zone)
    return sorted(date for date in dates if since <= date.starts_at < until)


def instant(clock: dt.datetime, zone: dt.tzinfo) -> dt.datetime:
    """A skipped clock time moves forward by the gap, a repeated one is its first pass: both are what fold=0 means."""
    return clock.replace(tzinfo=zone, fold=0).astimezone(dt.UTC)


def end_of(start: dt.datetime, length: Length, zone: dt.tzinfo) -> dt.datetime:
    if length.days:
        midnight = dt.datetime.combine(start.date() + dt.timedelta(days=length.days), dt.time())
        return instant(midnight, zone)
    return instant(start, zone) + length.elapsed


def _starts(
    recurrence: Recurrence, since: dt.datetime, until: dt.datetime, budget: Budget, most: int | None
) -> Iterator[tuple[dt.datetime, dt.datetime, Length]]:
    """(recurrence id, where it starts, how long) of what may lie in the window, moved dates from elsewhere included."""
    zone = recurrence.zone
    first = since.astimezone(zone).replace(tzinfo=None) - _MARGIN
    last = until.astimezone(zone).replace(tzinfo=None) + _MARGIN
    moved = recurrence.overrides
    around = (min([first, *moved]), max([last, *moved]))
    given = (clock for clock in _given(recurrence, around, budget) if first <= clock <= last or clock in moved)
    enough = None if most is None else most + len(recurrence.exdates) + len(moved) + 1
    members = set(islice(given, enough))
    for clock in (members | recurrence.rdates) - recurrence.exdates:
        override = moved.get(clock, Override(clock))
        if override.start is not None:
            yield clock, override.start, override.length or recurrence.length


def _date(recurrence: Recurrence, clock: dt.datetime, start: dt.datetime, length: Length) -> Date:
    return Date(instant(start, recurrence.zone), end_of(start, length, recurrence.zone), clock)


def _given(recurrence: Recurrence, around: tuple[dt.datetime, dt.datetime], budget: Budget) -> Iterator[dt.datetime]:
    """What the rule gives between the two clock times, or the first start where there is no rule."""
    rule = recurrence.rule
    if rule is None:
        yield recurrence.start
        return
    pattern = Pattern(rule, recurrence.start)
    _check_rule(pattern, budget)
    since = around[0].date() if rule.count is None else None  # COUNT is counted from the first
    found = pattern.clocks(min(around[1].date(), _last_of(rule)), budget, since)
    yield from (clock for clock in islice(found, rule.count) if _before_end(clock, rule, recurrence.zone))


def _check_rule(pattern: Pattern, budget: Budget) -> None:
    """What is wrong whatever window is asked for."""
    rule = pattern.rule
    most = pattern.times_a_day
    if most > MOST_A_DAY and not rule.positions and (rule.count is None or rule.count >= most + MOST_A_DAY):
        raise RuleFault("rrule", _TOO_MANY)
    if next(pattern.clocks(LAST_DATE, budget), None) is None:
        raise RuleFault("rrule", _NEVER)


def _last_of(rule: Rule) -> dt.date:
    """No start of the rule lies after this date."""
    if rule.until is None or rule.until.date() >= LAST_DATE:
        return LAST_DATE
    return rule.until.date() + _MARGIN


def _before_end(clock: dt.datetime, rule: Rule, zone: dt.tzinfo) -> bool:
    """UNTIL in UTC compares instants, without Z clock times."""
    if rule.until is None:
        return True
    return (instant(clock, zone) if rule.until.tzinfo else clock) <= rule.until


def _check_days(dates: list[Date], zone: dt.tzinfo) -> None:
    on_date = Counter(date.starts_at.astimezone(zone).date() for date in dates)
    if any(count > MOST_A_DAY for count in on_date.values()):
        raise RuleFault("rrule", _TOO_MANY)
