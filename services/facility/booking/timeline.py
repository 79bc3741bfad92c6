"""What is occupied when: looked at and changed inside a command's transaction, under the locks of the leaves.

Locks are always taken in this order, so nobody deadlocks: leaves by id, then equipment by id, then bookings by id.
Whoever only frees time (cancelling, releasing, expiring) needs the booking alone.
"""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import asyncpg

from services.facility.booking import closure_store, store, writing
from services.facility.booking.desk import Overtaken
from services.facility.booking.domain import Blocker, Booking, expire, hold_ran_out
from services.facility.booking.free import Range, overlaps
from services.facility.booking.gear import Stock, lock, take
from services.facility.equipment.domain import Use
from shared.audit import Entry
from shared.clock import Clock
from shared.contracts.facility import OCCUPYING
from shared.envelope import Event


@dataclass(frozen=True)
class Survey:
    """What meets each window, at the instant the locks were held. Holds that ran out stand in nobody's way."""

    now: dt.datetime
    mark: UUID  # of the house
    blockers: Sequence[Sequence[Blocker]]
    stale: Sequence[Sequence[UUID]]
    bookings: Mapping[UUID, Booking] = field(default_factory=dict)
    stock: Stock = field(default_factory=Stock)
    gear: Sequence[Sequence[Use]] = ()

    def ran_out(self, windows: Sequence[int]) -> list[Booking]:
        """The holds that have to be written down as expired before these windows are taken."""
        ids = dict.fromkeys(found for window in windows for found in self.stale[window])
        return [self.bookings[found] for found in sorted(ids)]

    def blockers_of(self, window: int, booking: Booking, earlier: Mapping[int, Booking]) -> list[Blocker]:
        """What meets the window of a date of a series; `earlier` dates of it, by their windows, are made already."""
        rooms = [one for one in self.blockers[window] if one.kind != "equipment"]
        own = [one for one in earlier.values() if overlaps(one.slot.occupied, booking.slot.occupied)]
        return [*rooms, *map(blocker_of, own), *self._short(window, earlier)]

    def _short(self, window: int, earlier: Mapping[int, Booking]) -> list[Blocker]:
        if not self.gear:
            return []
        known = {**self.bookings, **{one.id: one for one in earlier.values()}}
        gone = {found for stale in self.stale for found in stale}
        return self.stock.blockers(self.gear[window], known, gone, [use for at in earlier for use in self.gear[at]])


async def survey(
    conn: Any,
    clock: Clock,
    leaves: Sequence[UUID],
    windows: Sequence[Range],
    *,
    ignoring: Sequence[UUID] = (),
    also_lock: Sequence[UUID] = (),
    gear: Sequence[Sequence[Use]] = (),
) -> Survey:
    """Locks the leaves, and the equipment wanted in each window, and says what meets each window on any of them."""
    mark, in_rooms, closed, _ = await writing.survey(conn, leaves, also_lock, windows, ignoring)
    stock = await lock(conn, gear, ignoring)
    now = clock.now()
    with_gear = [(window, found) for window, wanted in enumerate(gear) for found in stock.meeting(wanted)]
    meetings = dict.fromkeys([*in_rooms, *with_gear])
    bookings = await store.find_all(conn, sorted({found for _, found in meetings}))
    # A hold may be confirmed by its owner at this moment, which takes no leaf's lock: its row decides.
    doubtful = [found for found, booking in bookings.items() if hold_ran_out(booking, now)]
    bookings |= await store.lock(conn, sorted(doubtful))
    closures = {one.id: one for one in await closure_store.blockers(conn, {found for _, found in closed})}
    rooms = set(in_rooms)
    blockers: list[list[Blocker]] = [[] for _ in windows]
    stale: list[list[UUID]] = [[] for _ in windows]
    for window, found in sorted(meetings, key=lambda pair: (bookings[pair[1]].slot.starts_at, pair[1])):
        if hold_ran_out(bookings[found], now):
            stale[window].append(found)
        elif (window, found) in rooms and (bookings[found].state in OCCUPYING or bookings[found].state == "affected"):
            blockers[window].append(blocker_of(bookings[found]))
    for window, found in sorted(closed, key=lambda pair: (closures[pair[1]].starts_at, pair[1])):
        blockers[window].append(closures[found])
    gone = {found for found, booking in bookings.items() if hold_ran_out(booking, now)}
    for window, wanted in enumerate(gear):
        blockers[window] += stock.blockers(wanted, bookings, gone)
    return Survey(now, mark, blockers, stale, bookings, stock, gear)


def blocker_of(booking: Booking) -> Blocker:
    """With the time it really takes: that is what stands in the way."""
    starts_at, ends_at = booking.slot.occupied
    about = booking.about
    return Blocker(booking.id, "booking", starts_at, ends_at, about.unit_id, about.unit_kind, about.title)


def stands_there(bookings: Iterable[Booking]) -> list[Blocker]:
    """Those of the bookings on a leaf that are in somebody's way, by their start."""
    there = [one for one in bookings if one.state in OCCUPYING or one.state == "affected"]
    return [blocker_of(one) for one in sorted(there, key=lambda one: (one.slot.starts_at, one.id))]


async def clear_out(conn: Any, ran_out: Sequence[Booking], now: dt.datetime) -> list[Booking]:
    """Writes down holds that ran out; returns them as expired."""
    expired = [expire(booking, now) for booking in ran_out]
    if expired:
        await store.update(conn, expired)
        await store.vacate(conn, [booking.id for booking in expired])
    return expired


async def make(
    conn: Any, booking: Booking, leaves: Sequence[UUID], entries: Sequence[Entry], events: Sequence[Event]
) -> None:
    """Writes down a new booking with its audit and its events, and takes its time on the leaves and its equipment;
    without leaves it takes nothing.

    Raises Overtaken when the database refuses any of it.
    """
    await _write(conn, writing.MAKE, booking, leaves, entries, events)
    if leaves:
        await take(conn, [booking])


async def move(
    conn: Any, booking: Booking, leaves: Sequence[UUID], entries: Sequence[Entry], events: Sequence[Event]
) -> None:
    """As `make`, for the next version of a booking, which gives back what it had."""
    await _write(conn, writing.MOVE, booking, leaves, entries, events)
    await take(conn, [booking])


async def _write(
    conn: Any, what: str, booking: Booking, leaves: Sequence[UUID], entries: Sequence[Entry], events: Sequence[Event]
) -> None:
    try:
        if await writing.write(conn, what, booking, leaves, entries, events):
            return
    except asyncpg.ExclusionViolationError:
        pass  # somebody was there first, as for a known id or version
    raise Overtaken


async def save(conn: Any, booking: Booking, entries: Sequence[Entry] = (), events: Sequence[Event] = ()) -> None:
    """The new version, with its audit and its events; what occupies no more lets go of its time, and of the closure it
    waited for.

    Raises Overtaken when another version was first, which who holds the booking's lock need not fear.
    """
    waits = booking.state == "affected"
    frees = booking.state not in OCCUPYING and not waits
    if not await writing.save(conn, booking, entries, events, frees=frees, settles=not waits):
        raise Overtaken


async def occupy(conn: Any, bookings: Sequence[tuple[Booking, Sequence[UUID]]]) -> None:
    """Takes the time of each booking on its leaves, and its equipment.

    Raises Overtaken when the database refuses any of it.
    """
    rows = [
        (booking.id, leaf, booking.slot.occupied, booking.about.discreet_unit)
        for booking, leaves in bookings
        for leaf in leaves
    ]
    if not await store.occupy(conn, rows):
        raise Overtaken
    await take(conn, [booking for booking, _ in bookings])
