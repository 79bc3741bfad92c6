"""When there is too little of a thing that is carried from room to room. Pure.

away      1 1 2 2 2 1 1 0 0          of 2: whoever wants 1 can have it outside the middle,
short     - - # # # - - - -          whoever wants 2 only at the end
"""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from uuid import UUID

from services.facility.booking.free import Range, merge, overlaps
from shared.contracts.facility import Equipment


@dataclass(frozen=True)
class Use:
    """Who has how many, with the way there and back."""

    booking_id: UUID
    equipment_id: UUID
    count: int
    time: Range


@dataclass(frozen=True)
class Lack:
    """Too little of a thing for a booking."""

    thing: Equipment
    wanted: int
    free: int


def way(thing: Equipment, places: Iterable[tuple[UUID, UUID | None]]) -> dt.timedelta:
    """One way to the farthest of the (square, unit). A room that is no unit's is not home to a unit's thing."""
    found = list(places)
    if any(square != thing.square_id for square, _ in found):
        return dt.timedelta(minutes=thing.square_minutes)
    if thing.unit_id is not None and any(unit != thing.unit_id for _, unit in found):
        return dt.timedelta(minutes=thing.unit_minutes)
    return dt.timedelta(0)


def short(uses: Sequence[Use], left: int) -> list[Range]:
    """When more than `left` are away."""
    found: list[Range] = []
    edges = sorted({edge for use in uses for edge in use.time})
    for start, end in pairwise(edges):
        if sum(use.count for use in uses if use.time[0] <= start < use.time[1]) > left:
            found.append((start, end))
    return merge(found)


def in_the_way(uses: Sequence[Use], there: int, wanted: Use) -> list[Use]:
    """Those who have what is wanted at a time when there is too little left; none when it can be had."""
    meeting = _meeting(uses, wanted)
    times = [time for time in short(meeting, there - wanted.count) if overlaps(time, wanted.time)]
    return [use for use in meeting if any(overlaps(use.time, time) for time in times)]


def least_left(uses: Sequence[Use], there: int, wanted: Use) -> int:
    """How many there are all the time that is wanted."""
    return max(0, there - most_away([_within(use, wanted.time) for use in _meeting(uses, wanted)]))


def most_away(uses: Sequence[Use]) -> int:
    return max((sum(other.count for other in uses if _has(other, use.time[0])) for use in uses), default=0)


def _meeting(uses: Sequence[Use], wanted: Use) -> list[Use]:
    return [use for use in uses if use.equipment_id == wanted.equipment_id and overlaps(use.time, wanted.time)]


def _within(use: Use, time: Range) -> Use:
    return replace(use, time=(max(use.time[0], time[0]), min(use.time[1], time[1])))


def _has(use: Use, at: dt.datetime) -> bool:
    return use.time[0] <= at < use.time[1]
