"""The rooms as they are before anything is planned: on which dates a weekly time can be had in one of them. Pure."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar
from uuid import UUID

from services.facility.season.dates import Calendar, Meeting, Skipped
from services.facility.season.domain import Time, Wish
from services.facility.season.plan import LeftOut

Span = tuple[int, int]  # seconds since 1970, half-open
Taken = tuple[int, int, UUID]  # a span with its buffers, and the booking or closure
What = TypeVar("What")
_DAY = 86_400
_WEEK = 7 * 1440
_CLOCK_CHANGE = 180


@dataclass(frozen=True)
class Room:
    """`hours`: merged open spans in order; None is always open."""

    id: UUID
    square_id: UUID
    capacity: int | None
    features: frozenset[str]
    leaves: tuple[UUID, ...]
    hours: Sequence[Span] | None = None

    def holds(self, people: int) -> bool:
        return self.capacity is None or self.capacity >= people

    def is_open(self, start: int, end: int) -> bool:
        if self.hours is None:
            return True
        at = bisect_right(self.hours, start, key=lambda span: span[0]) - 1
        return at >= 0 and end <= self.hours[at][1]


class Board(Generic[What]):
    """What occupies the leaves. Each thing stands under every day it touches, so that looking is short."""

    def __init__(self) -> None:
        self._days: defaultdict[tuple[UUID, int], list[tuple[int, int, What]]] = defaultdict(list)

    def add(self, leaf: UUID, start: int, end: int, what: What) -> None:
        for day in range(start // _DAY, (end - 1) // _DAY + 1):
            self._days[leaf, day].append((start, end, what))

    def meets(self, leaves: Iterable[UUID], start: int, end: int) -> list[What]:
        """Touching is not meeting. What touches several days or leaves comes up several times."""
        days = range(start // _DAY, (end - 1) // _DAY + 1)
        return [
            what
            for leaf in leaves
            for day in days
            if (leaf, day) in self._days
            for begun, ended, what in self._days[leaf, day]
            if begun < end and start < ended
        ]


@dataclass(frozen=True)
class Dates:
    """A weekly time in one room: the dates it can be had on, and all the others with the reason.

    `spans` are what it takes on those dates, buffers included, in order; `week` is about where it lies in a week.
    """

    meetings: tuple[Meeting, ...]
    spans: tuple[Span, ...]
    week: Span
    left_out: tuple[LeftOut, ...]
    closed: int
    occupied: int

    @property
    def wanted(self) -> int:
        """Without those that are skipped: a holiday is nobody's loss."""
        return len(self.meetings) + self.closed + self.occupied


def buffered(meeting: Meeting, wish: Wish) -> Span:
    return meeting.start - wish.setup * 60, meeting.end + wish.teardown * 60


class Ground:
    """Rooms are kept in the order they are handed in. `taken`: what is occupied on each leaf."""

    def __init__(self, calendar: Calendar, rooms: Sequence[Room], taken: Mapping[UUID, Sequence[Taken]]) -> None:
        self._calendar = calendar
        self.rooms = {room.id: room for room in rooms}
        self._board: Board[UUID] = Board()
        for leaf, spans in taken.items():
            for start, end, what in spans:
                self._board.add(leaf, start, end, what)
        self._known: dict[tuple[UUID, Time, bool, int, int], Dates] = {}

    def dates(self, room: Room, time: Time, wish: Wish, skip_holidays: bool) -> Dates:
        key = (room.id, time, skip_holidays, wish.setup, wish.teardown)
        if key not in self._known:
            self._known[key] = self._sort_out(room, time, wish, *self._calendar.meetings(time, skip_holidays))
        return self._known[key]

    def _sort_out(
        self, room: Room, time: Time, wish: Wish, meetings: Sequence[Meeting], skipped: Sequence[Skipped]
    ) -> Dates:
        good: list[Meeting] = []
        spans: list[Span] = []
        closed: list[LeftOut] = []
        occupied: list[LeftOut] = []
        for one in meetings:
            span = buffered(one, wish)
            if not room.is_open(one.start, one.end):
                closed.append(LeftOut(one.date.isoformat(), "outside_hours"))
            elif met := self._board.meets(room.leaves, *span):
                occupied.append(LeftOut(one.date.isoformat(), "occupied", None, tuple(sorted(set(met)))))
            else:
                good.append(one)
                spans.append(span)
        passed = [LeftOut(one.date.isoformat(), one.why, {"nb": one.name.nb, "en": one.name.en}) for one in skipped]
        left_out = tuple(sorted([*passed, *closed, *occupied], key=lambda one: one.date))
        return Dates(tuple(good), tuple(spans), _week(time, wish), left_out, len(closed), len(occupied))


def meet(one: Dates, other: Dates) -> bool:
    """Whether they take the same time on any date. Most pairs lie on other evenings, which their weeks tell at once."""
    (start, length), (begin, extent) = one.week, other.week
    if (begin - start) % _WEEK >= length and (start - begin) % _WEEK >= extent:
        return False
    i = j = 0
    while i < len(one.spans) and j < len(other.spans):
        (a, b), (c, d) = one.spans[i], other.spans[j]
        if a < d and c < b:
            return True
        if b < d:
            i += 1
        else:
            j += 1
    return False


def _week(time: Time, wish: Wish) -> Span:
    """(minute of the week, minutes), wide enough for a change of the clock."""
    start = (time.weekday - 1) * 1440 + time.start - wish.setup - _CLOCK_CHANGE
    return start % _WEEK, time.end - time.start + wish.setup + wish.teardown + 2 * _CLOCK_CHANGE
