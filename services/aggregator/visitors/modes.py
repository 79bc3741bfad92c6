"""When a square is staffed, in self-service or closed (E.3), as a line of instants.

                10:00        14:00        18:00
library            |  staffed    |self_service|
service desk  | self_service |
closure                   |xxxx|                    of the library
square        | s_s |stf |s_s|stf|self_service|
"""

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from services.aggregator.visitors.facts import DAY, MINUTE, Micros, micros

CLOSED, SELF_SERVICE, STAFFED = 0, 1, 2  # by rank: the square takes the highest of its units, a tie the higher
RANK_OF = {"staffed": STAFFED, "self_service": SELF_SERVICE}
MODE_OF = {STAFFED: "staffed", SELF_SERVICE: "self_service", CLOSED: "closed"}
_LONGEST_INTERVAL = 60 * MINUTE

Segment = tuple[Micros, Micros, int]
# The open pieces of a unit on a date, as clock times: (start, end, state), the end of the day being "24:00".
Pieces = Callable[[UUID, dt.date], Sequence[tuple[str, str, str]]]
# What a unit is closed for: (start, end).
Gaps = Callable[[UUID], Sequence[tuple[Micros, Micros]]]


class Day(NamedTuple):
    """A local date as instants: 23, 24 or 25 hours."""

    date: dt.date
    start: Micros
    end: Micros

    def clock_minutes(self, starts: range, zone: ZoneInfo) -> list[int]:
        """Minutes since midnight on the local clock; both passes of a repeated hour read the same."""
        if self.end - self.start == DAY:
            midnight = self.start // MINUTE
            return [start - midnight for start in starts]
        local = (dt.datetime.fromtimestamp(start * 60, zone) for start in starts)
        return [moment.hour * 60 + moment.minute for moment in local]


def day_of(date: dt.date, zone: ZoneInfo) -> Day:
    return Day(date, clock_instant(date, "00:00", zone), clock_instant(date, "24:00", zone))


def clock_instant(date: dt.date, clock: str, zone: ZoneInfo) -> Micros:
    """A skipped clock time moves forward by the gap, a repeated one means its first pass: both are `fold=0`."""
    if clock == "24:00":
        date, clock = date + dt.timedelta(days=1), "00:00"
    hour, minute = clock.split(":")
    return micros(dt.datetime(date.year, date.month, date.day, int(hour), int(minute), tzinfo=zone))


@dataclass(frozen=True)
class Timeline:
    """`ranks[i]` holds from `edges[i]` to `edges[i + 1]`; the last edge closes the line."""

    edges: tuple[Micros, ...]
    ranks: tuple[int, ...]

    def ranks_of(self, starts: range) -> list[int]:
        """The mode of each interval that begins at one of `starts` (minutes) and is as long as their step."""
        found, at, length = [], 0, starts.step * MINUTE
        for minute in starts:
            start = minute * MINUTE
            while self.edges[at + 1] <= start:
                at += 1
            whole = start >= self.edges[at] and start + length <= self.edges[at + 1]
            found.append(self.ranks[at] if whole else self._most(at, start, start + length))
        return found

    def _most(self, at: int, start: Micros, end: Micros) -> int:
        """The mode that covers most of [start, end), which begins in the stretch `at`; on a tie the higher."""
        covered = [0, 0, 0]
        while at < len(self.ranks) and self.edges[at] < end:
            covered[self.ranks[at]] += min(end, self.edges[at + 1]) - max(start, self.edges[at])
            at += 1
        return max((STAFFED, SELF_SERVICE, CLOSED), key=lambda rank: covered[rank])

    def is_open(self, start: Micros, end: Micros) -> bool:
        return any(rank and self.edges[at] < end and self.edges[at + 1] > start for at, rank in enumerate(self.ranks))


def timeline(
    day: Day, zone: ZoneInfo, units: Callable[[dt.date], Sequence[UUID]], pieces: Pieces, gaps: Gaps
) -> Timeline:
    """The modes of the date, and of as much of the next as its last interval can reach into."""
    segments = _segments(day, zone, units(day.date), pieces, gaps)
    if day.end % _LONGEST_INTERVAL:  # midnight lies inside an hour of UTC
        following = day_of(day.date + dt.timedelta(days=1), zone)
        segments += _segments(following, zone, units(following.date), pieces, gaps)
    edges = (*(start for start, _, _ in segments), segments[-1][1])
    return Timeline(edges, tuple(rank for _, _, rank in segments))


def _segments(day: Day, zone: ZoneInfo, units: Sequence[UUID], pieces: Pieces, gaps: Gaps) -> list[Segment]:
    spans = [span for unit_id in units for span in _open_spans(day, zone, pieces(unit_id, day.date), gaps(unit_id))]
    edges = sorted({day.start, day.end, *(edge for start, end, _ in spans for edge in (start, end))})
    segments: list[Segment] = []
    for start, end in pairwise(edges):
        rank = max((rank for begin, stop, rank in spans if begin <= start < stop), default=CLOSED)
        if segments and segments[-1][2] == rank:
            segments[-1] = (segments[-1][0], end, rank)
        else:
            segments.append((start, end, rank))
    return segments


def _open_spans(
    day: Day, zone: ZoneInfo, pieces: Sequence[tuple[str, str, str]], gaps: Sequence[tuple[Micros, Micros]]
) -> list[Segment]:
    spans = [
        (clock_instant(day.date, start, zone), clock_instant(day.date, end, zone), RANK_OF[state])
        for start, end, state in pieces
        if state in RANK_OF
    ]
    for gap_start, gap_end in gaps:
        if gap_start < day.end and gap_end > day.start:
            spans = [part for span in spans for part in _without(span, gap_start, gap_end)]
    return [span for span in spans if span[0] < span[1]]


def _without(span: Segment, gap_start: Micros, gap_end: Micros) -> list[Segment]:
    start, end, rank = span
    return [(start, min(end, gap_start), rank), (max(start, gap_end), end, rank)]
