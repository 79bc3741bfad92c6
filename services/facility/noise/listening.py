"""What is on around the rooms that bookings are wanted in, and whom it disturbs.

Which rooms hear each other is known of the whole house as long as nothing of it changes: bookings of rooms that hear
nobody, and that nobody hears, ask the database for nothing here.
"""

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from services.facility.booking.domain import DISCREET, Blocker, Booking, Slot, themselves
from services.facility.booking.house import House, Space
from services.facility.finding import store as finding
from services.facility.finding.domain import Surroundings
from services.facility.finding.store import Rooms
from services.facility.noise import store
from services.facility.noise.domain import Conflict, Sound, conflicts, reach

_NOBODY_IS_HEARD = Surroundings([])


@dataclass(frozen=True)
class Neighbour:
    """A booking around. `home` is the square of its unit."""

    sound: Sound
    blocker: Blocker
    square_id: UUID
    home: UUID | None


@dataclass(frozen=True)
class Heard:
    """A conflict with all that is needed to tell of it; `named` is the space of the wish that it concerns."""

    conflict: Conflict
    neighbour: Neighbour
    named: Space
    source: str
    heard_in: str


@dataclass(frozen=True)
class Noise:
    """What meets the noise, or the quiet, of each slot that was asked for."""

    around: Surroundings = _NOBODY_IS_HEARD
    neighbours: Mapping[Slot, Sequence[Neighbour]] = field(default_factory=dict)
    spaces: Mapping[UUID, Space] = field(default_factory=dict)

    def heard(self, booking: Booking) -> Iterator[Heard]:
        """The worst first."""
        there = {one.sound.id: one for one in self.neighbours.get(booking.slot, ())}
        if not there:
            return
        named = [self.spaces[space] for space in booking.slot.space_ids if space in self.spaces]
        for one in conflicts(sound(booking, named), (other.sound for other in there.values()), self.around):
            own = one.source if one.way == "out" else one.heard_in
            space = next(space for space in named if own in space.leaves)
            yield Heard(one, there[one.other], space, self.around.name(one.source), self.around.name(one.heard_in))


async def listen(
    conn: Any, place: House, bookings: Sequence[Booking], now: dt.datetime, *, each_other: bool = False
) -> Noise:
    """Of bookings in these spaces, or in some of them; without locks. `each_other`: they are booked already."""
    around = await finding.surroundings(conn, place.mark)
    reached = _reached(place, bookings, around)
    slots = list(reached)
    asked = [(number, leaf, *slot.occupied) for number, slot in enumerate(slots) for leaf in sorted(reached[slot])]
    found: dict[Slot, list[Neighbour]] = {}
    ignoring = [] if each_other else themselves(bookings)
    for row in await store.around(conn, asked, ignoring, now) if asked else []:
        found.setdefault(slots[row["n"]], []).append(_neighbour(row))
    return Noise(around, found, {space.id: space for space in place.spaces})


def house_of(rooms: Rooms, bookings: Iterable[Booking]) -> House:
    """The spaces that bookings name, of those that are left."""
    named = dict.fromkeys(space for one in bookings for space in one.slot.space_ids)
    return House(tuple(rooms.by_id[space] for space in named if space in rooms.by_id), mark=rooms.mark)


async def leaves_around(conn: Any, place: House, bookings: Sequence[Booking]) -> list[UUID]:
    """Whoever locks these too is not disturbed by somebody who books at the same moment."""
    around = await finding.surroundings(conn, place.mark)
    return sorted({leaf for leaves in _reached(place, bookings, around).values() for leaf in leaves})


def _reached(place: House, bookings: Sequence[Booking], around: Surroundings) -> dict[Slot, set[UUID]]:
    if all(around.is_alone(leaf) for leaf in place.leaves):
        return {}
    spaces = {space.id: space for space in place.spaces}
    found: dict[Slot, set[UUID]] = {}
    for booking in bookings:
        named = [spaces[space] for space in booking.slot.space_ids if space in spaces]
        found.setdefault(booking.slot, set()).update(reach(sound(booking, named), around))
    return found


def sound(booking: Booking, named: Sequence[Space]) -> Sound:
    leaves = tuple(sorted({leaf for space in named for leaf in space.leaves}))
    about = booking.about
    blocked = "blocked" in (booking.state, booking.state_before)
    minding = minds(blocked, about.unit_kind)
    return Sound(leaves, about.noise_out, about.quiet_need, minding, id=booking.id, time=booking.slot.occupied)


def minds(blocked: bool, unit_kind: str | None) -> bool:
    """There is nobody in a room that is blocked, unless by the health station, which so keeps its appointments."""
    return not blocked or unit_kind == DISCREET


def _neighbour(row: Any) -> Neighbour:
    start, end = row["starts_at"], row["ends_at"]
    minding = minds(row["state"] == "blocked", row["unit_kind"])
    levels = row["noise_out"], row["quiet_need"]
    heard = Sound(tuple(row["leaves"]), *levels, minding, id=row["id"], time=(start, end))
    blocker = Blocker(row["id"], "booking", start, end, row["unit_id"], row["unit_kind"], row["title"])
    return Neighbour(heard, blocker, row["square_id"], row["unit_square"])
