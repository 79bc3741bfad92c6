"""What bookings bring along: taken in the same transaction as their rooms, and under locks of its own beside theirs."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import asyncpg

from services.facility.booking.desk import Overtaken
from services.facility.booking.domain import Blocker, Booking, Fault
from services.facility.booking.free import Range, overlaps
from services.facility.equipment import store
from services.facility.equipment.bodies import GearIn
from services.facility.equipment.domain import Lack, Use, in_the_way, least_left, way
from shared.contracts.facility import Equipment, Gear
from shared.problems import Message

UNKNOWN = Message("Utstyret finnes ikke.", "There is no such equipment.")
TWICE = Message("Nevn hvert utstyr en gang.", "Name each piece of equipment once.")


def brought(sent: Sequence[GearIn]) -> tuple[Gear, ...]:
    return tuple(Gear(equipment_id=one.id, count=one.count) for one in sent)


async def look(conn: Any, wanted: Sequence[Gear]) -> tuple[list[Fault], list[UUID]]:
    """(what is wrong with it whatever else is booked, the squares it comes from)."""
    things = await store.find(conn, [one.equipment_id for one in wanted])
    faults = [fault for one in wanted if (fault := _fault(one, things.get(one.equipment_id)))]
    if len({one.equipment_id for one in wanted}) < len(wanted):
        faults.append(Fault("equipment_twice", TWICE))
    return faults, sorted({thing.square_id for thing in things.values()})


def _fault(wanted: Gear, thing: Equipment | None) -> Fault | None:
    if thing is None or thing.withdrawn:
        return Fault("unknown_equipment", UNKNOWN, {"equipment_id": str(wanted.equipment_id)})
    if wanted.count <= thing.count:
        return None
    told = Message(
        f"Det finnes bare {thing.count} av «{thing.name}».", f"There are only {thing.count} of “{thing.name}”."
    )
    accepted = {"equipment_id": str(thing.equipment_id), "most": thing.count}
    return Fault("equipment_count", told, accepted)


async def carried(conn: Any, bookings: Sequence[Booking]) -> list[list[Use]]:
    """For each booking what it takes of the equipment and when, the way there and back included."""
    ids = [one.equipment_id for booking in bookings for one in booking.equipment]
    if not ids:
        return [[] for _ in bookings]
    things = await store.find(conn, ids)
    spaces = sorted({space for booking in bookings if booking.equipment for space in booking.slot.space_ids})
    places = await store.places(conn, spaces)
    return [[_use(booking, one, things[one.equipment_id], places) for one in booking.equipment] for booking in bookings]


def _use(booking: Booking, wanted: Gear, thing: Equipment, places: Mapping[UUID, tuple[UUID, UUID | None]]) -> Use:
    start, end = booking.slot.occupied
    minutes = way(thing, (places[space] for space in booking.slot.space_ids))
    return Use(booking.id, wanted.equipment_id, wanted.count, (start - minutes, end + minutes))


@dataclass(frozen=True)
class Stock:
    """What there is of the equipment and who has it, held still until the transaction ends."""

    things: Mapping[UUID, Equipment] = field(default_factory=dict)
    uses: Sequence[Use] = ()

    def meeting(self, wanted: Sequence[Use]) -> set[UUID]:
        """Whoever has any of it in the time, live or not."""
        return {use.booking_id for one in wanted for use in self.uses if _meet(use, one)}

    def blockers(
        self, wanted: Sequence[Use], bookings: Mapping[UUID, Booking], gone: Collection[UUID], own: Iterable[Use] = ()
    ) -> list[Blocker]:
        """Who has too much of what is wanted. `gone`: holds that ran out; `own`: dates of the same series."""
        uses = [use for use in (*self.uses, *own) if use.booking_id not in gone]
        found = []
        for one in wanted:
            there = self.things[one.equipment_id].count
            hits = in_the_way([use for use in uses if use.equipment_id == one.equipment_id], there, one)
            lack = Lack(self.things[one.equipment_id], one.count, least_left(uses, there, one))
            found += [_blocker(bookings[hit.booking_id], lack) for hit in hits if hit.booking_id in bookings]
        return found


def _meet(use: Use, wanted: Use) -> bool:
    return use.equipment_id == wanted.equipment_id and overlaps(use.time, wanted.time)


def _blocker(booking: Booking, lack: Lack) -> Blocker:
    starts_at, ends_at = booking.slot.occupied
    about = booking.about
    return Blocker(booking.id, "equipment", starts_at, ends_at, about.unit_id, about.unit_kind, about.title, lack=lack)


async def lock(conn: Any, wanted: Sequence[Sequence[Use]], ignoring: Sequence[UUID]) -> Stock:
    """Comes after the locks of leaves and before those of bookings."""
    flat = [use for uses in wanted for use in uses]
    if not flat:
        return Stock()
    things = await store.find(conn, [use.equipment_id for use in flat], lock=True)
    hull: Range = (min(use.time[0] for use in flat), max(use.time[1] for use in flat))
    return Stock(things, await store.uses(conn, list(things), hull, ignoring))


async def take(conn: Any, bookings: Sequence[Booking]) -> None:
    """Raises Overtaken when the database counts too few: the caller's transaction is over then."""
    uses = [use for found in await carried(conn, bookings) for use in found]
    try:
        if uses:
            await store.take(conn, uses)
    except asyncpg.ExclusionViolationError:
        raise Overtaken from None
