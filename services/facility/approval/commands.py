"""What requests need inside the commands on bookings: their parties, who speaks for whom, and what is kept of it."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple
from uuid import UUID

from services.facility.approval import domain, store
from services.facility.approval.domain import Owned, Party
from services.facility.approval.store import Decision, Verdict
from services.facility.booking import rights
from services.facility.booking.domain import Booking, Order
from services.facility.booking.house import House
from services.facility.policy import rulebook
from services.facility.policy.domain import Breach, Reason
from services.facility.policy.rulebook import Ruling
from shared.clock import Clock
from shared.identity import Actor
from shared.policy import allows, require
from shared.problems import Forbidden, Message, NotFound, Problem

ANOTHERS = Message(
    "Dette avgjøres av den som eier rommet, eller av en enhet som blir berørt.",
    "This is decided by whoever owns the room, or by a unit that is affected.",
)
NO_CODE = "other"


class Opened(NamedTuple):
    """A request that has been put into inboxes: whose yes it waits for, and what its asker is warned of."""

    awaiting: Sequence[UUID] = ()
    warnings: Sequence[Breach] = ()


@dataclass(frozen=True)
class Hearing:
    """Who has a say in a request, in whose name the actor speaks, and whose yes is still missing after that."""

    parties: Sequence[Party]
    speaking: Sequence[Party]
    missing: Sequence[Party]

    @property
    def binds(self) -> bool:
        """Whether the request is decided by its parties, and not by whoever may book."""
        return any(party.binding for party in self.parties)

    @property
    def bound(self) -> frozenset[UUID]:
        return frozenset(party.id for party in self.parties if party.binding)

    @property
    def awaiting(self) -> list[UUID]:
        return [party.id for party in self.missing]


async def open_requests(
    conn: Any, clock: Clock, actor: Actor, place: House, bookings: Sequence[Booking]
) -> Mapping[UUID, Opened]:
    """Puts the requests into the inboxes of their parties."""
    asked = [booking for booking in bookings if booking.state == "requested"]
    if not asked:
        return {}
    book = await rulebook.open_for(conn, clock, actor, place, asked, counting=False)
    owned = [
        Owned(space.square_id, book.governed[space.id].owner_id, book.policies.get(space.id)) for space in place.spaces
    ]
    found = {
        one.id: domain.parties(owned, [*book.touched(one), *book.disturbed(one)], one.created_at, one.slot.starts_at)
        for one in asked
    }
    await store.open_for(conn, [(booking, party) for booking, parties in found.items() for party in parties])
    waits = {booking: [party.id for party in domain.missing(parties)] for booking, parties in found.items()}
    return {one.id: Opened(waits[one.id], book.warnings(one)) for one in asked}


async def check_read(conn: Any, actor: Actor, booking: Booking, now: dt.datetime) -> None:
    """As for any booking; besides, whoever decides about a request may see it. Raises NotFound or Forbidden."""
    try:
        rights.check_read(actor, booking.square_id, booking.about.unit_id)
    except (NotFound, Forbidden):
        parties = (await store.parties(conn, [booking.id])).get(booking.id, [])
        if not any(domain.speaks_for(actor, party, now) for party in parties):
            raise


async def hear(
    conn: Any, actor: Actor, booking: Booking, what: Order, now: dt.datetime, as_unit: UUID | None
) -> Hearing:
    """Who may carry out the order. Raises NotFound or Forbidden. Whoever had a say in what is decided by now learns of
    that by the booking's state."""
    decides = what in ("confirm", "reject") and booking.state != "held"
    parties = (await store.parties(conn, [booking.id])).get(booking.id, []) if decides else []
    binding = [party for party in parties if party.binding]
    if booking.state != "requested" and any(domain.speaks_for(actor, party, now) for party in binding):
        return Hearing(parties, (), ())
    if booking.state != "requested" or not binding:
        rights.check_order(actor, booking, what)
        return Hearing(parties, parties, ())
    speaking = [party for party in binding if domain.speaks_for(actor, party, now) and as_unit in (None, party.id)]
    if what == "reject":
        if not speaking and not allows(actor, "booking.reject", square_id=booking.square_id):
            raise _not_theirs(actor, booking)
        return Hearing(parties, speaking, ())
    if domain.missing(binding) and not any(party.approved_at is None for party in speaking):
        raise _not_theirs(actor, booking)
    agreeing = [party for party in speaking if party.approved_at is None]
    return Hearing(parties, agreeing, domain.missing(binding, agreeing))


def _not_theirs(actor: Actor, booking: Booking) -> Problem:
    try:
        require(actor, "booking.read", square_id=booking.square_id, unit_id=booking.about.unit_id)
    except NotFound as problem:
        return problem
    except Forbidden:
        pass
    return Forbidden(
        ANOTHERS, code="not_yours_to_decide", reasons=[{"rule": "not_yours_to_decide", "message": ANOTHERS}]
    )


async def keep(
    conn: Any, actor: Actor, hearing: Hearing, before: Booking, after: Booking, reason: Reason | None
) -> None:
    """What was decided about a request; the caller holds the booking's lock."""
    if before.state != "requested" or after.state not in ("requested", "confirmed", "rejected"):
        return
    names = [party.id for party in hearing.speaking]
    if after.state != "rejected":
        await store.approve(conn, after.id, names, after.updated_at)
    verdict: Verdict = "approved" if after.state == "requested" else after.state
    why = reason or Reason(NO_CODE)
    units = tuple(party.unit_id for party in hearing.speaking if party.unit_id)
    decision = Decision(after.id, after.updated_at, verdict, actor.label(), why.code, why.text, units)
    await store.decide(conn, [decision])


async def keep_exceptions(
    conn: Any, actor: Actor, rulings: Sequence[tuple[UUID, Ruling]], reason: Reason | None, now: dt.datetime
) -> None:
    """Which rules were set aside for which booking, and why."""
    why = reason or Reason(NO_CODE)
    made = [
        Decision(booking, now, "excepted", actor.label(), why.code, why.text, rules=ruling.set_aside)
        for booking, ruling in rulings
        if ruling.set_aside
    ]
    await store.decide(conn, made)
