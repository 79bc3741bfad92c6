"""What would become of a booking: the same rulebook as the command's, and nothing saved."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

from services.facility.booking import house
from services.facility.booking.bodies import PutBooking
from services.facility.booking.desk import Desk
from services.facility.booking.domain import Booking
from services.facility.booking.free import covers
from services.facility.booking.house import House
from services.facility.booking.wishes import read
from services.facility.policy import rulebook
from services.facility.policy.domain import Breach, Policy
from services.facility.policy.rulebook import Rulebook
from shared import db
from shared.http import in_language
from shared.identity import Actor
from shared.policy import Role, require
from shared.walltime import written


async def of(
    desk: Desk, who: Actor, body: PutBooking, draft: Policy | None, role: Role | None, tongue: str
) -> dict[str, Any]:
    """Raises Invalid for a booking that cannot be."""
    async with db.connection(desk.pool) as conn:
        place = await house.load(conn, body.space_ids)
        for square in place.squares:
            require(who, "booking.read", square_id=square, unit_id=body.unit_id)
        now = desk.clock.now()
        booking = await read(conn, now, place, uuid4(), body)
        book = await rulebook.open_for(conn, desk.clock, _as(who, role, booking), place, [booking], counting=False)
        if draft is not None:
            book = replace(book, policies={space.id: draft for space in place.spaces})
        hours = [] if body.override else await house.open_spans(conn, place.spaces, booking.slot.bare)
    ruling = book.rule(booking, body.terms(now))
    return {
        "outcome": "refused" if ruling.way == "exception" else ruling.way,
        "within_hours": all(covers(spans, *booking.slot.bare) for spans in hours),
        "reasons": _told(ruling.breaches, tongue),
        "set_aside": list(ruling.set_aside),
        "warnings": _told(ruling.warnings, tongue),
        "touches": [{"unit_id": one.unit_id and str(one.unit_id), "why": one.why} for one in ruling.touched],
        "released_unused_at": _released(book, booking),
        "spaces": [_space(book, place, space) for space in book.policies],
    }


def _as(who: Actor, role: Role | None, booking: Booking) -> Actor:
    """Somebody with this role alone, in the booking's unit or else in its square."""
    if role is None:
        return who
    return Actor(who.subject, frozenset({(role, str(booking.about.unit_id or booking.square_id))}))


def _told(breaches: Sequence[Breach], tongue: str) -> list[dict[str, Any]]:
    return [in_language(breach.told(), tongue) for breach in breaches]


def _released(book: Rulebook, booking: Booking) -> str | None:
    minutes = book.release_after()
    at = None if minutes is None else booking.slot.starts_at + dt.timedelta(minutes=minutes)
    return written(at, booking.zone) if at and at < booking.slot.ends_at else None


def _space(book: Rulebook, place: House, space_id: UUID) -> dict[str, Any]:
    source = book.governed[space_id].source
    return {"space_id": str(space_id), "policy_of": str(source) if source else None}
