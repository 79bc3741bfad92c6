"""What others may know of a day of appointments, decided without I/O: half hours that are taken, and nothing else.

appointments      |--a--|     |b|        |---c---|--d-|
the grid       |     |     |     |     |     |     |     |
busy blocks    |-----------|-----|     |-----------------|       rounded out; what touches or overlaps is one
               (a and b are one block: they share no half hour, but the half hours touch)
"""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

from shared.contracts.health_station import GRID_MINUTES, BusyBlock

GRID = dt.timedelta(minutes=GRID_MINUTES)
CADENCE = dt.timedelta(minutes=15)
BOOKINGS = UUID("6b0a4a52-9d0e-5c0b-8f5e-2f6a1a0c7d31")
_EPOCH = dt.datetime(2000, 1, 1, tzinfo=dt.UTC)
_ONE_DAY = dt.timedelta(days=1)
Range = tuple[dt.datetime, dt.datetime]


def busy_blocks(times: Iterable[Range], date: dt.date, zone: ZoneInfo) -> list[BusyBlock]:
    """The half hours of the local date that any of `times` touches, merged, in order.

    Half hours are counted in instants: on a night of the clock there are two fewer or two more. Where the clock is a
    whole number of half hours from UTC, as in every square so far, they are those of the local clock.
    """
    first, last = day(date, zone)
    merged: list[Range] = []
    for starts_at, ends_at in sorted(times):
        starts_at, ends_at = _floor(max(starts_at, first), GRID), _ceiling(min(ends_at, last), GRID)
        if starts_at >= ends_at:
            continue
        if merged and starts_at <= merged[-1][1]:
            merged[-1] = merged[-1][0], max(merged[-1][1], ends_at)
        else:
            merged.append((starts_at, ends_at))
    return [BusyBlock(starts_at=start, ends_at=end) for start, end in merged]


def day(date: dt.date, zone: ZoneInfo) -> Range:
    """From local midnight to local midnight, as instants."""
    return _midnight(date, zone), _midnight(date + _ONE_DAY, zone)


def dates_of(time: Range, zone: ZoneInfo) -> list[dt.date]:
    """The local dates a time touches."""
    first = time[0].astimezone(zone).date()
    last = (time[1] - dt.timedelta(microseconds=1)).astimezone(zone).date()
    return [first + _ONE_DAY * n for n in range((last - first).days + 1)]


def quarter(now: dt.datetime) -> dt.datetime:
    """The latest quarter of an hour by the clock: the only instants at which anything is published."""
    return _floor(now, CADENCE)


@dataclass(frozen=True)
class Held:
    """A booking at facility that stands for a block. `block` is None when it is not where we put it any more."""

    booking_id: UUID
    block: BusyBlock | None


@dataclass(frozen=True)
class Steps:
    """In this order: give up, move, book. Whoever moves grows into what was given up, never the other way about."""

    give_up: tuple[UUID, ...] = ()
    move: tuple[tuple[UUID, BusyBlock], ...] = ()
    book: tuple[BusyBlock, ...] = ()


def steps(held: Sequence[Held], wanted: Sequence[BusyBlock]) -> Steps:
    """From the bookings there are to one for each block. A booking that is wanted in part moves and is not let go."""
    settled = {one.block for one in held if one.block in wanted}
    loose = [one for one in held if one.block not in settled]
    give_up = [one.booking_id for one in loose if one.block is None]
    move: list[tuple[UUID, BusyBlock]] = []
    book: list[BusyBlock] = []
    for block in (one for one in wanted if one not in settled):
        meeting = [one for one in loose if one.block and _overlap(one.block, block)]
        loose = [one for one in loose if one not in meeting]
        if meeting:
            move.append((meeting[0].booking_id, block))
            give_up += [one.booking_id for one in meeting[1:]]
        else:
            book.append(block)
    give_up += [one.booking_id for one in loose if one.block]
    return Steps(tuple(give_up), tuple(move), tuple(book))


def booking_id_of(space_id: UUID, date: dt.date, number: int) -> UUID:
    """Follows from what was published alone, so that no id tells of an appointment; repeating a request finds it."""
    return uuid5(BOOKINGS, f"{space_id}/{date}/{number}")


def _overlap(one: BusyBlock, other: BusyBlock) -> bool:
    return one.starts_at < other.ends_at and other.starts_at < one.ends_at


def _midnight(date: dt.date, zone: ZoneInfo) -> dt.datetime:
    return dt.datetime.combine(date, dt.time(), zone).astimezone(dt.UTC)


def _floor(at: dt.datetime, step: dt.timedelta) -> dt.datetime:
    return _EPOCH + (at - _EPOCH) // step * step


def _ceiling(at: dt.datetime, step: dt.timedelta) -> dt.datetime:
    return _EPOCH - (_EPOCH - at) // step * step
