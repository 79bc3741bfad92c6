"""Refused dates of series come back: when what blocked one goes away, its owner is offered it, once.

Looking is a job, so nobody who frees a time has to think of it, and nothing is forgotten when a process dies.
"""

from typing import Any
from uuid import UUID

from services.facility.audit import trail
from services.facility.booking import commands, domain, gear, house, refusals, rights, store, timeline, view
from services.facility.booking.desk import Desk, again
from services.facility.booking.domain import Booking
from services.facility.booking.events import booking_event
from services.facility.booking.explain import explaining
from services.facility.booking.house import House
from services.facility.booking.warned import warned
from services.facility.offers import store as offers
from shared import db, outbox
from shared.identity import Actor
from shared.policy import require
from shared.problems import NotFound, Stale, WrongState

_LOOK_AT_ONCE = 50


async def look(desk: Desk) -> None:
    """Offers every refused date that has become free. Safe to run at any time, by any number of processes."""
    while await _look(desk) == _LOOK_AT_ONCE:
        pass


async def _look(desk: Desk) -> int:
    async with db.connection(desk.pool) as conn:
        found = await offers.candidates(conn, desk.clock.now(), _LOOK_AT_ONCE)
    for booking_id in found:
        await _look_at(desk, booking_id)
    return len(found)


async def _look_at(desk: Desk, booking_id: UUID) -> None:
    """Either an offer, or a note of what stands in the way now: it is no candidate until that is gone too."""

    async def work() -> None:
        async with db.transaction(desk.pool) as conn:
            booking = await store.find(conn, booking_id)
            if booking is None or booking.state != "rejected":
                return
            blocking = await _obstacles(conn, desk, booking)
            if blocking is not None:
                await offers.still_refused(conn, booking_id, blocking, desk.clock.now())
                return
            booking = (await store.lock(conn, [booking_id]))[booking_id]
            now = desk.clock.now()
            unit_id = booking.about.unit_id
            if await offers.offer(conn, booking_id, booking.square_id, unit_id, booking.slot.starts_at, now):
                offered = domain.offer(booking, now)
                await store.update(conn, [offered])
                await outbox.record(conn, booking_event(offered, "offered"))

    await again(work)


async def _obstacles(conn: Any, desk: Desk, booking: Booking) -> list[UUID] | None:
    """None when the date may be had; else what takes its rooms, nothing when only hours or equipment refuse it."""
    spaces = await house.load_any(conn, booking.slot.space_ids)
    if len(spaces) < len(booking.slot.space_ids):
        return []
    place = House(tuple(spaces))
    brought = await gear.carried(conn, [booking])
    seen = await timeline.survey(
        conn, desk.clock, place.leaves, [booking.slot.occupied], ignoring=[booking.id], gear=brought
    )
    hours = [] if booking.override else await house.open_spans(conn, place.spaces, booking.slot.bare)
    if domain.decide(booking.slot.bare, hours, seen.blockers[0]) is None:
        return None
    here = {found for _, found in await store.in_the_way(conn, place.leaves, [booking.slot.occupied], [booking.id])}
    stand = [blocker.id for blocker in seen.blockers[0] if blocker.kind == "closure" or blocker.id in here]
    return list(dict.fromkeys(stand))


async def take(desk: Desk, actor: Actor, booking_id: UUID, seen: int) -> Booking:
    """Books the offered date. Raises NotFound, Stale, WrongState, or Conflict when it is gone again."""
    return await explaining(desk, actor, lambda: _take(desk, actor, booking_id, seen))


async def _take(desk: Desk, actor: Actor, booking_id: UUID, seen: int) -> Booking:
    async with db.transaction(desk.pool) as conn:
        booking = await _offered(conn, desk, actor, booking_id, seen)
        place = await house.load(conn, booking.slot.space_ids)
        taken = await commands.take(conn, desk.clock, actor, place, booking)
        booking = (await store.lock(conn, [booking_id]))[booking_id]
        now = desk.clock.now()
        done = domain.take_offer(booking, now)
        await store.update(conn, [done])
        await timeline.occupy(conn, [(done, place.leaves)])
        await offers.answer(conn, booking_id, "taken", now)
        await trail.booking(conn, actor, "take_offer", booking, done)
        await outbox.record_many(conn, [*map(booking_event, taken.expired), booking_event(done, leaves=place.leaves)])
        return warned(done, taken.warnings)


async def decline(desk: Desk, actor: Actor, booking_id: UUID, seen: int) -> Booking:
    """The date stays refused and is not offered again."""

    async def work() -> Booking:
        async with db.transaction(desk.pool) as conn:
            booking = await _offered(conn, desk, actor, booking_id, seen)
            booking = (await store.lock(conn, [booking_id]))[booking_id]
            now = desk.clock.now()
            done = domain.decline_offer(booking, now)
            await store.update(conn, [done])
            await offers.answer(conn, booking_id, "declined", now)
            await trail.booking(conn, actor, "decline_offer", booking, done)
            await outbox.record(conn, booking_event(done))
            return done

    return await again(work)


async def _offered(conn: Any, desk: Desk, actor: Actor, booking_id: UUID, seen: int) -> Booking:
    booking = await store.find(conn, booking_id)
    if booking is None:
        raise NotFound
    rights.check_read(actor, booking.square_id, booking.about.unit_id)
    rights.check_write(actor, [booking.square_id], booking.about.unit_id, booking.state, override=False)
    now = desk.clock.now()
    if booking.version != seen:
        raise Stale(view.show(booking, actor, now))
    if booking.state != "rejected" or not await offers.is_open(conn, booking_id):
        raise WrongState(state=domain.state_at(booking, now))
    if booking.slot.starts_at <= now:
        raise refusals.invalid([refusals.over()])
    return booking


async def open_offers(
    desk: Desk, actor: Actor, square_id: UUID, unit_id: UUID | None
) -> list[tuple[offers.Offer, Booking]]:
    """Those not answered whose date is still ahead, by date."""
    require(actor, "booking.read", square_id=square_id, unit_id=unit_id)
    async with db.connection(desk.pool) as conn:
        found = await offers.open_offers(conn, square_id, unit_id, desk.clock.now())
        bookings = await store.find_all(conn, [one.booking_id for one in found])
    return [(one, bookings[one.booking_id]) for one in found]
