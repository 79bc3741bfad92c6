"""One counter on one date, interval by interval: its mode, and what was counted, or nothing (E.1, E.2, E.5).

Counts are in halves of a person, so that undirected beams stay whole numbers.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple
from zoneinfo import ZoneInfo

from services.aggregator.visitors.facts import MINUTE, Counter, Micros, Version
from services.aggregator.visitors.modes import Day, Timeline

Counts = tuple[int, int]
_Starts = Mapping[int, Sequence[Version]]


class Cell(NamedTuple):
    """`halves_in` None: nothing that counts was received. `start` in minutes since 1970, `clock` since midnight."""

    start: int
    clock: int
    rank: int
    halves_in: int | None
    halves_out: int


def cells(
    counter: Counter, day: Day, zone: ZoneInfo, line: Timeline, readings: _Starts, known_at: Micros
) -> list[Cell]:
    """Every interval of the grid that begins on the date and lies inside the counter's validity."""
    counted = _reader(counter, readings, known_at)
    length, found = counter.minutes * MINUTE, []
    for start in starts(counter, day):
        at = start * MINUTE
        halves = counted(start)
        rank = line.rank(at, at + length)
        clock = day.clock_minute(at, zone)
        found.append(Cell(start, clock, rank, None, 0) if halves is None else Cell(start, clock, rank, *halves))
    return found


def starts(counter: Counter, day: Day) -> range:
    length = counter.minutes * MINUTE
    first = day.start if counter.valid_from is None else max(day.start, counter.valid_from)
    after = day.end if counter.valid_to is None else min(day.end, counter.valid_to - length + 1)
    return range(-(-first // length) * counter.minutes, -(-after // length) * counter.minutes, counter.minutes)


def is_valid_on(counter: Counter, day: Day) -> bool:
    return len(starts(counter, day)) > 0


def _reader(counter: Counter, readings: _Starts, known_at: Micros) -> Callable[[int], Counts | None]:
    """The counts of the interval that begins at a start, in halves and turned the right way; None where missing."""
    limit = counter.max_per_minute * counter.minutes * 2
    raw = _RAW[counter.feed](readings, known_at, counter.minutes)

    def counted(start: int) -> Counts | None:
        counts = raw(start)
        if counts is None or counts[0] > limit or counts[1] > limit:  # implausible is kept aside
            return None
        return (counts[1], counts[0]) if counter.swapped else counts

    return counted


def _newest(versions: Sequence[Version] | None, known_at: Micros) -> Version | None:
    for version in reversed(versions or ()):
        if version[0] <= known_at:
            return version
    return None


def _interval(readings: _Starts, known_at: Micros, _: int) -> Callable[[int], Counts | None]:
    def raw(start: int) -> Counts | None:
        newest = _newest(readings.get(start), known_at)
        return newest and (2 * newest[2], 2 * newest[3])

    return raw


def _beam(readings: _Starts, known_at: Micros, _: int) -> Callable[[int], Counts | None]:
    """Undirected: what came as `in` are breaks, and each person breaks the beam on the way in and on the way out."""

    def raw(start: int) -> Counts | None:
        newest = _newest(readings.get(start), known_at)
        return newest and (newest[2], newest[2])

    return raw


def _cumulative(readings: _Starts, known_at: Micros, minutes: int) -> Callable[[int], Counts | None]:
    """Running totals: what was added between two samples that are one interval apart."""

    def raw(start: int) -> Counts | None:
        before, after = _newest(readings.get(start), known_at), _newest(readings.get(start + minutes), known_at)
        if before is None or after is None:
            return None
        return 2 * _added(before[2], after[2]), 2 * _added(before[3], after[3])

    return raw


def _added(before: int, after: int) -> int:
    return after - before if after >= before else after  # below the one before: reset, midnight or reboot


_RAW = {"interval": _interval, "beam": _beam, "cumulative": _cumulative}
