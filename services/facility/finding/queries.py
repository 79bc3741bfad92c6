"""Questions about free time. Nothing here changes anything, and nothing is locked: an answer is no promise."""

import datetime as dt
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from services.facility.booking import house, rights
from services.facility.booking.desk import Desk
from services.facility.booking.domain import LONGEST
from services.facility.booking.free import Range, Wanted
from services.facility.booking.house import Space
from services.facility.booking.queries import window_of
from services.facility.finding import store
from services.facility.finding.bodies import Find, Search
from services.facility.finding.domain import Lack, Near, Room, Suit, lacks, rank
from services.facility.finding.store import Free, More, Rooms, Sight
from shared import db
from shared.identity import Actor
from shared.policy import allows, require
from shared.problems import Invalid, Message

MOST_SPACES = 500
_MINUTE = dt.timedelta(minutes=1)
_ANY_ZONE = ZoneInfo("Europe/Oslo")


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
    """The rooms that do, best first, and how many do not, by the first reason."""

    rooms: Rooms
    near: Near
    candidates: Sequence[Candidate]
    left_out: Counter[str]


async def free(desk: Desk, actor: Actor, asked: Search) -> list[Found]:
    """Where a booking of the wanted length fits, for each space by itself or for all at once, in the order asked."""
    async with db.connection(desk.pool) as conn:
        rooms = await store.rooms(conn)
        spaces = await _candidates(conn, actor, asked, rooms)
        groups = [spaces] if asked.together and spaces else [[space] for space in spaces]
        fitting = [group for group in groups if _lack(group, asked, rooms) is None]
        wanted = _wanted(asked, spaces)
        found = await _free_of(conn, desk, actor, fitting, wanted, asked, store.MOST_ROWS)
    return [
        Found(tuple(space.id for space in fitting[one.group]), fitting[one.group][0].zone, one.time) for one in found
    ]


async def find(desk: Desk, actor: Actor, asked: Find) -> Finding:
    """The rooms in which a booking of the wanted length fits at some time, ranked."""
    async with db.connection(desk.pool) as conn:
        rooms = await store.rooms(conn)
        spaces = await _candidates(conn, actor, asked, rooms)
        why_not: dict[UUID, Lack | None] = {space.id: _lack([space], asked, rooms) for space in spaces}
        fitting = [space for space in spaces if why_not[space.id] is None]
        wanted = _wanted(asked, spaces)
        found = await _free_of(conn, desk, actor, [[space] for space in fitting], wanted, asked, asked.times)
    near = _near(rooms, asked)
    candidates = _ranked(fitting, found, rooms, asked, near)
    left_out: Counter[str] = Counter(lack for lack in why_not.values() if lack)
    left_out["never_free"] = len(fitting) - len(candidates)
    return Finding(rooms, near, candidates[: asked.limit], +left_out)


def _ranked(fitting: Sequence[Room], found: Iterable[Free], rooms: Rooms, asked: Find, near: Near) -> list[Candidate]:
    needs, by_room = asked.needs(), dict[int, list[Free]]()
    for one in found:
        by_room.setdefault(one.group, []).append(one)
    candidates = []
    for number, free_of_room in by_room.items():
        room, first = fitting[number], free_of_room[0]
        suit = Suit(room, rooms.surroundings.disturbed(room, needs.noise_out), first.time[0])
        candidates.append(Candidate(suit, [one.time for one in free_of_room], first.ranges, first.lasting))
    return sorted(candidates, key=lambda one: rank(one.suit, needs, near))


def _near(rooms: Rooms, asked: Find) -> Near:
    """Raises Invalid for a room that does not exist."""
    if asked.near_space_id is None:
        return Near(asked.square_id[0] if asked.square_id else None)
    room = rooms.by_id.get(asked.near_space_id)
    if room is None:
        raise house.unknown([asked.near_space_id])
    return Near(room.square_id, room.floor, room.unit_id)


async def _candidates(conn: Any, actor: Actor, asked: Search, rooms: Rooms) -> list[Room]:
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


def _lack(group: Sequence[Room], asked: Search, rooms: Rooms) -> Lack | None:
    return lacks(group, asked.needs(), rooms.surroundings)


def _wanted(asked: Search, spaces: Sequence[Space]) -> Wanted:
    window = window_of((asked.start, asked.end), spaces[0].zone if spaces else _ANY_ZONE)
    minutes = (asked.minutes, asked.setup_minutes, asked.teardown_minutes)
    if sum(minutes) * _MINUTE > LONGEST:
        raise Invalid(Message("En booking varer høyst 60 dager.", "A booking lasts at most 60 days."))
    length, setup, teardown = (count * _MINUTE for count in minutes)
    return Wanted(window, length, setup, teardown)


async def _free_of(
    conn: Any, desk: Desk, actor: Actor, groups: Sequence[Sequence[Space]], wanted: Wanted, asked: Search, each: int
) -> list[Free]:
    more = More(limits=asked.hours())
    return await store.free(conn, groups, wanted, desk.clock.now(), sight(actor, groups), more, each=each)


def sight(actor: Actor, groups: Iterable[Collection[Space]]) -> Sight:
    squares = {space.square_id for group in groups for space in group}
    seen = frozenset(square for square in squares if rights.sees_all_times(actor, square))
    return Sight(seen, rights.own_units(actor))
