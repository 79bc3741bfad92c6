"""Which of the free times to offer to somebody who wanted another. Pure."""

import datetime as dt
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from zoneinfo import ZoneInfo

from services.facility.booking.free import Range

MOST = 3
DAYS_AHEAD = 14
SHORTEST = dt.timedelta(minutes=15)
_MINUTE = dt.timedelta(minutes=1)
_ASIDE = MOST + 2  # free ranges on either side: the nearest are among them


def nearest(ranges: Sequence[Range], asked: Range, zone: ZoneInfo, earliest: dt.datetime | None = None) -> list[Range]:
    """Up to three times as long as `asked` inside the free ranges, of which no two meet; nearest first, the later of
    two as near.

    Among them, where there are any, one after, one before and one at the same clock time of another date.
    """
    fitting = sorted(free for free in ranges if free[1] - free[0] >= asked[1] - asked[0])
    at = bisect_left(fitting, asked)
    around = fitting[max(at - _ASIDE, 0) : at + _ASIDE]
    ends = [found for free in around for found in _closest(free, asked, earliest)]
    same_clock = [found for day in _dates(asked, zone) for found in _within(fitting, day, earliest)]
    order = _by_distance(asked)
    ends.sort(key=order)
    after = next((found for found in ends if found[0] >= asked[0]), None)
    before = next((found for found in ends if found[0] < asked[0]), None)
    chosen = [found for found in (after, before, min(same_clock, key=order, default=None)) if found]
    return sorted(list(dict.fromkeys([*chosen, *ends]))[:MOST], key=order)


def _closest(free: Range, asked: Range, earliest: dt.datetime | None) -> Iterator[Range]:
    length = asked[1] - asked[0]
    first = max(free[0], earliest) if earliest else free[0]
    start = max(first, min(asked[0], free[1] - length))
    if start + length <= free[1] and start != asked[0]:
        yield start, start + length


def _dates(asked: Range, zone: ZoneInfo) -> Iterator[Range]:
    """The same clock time on the dates around."""
    start, length = asked[0].astimezone(zone), asked[1] - asked[0]
    for days in (*range(-DAYS_AHEAD, 0), *range(1, DAYS_AHEAD + 1)):
        at = (start + dt.timedelta(days=days)).astimezone(dt.UTC)
        yield at, at + length


def _within(ranges: Sequence[Range], wanted: Range, earliest: dt.datetime | None) -> Iterator[Range]:
    at = bisect_right(ranges, wanted[0], key=lambda free: free[0]) - 1
    if at >= 0 and wanted[1] <= ranges[at][1] and (earliest is None or wanted[0] >= earliest):
        yield wanted


def _by_distance(asked: Range) -> Callable[[Range], tuple[dt.timedelta, bool]]:
    return lambda found: (abs(found[0] - asked[0]), found[0] < asked[0])


def shorter(ranges: Sequence[Range]) -> Range | None:
    """The longest of what is free in the time that was asked for; the first of those as long."""
    return min(ranges, key=lambda found: (found[0] - found[1], found[0]), default=None)


def shortest(asked: Range) -> dt.timedelta:
    """Half of what was wanted is the least worth offering, and never under a quarter of an hour."""
    half = (asked[1] - asked[0]) / 2
    return max(SHORTEST, half - half % _MINUTE)


def smaller_buffers(ranges: Iterable[Range], asked: Range, setup: int, teardown: int) -> tuple[int, int] | None:
    """(setup, teardown) in minutes as far as they fit around the bare time; None where that itself is taken."""
    for start, end in ranges:
        if start <= asked[0] and asked[1] <= end:
            return min(setup, (asked[0] - start) // _MINUTE), min(teardown, (end - asked[1]) // _MINUTE)
    return None
