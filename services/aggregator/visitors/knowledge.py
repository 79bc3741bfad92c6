"""The decisions that hold at an instant: of each kind the newest that was known."""

import datetime as dt
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from fractions import Fraction
from itertools import chain
from typing import Any, Protocol, TypeVar
from uuid import UUID

from services.aggregator.visitors.facts import Closure, Counter, Facts, Micros, OpenMode
from services.aggregator.visitors.modes import Day, Timeline, timeline
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

    def __init__(self, facts: Facts, at: Micros) -> None:
        self._facts = facts
        counters = _newest(facts.counters, at, lambda counter: counter.counter_id).values()
        here = sorted((c for c in counters if c.square_id == facts.square_id), key=lambda c: c.counter_id)
        self.outer: list[Counter] = [counter for counter in here if counter.kind == "outer"]
        self.zones: list[Counter] = [counter for counter in here if counter.kind == "zone"]
        shares = _newest(facts.settings, at, lambda _: None)
        self.staff_share = shares[None].staff_share if shares else Fraction(0)
        hours = _newest(facts.hours, at, lambda decision: decision.unit_id)
        self._hours = {unit_id: opening_hours.parse(one.periods) for unit_id, one in hours.items() if one.periods}
        self._corrections = _newest(facts.corrections, at, lambda c: (c.date, c.mode))
        self._manual = _newest(facts.manual_counts, at, lambda count: (count.date, count.unit_id))
        self._closures = list(_known_closures(facts.closures, at))
        self._lines: dict[dt.date, Timeline] = {}

    def correction(self, date: dt.date, mode: OpenMode) -> int | None:
        found = self._corrections.get((date, mode))
        return found.door_visits if found else None

    def manual_counts(self, date: dt.date) -> dict[UUID, int]:
        return {count.unit_id: count.count for count in self._manual.values() if count.date == date}

    def timeline(self, day: Day) -> Timeline:
        if day.date not in self._lines:
            self._lines[day.date] = timeline(day, self._facts.zone, self._units, self._pieces, self._gaps)
        return self._lines[day.date]

    def _units(self, date: dt.date) -> list[UUID]:
        return [unit.unit_id for unit in self._facts.units if unit.belongs(date)]

    def _pieces(self, unit_id: UUID, date: dt.date) -> Sequence[tuple[str, str, str]]:
        hours = self._hours.get(unit_id)
        return hours.pieces(date) if hours else ()

    def _gaps(self, unit_id: UUID) -> list[tuple[Micros, Micros]]:
        return [(start, end) for whom, start, end in self._closures if whom in (None, unit_id)]


class Epochs:
    """Finds the knowledge of any instant, building each stretch between two decisions once."""

    def __init__(self, facts: Facts) -> None:
        self._facts = facts
        self._from = sorted({at for at, _ in decisions(facts)})
        self._built: dict[int, Knowledge] = {}

    def at(self, instant: Micros) -> Knowledge:
        epoch = bisect_right(self._from, instant)
        if epoch not in self._built:
            self._built[epoch] = Knowledge(self._facts, instant)
        return self._built[epoch]


def decisions(facts: Facts) -> Iterator[tuple[Micros, Any]]:
    """Every instant at which something was decided, with what."""
    kinds: tuple[Sequence[Decision], ...] = (
        facts.counters,
        facts.hours,
        facts.settings,
        facts.corrections,
        facts.manual_counts,
    )
    for decided in chain.from_iterable(kinds):
        yield decided.decided_at, decided
    for closure in facts.closures:
        yield closure.declared_at, closure
        if closure.lifted_at is not None:
            yield closure.lifted_at, closure


def _newest(decided: Iterable[D], at: Micros, key: Callable[[D], Any]) -> dict[Any, D]:
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
