"""One room for many dates: on which of them each room that does can be had. An answer is no promise."""

import datetime as dt
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from zoneinfo import ZoneInfo

from services.facility.booking import house, refusals, rights
from services.facility.booking import store as bookings
from services.facility.booking.bodies import time_of
from services.facility.booking.desk import Desk
from services.facility.booking.domain import About, Booking, Slot, can_move, faults, state_at
from services.facility.booking.free import Range, Wanted, covers, overlaps
from services.facility.booking.queries import LONGEST_LOOK
from services.facility.finding import dates_store, store
from services.facility.finding.bodies import Date, FindForDates
from services.facility.finding.domain import Near, Room, Suit, rank
from services.facility.finding.queries import ANY_ZONE, NOBODY, Look, candidates_of, look_for, near_of, sight
from services.facility.finding.store import Rooms
from services.facility.hours import store as hours
from services.facility.policy import sieve
from services.facility.policy.rulebook import Way
from shared import db
from shared.contracts.opening_hours import Hours
from shared.identity import Actor
from shared.problems import Invalid, Message, NotFound

AT_ONCE = 1000  # dates in rooms whose policies and neighbours are asked, before others have their turn
MOST_ROUNDS = 10
TOO_LONG = Message("Datoene ligger mer enn 13 måneder fra hverandre.", "The dates are more than 13 months apart.")
_ONE_DAY = dt.timedelta(days=1)
_MINUTE = dt.timedelta(minutes=1)


@dataclass(frozen=True)
class Candidate:
    """A room, and the way it can be had on each date on which it is free, by the number of the date."""

    suit: Suit
    ways: Mapping[int, Way]

    def by(self, way: Way) -> list[int]:
        return [number for number, found in sorted(self.ways.items()) if found == way]


Order = Callable[[Candidate], tuple[Any, ...]]


@dataclass(frozen=True)
class ForDates:
    """Rooms, those in which most dates can be booked first; and how many do not do, by the first reason."""

    rooms: Rooms
    near: Near
    candidates: Sequence[Candidate]
    left_out: Counter[str]


async def for_dates(desk: Desk, actor: Actor, asked: FindForDates) -> ForDates:
    """Raises Invalid, and NotFound or Forbidden for a booking that is not the asker's to move."""
    async with db.connection(desk.pool) as conn:
        rooms = await store.rooms(conn)
        near = near_of(rooms, asked.near_space_id, asked.square_id)
        spaces = await candidates_of(conn, actor, asked, rooms)
        dates = await _dates(conn, desk, actor, asked, rooms)
        look = await look_for(conn, desk, actor, asked, rooms, _wanted(dates), [one.id for one in dates])
        why_not = {room.id: look.lack([room]) for room in spaces}
        fitting = [room for room in spaces if why_not[room.id] is None and not _all_in(room, dates)]
        found = [
            Candidate(look.suit(room, dates[numbers[0]].slot.starts_at), dict.fromkeys(numbers, "book"))
            for room, numbers in zip(fitting, await _free(conn, look, fitting, dates), strict=True)
            if numbers
        ]
        best = await _best(conn, look, found, dates, asked.limit, _order(look, near))
    left_out: Counter[str] = Counter(lack for lack in why_not.values() if lack)
    left_out["never_free"] = len(fitting) - len(found)
    return ForDates(rooms, near, best, +left_out)


async def _dates(conn: Any, desk: Desk, actor: Actor, asked: FindForDates, rooms: Rooms) -> list[Booking]:
    """As they are booked, or would be, in whatever room."""
    ids = [date.booking_id for date in asked.dates if date.booking_id]
    there = await bookings.find_all(conn, ids) if ids else {}
    unit = await house.unit(conn, asked.for_unit_id, rooms.mark)
    near, now = rooms.by_id.get(asked.near_space_id) if asked.near_space_id else None, desk.clock.now()
    about = About(
        unit_id=asked.for_unit_id,
        unit_kind=unit[1] if unit else None,
        organiser_kind=asked.organiser_kind,
        expected_people=asked.people or None,
        noise_out=asked.noise_out or None,
        quiet_need=asked.quiet_need or None,
    )
    zone = near.zone if near else ANY_ZONE
    return [
        _theirs(there.get(date.booking_id), actor, now)
        if date.booking_id
        else Booking(NOBODY, 1, NOBODY, zone, _slot(date, asked, zone), "confirmed", about, {}, now, now)
        for date in asked.dates
    ]


def _theirs(booking: Booking | None, actor: Actor, now: dt.datetime) -> Booking:
    if booking is None:
        raise NotFound
    rights.check_write(actor, [booking.square_id], booking.about.unit_id, booking.own_state, override=False)
    if not can_move(booking, now):
        raise refusals.cannot_move(state_at(booking, now))
    return booking


