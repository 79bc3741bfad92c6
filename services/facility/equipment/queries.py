"""Questions about equipment. Nothing here changes anything."""

from collections.abc import Sequence
from uuid import UUID

from services.facility.booking import house
from services.facility.booking import store as bookings
from services.facility.booking.desk import Desk
from services.facility.booking.domain import Booking
from services.facility.booking.free import Range
from services.facility.booking.queries import window_of
from services.facility.equipment import store
from services.facility.equipment.domain import Use, least_left, way
from shared import db
from shared.contracts.facility import Equipment
from shared.identity import Actor
from shared.policy import allows, require
from shared.problems import NotFound


async def uses(desk: Desk, actor: Actor, equipment_id: UUID, written: tuple[str, str]) -> list[tuple[int, Booking]]:
    """(how many, the booking), by start. Raises NotFound, Forbidden, Invalid."""
    async with db.connection(desk.pool) as conn:
        known = await store.one(conn, equipment_id)
        if not known:
            raise NotFound
        require(actor, "booking.read", square_id=known[1].square_id, unit_id=known[1].unit_id)
        window = window_of(written, await house.zone_of(conn, known[1].square_id))
        found = await store.uses(conn, [equipment_id], window, now=desk.clock.now())
        known_bookings = await bookings.find_all(conn, [use.booking_id for use in found])
    told = [(use.count, known_bookings[use.booking_id]) for use in found]
    return [
        (n, one) for n, one in told if allows(actor, "booking.read", square_id=one.square_id, unit_id=one.about.unit_id)
    ]


async def free(
    desk: Desk,
    things: Sequence[Equipment],
    written: Sequence[tuple[str, str]],
    space_ids: Sequence[UUID],
    without: UUID | None,
) -> dict[UUID, list[int]]:
    """How many of each are there all of each time, were they carried to the spaces and back. Raises Invalid."""
    if not things:
        return {}
    async with db.connection(desk.pool) as conn:
        places = list((await store.places(conn, space_ids)).values())
        zones = {square: await house.zone_of(conn, square) for square in {thing.square_id for thing in things}}
        wanted = {
            thing.equipment_id: [_wanted(thing, window_of(one, zones[thing.square_id]), places) for one in written]
            for thing in things
        }
        times = [use.time for found in wanted.values() for use in found]
        hull = (min(start for start, _ in times), max(end for _, end in times))
        uses: dict[UUID, list[Use]] = {thing: [] for thing in wanted}
        for use in await store.uses(conn, list(wanted), hull, [without] if without else [], now=desk.clock.now()):
            uses[use.equipment_id].append(use)
    there = {thing.equipment_id: thing.count for thing in things}
    return {thing: [least_left(uses[thing], there[thing], use) for use in found] for thing, found in wanted.items()}


def _wanted(thing: Equipment, window: Range, places: Sequence[tuple[UUID, UUID | None]]) -> Use:
    """Nobody's yet."""
    there = way(thing, places)
    return Use(thing.equipment_id, thing.equipment_id, 1, (window[0] - there, window[1] + there))
