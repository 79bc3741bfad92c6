"""One counter on one date, interval by interval: its mode, and what was counted, or nothing (E.1, E.2, E.5).

Counts are in halves of a person, so that undirected beams stay whole numbers.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
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


@dataclass(frozen=True)
class Counted:
    """What one counter saw on one date: every interval, those without anything in open modes, and sums in halves."""

    cells: list[Cell]
    gaps: list[Cell]
    by_rank: tuple[int, int, int]
    entered: int
    left: int


def counted(counter: Counter, day: Day, zone: ZoneInfo, line: Timeline, readings: _Starts, known_at: Micros) -> Counted:
    found = cells(counter, day, zone, line, readings, known_at)
    by_rank, left, gaps = [0, 0, 0], 0, []
    for cell in found:
        if cell.halves_in is not None:
            by_rank[cell.rank] += cell.halves_in
            left += cell.halves_out
        elif cell.rank:
            gaps.append(cell)
    return Counted(found, gaps, (by_rank[0], by_rank[1], by_rank[2]), sum(by_rank), left)


def cells(
    counter: Counter, day: Day, zone: ZoneInfo, line: Timeline, readings: _Starts, known_at: Micros
) -> list[Cell]:
    """Every interval of the grid that begins on the date and lies inside the counter's validity."""
    begins = starts(counter, day)
    counts = _counts(counter, begins, readings, known_at)
    ranks = line.ranks_of(begins)
    clocks = day.clock_minutes(begins, zone)
    return [
        Cell(start, clock, rank, None, 0) if halves is None else Cell(start, clock, rank, halves[0], halves[1])
        for start, clock, rank, halves in zip(begins, clocks, ranks, counts, strict=True)
    ]


def starts(counter: Counter, day: Day) -> range:
    length = counter.minutes * MINUTE
    first = day.start if counter.valid_from is None else max(day.start, counter.valid_from)
    after = day.end if counter.valid_to is None else min(day.end, counter.valid_to - length + 1)
    return range(-(-first // length) * counter.minutes, -(-after // length) * counter.minutes, counter.minutes)


def is_valid_on(counter: Counter, day: Day) -> bool:
    return len(starts(counter, day)) > 0


def _counts(counter: Counter, begins: range, readings: _Starts, known_at: Micros) -> Iterator[Counts | None]:
    """The counts of each interval, in halves and turned the right way; None where nothing counts."""
    limit = counter.max_per_minute * counter.minutes * 2
    for counts in _RAW[counter.feed](begins, readings, known_at):
        if counts is None or counts[0] > limit or counts[1] > limit:  # implausible is kept aside
            yield None
        else:
            yield (counts[1], counts[0]) if counter.swapped else counts


def _newest(versions: Sequence[Version] | None, known_at: Micros) -> Version | None:
    for version in reversed(versions or ()):
        if version[0] <= known_at:
            return version
    return None


def _interval(begins: range, readings: _Starts, known_at: Micros) -> Iterator[Counts | None]:
    for start in begins:
        newest = _newest(readings.get(start), known_at)
        yield newest and (2 * newest[2], 2 * newest[3])


def _beam(begins: range, readings: _Starts, known_at: Micros) -> Iterator[Counts | None]:
    """Undirected: what came as `in` are breaks, and each person breaks the beam on the way in and on the way out."""
    for start in begins:
        newest = _newest(readings.get(start), known_at)
        yield newest and (newest[2], newest[2])


def _cumulative(begins: range, readings: _Starts, known_at: Micros) -> Iterator[Counts | None]:
    """Running totals: what was added between two samples that are one interval apart."""
    for start in begins:
        before, after = _newest(readings.get(start), known_at), _newest(readings.get(start + begins.step), known_at)
        if before is None or after is None:
            yield None
        else:
            yield 2 * _added(before[2], after[2]), 2 * _added(before[3], after[3])


def _added(before: int, after: int) -> int:
    return after - before if after >= before else after  # below the one before: reset, midnight or reboot


_RAW = {"interval": _interval, "beam": _beam, "cumulative": _cumulative}
