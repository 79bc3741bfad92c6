"""Arithmetic of half-open time ranges: merging, gaps, and where a booking of a wanted length still fits. Pure."""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

Range = tuple[dt.datetime, dt.datetime]
_MINUTE = dt.timedelta(minutes=1)


@dataclass(frozen=True)
class Wanted:
    """A booking of `length` somewhere inside `window`, with its setup before and teardown after."""

    window: Range
    length: dt.timedelta
    setup: dt.timedelta
    teardown: dt.timedelta


def free_ranges(wanted: Wanted, occupied: Iterable[Range], hours: Iterable[Sequence[Range] | None]) -> list[Range]:
    """The longest ranges of bare time in which every booking of the wanted length is accepted.

        occupied   ####              ######        buffered ranges of all leaves together
        gap            [              )
        bare time       <setup>[    )<teardown>    also inside the window and the hours of every named space

    `hours` holds one list of open spans per named space, None for one that is always open.
    """
    bare = [
        (start + wanted.setup, end - wanted.teardown)
        for start, end in gaps(occupied, (wanted.window[0] - wanted.setup, wanted.window[1] + wanted.teardown))
    ]
    for spans in hours:
        if spans is not None:
            bare = intersect(bare, merge(spans))
    clipped = (whole_minutes(piece) for piece in intersect(bare, [wanted.window]))
    return [(start, end) for start, end in clipped if end - start >= wanted.length]


def merge(ranges: Iterable[Range]) -> list[Range]:
    """Sorted, with overlapping and touching ranges made one."""
    merged: list[Range] = []
    for start, end in sorted(ranges):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((start, end))
    return merged


def gaps(occupied: Iterable[Range], window: Range) -> list[Range]:
    """What is left of `window`, in order."""
    left, cursor = [], window[0]
    for start, end in merge(occupied):
        if start > cursor:
            left.append((cursor, min(start, window[1])))
        cursor = max(cursor, end)
        if cursor >= window[1]:
            return left
    left.append((cursor, window[1]))
    return left


def intersect(first: Iterable[Range], second: Iterable[Range]) -> list[Range]:
    """What lies in both. Each is in order and without overlaps; what ends before it starts counts as nothing."""
    left, right = ([(start, end) for start, end in side if start < end] for side in (first, second))
    both: list[Range] = []
    i = j = 0
    while i < len(left) and j < len(right):
        start, end = max(left[i][0], right[j][0]), min(left[i][1], right[j][1])
        if start < end:
            both.append((start, end))
        if left[i][1] < right[j][1]:
            i += 1
        else:
            j += 1
    return both


def covers(spans: Sequence[Range] | None, start: dt.datetime, end: dt.datetime) -> bool:
    """Whether one merged span holds all of `[start, end)`; None is always open."""
    return spans is None or any(a <= start and end <= b for a, b in merge(spans))


def overlaps(first: Range, second: Range) -> bool:
    """Touching ranges do not overlap."""
    return first[0] < second[1] and second[0] < first[1]


def whole_minutes(piece: Range) -> Range:
    """The whole minutes in it."""
    start = piece[0].replace(second=0, microsecond=0)
    return (start if start == piece[0] else start + _MINUTE, piece[1].replace(second=0, microsecond=0))
