"""What each counter saw on each date, worked out once for all instants between which nothing about it changed."""

import datetime as dt
from bisect import bisect_right
from collections import defaultdict

from services.aggregator.visitors.cells import Counted, counted
from services.aggregator.visitors.facts import DAY, MINUTE, Counter, Facts, Micros
from services.aggregator.visitors.modes import Day, Timeline, day_of
from services.aggregator.visitors.periods import published_at

# Entries in halves of a person, by clock minute and mode.
Alike = dict[tuple[int, int], list[int]]
State = tuple[str, int]
# No date is published earlier than this after any of its intervals began.
_SOONEST_PUBLISHED = 7 * DAY


class Seen:
    def __init__(self, facts: Facts) -> None:
        self._facts = facts
        self._days: dict[dt.date, tuple[Day, Micros]] = {}
        self._counted: dict[tuple[int, dt.date, int, State], Counted] = {}
        self._alike: dict[tuple[int, dt.date, int, State], Alike] = {}
        self._late = {date: sorted(instants) for date, instants in self._received_late().items()}

    def day(self, date: dt.date) -> Day:
        return self._day(date)[0]

    def late(self, date: dt.date) -> list[Micros]:
        """When readings of outer counters for the date arrived that may have come after publication, in order."""
        return self._late.get(date, [])

    def state(self, date: dt.date, at: Micros) -> State:
        """Equal where the readings of outer counters for the date known at both instants are the same."""
        if at < self._day(date)[1]:
            return "at", at
        return "late", bisect_right(self.late(date), at)

    def counted(self, counter: Counter, date: dt.date, line: Timeline, at: Micros) -> Counted:
        key = id(counter), date, id(line), self.state(date, at) if counter.kind == "outer" else ("at", at)
        if key not in self._counted:
            readings = self._facts.readings.get(counter.counter_id, {})
            self._counted[key] = counted(counter, self.day(date), self._facts.zone, line, readings, at)
        return self._counted[key]

    def alike(self, counter: Counter, date: dt.date, line: Timeline, at: Micros) -> Alike:
        """What the counter observed on the date, for later dates to be compared with."""
        key = id(counter), date, id(line), self.state(date, at)
        if key not in self._alike:
            alike: Alike = {}
            for cell in self.counted(counter, date, line, at).cells:
                if cell.halves_in is not None:
                    alike.setdefault((cell.clock, cell.rank), []).append(cell.halves_in)
            self._alike[key] = alike
        return self._alike[key]

    def _day(self, date: dt.date) -> tuple[Day, Micros]:
        if date not in self._days:
            zone = self._facts.zone
            self._days[date] = day_of(date, zone), published_at(date, zone)
        return self._days[date]

    def _received_late(self) -> dict[dt.date, set[Micros]]:
        late: dict[dt.date, set[Micros]] = defaultdict(set)
        outer = [counter for counter in self._facts.counters if counter.kind == "outer"]
        totals = {counter.counter_id for counter in outer if counter.feed == "cumulative"}
        for counter_id in {counter.counter_id for counter in outer}:
            for start, versions in self._facts.readings.get(counter_id, {}).items():
                soonest = start * MINUTE + _SOONEST_PUBLISHED
                arrived = [version[0] for version in versions if version[0] > soonest]
                if arrived:
                    late[self._date(start)].update(arrived)
                    if counter_id in totals:  # a sample also ends the interval before it, maybe on the date before
                        late[self._date(start - 1)].update(arrived)
        return late

    def _date(self, minute: int) -> dt.date:
        return dt.datetime.fromtimestamp(minute * 60, self._facts.zone).date()
