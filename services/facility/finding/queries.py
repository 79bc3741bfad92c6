"""Questions about free time. Nothing here changes anything, and nothing is locked: an answer is no promise."""

import datetime as dt
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from services.facility.booking import house, rights
from services.facility.booking.desk import Desk
from services.facility.booking.domain import LONGEST, About, Booking, Slot
from services.facility.booking.free import Range, Wanted
from services.facility.booking.house import Space
from services.facility.booking.queries import window_of
from services.facility.finding import store, things
from services.facility.finding.bodies import Find, Search, Sought
from services.facility.finding.domain import Lack, Near, Needs, Room, Suit, lacks, rank
from services.facility.finding.store import Free, Group, More, Rooms, Sight
from services.facility.finding.things import Things
from services.facility.outages import store as outages
from services.facility.policy import sieve
from services.facility.policy.rulebook import Ruling
from services.facility.registry.features import has
from shared import db
from shared.contracts.opening_hours import Hours
from shared.identity import Actor
from shared.policy import allows, require
from shared.problems import Invalid, Message

MOST_SPACES = 500
_MINUTE = dt.timedelta(minutes=1)
NOBODY = UUID(int=0)
ANY_ZONE = ZoneInfo("Europe/Oslo")


@dataclass(frozen=True)
class Found:
    """A free range of spaces."""

    space_ids: tuple[UUID, ...]
    zone: ZoneInfo
    time: Range


@dataclass(frozen=True)
class Candidate:
    """A room that does, with its first free ranges, how many there are and how long they last together."""

    suit: Suit
    times: Sequence[Range]
    ranges: int
    lasting: dt.timedelta


@dataclass(frozen=True)
class Finding:
    """The rooms that do, best first, with what their policies say; and how many do not, by the first reason."""

    rooms: Rooms
    near: Near
    candidates: Sequence[Candidate]
    rulings: Sequence[Ruling]
    left_out: Counter[str]


async def free(desk: Desk, actor: Actor, asked: Search) -> list[Found]:
    """Where a booking of the wanted length fits, for each space by itself or for all at once, in the order asked."""
    async with db.connection(desk.pool) as conn:
        rooms = await store.rooms(conn)
        spaces = await candidates_of(conn, actor, asked, rooms)
        wanted = _wanted(asked, spaces)
        look = await look_for(conn, desk, actor, asked, rooms, wanted)
        groups = [spaces] if asked.together and spaces else [[space] for space in spaces]
        fitting = [group for group in groups if look.lack(group) is None]
        found = await look.free(conn, fitting, store.MOST_RANGES, asked.hours())
    times = [(fitting[one.group], time) for one in found for time in one.times]
    return [
        Found(tuple(space.id for space in group), group[0].zone, time) for group, time in times[: store.MOST_RANGES]
    ]


async def find(desk: Desk, actor: Actor, asked: Find) -> Finding:
    """The rooms in which a booking of the wanted length fits at some time, ranked."""
    async with db.connection(desk.pool) as conn:
        rooms = await store.rooms(conn)
        spaces = await candidates_of(conn, actor, asked, rooms)
        wanted = _wanted(asked, spaces)
        look = await look_for(conn, desk, actor, asked, rooms, wanted)
        why_not: dict[UUID, Lack | None] = {space.id: look.lack([space]) for space in spaces}
        fitting = [space for space in spaces if why_not[space.id] is None]
        found = await look.free(conn, [[space] for space in fitting], asked.times, asked.hours())
        near = near_of(rooms, asked.near_space_id, asked.square_id)
        candidates = _ranked(fitting, found, look, near)
        best = candidates[: asked.limit]
        rulings = await sieve.rulings(conn, desk, actor, [_booking(desk, one, wanted, asked) for one in best])
    left_out: Counter[str] = Counter(lack for lack in why_not.values() if lack)
    left_out["never_free"] = len(fitting) - len(candidates)
    return Finding(rooms, near, best, rulings, +left_out)


def _booking(desk: Desk, one: Candidate, wanted: Wanted, asked: Find) -> Booking:
    """The first of the free times, as it would be booked."""
    room, start, now = one.suit.room, one.times[0][0], desk.clock.now()
    slot = Slot((room.id,), start, start + wanted.length, asked.setup_minutes, asked.teardown_minutes)
    about = About(organiser_kind=asked.organiser_kind, expected_people=asked.people or None)
    return Booking(NOBODY, 1, room.square_id, room.zone, slot, "confirmed", about, {}, now, now)


