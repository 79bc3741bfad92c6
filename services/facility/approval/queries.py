"""The inbox of a square or unit, and what was decided about a booking. Nothing here changes anything."""

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from services.facility.approval import commands, domain, store
from services.facility.approval.domain import Party
from services.facility.approval.store import Decision
from services.facility.booking import house
from services.facility.booking import store as bookings
from services.facility.booking.bodies import time_of
from services.facility.booking.desk import Desk
from services.facility.booking.domain import Booking, unused_at
from services.facility.booking.house import House
from services.facility.booking.rights import may_read
from services.facility.policy import rulebook
from services.facility.policy.domain import Breach, Terms
from services.facility.policy.rulebook import Ruling
from shared import db
from shared.identity import Actor
from shared.policy import allows, require
from shared.problems import Invalid, Message, NotFound

_UTC = ZoneInfo("UTC")
WHERE = Message("Oppgi square_id eller unit_id.", "Name a square_id or a unit_id.")
NO_PAGE = Message("«after» er ikke en side herfra.", '"after" is no page of ours.')


@dataclass(frozen=True)
class Request:
    """A request that waits, what of the rooms' policies it breaks, and in whose name the asker may decide. `former`:
    the booking it is to take the place of, where the asker may see it."""

    booking: Booking
    parties: Sequence[Party]
    breaches: Sequence[Breach]
    warnings: Sequence[Breach]
    due: dt.datetime
    speaks_for: Sequence[Party]
    may_reject: bool
    former: Booking | None = None


@dataclass(frozen=True)
class Page:
    requests: list[Request]
    next: str | None


async def inbox(
    desk: Desk, actor: Actor, square_id: UUID | None, unit_id: UUID | None, after: str | None, limit: int
) -> Page:
    """What is due first comes first. Raises NotFound, Forbidden or Invalid."""
    async with db.connection(desk.pool) as conn:
        await _check_read(conn, actor, square_id, unit_id)
        now = desk.clock.now()
        due = await store.inbox(conn, square_id, unit_id, now, _cursor(after), limit)
        ids = [booking_id for booking_id, _ in due]
        found = await bookings.find_all(conn, ids)
        parties = await store.parties(conn, ids)
        rulings = await _rulings(conn, desk, actor, list(found.values()), parties)
        replaced = [one.replaces for one in found.values() if one.replaces]
        former = {one.id: one for one in (await bookings.find_all(conn, replaced)).values() if may_read(actor, one)}
    requests = [_request(actor, found[one], parties[one], rulings[one], at, now) for one, at in due if one in found]
    with_former = [_with_former(one, former) for one in requests]
    return Page(with_former, f"{due[-1][1].isoformat()}|{due[-1][0]}" if len(due) == limit else None)


def _with_former(one: Request, former: Mapping[UUID, Booking]) -> Request:
    return replace(one, former=former.get(one.booking.replaces)) if one.booking.replaces else one


@dataclass(frozen=True)
class History:
    """`released_at`: when the booking is given up if nobody comes."""

    booking: Booking
    parties: Sequence[Party]
    decisions: Sequence[Decision]
    released_at: dt.datetime | None


async def history(desk: Desk, actor: Actor, booking_id: UUID) -> History:
    async with db.connection(desk.pool) as conn:
        booking = await bookings.find(conn, booking_id)
        if booking is None:
            raise NotFound
        await commands.check_read(conn, actor, booking, desk.clock.now())
        parties = (await store.parties(conn, [booking_id])).get(booking_id, [])
        minutes = (await rulebook.release_after(conn, [booking])).get(booking_id)
        released_at = None if minutes is None else unused_at(booking, minutes)
        return History(booking, parties, await store.decisions(conn, booking_id), released_at)


async def _check_read(conn: Any, actor: Actor, square_id: UUID | None, unit_id: UUID | None) -> None:
    if unit_id is None and square_id is None:
        raise Invalid(WHERE)
    if square_id is not None:
        require(actor, "booking.read", square_id=square_id)
    unit = await house.unit(conn, unit_id)
    if unit is not None:
        require(actor, "booking.read", square_id=unit[0], unit_id=unit_id)


async def _rulings(
    conn: Any, desk: Desk, actor: Actor, found: Sequence[Booking], parties: Mapping[UUID, Sequence[Party]]
) -> Mapping[UUID, Ruling]:
    """What would be said of each request, were it approved by all."""
    named = dict.fromkeys(space for booking in found for space in booking.slot.space_ids)
    place = House(tuple(await house.load_any(conn, list(named))))
    book = await rulebook.open_for(conn, desk.clock, actor, place, found, counting=False)
    agreed = {one: frozenset(party.id for party in parties[one] if party.binding) for one in parties}
    return {one.id: book.rule(one, Terms(one.created_at, approved=True, agreed=agreed[one.id])) for one in found}


def _request(
    actor: Actor,
    booking: Booking,
    parties: Sequence[Party],
    ruling: Ruling,
    due: dt.datetime,
    now: dt.datetime,
) -> Request:
    binding = [party for party in parties if party.binding]
    waits = domain.missing(parties) if binding else list(parties)
    unit_id = booking.about.unit_id
    if binding:
        mine = [party for party in waits if domain.speaks_for(actor, party, now)]
    else:
        mine = waits if allows(actor, "booking.write", square_id=booking.square_id, unit_id=unit_id) else []
    rejects = allows(actor, "booking.reject", square_id=booking.square_id, unit_id=None if binding else unit_id)
    decides = rejects or bool(binding and mine)
    return Request(booking, parties, ruling.breaches, ruling.warnings, due, mine, decides)


def _cursor(after: str | None) -> tuple[dt.datetime, UUID]:
    if after is None:
        return store.START
    try:
        due, _, found = after.rpartition("|")
        return time_of("after", re.sub(r" (?=\d\d:\d\d$)", "+", due), _UTC), UUID(found)
    except (ValueError, Invalid):
        raise Invalid(NO_PAGE) from None
