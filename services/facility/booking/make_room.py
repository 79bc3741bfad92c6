"""A room is needed for something else: what stands there goes to another room or time, and the other takes its place.

Both happen in one transaction or neither does. The displaced booking keeps its earlier slot as `previous`, and its
owner hears of a move, not of a cancellation.
"""

from typing import Annotated, Any
from uuid import UUID

from pydantic import Field

from services.facility.audit import trail
from services.facility.booking import commands, house, store
from services.facility.booking.bodies import MoveBooking, PutBooking
from services.facility.booking.desk import Desk
from services.facility.booking.domain import Booking
from services.facility.booking.explain import explaining
from services.facility.booking.warned import warned_now
from services.facility.finding import store as finding
from shared import db
from shared.identity import Actor
from shared.policy import require
from shared.problems import NotFound
from shared.types import Body, Code, Id


class NewBooking(PutBooking):
    id: Id


class MakeRoom(Body):
    """Where the displaced booking goes, what takes its place, and why."""

    move_to: MoveBooking
    booking: NewBooking
    reason_code: Annotated[Code, Field(min_length=1)]


async def make_room(desk: Desk, actor: Actor, booking_id: UUID, seen: int, body: MakeRoom) -> tuple[Booking, Booking]:
    """(the displaced booking where it is now, the one that took its place). Sent again it answers the same.

    Raises NotFound, Forbidden, Stale, and whatever moving or booking raises; then nothing has changed.
    """
    return await explaining(desk, actor, lambda: _make_room(desk, actor, booking_id, seen, body))


async def _make_room(desk: Desk, actor: Actor, booking_id: UUID, seen: int, body: MakeRoom) -> tuple[Booking, Booking]:
    wanted = PutBooking.model_validate(body.booking.model_dump(exclude={"id"}))
    async with db.transaction(desk.pool) as conn:
        displaced = await store.find(conn, booking_id)
        if displaced is None:
            raise NotFound
        require(actor, "booking.displace", square_id=displaced.square_id, unit_id=displaced.about.unit_id)
        if await store.find(conn, body.booking.id):
            moved = await warned_now(conn, desk.clock, displaced, actor)
            return moved, await commands.put_in(conn, desk, actor, body.booking.id, wanted)
        await _lock(conn, booking_id, body)
        moved = await commands.move_in(conn, desk, actor, booking_id, seen, body.move_to)
        made = await commands.put_in(conn, desk, actor, body.booking.id, wanted)
        await trail.changed(
            conn, actor, "booking.make_room", f"booking/{booking_id}", displaced.square_id, displaced.about.unit_id,
            at=made.created_at, after={"reason_code": body.reason_code, "for_booking": made.id},
        )  # fmt: skip
        return moved, made


async def _lock(conn: Any, booking_id: UUID, body: MakeRoom) -> None:
    """All leaves of both steps, in id order: each step locks its own again, and nobody waits in a circle."""
    spaces = [*body.move_to.space_ids, *body.booking.space_ids]
    known = await house.load_any(conn, spaces)
    leaves = {leaf for space in known for leaf in space.leaves}
    rooms = (await finding.rooms(conn)).surroundings
    leaves |= {other for leaf in leaves for other in (*rooms.heard_in(leaf), *rooms.heard_from(leaf))}
    await store.lock_leaves(conn, sorted(leaves | set(await store.occupied_leaves(conn, booking_id))))
