"""Questions about bookings. Nothing here changes anything."""

import datetime as dt
import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from services.facility.approval import commands as approval
from services.facility.booking import closure_store, house, store
from services.facility.booking.bodies import time_of
from services.facility.booking.desk import Desk
from services.facility.booking.domain import LONGEST, Booking, Closure, hold_ran_out, kept_as
from services.facility.booking.free import Range
from services.facility.booking.warned import warned_now
from shared import db
from shared.contracts.facility import BookingState
from shared.identity import Actor
from shared.policy import allows, require
from shared.problems import Invalid, Message, NotFound
from shared.types import EARLIEST

LONGEST_LOOK = dt.timedelta(days=400)
_MINUTE = dt.timedelta(minutes=1)
_NOBODY = UUID(int=0)
_ANY_ZONE = ZoneInfo("Europe/Oslo")


@dataclass(frozen=True)
class Page:
    bookings: list[Booking]
    next: str | None


async def booking(desk: Desk, actor: Actor, booking_id: UUID) -> Booking:
    async with db.connection(desk.pool) as conn:
        found = await store.find(conn, booking_id)
        if found is None:
            raise NotFound
        await approval.check_read(conn, actor, found, desk.clock.now())
        return await warned_now(conn, desk.clock, found, actor)


async def listed(
    desk: Desk,
    actor: Actor,
    square_id: UUID | None,
    space_ids: list[UUID] | None,
    written: tuple[str, str],
    after: str | None,
    limit: int,
    states: Collection[BookingState] = (),
) -> Page:
    """Every booking of a square, or of spaces and what is above and below them, that meets the range; by start. With
    `states`, those that are in one of them now."""
    of = store.InStates(desk.clock.now(), list(states), kept_as(states)) if states else None
    async with db.connection(desk.pool) as conn:
        place = await house.load(conn, space_ids) if space_ids else None
        squares, zone = (place.squares, place.zone) if place else await _where(conn, square_id)
        for square in squares:
            require(actor, "booking.read", square_id=square)
        window = window_of(written, zone)
        if place:
            spaces = await house.kin(conn, place)
            found = await store.page_of_spaces(conn, spaces, square_id, window, _cursor(after), limit, of)
        else:
            found = await store.page_of_square(conn, squares[0], window, _cursor(after), limit, of)
    owners = {(one.square_id, one.about.unit_id) for one in found}
    may = {one for one in owners if allows(actor, "booking.read", square_id=one[0], unit_id=one[1])}
    seen = [one for one in found if (one.square_id, one.about.unit_id) in may]
    following = f"{found[-1].slot.starts_at.isoformat()}|{found[-1].id}" if len(found) == limit else None
    return Page(seen, following)


async def closures(desk: Desk, actor: Actor, square_id: UUID, written: tuple[str, str]) -> list[Closure]:
    """The emergency closures of a square that meet the range, also lifted ones."""
    async with db.connection(desk.pool) as conn:
        zone = await house.zone_of(conn, square_id)
        require(actor, "booking.read", square_id=square_id)
        return await closure_store.listed(conn, square_id, window_of(written, zone))


async def affecting(desk: Desk, actor: Actor, space_ids: list[UUID], written: tuple[str, str]) -> list[UUID]:
    """The occupying bookings whose occupied time meets the range on any leaf under the spaces, by start."""
    async with db.connection(desk.pool) as conn:
        place = await house.load(conn, space_ids)
        for square in place.squares:
            require(actor, "booking.read", square_id=square)
        window = window_of(written, place.zone)
        if window[1] - window[0] < _MINUTE:
            raise Invalid(Message("Tidsrommet må vare minst ett minutt.", "The range must last at least one minute."))
        rows = await store.in_the_way(conn, place.leaves, [window], [])
        found = await store.find_all(conn, [found for _, found in rows])
    now = desk.clock.now()
    live = [one for one in found.values() if not hold_ran_out(one, now)]
    return [one.id for one in sorted(live, key=lambda one: (one.slot.starts_at, one.id))]


async def _where(conn: Any, square_id: UUID | None) -> tuple[list[UUID], ZoneInfo]:
    if square_id is None:
        raise Invalid(Message("Oppgi square_id eller space_id.", "Name a square_id or a space_id."))
    return [square_id], await house.zone_of(conn, square_id)


def window_of(written: tuple[str, str], zone: ZoneInfo) -> Range:
    """Raises Invalid for a range that is reversed, empty or longer than 13 months."""
    start, end = time_of("from", with_plus(written[0]), zone), time_of("to", with_plus(written[1]), zone)
    if not start < end <= start + LONGEST_LOOK:
        raise Invalid(
            Message(
                "«to» må være etter «from», og høyst 13 måneder etter.",
                '"to" must be after "from", and at most 13 months after.',
            )
        )
    return start, end


def with_plus(text: str) -> str:
    """A plus sign that was not encoded in an address arrives as a space."""
    return re.sub(r" (?=\d\d:\d\d$)", "+", text)


def _cursor(after: str | None) -> tuple[dt.datetime, UUID]:
    if after is None:
        return EARLIEST - LONGEST, _NOBODY
    try:
        start, _, found = after.rpartition("|")
        return time_of("after", with_plus(start), _ANY_ZONE), UUID(found)
    except ValueError:
        raise Invalid(Message("«after» er ikke en side herfra.", '"after" is no page of ours.')) from None
