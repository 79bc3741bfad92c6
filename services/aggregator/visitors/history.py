"""What changed a published figure, and when (E.9).

A figure as of T never looks at anything later than T, so its revisions are found by computing it again at each instant
at which something relevant was received or decided after it was published.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Literal, get_args

from services.aggregator.visitors.facts import (
    DAY,
    MINUTE,
    Closure,
    Correction,
    Counter,
    Facts,
    Hours,
    ManualCount,
    Micros,
    Settings,
)
from services.aggregator.visitors.figures import DayFigure, Evaluation
from services.aggregator.visitors.knowledge import Epochs, decisions

Cause = Literal["late_readings", "correction", "opening_changed", "counter_changed", "settings_changed"]
IN_ORDER: tuple[Cause, ...] = get_args(Cause)
# No date is published earlier than this after any of its intervals began.
_SOONEST_PUBLISHED = 7 * DAY
_WEEKS_BACK = range(9)
_CAUSE_OF: dict[type, Cause] = {
    Hours: "opening_changed",
    Closure: "opening_changed",
    Counter: "counter_changed",
    Settings: "settings_changed",
}
Causes = set[Cause]


class History:
    """Figures of a square's dates at any instant, and the instants that may have changed them."""

    def __init__(self, facts: Facts) -> None:
        self.facts = facts
        self._epochs = Epochs(facts)
        self._evaluations: dict[Micros, Evaluation] = {}
        self._of_all, self._of_date = _decided(facts)
        self._received = _received_late(facts)

    def evaluation(self, at: Micros) -> Evaluation:
        if at not in self._evaluations:
            self._evaluations[at] = Evaluation(self.facts, self._epochs.at(at), at)
        return self._evaluations[at]

    def changes(self, date: dt.date, after: Micros, until: Micros) -> dict[Micros, Causes]:
        """Instants in (after, until] at which the date's figure may have changed, with what happened then."""
        found: dict[Micros, Causes] = defaultdict(set)
        for happened in self._concerning(date):
            for at, causes in happened.items():
                if after < at <= until:
                    found[at] |= causes
        return found

    def _concerning(self, date: dt.date) -> Iterator[dict[Micros, Causes]]:
        yield self._of_all
        yield self._of_date.get(date, {})
        for back in _WEEKS_BACK:  # a late reading also changes what later dates were compared with
            yield self._received.get(date - dt.timedelta(weeks=back), {})

    def figure(self, date: dt.date, at: Micros, changes: Iterable[Micros], base: Micros, until: Micros) -> DayFigure:
        """As of `at`, given all `changes` of the date between `base` and `until`.

        Between two changes the figure stands still, so the same few evaluations serve every date of a period.
        """
        instants = sorted(changes)
        if not instants:
            return self.evaluation(until).figure(date)
        latest = max((instant for instant in instants if instant <= at), default=base)
        return self.evaluation(latest).figure(date)


def _decided(facts: Facts) -> tuple[dict[Micros, Causes], dict[dt.date, dict[Micros, Causes]]]:
    """Decisions that may change any date, and those about one date."""
    of_all: dict[Micros, Causes] = defaultdict(set)
    of_date: dict[dt.date, dict[Micros, Causes]] = defaultdict(lambda: defaultdict(set))
    outer = {counter.counter_id for counter in facts.counters if counter.kind == "outer"}
    for at, decision in decisions(facts):
        if isinstance(decision, Correction):
            of_date[decision.date][at].add("correction")
        elif not isinstance(decision, ManualCount) and (
            not isinstance(decision, Counter) or decision.counter_id in outer
        ):
            of_all[at].add(_CAUSE_OF[type(decision)])
    return of_all, of_date


def _received_late(facts: Facts) -> dict[dt.date, dict[Micros, Causes]]:
    """By local date of the interval: when readings arrived that may have come after publication."""
    late: dict[dt.date, dict[Micros, Causes]] = defaultdict(lambda: defaultdict(set))
    outer = {counter.counter_id for counter in facts.counters if counter.kind == "outer"}
    for counter_id in outer:
        for start, versions in facts.readings.get(counter_id, {}).items():
            for received, *_ in versions:
                if received > start * MINUTE + _SOONEST_PUBLISHED:
                    for date in _dates_touched(start, facts):
                        late[date][received].add("late_readings")
    return late


def _dates_touched(start: int, facts: Facts) -> set[dt.date]:
    """A sample of a running total also ends the interval before it, which may lie on the date before."""
    return {dt.datetime.fromtimestamp(seconds, facts.zone).date() for seconds in (start * 60, start * 60 - 60)}
