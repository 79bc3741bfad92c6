"""What the policies of rooms say of many bookings that nobody has made yet: offers, and rooms that were found."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from services.facility.booking import house
from services.facility.booking.desk import Desk
from services.facility.booking.domain import Booking, Slot
from services.facility.booking.house import House
from services.facility.finding import store as finding
from services.facility.finding.store import Rooms
from services.facility.policy import rulebook, store
from services.facility.policy.domain import Terms
from services.facility.policy.rulebook import NOTHING, Ruling, Way
from shared.identity import Actor


async def ways(
    conn: Any, desk: Desk, actor: Actor, wanted: Booking, slots: Sequence[Slot], mark: UUID | None = None
) -> list[Way | None]:
    """How the asker would have the booking in each of the slots; None where not even a request is open to him."""
    rooms = await finding.rooms(conn, mark)
    if not wanted.about.touches and await _nothing_limits(conn, rooms, slots):
        return [NOTHING.way for _ in slots]
    judged = await _judged(conn, desk, actor, rooms, [replace(wanted, slot=slot) for slot in slots])
    return [ruling.way if ruling.askable else None for ruling in judged]


async def rulings(conn: Any, desk: Desk, actor: Actor, wanted: Sequence[Booking]) -> list[Ruling]:
    """Without locks, as of now; one for each."""
    rooms = await finding.rooms(conn)
    touching = any(one.about.touches for one in wanted)
    if not touching and await _nothing_limits(conn, rooms, [one.slot for one in wanted]):
        return [NOTHING for _ in wanted]
    return await _judged(conn, desk, actor, rooms, wanted)


async def _judged(conn: Any, desk: Desk, actor: Actor, rooms: Rooms, wanted: Sequence[Booking]) -> list[Ruling]:
    place = House(tuple(await house.load_any(conn, _named([one.slot for one in wanted]))), mark=rooms.mark)
    book = await rulebook.open_for(conn, desk.clock, actor, place, wanted, counting=False)
    terms = Terms(desk.clock.now())
    return [book.rule(booking, terms) for booking in wanted]


def _named(slots: Sequence[Slot]) -> list[UUID]:
    return list(dict.fromkeys(space for slot in slots for space in slot.space_ids))


async def _nothing_limits(conn: Any, rooms: Rooms, slots: Sequence[Slot]) -> bool:
    """Whether no policy holds in the spaces, and nobody hears, or is heard in, one of them."""
    named = _named(slots)
    governed = await store.effective(conn, named, rooms.mark)
    if any(one.rules is not None for one in governed.values()):
        return False
    leaves = {leaf for space in named if space in rooms.by_id for leaf in rooms.by_id[space].leaves}
    return not any(rooms.surroundings.heard_in(leaf) or rooms.surroundings.heard_from(leaf) for leaf in leaves)