@dataclass(frozen=True)
class Look:
    """A search, with all that it needs to know of the house."""

    desk: Desk
    actor: Actor
    asked: Sought
    rooms: Rooms
    wanted: Wanted
    things: Things
    outages: Sequence[tuple[UUID, str, Range]]  # (square, feature, time)

    @cached_property
    def needs(self) -> Needs:
        return self.asked.needs()

    def lack(self, group: Sequence[Room]) -> Lack | None:
        nowhere = any(not self.things.of_kind(kind, group[0]) for kind in self._to_fetch(group))
        return lacks(group, self.needs, self.rooms.surroundings) or ("lacks_feature" if nowhere else None)

    def missing(self, group: Sequence[Room]) -> Iterator[Range]:
        """When something is that is needed: it is out of order, or is elsewhere."""
        for kind in self._to_fetch(group):
            yield from self.things.none_of(kind, group[0])
        yield from self._out(group)

    async def free(self, conn: Any, groups: Sequence[Sequence[Room]], each: int, limits: Sequence[Hours]) -> list[Free]:
        busy = [(number, time) for number, group in enumerate(groups) for time in self.missing(group)]
        more = More(busy=busy, limits=limits, mark=self.rooms.mark)
        now, seen, wanted = self.desk.clock.now(), sight(self.actor, groups), self.wanted
        asked = [Group(group, wanted.window, wanted.length, each) for group in groups]
        return await store.free(conn, asked, wanted.setup, wanted.teardown, now, seen, more)

    def suit(self, room: Room, start: dt.datetime) -> Suit:
        wanted = self.wanted
        occupied = (start - wanted.setup, start + wanted.length + wanted.teardown)
        fetched = [self.things.fetched(kind, room, occupied) for kind in self._to_fetch([room])]
        disturbed = self.rooms.surroundings.disturbed(room, self.needs.noise_out)
        return Suit(room, disturbed, start, [one for one in fetched if one])

    def _out(self, group: Sequence[Room]) -> Iterator[Range]:
        """When the rooms lack what is needed because it is out of order."""
        for square, feature, time in self.outages:
            left = [set(room.features) - ({feature} if room.square_id == square else set()) for room in group]
            if not all(any(has(there, need) for there in left) for need in self.needs.features):
                yield time

    def _to_fetch(self, group: Sequence[Room]) -> list[str]:
        return [kind for kind in self.needs.equipment if not any(has(room.features, kind) for room in group)]


def _ranked(fitting: Sequence[Room], found: Iterable[Free], look: Look, near: Near) -> list[Candidate]:
    candidates = [
        Candidate(look.suit(fitting[one.group], one.times[0][0]), one.times, one.ranges, one.lasting) for one in found
    ]
    return sorted(candidates, key=lambda one: rank(one.suit, look.needs, near))


async def look_for(
    conn: Any, desk: Desk, actor: Actor, asked: Sought, rooms: Rooms, wanted: Wanted, ignoring: Sequence[UUID] = ()
) -> Look:
    """`ignoring`: bookings that hold back no equipment."""
    out = await outages.times(conn, rooms, wanted.window) if asked.needs().features else []
    return Look(desk, actor, asked, rooms, wanted, await _things(conn, desk, actor, asked, wanted, ignoring), out)


async def _things(
    conn: Any, desk: Desk, actor: Actor, asked: Sought, wanted: Wanted, ignoring: Sequence[UUID]
) -> Things:
    found = await things.load(conn, asked.equipment, wanted, desk.clock.now(), ignoring)
    seen = [one for one in found.all if allows(actor, "booking.read", square_id=one.square_id, unit_id=one.unit_id)]
    return replace(found, all=seen)


def near_of(rooms: Rooms, space_id: UUID | None, squares: Sequence[UUID]) -> Near:
    """Raises Invalid for a room that does not exist."""
    if space_id is None:
        return Near(squares[0] if squares else None)
    room = rooms.by_id.get(space_id)
    if room is None:
        raise house.unknown([space_id])
    return Near(room.square_id, room.floor, room.unit_id)


async def candidates_of(conn: Any, actor: Actor, asked: Sought, rooms: Rooms) -> list[Room]:
    """Raises Invalid for a space or square that does not exist, NotFound or Forbidden for another's."""
    if asked.space_id:
        named = _named(asked.space_id, rooms)
        for square in dict.fromkeys(room.square_id for room in named):
            require(actor, "booking.read", square_id=square)
        return [room for room in named if room.bookable]
    for square in asked.square_id:
        await house.zone_of(conn, square)
        require(actor, "booking.read", square_id=square)
    seen = {room.square_id for room in rooms.all if allows(actor, "booking.read", square_id=room.square_id)}
    squares = set(asked.square_id) or {room.square_id for room in rooms.all if room.square_works}
    return [
        room
        for room in rooms.all
        if room.bookable and room.square_id in squares & seen and (not asked.unit_id or room.unit_id in asked.unit_id)
    ][:MOST_SPACES]


def _named(space_ids: Sequence[UUID], rooms: Rooms) -> list[Room]:
    missing = [space for space in space_ids if space not in rooms.by_id]
    if missing:
        raise house.unknown(missing)
    return [rooms.by_id[space] for space in dict.fromkeys(space_ids)]


def _wanted(asked: Search, spaces: Sequence[Space]) -> Wanted:
    window = window_of((asked.start, asked.end), spaces[0].zone if spaces else ANY_ZONE)
    minutes = (asked.minutes, asked.setup_minutes, asked.teardown_minutes)
    if sum(minutes) * _MINUTE > LONGEST:
        raise Invalid(Message("En booking varer høyst 60 dager.", "A booking lasts at most 60 days."))
    length, setup, teardown = (count * _MINUTE for count in minutes)
    return Wanted(window, length, setup, teardown)


def sight(actor: Actor, groups: Iterable[Collection[Space]]) -> Sight:
    squares = {space.square_id for group in groups for space in group}
    seen = frozenset(square for square in squares if rights.sees_all_times(actor, square))
    return Sight(seen, rights.own_units(actor))
