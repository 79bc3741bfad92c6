"""The figures of a date as they follow from what was known at one instant (E.3 to E.7, E.10)."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal, NamedTuple, get_args
from uuid import UUID

from services.aggregator.visitors.cells import Cell, cells, is_valid_on
from services.aggregator.visitors.facts import MINUTE, Counter, Facts, Micros, OpenMode
from services.aggregator.visitors.knowledge import Knowledge
from services.aggregator.visitors.modes import SELF_SERVICE, STAFFED, Day, Timeline, day_of

Quality = Literal["closed", "observed", "imputed", "incomplete"]
WORST_LAST: tuple[Quality, ...] = get_args(Quality)
_WEEKS_BACK = range(1, 9)
_FEWEST_COMPARABLE = 3
_LEAST_SUM_FOR_RATIO = 20
_LOWEST_RATIO, _HIGHEST_RATIO = Fraction(1, 2), Fraction(2)
# What was seen at a clock minute in a mode.
_Alike = dict[tuple[int, int], list[int]]
_MODES: tuple[tuple[OpenMode, int], ...] = (("staffed", STAFFED), ("self_service", SELF_SERVICE))


@dataclass(frozen=True)
class DayFigure:
    """`observed` and `estimated` are entries of both modes before staff_share, exact."""

    staffed: int
    self_service: int
    observed: Fraction
    estimated: Fraction
    quality: Quality
    unbalanced: bool
    unit_visits: dict[UUID, int]

    @property
    def door_visits(self) -> int:
        return self.staffed + self.self_service

    @property
    def imputed_share(self) -> Fraction:
        return share(self.estimated, self.observed)


class Gap(NamedTuple):
    """A missing interval of an outer counter; `estimate` None where there is too little to compare with."""

    cell: Cell
    estimate: Fraction | None


def half_up(value: Fraction, decimals: int = 0) -> Fraction:
    scale = 10**decimals
    return Fraction((value * scale + Fraction(1, 2)).__floor__(), scale)


def share(estimated: Fraction, observed: Fraction) -> Fraction:
    """Three decimals; 0 when nothing was counted."""
    counted = estimated + observed
    return half_up(estimated / counted, 3) if counted else Fraction(0)


class Evaluation:
    """All figures of a square from what was known at `at`; computed when asked for, each date once."""

    def __init__(self, facts: Facts, knowledge: Knowledge, at: Micros) -> None:
        self.facts, self.knowledge, self.at = facts, knowledge, at
        self._cells: dict[tuple[UUID, dt.date], list[Cell]] = {}
        self._alike: dict[tuple[UUID, dt.date], _Alike] = {}
        self._weeks: dict[tuple[UUID, dt.date], list[_Alike]] = {}
        self._gaps: dict[dt.date, list[Gap]] = {}
        self._figures: dict[dt.date, DayFigure] = {}

    def figure(self, date: dt.date) -> DayFigure:
        if date not in self._figures:
            self._figures[date] = self._figure(day_of(date, self.facts.zone))
        return self._figures[date]

    def missing(self, date: dt.date) -> list[Gap]:
        """Every interval that is expected and has no reading that counts, with what can be said instead."""
        if date not in self._gaps:
            self._gaps[date] = self._find_gaps(day_of(date, self.facts.zone))
        return self._gaps[date]

    def missing_of(self, counter: Counter, date: dt.date) -> list[Cell]:
        return self._missing(counter, day_of(date, self.facts.zone))

    def open_cells(self, date: dt.date) -> list[Cell]:
        """What was observed while the square was open."""
        day = day_of(date, self.facts.zone)
        cells_of = (self._of(counter, day) for counter in self.knowledge.outer)
        return [cell for found in cells_of for cell in found if cell.rank and cell.halves_in is not None]

    def _find_gaps(self, day: Day) -> list[Gap]:
        found = [(counter, cell) for counter in self.knowledge.outer for cell in self._missing(counter, day)]
        medians = [self._median(counter, day.date, cell) for counter, cell in found]
        ratio = self._ratio(day) if any(median is not None for median in medians) else Fraction(1)
        return [
            Gap(cell, None if median is None else Fraction(median, 4) * ratio)
            for (_, cell), median in zip(found, medians, strict=True)
        ]

    def _missing(self, counter: Counter, day: Day) -> list[Cell]:
        """Expected, once the end has passed, and not there."""
        return [
            cell
            for cell in self._of(counter, day)
            if cell.halves_in is None and cell.rank and (cell.start + counter.minutes) * MINUTE <= self.at
        ]

    def _figure(self, day: Day) -> DayFigure:
        observed, estimated = self._observed(day), self._estimated(day)
        rounded = {mode: self._visits(day.date, mode, observed[rank] + estimated[rank]) for mode, rank in _MODES}
        return DayFigure(
            rounded["staffed"],
            rounded["self_service"],
            sum(observed.values(), Fraction(0)),
            sum(estimated.values(), Fraction(0)),
            self._quality(day),
            self._unbalanced(day),
            self._unit_visits(day),
        )

    def _observed(self, day: Day) -> dict[int, Fraction]:
        halves = [0, 0, 0]
        for counter in self.knowledge.outer:
            for cell in self._of(counter, day):
                halves[cell.rank] += cell.halves_in or 0
        return {rank: Fraction(halves[rank], 2) for rank in (STAFFED, SELF_SERVICE)}

    def _estimated(self, day: Day) -> dict[int, Fraction]:
        sums = dict.fromkeys((STAFFED, SELF_SERVICE), Fraction(0))
        for gap in self.missing(day.date):
            sums[gap.cell.rank] += gap.estimate or 0
        return sums

    def _visits(self, date: dt.date, mode: OpenMode, entries: Fraction) -> int:
        corrected = self.knowledge.correction(date, mode)
        return int(half_up(entries * (1 - self.knowledge.staff_share))) if corrected is None else corrected

    def _quality(self, day: Day) -> Quality:
        if not self._line(day).is_open(day.start, day.end):
            return "closed"
        if not any(is_valid_on(counter, day) for counter in self.knowledge.outer):
            return "incomplete"
        if gaps := self.missing(day.date):
            return "incomplete" if any(gap.estimate is None for gap in gaps) else "imputed"
        return "observed"

    def _unbalanced(self, day: Day) -> bool:
        """In and out of all hours, also closed ones, differ by more than 15 % of the larger."""
        entered, left = 0, 0
        for counter in self.knowledge.outer:
            for cell in self._of(counter, day):
                entered += cell.halves_in or 0
                left += cell.halves_out
        return 100 * abs(entered - left) > 15 * max(entered, left)

    def _unit_visits(self, day: Day) -> dict[UUID, int]:
        """A unit with neither a zone counter valid that date nor a manual count has no figure."""
        halves: dict[UUID, int] = {}
        for counter in self.knowledge.zones:
            if counter.unit_id and is_valid_on(counter, day):
                seen = sum(cell.halves_in or 0 for cell in self._of(counter, day) if cell.rank)
                halves[counter.unit_id] = halves.get(counter.unit_id, 0) + seen
        visits = {unit_id: int(half_up(Fraction(count, 2))) for unit_id, count in halves.items()}
        return visits | self.knowledge.manual_counts(day.date)

    def _median(self, counter: Counter, date: dt.date, cell: Cell) -> int | None:
        """In quarters of a person: of what the counter saw at the same clock time in the same mode on the eight same
        weekdays before. None with too few of them."""
        slot = cell.clock, cell.rank
        seen = sorted(halves for week in self._alike_weeks(counter, date) for halves in week.get(slot, ()))
        if len(seen) < _FEWEST_COMPARABLE:
            return None
        return seen[(len(seen) - 1) // 2] + seen[len(seen) // 2]

    def _alike_weeks(self, counter: Counter, date: dt.date) -> Sequence[_Alike]:
        key = counter.counter_id, date
        if key not in self._weeks:
            dates = (date - dt.timedelta(weeks=back) for back in _WEEKS_BACK)
            self._weeks[key] = [self._comparable(counter, week) for week in dates if week not in self.facts.holidays]
        return self._weeks[key]

    def _ratio(self, day: Day) -> Fraction:
        """How the date compares with its like at the counters that worked."""
        halves, quarters = 0, 0
        for counter in self.knowledge.outer:
            for cell in self._of(counter, day):
                if cell.rank and cell.halves_in is not None:
                    median = self._median(counter, day.date, cell)
                    if median is not None:
                        halves += cell.halves_in
                        quarters += median
        if quarters < 4 * _LEAST_SUM_FOR_RATIO:
            return Fraction(1)
        return min(max(Fraction(2 * halves, quarters), _LOWEST_RATIO), _HIGHEST_RATIO)

    def _comparable(self, counter: Counter, date: dt.date) -> _Alike:
        key = counter.counter_id, date
        if key not in self._alike:
            alike: _Alike = {}
            for cell in self._of(counter, day_of(date, self.facts.zone)):
                if cell.halves_in is not None:
                    alike.setdefault((cell.clock, cell.rank), []).append(cell.halves_in)
            self._alike[key] = alike
        return self._alike[key]

    def _of(self, counter: Counter, day: Day) -> Sequence[Cell]:
        key = counter.counter_id, day.date
        if key not in self._cells:
            readings = self.facts.readings.get(counter.counter_id, {})
            self._cells[key] = cells(counter, day, self.facts.zone, self._line(day), readings, self.at)
        return self._cells[key]

    def _line(self, day: Day) -> Timeline:
        return self.knowledge.timeline(day)
