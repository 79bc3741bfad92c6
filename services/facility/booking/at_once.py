"""A booking made with one question to the database, where all but who else is there is known: most are like that.

It is decided by the same functions as the long way round, `commands.put`. What they would have to ask about, and what
they refuse for any other reason than that the time is taken, is left to that.
"""

from typing import Any, NamedTuple
from uuid import UUID

import asyncpg

from services.facility.audit import trail
from services.facility.booking import closure_store, domain, house, refusals, replacing, rights, store, wishes
from services.facility.booking.bodies import PutBooking
from services.facility.booking.desk import Desk, MustAsk, Overtaken, Unasked
from services.facility.booking.domain import Booking, hold_ran_out
from services.facility.booking.events import booking_event
from services.facility.booking.house import House
from services.facility.booking.store import Met
from services.facility.booking.timeline import stands_there
from services.facility.booking.warned import warned
from services.facility.noise.listening import leaves_around
from services.facility.policy import rulebook
from services.facility.policy.rulebook import Ruling
from shared import db
from shared.contracts.facility import OCCUPYING
from shared.identity import Actor
from shared.problems import Problem


class _Plain(NamedTuple):
    """A booking that is as it should be, if only nobody is there."""

    booking: Booking
    ruling: Ruling
    also_lock: list[UUID]


async def make(desk: Desk, actor: Actor, booking_id: UUID, body: PutBooking) -> Booking | None:
    """None when it has to go the long way round; then nothing is written.

    Raises Refused when the time is taken, and Overtaken when the house is not as it was known.
    """
    place = house.assume(body.space_ids) if body.state in OCCUPYING else None
    plain = await _judge(desk, actor, place, booking_id, body) if place else None
    if not place or not plain:
        return None
    booking, leaves = plain.booking, place.leaves
    entries, events = [trail.booking_entry(actor, "put", None, booking)], [booking_event(booking, leaves=leaves)]
    held = place.mark, domain.themselves([booking])
    async with db.connection(desk.pool) as conn:
        try:
            made, met = await store.make_at_once(conn, booking, leaves, plain.also_lock, *held, entries, events)
        except asyncpg.ExclusionViolationError:
            raise Overtaken from None
        if made:
            return warned(booking, plain.ruling.warnings)
        house.hold_to(place, met.mark)
        await _refuse(conn, desk, actor, place, booking, met)
    return None


async def _judge(desk: Desk, actor: Actor, place: House, booking_id: UUID, body: PutBooking) -> _Plain | None:
    """None for what is not plain, or is refused whoever is there."""
    unasked = Unasked()
    try:
        booking = await wishes.read(unasked, desk.clock.now(), place, booking_id, body)
        rights.check_write(actor, place.squares, body.unit_id, body.state, body.override)
        await wishes.check_gear(unasked, actor, booking.equipment, body.unit_id)
        await replacing.check(unasked, actor, body.replaces)
        hours = [] if booking.override else await house.spans_of(unasked, place, booking.slot.bare)
        book = await rulebook.open_for(unasked, desk.clock, actor, place, [booking])
        also_lock = await leaves_around(unasked, place, [booking])
    except (MustAsk, Problem):
        return None
    ruling = book.rule(booking, body.terms(booking.created_at))
    refused = domain.decide(booking.slot.bare, hours, [], breaks_policy=bool(ruling.breaches))
    return None if refused or ruling.set_aside else _Plain(booking, ruling, also_lock)


async def _refuse(conn: Any, desk: Desk, actor: Actor, place: House, booking: Booking, met: Met) -> None:
    """Raises Refused, unless the booking is known already, or a hold that ran out may be all that is there."""
    found = await store.find_all(conn, [booking.id, *(one for _, one in met.bookings)])
    now = desk.clock.now()
    if booking.id in found or any(hold_ran_out(one, now) for one in found.values()):
        return
    closed = await closure_store.blockers(conn, {one for _, one in met.closures})
    blockers = [*stands_there(found.values()), *closed]
    if blockers:
        raise refusals.refused("conflict", blockers, booking, place, actor)
