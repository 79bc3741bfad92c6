"""The decisions that hold at an instant: of each kind the newest that was known."""

import datetime as dt
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from fractions import Fraction
from itertools import chain
from typing import Any, NamedTuple, Protocol, TypeVar
from uuid import UUID

from services.aggregator.visitors.facts import Closure, Counter, Facts, Hours, Micros, Settings
from services.aggregator.visitors.modes import Day, Gaps, Pieces, Timeline, timeline
from shared.contracts import opening_hours

D = TypeVar("D", bound="Decision")
_ALWAYS_LATER = 2**62


class Decision(Protocol):
    @property
    def decision(self) -> int: ...
    @property
    def decided_at(self) -> Micros: ...


class Knowledge:
    """What had been decided up to `at`; the same object serves every instant until the next decision."""

    def __init__(self, facts: Facts, at: Micros, lines: "Lines") -> None:
        counters = newest(facts.counters, at, lambda counter: counter.counter_id).values()
        here = sorted((c for c in counters if c.square_id == facts.square_id), key=lambda c: c.counter_id)
        self.outer: tuple[Counter, ...] = tuple(counter for counter in here if counter.kind == "outer")
        self.zones: tuple[Counter, ...] = tuple(counter for counter in here if counter.kind == "zone")
        shares = newest(facts.settings, at, lambda _: None)
        self.staff_share = shares[None].staff_share if shares else Fraction(0)
        hours = newest(facts.hours, at, lambda decision: decision.unit_id)
        self._opening = Opening(tuple(hours.values()), tuple(_known_closures(facts.closures, at)))
        self._lines = lines

    def timeline(self, day: Day) -> Timeline:
        """The same object wherever the modes of the date are the same."""
        return self._lines.of(self._opening, day)


class Opening(NamedTuple):
    hours: tuple[Hours, ...]
    closures: tuple[tuple[UUID | None, Micros, Micros], ...]


class Lines:
    """Builds each date's line once for each state of opening hours and closures."""

    def __init__(self, facts: Facts) -> None:
        self._facts = facts
        self._of: dict[tuple[tuple[int, ...], tuple[Any, ...], dt.date], Timeline] = {}
        self._same: dict[Timeline, Timeline] = {}

    def of(self, opening: Opening, day: Day) -> Timeline:
        key = tuple(map(id, opening.hours)), opening.closures, day.date
        if key not in self._of:
            built = timeline(day, self._facts.zone, self._units, _pieces(opening.hours), _gaps(opening))
            self._of[key] = self._same.setdefault(built, built)
        return self._of[key]

    def _units(self, date: dt.date) -> list[UUID]:
        return [unit.unit_id for unit in self._facts.units if unit.belongs(date)]


def _pieces(decided: Iterable[Hours]) -> Pieces:
    hours = {one.unit_id: opening_hours.parse(one.periods) for one in decided if one.periods}
    return lambda unit_id, date: hours[unit_id].pieces(date) if unit_id in hours else ()


def _gaps(opening: Opening) -> Gaps:
    return lambda unit_id: [(start, end) for whom, start, end in opening.closures if whom in (None, unit_id)]


class Epochs:
    """Finds the knowledge of any instant, building each stretch between two decisions once."""

    def __init__(self, facts: Facts) -> None:
        self._facts, self._lines = facts, Lines(facts)
        self._from = sorted({at for at, _ in decisions(facts)})
        self._built: dict[int, Knowledge] = {}

    def at(self, instant: Micros) -> Knowledge:
        epoch = bisect_right(self._from, instant)
        if epoch not in self._built:
            self._built[epoch] = Knowledge(self._facts, instant, self._lines)
        return self._built[epoch]


def decisions(facts: Facts) -> Iterator[tuple[Micros, Counter | Hours | Settings | Closure]]:
    """Every instant at which something was decided that concerns all dates, with what."""
    kinds: tuple[Sequence[Counter | Hours | Settings], ...] = (facts.counters, facts.hours, facts.settings)
    for decided in chain.from_iterable(kinds):
        yield decided.decided_at, decided
    for closure in facts.closures:
        yield closure.declared_at, closure
        if closure.lifted_at is not None:
            yield closure.lifted_at, closure


def newest(decided: Iterable[D], at: Micros, key: Callable[[D], Any]) -> dict[Any, D]:
    """Per key the decision made last; of several at one instant the one with the highest number."""
    known = [item for item in decided if item.decided_at <= at]
    return {key(item): item for item in sorted(known, key=lambda item: (item.decided_at, item.decision))}


def _known_closures(closures: Iterable[Closure], at: Micros) -> Iterator[tuple[UUID | None, Micros, Micros]]:
    """A closure ends when it was meant to, or when it was lifted, as far as that was known."""
    for closure in closures:
        if closure.declared_at <= at:
            end = _ALWAYS_LATER if closure.ends_at is None else closure.ends_at
            if closure.lifted_at is not None and closure.lifted_at <= at:
                end = min(end, closure.lifted_at)
            yield closure.unit_id, closure.starts_at, end
