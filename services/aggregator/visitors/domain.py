"""Visitor figures (rule E): the rows that answer a question about a square, from the facts known at an instant."""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from uuid import UUID

from services.aggregator.visitors.facts import Facts, Micros
from services.aggregator.visitors.figures import (
    WORST_LAST,
    DayFigure,
    Evaluation,
    Quality,
    half_up,
    share,
)
from services.aggregator.visitors.heads import Beside, Heads
from services.aggregator.visitors.history import IN_ORDER, Cause, Causes, History
from services.aggregator.visitors.modes import SELF_SERVICE, STAFFED, day_of
from services.aggregator.visitors.periods import By, Period, touched

NOTHING_BESIDE = Beside()
_LOWEST_PLAUSIBLE, _HIGHEST_PLAUSIBLE = Fraction(90, 100), Fraction(3)


@dataclass(frozen=True)
class Row:
    """One whole period, or one clock hour. `imputed_share` and `units_per_visit` are rounded and exact."""

    period: str
    staffed: int
    self_service: int
    quality: Quality
    imputed_share: Fraction
    unbalanced: bool
    revision: int
    cause: Cause | None
    unit_visits: dict[UUID, int] = field(default_factory=dict)
    units_per_visit: Fraction | None = None
    beside: Beside = NOTHING_BESIDE

    @property
    def door_visits(self) -> int:
        return self.staffed + self.self_service

    @property
    def units_per_visit_flag(self) -> bool:
        found = self.units_per_visit
        return found is not None and not _LOWEST_PLAUSIBLE <= found <= _HIGHEST_PLAUSIBLE


def rows(history: History, first: dt.date, last: dt.date, by: By, at: Micros) -> Iterator[Row]:
    """The rows of all periods touched by `first` to `last`, both inside, as of `at`; days not begun are left out.

    Nothing stands beside the rows of hours: so few come in one that the day alone can be shown.
    """
    heads = Heads(history.facts.tallies)
    for period in touched(first, last, by):
        dates = _begun(history.facts, period, at)
        if dates and by == "hour":
            yield from _hours(history.evaluation(at), dates[0], _row(history, period, dates, at))
        elif dates:
            beside = heads.beside(dates, period.published_at(history.facts.zone), at)
            yield replace(_row(history, period, dates, at), beside=beside)


def needs_earlier_weeks(history: History, first: dt.date, last: dt.date, by: By, at: Micros) -> bool:
    """Whether something was missing at some time, so that the eight weeks before decide on figure or revision."""
    return any(
        history.evaluation(at).missing(date).gaps or history.changes(date, period.published_at(history.facts.zone), at)
        for period in touched(first, last, by)
        for date in _begun(history.facts, period, at)
    )


def _begun(facts: Facts, period: Period, at: Micros) -> list[dt.date]:
    return [date for date in period.dates() if day_of(date, facts.zone).start <= at]


def _row(history: History, period: Period, dates: Sequence[dt.date], at: Micros) -> Row:
    """The row as it was published, and every change of it since."""
    published = period.published_at(history.facts.zone)
    unit_visits = _unit_visits(history.evaluation(at), dates)
    if at < published:
        return _sum(period.label, [history.figure(date, at) for date in dates], unit_visits)
    days = [history.figure(date, published) for date in dates]
    row = _sum(period.label, days, unit_visits, revision=1)
    changes = {date: history.changes(date, published, at) for date in dates}
    for instant, causes in sorted(_merged(changes).items()):
        later = [
            history.figure(date, instant) if instant in changes[date] else day
            for date, day in zip(dates, days, strict=True)
        ]
        if all(now is before for now, before in zip(later, days, strict=True)):
            continue
        days, before = later, row
        row = _sum(period.label, days, unit_visits, before.revision, before.cause)
        if _published(row) != _published(before):
            row = replace(row, revision=before.revision + 1, cause=next(one for one in IN_ORDER if one in causes))
    return row


def _unit_visits(evaluation: Evaluation, dates: Sequence[dt.date]) -> dict[UUID, int]:
    visits: dict[UUID, int] = defaultdict(int)
    for date in dates:
        for unit_id, count in evaluation.unit_visits(date).items():
            visits[unit_id] += count
    return dict(visits)


def _merged(changes: dict[dt.date, dict[Micros, Causes]]) -> dict[Micros, Causes]:
    merged: dict[Micros, Causes] = defaultdict(set)
    for of_date in changes.values():
        for instant, causes in of_date.items():
            merged[instant] |= causes
    return merged


def _published(row: Row) -> tuple[int, int, Quality, Fraction]:
    """What makes a revision when it changes."""
    return row.staffed, row.self_service, row.quality, row.imputed_share


def _sum(
    label: str,
    days: Sequence[DayFigure],
    unit_visits: dict[UUID, int],
    revision: int = 0,
    cause: Cause | None = None,
) -> Row:
    door_visits = sum(day.door_visits for day in days)
    per_visit = half_up(Fraction(sum(unit_visits.values()), door_visits), 2) if unit_visits and door_visits else None
    return Row(
        period=label,
        staffed=sum(day.staffed for day in days),
        self_service=sum(day.self_service for day in days),
        quality=max((day.quality for day in days), key=WORST_LAST.index),
        imputed_share=share(_total(day.estimated for day in days), _total(day.observed for day in days)),
        unbalanced=any(day.unbalanced for day in days),
        revision=revision,
        cause=cause,
        unit_visits=unit_visits,
        units_per_visit=per_visit,
    )


def _total(parts: Iterable[Fraction]) -> Fraction:
    return sum((part for part in parts if part), Fraction(0))


def _hours(evaluation: Evaluation, date: dt.date, day: Row) -> Iterator[Row]:
    """Entries by local clock hour, before staff_share and corrections; hours without any are absent."""
    halves: dict[int, list[int]] = defaultdict(lambda: [0, 0, 0])
    quarters: dict[int, list[int]] = defaultdict(lambda: [0, 0, 0])
    lacking, missing = set(), evaluation.missing(date)
    for cell in evaluation.open_cells(date):
        halves[cell.clock // 60][cell.rank] += cell.halves_in or 0
    for cell, usual in missing.gaps:
        if usual is None:
            lacking.add(cell.clock // 60)
        else:
            quarters[cell.clock // 60][cell.rank] += usual
    for hour in sorted({*halves, *quarters}):
        quality: Quality = "incomplete" if hour in lacking else "imputed" if hour in quarters else "observed"
        seen = [Fraction(count, 2) for count in halves[hour]] if hour in halves else [Fraction(0)] * 3
        guessed = [missing.estimate(count) for count in quarters[hour]] if hour in quarters else [Fraction(0)] * 3
        yield Row(
            period=f"{date}T{hour:02}",
            staffed=int(half_up(seen[STAFFED] + guessed[STAFFED])),
            self_service=int(half_up(seen[SELF_SERVICE] + guessed[SELF_SERVICE])),
            quality=quality,
            imputed_share=share(_total(guessed), _total(seen)),
            unbalanced=day.unbalanced,
            revision=day.revision,
            cause=day.cause,
        )