def _slot(date: Date, asked: FindForDates, zone: ZoneInfo) -> Slot:
    starts_at, ends_at = time_of("starts_at", date.starts_at or "", zone), time_of("ends_at", date.ends_at or "", zone)
    slot = Slot((), starts_at, ends_at, asked.setup_minutes, asked.teardown_minutes)
    if wrong := faults(slot):
        raise refusals.invalid(wrong)
    return slot


def _wanted(dates: Sequence[Booking]) -> Wanted:
    """From the first to the last of them; as long as the first."""
    window = min(one.slot.occupied[0] for one in dates), max(one.slot.occupied[1] for one in dates)
    if window[1] - window[0] > LONGEST_LOOK:
        raise Invalid(TOO_LONG)
    slot = dates[0].slot
    setup, teardown = slot.setup_minutes * _MINUTE, slot.teardown_minutes * _MINUTE
    return Wanted(window, slot.ends_at - slot.starts_at, setup, teardown)


def _all_in(room: Room, dates: Sequence[Booking]) -> bool:
    """It is no other room."""
    return all(room.id in one.slot.space_ids for one in dates)


async def _free(conn: Any, look: Look, fitting: Sequence[Room], dates: Sequence[Booking]) -> list[list[int]]:
    """Of each room the numbers of the dates on which it is free, open, and has what is needed."""
    windows, now = [one.slot.occupied for one in dates], look.desk.clock.now()
    seen = sight(look.actor, [fitting])
    taken = await dates_store.taken(conn, fitting, windows, [one.id for one in dates], seen, now)
    held = await hours.effective(conn, [room.id for room in fitting], look.rooms.mark)
    is_open = _opened(dates)
    found = []
    for n, room in enumerate(fitting):
        missing = list(look.missing([room]))
        found.append(
            [
                number
                for number, window in enumerate(windows)
                if (n, number) not in taken
                and not any(overlaps(window, time) for time in missing)
                and (room.id not in held or is_open(held[room.id], room.zone, number))
            ]
        )
    return found


def _opened(dates: Sequence[Booking]) -> Callable[[Hours, ZoneInfo, int], bool]:
    """Many rooms keep the same hours: each is read once."""
    known: dict[tuple[int, str, int], bool] = {}

    def is_open(held: Hours, zone: ZoneInfo, number: int) -> bool:
        key = id(held), zone.key, number
        if key not in known:
            known[key] = covers(_spans(held, zone, dates[number].slot.bare), *dates[number].slot.bare)
        return known[key]

    return is_open


def _spans(held: Hours, zone: ZoneInfo, bare: Range) -> list[Range]:
    first, last = (at.astimezone(zone).date() for at in bare)
    return held.open_ranges(first - _ONE_DAY, last + _ONE_DAY, zone)


async def _best(
    conn: Any, look: Look, found: Sequence[Candidate], dates: Sequence[Booking], limit: int, order: Order
) -> list[Candidate]:
    """The first of them, once it is known how each date can be had. That makes no room better than it is if it is only
    free: as soon as there are enough that none of the rest can be better than, those need not be asked about."""
    best: list[Candidate] = []
    rest, next_best = sorted(found, key=order), min(limit, max(AT_ONCE // len(dates), 2))
    for _ in range(MOST_ROUNDS):
        if not rest or (len(best) == limit and order(best[-1]) < order(rest[0])):
            break
        judged = await _judged(conn, look, rest[:next_best], dates)
        best, rest = sorted([*best, *judged], key=order)[:limit], rest[next_best:]
    return best


async def _judged(conn: Any, look: Look, found: Sequence[Candidate], dates: Sequence[Booking]) -> list[Candidate]:
    """By what their policies and neighbours say; what not even a request is open to is left out."""
    wanted = [_in(one.suit.room, dates[number]) for one in found for number in one.ways]
    rulings = iter(await sieve.rulings(conn, look.desk, look.actor, wanted))
    judged = [replace(one, ways={number: next(rulings).way for number in one.ways}) for one in found]
    allowed = [replace(one, ways={n: way for n, way in one.ways.items() if way != "exception"}) for one in judged]
    return [one for one in allowed if one.ways]


def _in(room: Room, booking: Booking) -> Booking:
    slot = replace(booking.slot, space_ids=(room.id,))
    return replace(booking, slot=slot, square_id=room.square_id, zone=room.zone)


def _order(look: Look, near: Near) -> Order:
    return lambda one: (-len(one.by("book")), -len(one.ways), *rank(one.suit, look.needs, near))
