"""The figures of a date as they follow from what was known at one instant (E.3 to E.7, E.10)."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal, NamedTuple, get_args
from uuid import UUID

from services.aggregator.visitors.cells import Cell, Counted, is_valid_on
from services.aggregator.visitors.facts import MINUTE, Counter, Facts, Micros, OpenMode
from services.aggregator.visitors.knowledge import Knowledge, newest
from services.aggregator.visitors.modes import SELF_SERVICE, STAFFED, Timeline
from services.aggregator.visitors.seen import Alike, Seen

Quality = Literal["closed", "observed", "imputed", "incomplete"]
WORST_LAST: tuple[Quality, ...] = get_args(Quality)
_WEEKS_BACK = range(1, 9)
_FEWEST_COMPARABLE = 3
_LEAST_SUM_FOR_RATIO = 20
_LOWEST_RATIO, _HIGHEST_RATIO = Fraction(1, 2), Fraction(2)
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

    @property
    def door_visits(self) -> int:
        return self.staffed + self.self_service

    @property
    def imputed_share(self) -> Fraction:
        return share(self.estimated, self.observed)


class Gap(NamedTuple):
    """A missing interval of an outer counter. `quarters`: what is usual there, in quarters of a person; None where
    there is too little to compare with."""

    cell: Cell
    quarters: int | None


@dataclass(frozen=True)
class Missing:
    """Every interval that is expected and has no reading that counts, and how the date compares with its like."""

    gaps: list[Gap]
    ratio: Fraction

    def estimate(self, quarters: int) -> Fraction:
        return Fraction(quarters, 4) * self.ratio


NOTHING_MISSING = Missing([], Fraction(1))


def half_up(value: Fraction, decimals: int = 0) -> Fraction:
    scale = 10**decimals
    return Fraction((value * scale + Fraction(1, 2)).__floor__(), scale)


def share(estimated: Fraction, observed: Fraction) -> Fraction:
    """Three decimals; 0 when nothing was counted."""
    counted = estimated + observed
    return half_up(estimated / counted, 3) if counted else Fraction(0)


class Evaluation:
    """Figures of a square from what was known at `at`."""

    def __init__(self, facts: Facts, knowledge: Knowledge, seen: Seen, at: Micros) -> None:
        self.facts, self.knowledge, self.seen, self.at = facts, knowledge, seen, at
        self._missing: dict[dt.date, Missing] = {}
        self._weeks: dict[tuple[UUID, dt.date], list[Alike]] = {}

    def figure(self, date: dt.date) -> DayFigure:
        observed, estimated = self._observed(date), self._estimated(date)
        staffed, self_service = (self._visits(date, mode, observed[rank] + estimated[rank]) for mode, rank in _MODES)
        return DayFigure(
            staffed,
            self_service,
            sum(observed.values(), Fraction(0)),
            sum(estimated.values(), Fraction(0)),
            self._quality(date),
            self._unbalanced(date),
        )

    def missing(self, date: dt.date) -> Missing:
        if date not in self._missing:
            self._missing[date] = self._find_missing(date)
        return self._missing[date]

    def missing_of(self, counter: Counter, date: dt.date) -> list[Cell]:
        """Expected, once the end has passed, and not there."""
        return [cell for cell in self._of(counter, date).gaps if (cell.start + counter.minutes) * MINUTE <= self.at]

    def open_cells(self, date: dt.date) -> list[Cell]:
        """What was observed while the square was open."""
        found = (self._of(counter, date).cells for counter in self.knowledge.outer)
        return [cell for cells in found for cell in cells if cell.rank and cell.halves_in is not None]

    def unit_visits(self, date: dt.date) -> dict[UUID, int]:
        """A unit with neither a zone counter valid that date nor a manual count has no figure."""
        halves: dict[UUID, int] = {}
        for counter in self.knowledge.zones:
            if counter.unit_id and is_valid_on(counter, self.seen.day(date)):
                _, self_service, staffed = self._of(counter, date).by_rank
                halves[counter.unit_id] = halves.get(counter.unit_id, 0) + self_service + staffed
        visits = {unit_id: int(half_up(Fraction(count, 2))) for unit_id, count in halves.items()}
        counted = newest(
            (one for one in self.facts.manual_counts if one.date == date), self.at, lambda one: one.unit_id
        )
        return visits | {unit_id: one.count for unit_id, one in counted.items()}

    def corrected(self, date: dt.date) -> dict[OpenMode, int]:
        """By mode what a person has put in place of the figure."""
        said = newest((one for one in self.facts.corrections if one.date == date), self.at, lambda one: one.mode)
        return {mode: one.door_visits for mode, one in said.items() if one.door_visits is not None}

    def _find_missing(self, date: dt.date) -> Missing:
        gaps = [
            Gap(cell, self._median(counter, date, cell))
            for counter in self.knowledge.outer
            for cell in self.missing_of(counter, date)
        ]
        if not gaps:
            return NOTHING_MISSING
        return Missing(gaps, self._ratio(date) if any(gap.quarters is not None for gap in gaps) else Fraction(1))

    def _observed(self, date: dt.date) -> dict[int, Fraction]:
        found = [self._of(counter, date).by_rank for counter in self.knowledge.outer]
        return {rank: Fraction(sum(halves[rank] for halves in found), 2) for rank in (STAFFED, SELF_SERVICE)}

    def _estimated(self, date: dt.date) -> dict[int, Fraction]:
        missing, quarters = self.missing(date), [0, 0, 0]
        for gap in missing.gaps:
            quarters[gap.cell.rank] += gap.quarters or 0
        return {rank: missing.estimate(quarters[rank]) for rank in (STAFFED, SELF_SERVICE)}

    def _visits(self, date: dt.date, mode: OpenMode, entries: Fraction) -> int:
        corrected = self.corrected(date).get(mode) if self.facts.corrections else None
        return int(half_up(entries * (1 - self.knowledge.staff_share))) if corrected is None else corrected

    def _quality(self, date: dt.date) -> Quality:
        day = self.seen.day(date)
        if not self.knowledge.timeline(day).is_open(day.start, day.end):
            return "closed"
        if not any(is_valid_on(counter, day) for counter in self.knowledge.outer):
            return "incomplete"
        if gaps := self.missing(date).gaps:
            return "incomplete" if any(gap.quarters is None for gap in gaps) else "imputed"
        return "observed"

    def _unbalanced(self, date: dt.date) -> bool:
        """In and out of all hours, also closed ones, differ by more than 15 % of the larger."""
        found = [self._of(counter, date) for counter in self.knowledge.outer]
        entered, left = sum(one.entered for one in found), sum(one.left for one in found)
        return 100 * abs(entered - left) > 15 * max(entered, left)

    def _median(self, counter: Counter, date: dt.date, cell: Cell) -> int | None:
        """In quarters of a person: of what the counter saw at the same clock time in the same mode on the eight same
        weekdays before. None with too few of them."""
        slot = cell.clock, cell.rank
        seen = sorted([halves for week in self._weeks_before(counter, date) for halves in week.get(slot, ())])
        if len(seen) < _FEWEST_COMPARABLE:
            return None
        return seen[(len(seen) - 1) // 2] + seen[len(seen) // 2]

    def _weeks_before(self, counter: Counter, date: dt.date) -> Sequence[Alike]:
        key = counter.counter_id, date
        if key not in self._weeks:
            weeks = (self._alike(counter, week) for week in weeks_before(date) if week not in self.facts.holidays)
            self._weeks[key] = [alike for alike in weeks if alike]
        return self._weeks[key]

    def _ratio(self, date: dt.date) -> Fraction:
        """How the date compares with its like at the counters that worked."""
        halves, quarters = 0, 0
        for counter in self.knowledge.outer:
            for cell in self._of(counter, date).cells:
                if cell.rank and cell.halves_in is not None:
                    median = self._median(counter, date, cell)
                    if median is not None:
                        halves += cell.halves_in
                        quarters += median
        if quarters < 4 * _LEAST_SUM_FOR_RATIO:
            return Fraction(1)
        return min(max(Fraction(2 * halves, quarters), _LOWEST_RATIO), _HIGHEST_RATIO)

    def _alike(self, counter: Counter, date: dt.date) -> Alike:
        return self.seen.alike(counter, date, self._line(date), self.at)

    def _of(self, counter: Counter, date: dt.date) -> Counted:
        return self.seen.counted(counter, date, self._line(date), self.at)

    def _line(self, date: dt.date) -> Timeline:
        return self.knowledge.timeline(self.seen.day(date))


def weeks_before(date: dt.date) -> list[dt.date]:
    """The same weekdays that a missing interval is compared with."""
    return [date - dt.timedelta(weeks=back) for back in _WEEKS_BACK]
