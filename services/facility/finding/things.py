"""Equipment in a search: when what is wanted is away, seen from a room, with the way there and back."""

import datetime as dt
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any
from uuid import UUID

from services.facility.booking.free import Range, Wanted, intersect, merge
from services.facility.booking.house import Space
from services.facility.equipment import store
from services.facility.equipment.domain import Use, in_the_way, short, way
from services.facility.registry.features import has
from shared.contracts.facility import Equipment, Gear

LONGEST_WAY = dt.timedelta(days=1)


@dataclass(frozen=True)
class Things:
    """What there is to fetch, in the order people list it, and who has it when."""

    all: Sequence[Equipment] = ()
    uses: Sequence[Use] = ()

    def of_kind(self, kind: str, room: Space) -> list[Equipment]:
        """What may be fetched to the room: from its square, or where there is none from others; the nearest first."""
        there = [thing for thing in self.all if thing.kind == kind]
        here = [thing for thing in there if thing.square_id == room.square_id] or there
        return self.by_way(here, [room])

    def away(self, thing: Equipment, count: int, rooms: Sequence[Space]) -> list[Range]:
        """When so many cannot be in the rooms: while too few are left, and the way before and after."""
        minutes = _way(thing, rooms)
        times = short([use for use in self.uses if use.equipment_id == thing.equipment_id], thing.count - count)
        return merge((start - minutes, end + minutes) for start, end in times)

    def none_of(self, kind: str, room: Space) -> list[Range]:
        """When not one of the kind can be fetched."""
        return reduce(intersect, (self.away(thing, 1, [room]) for thing in self.of_kind(kind, room)))

    def fetched(self, kind: str, room: Space, occupied: Range) -> Equipment | None:
        """The nearest that can be in the room all that time."""
        return next((one for one in self.of_kind(kind, room) if not self.who_has(one, 1, [room], occupied)), None)

    def who_has(self, thing: Equipment, count: int, rooms: Sequence[Space], occupied: Range) -> list[Use]:
        minutes = _way(thing, rooms)
        time = (occupied[0] - minutes, occupied[1] + minutes)
        own = [use for use in self.uses if use.equipment_id == thing.equipment_id]
        return in_the_way(own, thing.count, Use(UUID(int=0), thing.equipment_id, count, time))

    def brought(self, gear: Iterable[Gear], rooms: Sequence[Space]) -> list[tuple[Gear, Equipment]]:
        """What has to be brought to these rooms: not what one of them has of its own."""
        known = {thing.equipment_id: thing for thing in self.all}
        wanted = [(one, known[one.equipment_id]) for one in gear if one.equipment_id in known]
        return [(one, thing) for one, thing in wanted if not any(has(room.features, thing.kind) for room in rooms)]

    def by_way(self, found: Iterable[Equipment], rooms: Sequence[Space]) -> list[Equipment]:
        """The nearest first."""
        return sorted(found, key=lambda thing: (_way(thing, rooms), thing.name, thing.equipment_id))


def _way(thing: Equipment, rooms: Sequence[Space]) -> dt.timedelta:
    return way(thing, ((room.square_id, room.unit_id) for room in rooms))


async def load(
    conn: Any, kinds: Collection[str], wanted: Wanted, now: dt.datetime, ignoring: Sequence[UUID] = ()
) -> Things:
    """Everything of these kinds, and who has it around the window."""
    there = [thing for _, thing in await store.listed(conn) if thing.kind in kinds] if kinds else []
    if not there:
        return Things()
    window = (wanted.window[0] - wanted.setup - LONGEST_WAY, wanted.window[1] + wanted.teardown + LONGEST_WAY)
    return Things(there, await store.uses(conn, [thing.equipment_id for thing in there], window, ignoring, now))
