"""What changed a published figure, and when (E.9).

A figure as of T never looks at anything later than T, so its revisions are found by computing it again at each instant
at which something relevant was received or decided after it was published. Most of these change nothing about a given
date; a figure made of the same parts is the same figure and is not computed twice.
"""

import datetime as dt
from collections import defaultdict
from typing import Any, Literal, get_args

from services.aggregator.visitors.facts import Closure, Counter, Facts, Hours, Micros, Settings
from services.aggregator.visitors.figures import DayFigure, Evaluation, weeks_before
from services.aggregator.visitors.knowledge import Epochs, Knowledge, decisions
from services.aggregator.visitors.seen import Seen

Cause = Literal["late_readings", "correction", "opening_changed", "counter_changed", "settings_changed"]
IN_ORDER: tuple[Cause, ...] = get_args(Cause)
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
        self._epochs, self._seen = Epochs(facts), Seen(facts)
        self._evaluations: dict[Micros, Evaluation] = {}
        self._figures: dict[Any, DayFigure] = {}
        self._decided = _decided(facts)

    def evaluation(self, at: Micros) -> Evaluation:
        if at not in self._evaluations:
            self._evaluations[at] = Evaluation(self.facts, self._epochs.at(at), self._seen, at)
        return self._evaluations[at]

    def changes(self, date: dt.date, after: Micros, until: Micros) -> dict[Micros, Causes]:
        """Instants in (after, until] at which the date's figure may have changed, with what happened then."""
        found: dict[Micros, Causes] = defaultdict(set)
        for at, causes in self._decided.items():
            if after < at <= until:
                found[at] |= causes
        for correction in self.facts.corrections:
            if correction.date == date and after < correction.decided_at <= until:
                found[correction.decided_at].add("correction")
        for week in (date, *weeks_before(date)):  # a late reading also changes what later dates were compared with
            for at in self._seen.late(week):
                if after < at <= until:
                    found[at].add("late_readings")
        return found

    def figure(self, date: dt.date, at: Micros) -> DayFigure:
        evaluation = self.evaluation(at)
        own = self._parts(evaluation.knowledge, date, at), tuple(sorted(evaluation.corrected(date).items()))
        figure = self._figures.get(own)
        if figure is None:
            with_weeks = own, tuple(self._parts(evaluation.knowledge, week, at) for week in weeks_before(date))
            figure = self._figures.get(with_weeks) or evaluation.figure(date)
            # Weeks before decide only where something is missing.
            self._figures[with_weeks if evaluation.missing(date).gaps else own] = figure
        return figure

    def _parts(self, knowledge: Knowledge, date: dt.date, at: Micros) -> tuple[Any, ...]:
        """Equal where the date's own part of the figure is the same."""
        line = knowledge.timeline(self._seen.day(date))
        return date, id(line), tuple(map(id, knowledge.outer)), knowledge.staff_share, self._seen.state(date, at)


def _decided(facts: Facts) -> dict[Micros, Causes]:
    """Decisions that may change any date."""
    found: dict[Micros, Causes] = defaultdict(set)
    outer = {counter.counter_id for counter in facts.counters if counter.kind == "outer"}
    for at, decision in decisions(facts):
        if not isinstance(decision, Counter) or decision.counter_id in outer:
            found[at].add(_CAUSE_OF[type(decision)])
    return found
