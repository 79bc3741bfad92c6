"""Visitor figures (rule E): the rows that answer a question about a square, from the facts known at an instant."""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
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
from services.aggregator.visitors.history import IN_ORDER, Cause, Causes, History
from services.aggregator.visitors.modes import SELF_SERVICE, STAFFED, day_of
from services.aggregator.visitors.periods import By, Period, touched

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

    @property
    def door_visits(self) -> int:
        return self.staffed + self.self_service

    @property
    def units_per_visit_flag(self) -> bool:
        found = self.units_per_visit
        return found is not None and not _LOWEST_PLAUSIBLE <= found <= _HIGHEST_PLAUSIBLE


def rows(history: History, first: dt.date, last: dt.date, by: By, at: Micros) -> Iterator[Row]:
    """The rows of all periods touched by `first` to `last`, both inside, as of `at`; days not begun are left out."""
    for period in touched(first, last, by):
        dates = _begun(history.facts, period, at)
        if dates and by == "hour":
            yield from _hours(history.evaluation(at), dates[0], _row(history, period, dates, at))
        elif dates:
            yield _row(history, period, dates, at)


def needs_earlier_weeks(history: History, first: dt.date, last: dt.date, by: By, at: Micros) -> bool:
    """Whether something was missing at some time, so that the eight weeks before decide on figure or revision."""
    return any(
        history.evaluation(at).missing(date) or history.changes(date, period.published_at(history.facts.zone), at)
        for period in touched(first, last, by)
        for date in _begun(history.facts, period, at)
    )


def _begun(facts: Facts, period: Period, at: Micros) -> list[dt.date]:
    return [date for date in period.dates() if day_of(date, facts.zone).start <= at]


def _row(history: History, period: Period, dates: Sequence[dt.date], at: Micros) -> Row:
    published = period.published_at(history.facts.zone)
    if at < published:
        return _sum(period.label, [history.evaluation(at).figure(date) for date in dates], 0, None)
    changes = {date: history.changes(date, published, at) for date in dates}

    def as_of(instant: Micros) -> list[DayFigure]:
        return [history.figure(date, instant, changes[date], published, at) for date in dates]

    row = _sum(period.label, as_of(published), 1, None)
    for instant, causes in sorted(_merged(changes).items()):
        later = _sum(period.label, as_of(instant), row.revision, row.cause)
        if _published(later) != _published(row):
            first_cause = next(cause for cause in IN_ORDER if cause in causes)
            later = _sum(period.label, as_of(instant), row.revision + 1, first_cause)
        row = later
    return row


def _merged(changes: dict[dt.date, dict[Micros, Causes]]) -> dict[Micros, Causes]:
    merged: dict[Micros, Causes] = defaultdict(set)
    for of_date in changes.values():
        for instant, causes in of_date.items():
            merged[instant] |= causes
    return merged


def _published(row: Row) -> tuple[int, int, Quality, Fraction]:
    """What makes a revision when it changes."""
    return row.staffed, row.self_service, row.quality, row.imputed_share


def _sum(label: str, days: Sequence[DayFigure], revision: int, cause: Cause | None) -> Row:
    unit_visits: dict[UUID, int] = defaultdict(int)
    for day in days:
        for unit_id, visits in day.unit_visits.items():
            unit_visits[unit_id] += visits
    door_visits = sum(day.door_visits for day in days)
    return Row(
        period=label,
        staffed=sum(day.staffed for day in days),
        self_service=sum(day.self_service for day in days),
        quality=max((day.quality for day in days), key=WORST_LAST.index),
        imputed_share=share(
            sum((day.estimated for day in days), Fraction(0)), sum((day.observed for day in days), Fraction(0))
        ),
        unbalanced=any(day.unbalanced for day in days),
        revision=revision,
        cause=cause,
        unit_visits=dict(unit_visits),
        units_per_visit=(
            half_up(Fraction(sum(unit_visits.values()), door_visits), 2) if unit_visits and door_visits else None
        ),
    )


def _hours(evaluation: Evaluation, date: dt.date, day: Row) -> Iterator[Row]:
    """Entries by local clock hour, before staff_share and corrections; hours without any are absent."""
    observed: dict[int, list[Fraction]] = defaultdict(lambda: [Fraction(0)] * 3)
    estimated: dict[int, list[Fraction]] = defaultdict(lambda: [Fraction(0)] * 3)
    for cell in evaluation.open_cells(date):
        observed[cell.clock // 60][cell.rank] += Fraction(cell.halves_in or 0, 2)
    lacking = set()
    for gap in evaluation.missing(date):
        if gap.estimate is None:
            lacking.add(gap.cell.clock // 60)
        else:
            estimated[gap.cell.clock // 60][gap.cell.rank] += gap.estimate
    for hour in sorted({*observed, *estimated}):
        quality: Quality = "incomplete" if hour in lacking else "imputed" if hour in estimated else "observed"
        seen, guessed = observed[hour], estimated[hour] if hour in estimated else [Fraction(0)] * 3
        yield Row(
            period=f"{date}T{hour:02}",
            staffed=int(half_up(seen[STAFFED] + guessed[STAFFED])),
            self_service=int(half_up(seen[SELF_SERVICE] + guessed[SELF_SERVICE])),
            quality=quality,
            imputed_share=share(sum(guessed, Fraction(0)), sum(seen, Fraction(0))),
            unbalanced=day.unbalanced,
            revision=day.revision,
            cause=day.cause,
        )
