"""Questions about equipment. Nothing here changes anything."""

from uuid import UUID

from services.facility.booking import house
from services.facility.booking import store as bookings
from services.facility.booking.desk import Desk
from services.facility.booking.domain import Booking
from services.facility.booking.queries import window_of
from services.facility.equipment import store
from shared import db
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
