"""Head counts and enquiries beside the doors (E.10), as they may be shown (E.11)."""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import NamedTuple

from services.aggregator.visitors.facts import Measure, Micros, Tally
from shared.suppression import HIDDEN, Shown, is_small


class Beside(NamedTuple):
    """What stands beside a row's door visits; None where nothing was counted."""

    participations: Shown | None = None
    off_site_participations: Shown | None = None
    contacts: Shown | None = None


class Heads:
    """The tallies of a square, by measure and local date."""

    def __init__(self, tallies: Iterable[Tally]) -> None:
        self._of: Mapping[tuple[Measure, dt.date], list[Tally]] = defaultdict(list)
        for tally in tallies:
            self._of[tally.measure, tally.date].append(tally)

    def beside(self, dates: Sequence[dt.date], published: Micros, at: Micros) -> Beside:
        """As of `at`. What the row of these dates hid when it was published, or at any time since, stays hidden."""
        return Beside(
            self._shown("participations", dates, published, at),
            self._shown("off_site_participations", dates, published, at),
            self._shown("contacts", dates, published, at),
        )

    def _shown(self, measure: Measure, dates: Sequence[dt.date], published: Micros, at: Micros) -> Shown | None:
        tallies = [tally for date in dates for tally in self._of.get((measure, date), ())]
        shown = [_Sum(tallies, at).shown()] if at < published else list(_since(tallies, published, at))
        return HIDDEN if HIDDEN in shown else shown[-1]


class _Sum:
    """What tallies come to. A sum that holds anything restricted is restricted."""

    def __init__(self, tallies: Sequence[Tally], at: Micros) -> None:
        self._known: dict[int, tuple[int, bool]] = {}
        self._total = self._restricted = 0
        for number, tally in enumerate(tallies):
            self.know(number, tally, at)

    def know(self, number: int, tally: Tally, at: Micros) -> None:
        """Puts what is known of one tally at `at` in place of what was."""
        before, restricted = self._known.pop(number, (0, False))
        self._total, self._restricted = self._total - before, self._restricted - restricted
        if (count := tally.known(at)) is not None:
            self._known[number] = count, tally.classification == "restricted"
            self._total, self._restricted = self._total + count, self._restricted + self._known[number][1]

    def shown(self) -> Shown | None:
        if not self._known:
            return None
        return HIDDEN if is_small(self._total, "restricted" if self._restricted else "internal") else self._total


def _since(tallies: Sequence[Tally], published: Micros, at: Micros) -> Iterator[Shown | None]:
    """What was shown at publication, and after each later word up to `at`."""
    total = _Sum(tallies, published)
    yield total.shown()
    late = sorted(
        (told, number) for number, tally in enumerate(tallies) for told, _ in tally.counts if published < told <= at
    )
    for told, changed in groupby(late, key=lambda one: one[0]):
        for _, number in changed:
            total.know(number, tallies[number], told)
        yield total.shown()
