"""What those who asked are told: the move that a booking waits for or was refused, and requests that were refused.

A date of a unit tells it itself; of all other bookings it is told here, until somebody who may ask has seen it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from services.facility.approval import commands, store
from services.facility.approval.store import Decision
from services.facility.audit import trail
from services.facility.booking import rights, view
from services.facility.booking import store as bookings
from services.facility.booking.desk import Desk, again
from services.facility.booking.domain import Booking, state_at
from shared import db
from shared.identity import Actor
from shared.policy import allows, require
from shared.problems import NotFound, Stale, WrongState


@dataclass(frozen=True)
class Answer:
    """A request, why it was refused (None while it waits), and the booking it was to take the place of, where the asker
    may see it."""

    request: Booking
    refusal: Decision | None
    former: Booking | None = None


async def move_of(desk: Desk, actor: Actor, booking_id: UUID) -> Answer | None:
    """The newest request for the booking's place, while it waits and until its refusal has been seen."""
    async with db.connection(desk.pool) as conn:
        booking = await bookings.find(conn, booking_id)
        if booking is None:
            raise NotFound
        await commands.check_read(conn, actor, booking, desk.clock.now())
        asked = await store.move_of(conn, booking_id)
        found = await _told(conn, actor, [asked] if asked else [])
    return found[0] if found else None


async def unseen(desk: Desk, actor: Actor, square_id: UUID) -> Sequence[Answer]:
    """Refused requests for rooms of the square, or to move its bookings away: those the actor may ask for and whose
    time, or that of the booking, is ahead. Newest first."""
    require(actor, "booking.read", square_id=square_id)
    async with db.connection(desk.pool) as conn:
        found = await _told(conn, actor, await store.unseen(conn, square_id, desk.clock.now()))
    return [one for one in found if _may_ask(actor, one.request)]


async def see(desk: Desk, actor: Actor, booking_id: UUID, seen: int) -> Booking:
    """Its refusal is told no more. Safe to repeat. Raises NotFound, Forbidden, Stale or WrongState."""
    return await again(lambda: _see(desk, actor, booking_id, seen))


async def _see(desk: Desk, actor: Actor, booking_id: UUID, seen: int) -> Booking:
    async with db.transaction(desk.pool) as conn:
        booking = (await bookings.lock(conn, [booking_id])).get(booking_id)
        if booking is None:
            raise NotFound
        rights.check_order(actor, booking, "cancel")
        now = desk.clock.now()
        if booking.version != seen:
            raise Stale(view.show(booking, actor, now))
        if not await store.is_refused(conn, booking_id):
            raise WrongState(state=state_at(booking, now))
        if await store.see(conn, booking_id, now):
            subject, unit_id = f"booking/{booking_id}", booking.about.unit_id
            await trail.changed(conn, actor, "booking.see_answer", subject, booking.square_id, unit_id, at=now)
        return booking


async def _told(conn: Any, actor: Actor, ids: Sequence[UUID]) -> list[Answer]:
    found = await bookings.find_all(conn, ids)
    replaced = await bookings.find_all(conn, [one.replaces for one in found.values() if one.replaces])
    former = {one.id: one for one in replaced.values() if rights.may_read(actor, one)}
    refusals = await store.refusals(conn, ids)
    requests = [found[one] for one in ids]
    return [Answer(one, refusals.get(one.id), former.get(one.replaces) if one.replaces else None) for one in requests]


def _may_ask(actor: Actor, request: Booking) -> bool:
    return allows(actor, "booking.write", square_id=request.square_id, unit_id=request.about.unit_id)
