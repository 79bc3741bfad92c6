"""A booking made or moved with one statement, where all that decides about it is known but for who is there: most are.

It is decided by the same functions as the long way round, in `commands`. What they would have to ask about, and what
they refuse for any other reason than that the time is taken, is left to that.
"""

from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import asyncpg

from services.facility.audit import trail
from services.facility.booking import (
    closure_store,
    domain,
    gear,
    house,
    refusals,
    rights,
    store,
    wishes,
    writing,
)
from services.facility.booking.bodies import MoveBooking, PutBooking
from services.facility.booking.desk import Desk, MustAsk, Overtaken, Unasked
from services.facility.booking.domain import Booking, hold_ran_out
from services.facility.booking.events import booking_event
from services.facility.booking.explain import tell
from services.facility.booking.house import House
from services.facility.booking.timeline import stands_there
from services.facility.booking.warned import warned
from services.facility.booking.writing import Held, Met
from services.facility.noise.listening import leaves_around
from services.facility.policy import rulebook
from services.facility.policy.domain import Terms
from services.facility.policy.rulebook import Ruling
from shared import db
from shared.audit import Entry
from shared.contracts.facility import OCCUPYING
from shared.envelope import Event
from shared.identity import Actor
from shared.problems import Problem


@dataclass(frozen=True)
class _Plain:
    """What is wanted is as it should be, if only nobody is there."""

    desk: Desk
    actor: Actor
    place: House
    wanted: Booking
    ruling: Ruling
    also_lock: Sequence[UUID]


async def make(desk: Desk, actor: Actor, booking_id: UUID, body: PutBooking) -> Booking | None:
    """None when it has to go the long way round; then nothing is written.

    Raises Refused when the time is taken, and Overtaken when the house is not as it was known.
    """
    place = house.assume(body.space_ids) if body.state in OCCUPYING else None
    plain = await _if_known(_new(desk, actor, place, booking_id, body)) if place else None
    if plain is None:
        return None
    booking = plain.wanted
    entry, event = trail.booking_entry(actor, "put", None, booking), booking_event(booking, leaves=plain.place.leaves)
    async with db.connection(desk.pool) as conn:
        return await _write(conn, writing.MAKE_AT_ONCE, plain, booking, entry, event)


async def move(desk: Desk, actor: Actor, booking_id: UUID, seen: int, body: MoveBooking) -> Booking | None:
    """As `make`; the booking itself is asked for first."""
    place = house.assume(body.space_ids)
    if place is None:
        return None
    async with db.connection(desk.pool) as conn:
        booking = await store.find(conn, booking_id)
        plain = await _if_known(_moved(desk, actor, place, booking, seen, body)) if booking else None
        if booking is None or plain is None:
            return None
        done = domain.move(booking, plain.wanted, desk.clock.now(), place.square_id, place.zone)
        entry = trail.booking_entry(actor, "move", booking, done)
        event = booking_event(done, "moved", leaves=place.leaves)
        return await _write(conn, writing.MOVE_AT_ONCE, plain, done, entry, event)


async def _if_known(judged: Awaitable[_Plain | None]) -> _Plain | None:
    """What else is refused is so by what may be known no more: that too is for the long way round."""
    try:
        return await judged
    except (MustAsk, Problem):
        return None


async def _new(desk: Desk, actor: Actor, place: House, booking_id: UUID, body: PutBooking) -> _Plain | None:
    unasked = Unasked()
    wanted = await wishes.new(unasked, desk.clock, actor, place, booking_id, body)
    return await _judge(unasked, desk, actor, place, wanted, body.terms(wanted.created_at))


async def _moved(
    desk: Desk, actor: Actor, place: House, booking: Booking, seen: int, body: MoveBooking
) -> _Plain | None:
    rights.check_read(actor, booking.square_id, booking.about.unit_id)
    unasked = Unasked()
    wanted = await wishes.moved(unasked, desk.clock, actor, place, booking, seen, body)
    terms = wishes.terms_of_move(booking, body, desk.clock.now())
    return await _judge(unasked, desk, actor, place, wanted, terms)


async def _judge(
    unasked: Unasked, desk: Desk, actor: Actor, place: House, wanted: Booking, terms: Terms
) -> _Plain | None:
    """None for what is refused whoever is there, or needs more written than itself. Raises MustAsk."""
    await gear.carried(unasked, [wanted])
    hours = [] if wanted.override else await house.spans_of(unasked, place, wanted.slot.bare)
    book = await rulebook.open_for(unasked, desk.clock, actor, place, [wanted])
    ruling = book.rule(wanted, terms)
    refused = domain.decide(wanted.slot.bare, hours, [], breaks_policy=bool(ruling.breaches))
    if refused or ruling.set_aside:
        return None
    return _Plain(desk, actor, place, wanted, ruling, await leaves_around(unasked, place, [wanted]))


async def _write(conn: Any, what: str, plain: _Plain, done: Booking, entry: Entry, event: Event) -> Booking | None:
    place = plain.place
    held = Held(place.mark, plain.also_lock, domain.themselves([done]))
    try:
        written, met = await writing.write_at_once(conn, what, done, place.leaves, held, [entry], [event])
    except asyncpg.ExclusionViolationError:
        raise Overtaken from None
    if written:
        return warned(done, plain.ruling.warnings)
    house.hold_to(place, met.mark)
    await _refuse(conn, plain, met, new=done.version == 1)
    return None


async def _refuse(conn: Any, plain: _Plain, met: Met, *, new: bool) -> None:
    """Raises Refused, unless the new booking is known already, or a hold that ran out may be all that is there."""
    wanted, now = plain.wanted, plain.desk.clock.now()
    ids = [one for _, one in met.bookings]
    found = await store.find_all(conn, [*ids, wanted.id] if new else ids)
    if wanted.id in found or any(hold_ran_out(one, now) for one in found.values()):
        return
    closed = await closure_store.blockers(conn, {one for _, one in met.closures})
    blockers = [*stands_there(found.values()), *closed]
    if blockers:
        refusal = refusals.refused("conflict", blockers, wanted, plain.place, plain.actor)
        refusal.where = met.where
        # Nothing is locked any more, and on this connection its asker waits for one only once.
        await tell(conn, plain.desk, plain.actor, refusal)
        raise refusal
