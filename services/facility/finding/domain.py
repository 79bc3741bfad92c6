"""What a search asks of rooms, what a room lacks of it, and in which order rooms are told. Pure.

Hard: people and layout, access needs, equipment, noise, price. A room that lacks any of it is not told.
Soft, in this order: the same square, equipment that need not be fetched, disturbing nobody, no hall for a handful,
the same floor, the same owner, what the other room had besides, the fewest seats to spare, the price, the soonest.
"""

import datetime as dt
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal
from uuid import UUID

from services.facility.booking.house import Space
from services.facility.registry.features import has
from shared.contracts.facility import Equipment, Layout, OrganiserKind

Lack = Literal["too_small", "no_such_layout", "lacks_feature", "too_loud_around", "must_be_quiet", "too_expensive"]
QUIETEST, LOUDEST = 0, 5
_SPACIOUS = 3  # a room of more than so many times the people wanted is a hall for a handful
_FEW = 10
_UNKNOWN_SEATS = 10**9


@dataclass(frozen=True)
class Room(Space):
    """A space with all that it is searched by."""

    floor: str | None
    position: int
    square_name: str
    square_works: bool
    layouts: Mapping[Layout, int]
    noise_out: int | None
    noise_tolerance: int | None
    neighbours: Sequence[tuple[UUID, int]]
    prices: Mapping[OrganiserKind, int]
    parent_id: UUID | None = None

    def seats(self, layout: Layout | None) -> int | None:
        """How many fit; None: any number. A room that lists layouts has no others."""
        return self.layouts.get(layout, 0) if layout and self.layouts else self.capacity

    def price(self, organiser: OrganiserKind | None) -> int:
        """Kroner an hour. Who is not named pays nothing."""
        return self.prices.get(organiser, 0) if organiser else 0


@dataclass(frozen=True)
class Needs:
    """What is asked of a room, or of several that are booked at once. Nothing is asked by what is left out."""

    people: int = 0
    layout: Layout | None = None
    features: tuple[str, ...] = ()
    equipment: tuple[str, ...] = ()  # kinds that the room has or that are fetched
    max_noise: int = LOUDEST  # the loudest that may come in from the rooms around
    noise_out: int = QUIETEST  # how loud it will be
    organiser: OrganiserKind | None = None
    max_price: int | None = None


@dataclass(frozen=True)
class Near:
    """The room that is wanted, or where the asker is: what other rooms are compared with."""

    square_id: UUID | None = None
    floor: str | None = None
    unit_id: UUID | None = None
    features: tuple[str, ...] = ()


class Surroundings:
    """Who hears whom. At its worst: every room as loud as it may be."""

    def __init__(self, rooms: Iterable[Room]) -> None:
        self._rooms = {room.id: room for room in rooms}

    @cached_property
    def _loudest(self) -> dict[UUID, int]:
        found: dict[UUID, int] = {}
        for room in self._rooms.values():
            for heard_in, attenuation in room.neighbours:
                level = (room.noise_out or 0) - attenuation
                found[heard_in] = max(found.get(heard_in, QUIETEST), level)
        return found

    def around(self, room: Room) -> int:
        """The loudest that may come in."""
        return self._loudest.get(room.id, QUIETEST)

    def disturbed(self, room: Room, noise_out: int) -> list[Room]:
        """The rooms that would hear more than they bear, by name."""
        heard = [(self._rooms.get(other), noise_out - attenuation) for other, attenuation in room.neighbours]
        too_loud = [
            other
            for other, level in heard
            if other and other.noise_tolerance is not None and level > other.noise_tolerance
        ]
        return sorted(too_loud, key=lambda other: (other.name, other.id))

    def heard_in(self, leaf: UUID) -> Mapping[UUID, int]:
        """The leaves in which this one is heard, and how much the walls take. A part is heard as its whole is, unless
        it says so itself."""
        return self._heard_in.get(leaf, {})

    def heard_from(self, leaf: UUID) -> Mapping[UUID, int]:
        """The leaves that are heard in this one, and how much the walls take."""
        return self._heard_from.get(leaf, {})

    def is_alone(self, leaf: UUID) -> bool:
        """It neither hears another leaf nor is heard in one."""
        return leaf not in self._heard_in and leaf not in self._heard_from

    def tolerance(self, leaf: UUID) -> int | None:
        """What it bears from outside, or else what its whole does; None where nothing is said of it."""
        said = (room.noise_tolerance for room in self._with_wholes(leaf))
        return next((level for level in said if level is not None), None)

    def name(self, leaf: UUID) -> str:
        return self._rooms[leaf].name if leaf in self._rooms else ""

    @cached_property
    def _heard_in(self) -> dict[UUID, dict[UUID, int]]:
        found = {leaf: self._ways(leaf) for room in self._rooms.values() for leaf in room.leaves}
        return {leaf: ways for leaf, ways in found.items() if ways}

    @cached_property
    def _heard_from(self) -> dict[UUID, dict[UUID, int]]:
        found: dict[UUID, dict[UUID, int]] = {}
        for leaf, ways in self._heard_in.items():
            for other, attenuation in ways.items():
                found.setdefault(other, {})[leaf] = attenuation
        return found

    def _ways(self, leaf: UUID) -> dict[UUID, int]:
        """What is said of the leaf goes before what is said of its whole; what is said of a part it is heard in, before
        what is said of that part's whole."""
        found: dict[UUID, int] = {}
        for room in reversed(self._with_wholes(leaf)):
            heard = [(self._rooms[one], taken) for one, taken in room.neighbours if one in self._rooms]
            for other, attenuation in sorted(heard, key=lambda one: -len(one[0].leaves)):
                found |= dict.fromkeys(other.leaves, attenuation)
        found.pop(leaf, None)
        return found

    def _with_wholes(self, leaf: UUID) -> list[Room]:
        """The leaf and all it is part of, nearest first."""
        found, room = [], self._rooms.get(leaf)
        while room:
            found.append(room)
            room = self._rooms.get(room.parent_id) if room.parent_id else None
        return found


