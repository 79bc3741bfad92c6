"""The clock times a rule gives, before COUNT and UNTIL.

python-dateutil reads rules in the same way, and the tests hold this against it; but it cannot be stopped between two
starts, and has a rule that gives nothing search to the year 9999. Here every period is a step that may be the last.
"""

import calendar
import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import replace

from shared.recurrence.faults import Budget
from shared.recurrence.rule import Frequency, Rule

_DAY = dt.timedelta(days=1)
_WEEK = dt.timedelta(days=7)


class Pattern:
    def __init__(self, rule: Rule, start: dt.datetime) -> None:
        self.start = start
        self.rule = _completed(rule, start)
        self._hours = sorted(rule.hours or {start.hour})
        self._minutes = sorted(rule.minutes or {start.minute})
        self._seconds = sorted(rule.seconds or {start.second})

    @property
    def times_a_day(self) -> int:
        return len(self._hours) * len(self._minutes) * len(self._seconds)

    def clocks(self, last: dt.date, budget: Budget, since: dt.date | None = None) -> Iterator[dt.datetime]:
        """Clock times in order, none before the first start, to the end of the period of `last`.

        With `since`, what lies before that date may be left out. Raises RuleFault when the time is up.
        """
        for first, days in self._periods(last, since):
            budget.check()
            dates = (first + _DAY * shift for shift in range(days))
            for clock in self._times([day for day in dates if self._matches(day)]):
                if clock >= self.start:
                    yield clock

    def _periods(self, last: dt.date, since: dt.date | None) -> Iterator[tuple[dt.date, int]]:
        """(first date, how many dates) of every period that the interval does not pass over."""
        step = self.rule.interval
        passed = self._periods_before(since) // step * step if since else 0
        if self.rule.frequency is Frequency.DAILY:
            return self._days(last, passed)
        if self.rule.frequency is Frequency.WEEKLY:
            return self._weeks(last, passed)
        return self._months(last, passed)

    def _days(self, last: dt.date, passed: int) -> Iterator[tuple[dt.date, int]]:
        while (day := self.start.date() + _DAY * passed) <= last:
            yield day, 1
            passed += self.rule.interval

    def _weeks(self, last: dt.date, passed: int) -> Iterator[tuple[dt.date, int]]:
        """The first week is what is left of it from the first start on: BYSETPOS counts in that, as in dateutil."""
        begin = self.start.date()
        while (week := self._week_of(begin) + _WEEK * passed) <= last:
            yield max(week, begin), 7 - max(0, (begin - week).days)
            passed += self.rule.interval

    def _months(self, last: dt.date, passed: int) -> Iterator[tuple[dt.date, int]]:
        length = 12 if self.rule.frequency is Frequency.YEARLY else 1
        begin = _number(self.start) // length * length
        while (month := begin + passed * length) <= _number(last):
            first = _first_of(month)
            yield first, (_first_of(month + length) - first).days
            passed += self.rule.interval

    def _periods_before(self, since: dt.date) -> int:
        """How many whole periods lie between the first start's and that date's."""
        begin = self.start.date()
        if since <= begin:
            return 0
        if self.rule.frequency is Frequency.DAILY:
            return (since - begin).days
        if self.rule.frequency is Frequency.WEEKLY:
            return (self._week_of(since) - self._week_of(begin)) // _WEEK
        if self.rule.frequency is Frequency.MONTHLY:
            return _number(since) - _number(begin)
        return since.year - begin.year

    def _times(self, days: list[dt.date]) -> Iterator[dt.datetime]:
        """Every time of every day, or those that BYSETPOS picks: counted out, never all written down."""
        count = self.times_a_day
        total = len(days) * count
        places: Iterable[int] = range(total)
        if self.rule.positions:
            wanted = {place - 1 if place > 0 else total + place for place in self.rule.positions}
            places = sorted(place for place in wanted if 0 <= place < total)
        for place in places:
            yield dt.datetime.combine(days[place // count], self._time(place % count))

    def _time(self, place: int) -> dt.time:
        rest, second = divmod(place, len(self._seconds))
        hour, minute = divmod(rest, len(self._minutes))
        return dt.time(self._hours[hour], self._minutes[minute], self._seconds[second])

    def _matches(self, day: dt.date) -> bool:
        rule = self.rule
        return (
            (not rule.months or day.month in rule.months)
            and (not (rule.weekdays or rule.nth_weekdays) or self._on_weekday(day))
            and (not rule.month_days or _counted(day.day, _days_of_month(day), rule.month_days))
            and (not rule.year_days or _counted(_day_of_year(day), _days_of_year(day), rule.year_days))
            and (not rule.weeks or _counted(*self._week_number(day), rule.weeks))
        )

    def _on_weekday(self, day: dt.date) -> bool:
        weekday = day.weekday()
        if weekday in self.rule.weekdays:
            return True
        asked = {n for n, of in self.rule.nth_weekdays if of == weekday}
        if not asked:
            return False
        in_year = self.rule.frequency is Frequency.YEARLY and not self.rule.months
        place, days = (_day_of_year(day), _days_of_year(day)) if in_year else (day.day, _days_of_month(day))
        return (place - 1) // 7 + 1 in asked or -((days - place) // 7 + 1) in asked

    def _week_number(self, day: dt.date) -> tuple[int, int]:
        """(number, how many weeks its year has); a week belongs to the year that has four of its days."""
        middle = self._week_of(day) + 3 * _DAY
        last = self._week_of(dt.date(middle.year, 12, 28)) + 3 * _DAY
        return (_day_of_year(middle) - 1) // 7 + 1, (_day_of_year(last) - 1) // 7 + 1

    def _week_of(self, day: dt.date) -> dt.date:
        return day - _DAY * ((day.weekday() - self.rule.week_start) % 7)


def _completed(rule: Rule, start: dt.datetime) -> Rule:
    """Where a rule does not say which days, they are those of the first start."""
    if rule.weeks or rule.year_days or rule.month_days or rule.weekdays or rule.nth_weekdays:
        return rule
    if rule.frequency is Frequency.WEEKLY:
        return replace(rule, weekdays=frozenset({start.weekday()}))
    if rule.frequency is Frequency.MONTHLY:
        return replace(rule, month_days=frozenset({start.day}))
    if rule.frequency is Frequency.YEARLY:
        return replace(rule, months=rule.months or frozenset({start.month}), month_days=frozenset({start.day}))
    return rule


def _counted(place: int, count: int, asked: frozenset[int]) -> bool:
    """Whether the `place`-th of `count` is asked for, from the front or from the end."""
    return place in asked or place - count - 1 in asked


def _number(day: dt.date) -> int:
    """Months since the year 0."""
    return day.year * 12 + day.month - 1


def _first_of(month: int) -> dt.date:
    return dt.date(month // 12, month % 12 + 1, 1)


def _days_of_month(day: dt.date) -> int:
    return calendar.monthrange(day.year, day.month)[1]


def _day_of_year(day: dt.date) -> int:
    return day.timetuple().tm_yday


def _days_of_year(day: dt.date) -> int:
    return 366 if calendar.isleap(day.year) else 365
