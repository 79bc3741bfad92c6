"""The rooms as they are before anything is planned: on which dates a weekly time can be had in one of them. Pure."""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from services.facility.noise.domain import Voice
from services.facility.season.board import Board, Span
from services.facility.season.dates import Calendar, Meeting, Skipped
from services.facility.season.domain import Time, Wish
from services.facility.season.plan import LeftOut
from services.facility.season.walls import SILENT, Heard, Walls

Taken = tuple[int, int, UUID]  # a span with its buffers, and the booking or closure
_Key = tuple[UUID, Time, bool, int, int]
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
    name: str = ""

    def holds(self, people: int) -> bool:
        return self.capacity is None or self.capacity >= people

    def is_open(self, start: int, end: int) -> bool:
        if self.hours is None:
            return True
        at = bisect_right(self.hours, start, key=lambda span: span[0]) - 1
        return at >= 0 and end <= self.hours[at][1]


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
    noisy: int = 0

    @property
    def wanted(self) -> int:
        """Without those that are skipped: a holiday is nobody's loss."""
        return len(self.meetings) + self.closed + self.occupied + self.noisy


def buffered(meeting: Meeting, wish: Wish) -> Span:
    return meeting.start - wish.setup * 60, meeting.end + wish.teardown * 60


def voice(room: Room, wish: Wish) -> Voice:
    return Voice(room.leaves, wish.noise_out, wish.quiet_need)


class Ground:
    """Rooms are kept in the order they are handed in. `taken`: what is occupied on each leaf."""

    def __init__(
        self,
        calendar: Calendar,
        rooms: Sequence[Room],
        taken: Mapping[UUID, Sequence[Taken]],
        walls: Walls = SILENT,
    ) -> None:
        self._calendar = calendar
        self.walls = walls
        self.rooms = {room.id: room for room in rooms}
        self._board: Board[UUID] = Board()
        for leaf, spans in taken.items():
            for start, end, what in spans:
                self._board.add(leaf, start, end, what)
        self._known: dict[_Key, Dates] = {}
        self._quiet: dict[tuple[_Key, Voice], Dates] = {}

    def dates(self, room: Room, time: Time, wish: Wish, skip_holidays: bool, *, heeds_noise: bool = True) -> Dates:
        """Without heeding noise, for who has accepted it, only hours and what is booked there leave out a date."""
        key = (room.id, time, skip_holidays, wish.setup, wish.teardown)
        if key not in self._known:
            self._known[key] = self._sort_out(room, time, wish, *self._calendar.meetings(time, skip_holidays))
        return self._in_quiet(key, voice(room, wish)) if heeds_noise else self._known[key]

    def _in_quiet(self, key: _Key, own: Voice) -> Dates:
        if (key, own) not in self._quiet:
            self._quiet[key, own] = _quiet(self._known[key], self.walls.around(own))
        return self._quiet[key, own]

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


def _quiet(dates: Dates, heard: Heard | None) -> Dates:
    """Without those on which it would disturb what is booked around, or be disturbed by it."""
    pairs = list(zip(dates.meetings, dates.spans, strict=True)) if heard else []
    met = {one.date: disturbed for one, span in pairs if heard and (disturbed := heard(span))}
    if not met:
        return dates
    kept = [pair for pair in pairs if pair[0].date not in met]
    noisy = [LeftOut(date.isoformat(), "noise", None, tuple(disturbed)) for date, disturbed in met.items()]
    return replace(
        dates,
        meetings=tuple(one for one, _ in kept),
        spans=tuple(span for _, span in kept),
        left_out=tuple(sorted([*dates.left_out, *noisy], key=lambda one: one.date)),
        noisy=len(noisy),
    )


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