def lacks(rooms: Sequence[Room], needs: Needs, surroundings: Surroundings) -> Lack | None:
    """Why these rooms, taken at once, do not do; the first reason there is. Each feature must be in one of them."""
    if not enough([room.seats(needs.layout) for room in rooms], needs.people):
        known = all(room.layouts and needs.layout not in room.layouts for room in rooms)
        return "no_such_layout" if needs.layout and known else "too_small"
    if not all(any(has(room.features, need) for room in rooms) for need in needs.features):
        return "lacks_feature"
    if any(surroundings.around(room) > needs.max_noise for room in rooms):
        return "too_loud_around"
    if any(room.noise_out is not None and room.noise_out < needs.noise_out for room in rooms):
        return "must_be_quiet"
    if needs.max_price is not None and sum(room.price(needs.organiser) for room in rooms) > needs.max_price:
        return "too_expensive"
    return None


def enough(seats: Sequence[int | None], people: int) -> bool:
    """Spaces booked at once hold the sum of what each holds; None: any number fits."""
    return any(size is None for size in seats) or sum(size or 0 for size in seats) >= people


@dataclass(frozen=True)
class Suit:
    """How well a room does."""

    room: Room
    disturbs: Sequence[Room]
    first: dt.datetime | None = None
    fetched: Sequence[Equipment] = ()


def rank(suit: Suit, needs: Needs, near: Near) -> tuple[Any, ...]:
    """Smaller is better. No two rooms rank alike, so the order is the same every time."""
    room = suit.room
    seats = room.seats(needs.layout)
    return (
        near.square_id is not None and room.square_id != near.square_id,
        len(suit.fetched),
        len(suit.disturbs),
        seats is not None and seats > _SPACIOUS * max(needs.people, _FEW) and needs.people > 0,
        floors_apart(room.floor, near.floor) or 0,
        near.unit_id is not None and room.unit_id != near.unit_id,
        len(missing(room.features, near.features)),
        _UNKNOWN_SEATS if seats is None else seats - needs.people,
        room.price(needs.organiser),
        suit.first.timestamp() if suit.first else 0.0,
        room.square_name,
        room.position,
        room.name,
        room.id,
    )


def missing(there: Collection[str], wanted: Iterable[str]) -> list[str]:
    return [need for need in wanted if not has(there, need)]


def floors_apart(one: str | None, other: str | None) -> int | None:
    """None where it cannot be said; floors that are not numbered are one apart from all others."""
    if one is None or other is None:
        return None
    if one.strip().casefold() == other.strip().casefold():
        return 0
    levels = _level(one), _level(other)
    return 1 if None in levels else abs((levels[0] or 0) - (levels[1] or 0))


def _level(floor: str) -> int | None:
    """ "2" and "-1"; "U1" is the first below the ground."""
    found = re.fullmatch(r"\s*([uU]?)(-?\d{1,3})\.?\s*", floor)
    if not found:
        return None
    return -int(found[2]) if found[1] else int(found[2])
