"""What visitor figures are made of: decisions and readings, each with the instant from which it was known.

Nothing here depends on the clock, and nothing is ever changed by a later fact: a figure as of T is a function of the
facts known at T. Instants are whole microseconds since 1970, exact and quick to compare.
"""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, Literal
from uuid import UUID
from zoneinfo import ZoneInfo

from shared.suppression import Classification

Micros = int
MINUTE: Micros = 60_000_000
DAY: Micros = 1440 * MINUTE
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_MICROSECOND = dt.timedelta(microseconds=1)

OpenMode = Literal["staffed", "self_service"]
# What stands beside the doors (E.10).
Measure = Literal["participations", "off_site_participations", "contacts"]
# One reading of an interval: received at, sequence, in, out. The order of tuples is the order of rule E.2: of
# different readings the greatest counts.
Version = tuple[Micros, int, int, int]
# Per counter and start (whole minutes since 1970): the different readings, in that order.
Readings = Mapping[UUID, Mapping[int, Sequence[Version]]]


def micros(instant: dt.datetime) -> Micros:
    return (instant - _EPOCH) // _MICROSECOND


def instant(at: Micros) -> dt.datetime:
    return _EPOCH + at * _MICROSECOND


@dataclass(frozen=True)
class Counter:
    """One decision about a counter; the newest known holds for all of its readings."""

    counter_id: UUID
    decision: int
    decided_at: Micros
    square_id: UUID
    unit_id: UUID | None
    kind: Literal["outer", "zone"]
    minutes: int
    swapped: bool = False
    valid_from: Micros | None = None
    valid_to: Micros | None = None
    max_per_minute: int = 40
    feed: Literal["interval", "beam", "cumulative"] = "interval"


@dataclass(frozen=True)
class Hours:
    """One decision about a unit's opening hours; `periods` None: none of its own."""

    unit_id: UUID
    decision: int
    decided_at: Micros
    periods: Sequence[Mapping[str, Any]] | None


@dataclass(frozen=True)
class Settings:
    decision: int
    decided_at: Micros
    staff_share: Fraction


@dataclass(frozen=True)
class Closure:
    """An emergency closure of one unit, or of the whole square when `unit_id` is None."""

    unit_id: UUID | None
    starts_at: Micros
    ends_at: Micros | None
    declared_at: Micros
    lifted_at: Micros | None = None


@dataclass(frozen=True)
class Correction:
    """A person's figure for one mode of one date; `door_visits` None withdraws what was corrected before."""

    decision: int
    decided_at: Micros
    date: dt.date
    mode: OpenMode
    door_visits: int | None


@dataclass(frozen=True)
class ManualCount:
    decision: int
    decided_at: Micros
    unit_id: UUID
    date: dt.date
    count: int


@dataclass(frozen=True)
class Tally:
    """One occurrence, or one desk's hour. `counts`: when each was told, and how many, the newest revision last."""

    measure: Measure
    date: dt.date
    classification: Classification
    counts: Sequence[tuple[Micros, int]]

    def known(self, at: Micros) -> int | None:
        return next((count for told, count in reversed(self.counts) if told <= at), None)


@dataclass(frozen=True)
class Unit:
    """`memberships`: local dates in the square, the last not included; None leaves that side open."""

    unit_id: UUID
    memberships: Sequence[tuple[dt.date | None, dt.date | None]]

    def belongs(self, date: dt.date) -> bool:
        return any((not first or first <= date) and (not after or date < after) for first, after in self.memberships)


@dataclass(frozen=True)
class Facts:
    """All of one square, as far as it is known; `holidays` are the national public holidays of the years asked."""

    square_id: UUID
    zone: ZoneInfo
    units: Sequence[Unit] = ()
    hours: Sequence[Hours] = ()
    closures: Sequence[Closure] = ()
    settings: Sequence[Settings] = ()
    counters: Sequence[Counter] = ()
    corrections: Sequence[Correction] = ()
    manual_counts: Sequence[ManualCount] = ()
    holidays: frozenset[dt.date] = frozenset()
    readings: Readings = field(default_factory=dict)
    tallies: Sequence[Tally] = ()


def fold_readings(rows: Iterable[tuple[UUID, int, Micros, int, int, int]]) -> dict[UUID, dict[int, list[Version]]]:
    """Rows of counter, start, received at, sequence, in and out, in any order and with repeats."""
    folded: dict[UUID, dict[int, list[Version]]] = {}
    for counter_id, start, *version in rows:
        folded.setdefault(counter_id, {}).setdefault(start, []).append(tuple(version))  # type: ignore[arg-type]  # four numbers
    for starts in folded.values():
        for versions in starts.values():
            if len(versions) > 1:
                versions.sort()
    return folded
