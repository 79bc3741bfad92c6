"""What counters says: counters as decided, and every reading of every interval."""

from typing import Literal

from shared.types import Contract, Count, Flag, Id, Instant, LocalDate, SmallCount

IntervalMinutes = Literal[5, 10, 15, 30, 60]
CounterKind = Literal["outer", "zone"]
Feed = Literal["interval", "beam", "cumulative"]


class Counter(Contract):
    """One decision about a counter's settings; it holds for all of the counter's readings."""

    counter_id: Id
    decision: SmallCount
    decided_at: Instant
    square_id: Id
    unit_id: Id | None = None
    kind: CounterKind
    interval_minutes: IntervalMinutes
    swapped: Flag = False
    valid_from: Instant | None = None
    valid_to: Instant | None = None
    max_per_minute: SmallCount = 40
    feed: Feed = "interval"


class Reading(Contract):
    """What the device said, before any setting is applied: persons, breaks of a beam, or a running total.

    Raw, because a later decision about the counter (`feed`, `swapped`) holds for all of its readings.
    """

    count_in: Count
    count_out: Count
    sequence: Count = 0
    received_at: Instant


class Interval(Contract):
    """All different readings that arrived for one interval of one counter, in order of arrival."""

    counter_id: Id
    square_id: Id
    start: Instant
    readings: list[Reading]


class ManualCount(Contract):
    """A unit's visits on one local date as counted by hand; the newest decision about a unit and date holds."""

    manual_id: Id
    decision: SmallCount
    decided_at: Instant
    square_id: Id
    unit_id: Id
    date: LocalDate
    count: SmallCount


class Correction(Contract):
    """A person's figure for one mode of one local date, beside the readings; null withdraws what was corrected.

    Why and by whom stays with counters: the figures need neither.
    """

    correction_id: Id
    decision: SmallCount
    decided_at: Instant
    square_id: Id
    date: LocalDate
    mode: Literal["staffed", "self_service"]
    door_visits: SmallCount | None = None


EVENTS: dict[str, type[Contract]] = {
    "counter.decided.v1": Counter,
    "interval.recorded.v1": Interval,
    "manual_count.decided.v1": ManualCount,
    "correction.decided.v1": Correction,
}
