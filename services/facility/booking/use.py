"""Whether somebody came: checking in, and giving up what nobody came to where a policy asks for it.

Both hold the booking's lock, so of a check-in and a release at once the first one counts and the other sees it.
"""

from uuid import UUID

from services.facility.approval import commands as approval
from services.facility.audit import trail
from services.facility.booking import domain, refusals, rights, store, timeline, view
from services.facility.booking.desk import Desk, again
from services.facility.booking.domain import Booking
from services.facility.booking.events import booking_event
from services.facility.policy import rulebook
from services.facility.policy import store as policies
from shared import audit, db
from shared.identity import Actor
from shared.problems import NotFound, Stale


async def check_in(desk: Desk, actor: Actor, booking_id: UUID, seen: int) -> Booking:
    """Safe to repeat with the version it gave. Raises NotFound, Forbidden, Stale or WrongState."""
    return await again(lambda: _check_in(desk, actor, booking_id, seen))


async def _check_in(desk: Desk, actor: Actor, booking_id: UUID, seen: int) -> Booking:
    async with db.transaction(desk.pool) as conn:
        known = await store.find(conn, booking_id)
        if known is None:
            raise NotFound
        await approval.check_read(conn, actor, known, desk.clock.now())
        rights.check_write(actor, [known.square_id], known.about.unit_id, "confirmed", override=False)
        booking = (await store.lock(conn, [booking_id]))[booking_id]
        now = desk.clock.now()
        if booking.version != seen:
            raise Stale(view.show(booking, actor, now))
        if booking.checked_in_at and booking.state == "confirmed":
            return booking
        if not domain.may_check_in(booking, now):
            raise refusals.no_check_in(booking, domain.state_at(booking, now))
        done = domain.check_in(booking, now)
        event = booking_event(done, "checked_in", leaves=await store.occupied_leaves(conn, booking_id))
        await timeline.save(conn, done, [trail.booking_entry(actor, "check_in", booking, done)], [event])
        return done


async def release_unused(desk: Desk) -> None:
    """Gives up bookings that nobody came to. Safe to run at any time, by any number of processes."""
    async with db.connection(desk.pool) as conn:
        running = await policies.running(conn, desk.clock.now())
        found = list((await store.find_all(conn, running)).values())
        minutes = await rulebook.release_after(conn, found)
    for booking in found:
        if booking.id in minutes and domain.is_unused(booking, desk.clock.now(), minutes[booking.id]):
            await _release(desk, booking.id, minutes[booking.id])


async def _release(desk: Desk, booking_id: UUID, minutes: int) -> None:
    async def work() -> None:
        async with db.transaction(desk.pool) as conn:
            booking = (await store.lock(conn, [booking_id]))[booking_id]
            now = desk.clock.now()
            if not domain.is_unused(booking, now, minutes):
                return
            done = domain.give_up(booking, now)
            entries = [trail.booking_entry(audit.itself("facility"), "release_unused", booking, done)]
            await timeline.save(conn, done, entries, [booking_event(done)])

    await again(work)
