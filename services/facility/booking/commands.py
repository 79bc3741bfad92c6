"""Use-cases on one booking: each is one transaction that ends with its event."""

import datetime as dt
from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from services.facility.approval import commands as approval
from services.facility.approval.commands import Hearing, Opened
from services.facility.audit import trail
from services.facility.booking import (
    at_once,
    bodies,
    domain,
    gear,
    house,
    refusals,
    replacing,
    rights,
    store,
    timeline,
    wishes,
)
from services.facility.booking.bodies import Command, MoveBooking, PutBooking
from services.facility.booking.desk import Desk, Overtaken, again
from services.facility.booking.domain import Booking, Order
from services.facility.booking.events import booking_event
from services.facility.booking.explain import explaining
from services.facility.booking.house import House
from services.facility.booking.warned import warned, warned_now
from services.facility.noise.listening import leaves_around
from services.facility.policy import rulebook
from services.facility.policy.domain import Breach, Terms
from services.facility.registry import known as known_house
from shared import db, outbox
from shared.clock import Clock
from shared.contracts.facility import OCCUPYING
from shared.identity import Actor
from shared.problems import IdInUse, NotFound, Problem

_EXPIRE_AT_ONCE = 200
_PLAIN: frozenset[Order] = frozenset({"cancel", "release"})  # they take no time, and nobody else has a say in them


async def put(desk: Desk, actor: Actor, booking_id: UUID, body: PutBooking) -> Booking:
    """Makes the booking, or answers with it when the same body made it before.

    Raises Invalid, Forbidden, IdInUse, or Conflict with code `outside_hours` or `conflict`.
    """
    return await explaining(desk, actor, lambda: _put(desk, actor, booking_id, body))


async def _put(desk: Desk, actor: Actor, booking_id: UUID, body: PutBooking) -> Booking:
    """Nearly every booking is new: whether it is known is asked only where it cannot be made."""
    if made := await _unless_overtaken(at_once.make(desk, actor, booking_id, body)):
        return made
    try:
        async with db.transaction(desk.pool) as conn:
            return await _make(conn, desk, actor, booking_id, body)
    except (Problem, Overtaken):
        async with db.connection(desk.pool) as conn:
            known = await store.find(conn, booking_id)
            if known is None:
                raise
            return await _same(conn, desk, known, actor, body)


async def _unless_overtaken(done: Awaitable[Booking | None]) -> Booking | None:
    """None where the house has changed since it was known: the long way round reads it anew."""
    try:
        return await done
    except Overtaken:
        return None


async def put_in(conn: Any, desk: Desk, actor: Actor, booking_id: UUID, body: PutBooking) -> Booking:
    """As `put`, in the caller's transaction."""
    known = await store.find(conn, booking_id)
    return await (_same(conn, desk, known, actor, body) if known else _make(conn, desk, actor, booking_id, body))


async def _make(conn: Any, desk: Desk, actor: Actor, booking_id: UUID, body: PutBooking) -> Booking:
    """By what the process knows of the house, if it may: that is looked at again before anything is written or refused.

    Raises Overtaken when another has the id, or the time, or the house is not as it was known.
    """
    place = house.assume(body.space_ids) if body.state in OCCUPYING else None
    if place is None:
        return await _make_in(conn, desk, actor, booking_id, body, await house.load(conn, body.space_ids))
    try:
        return await _make_in(conn, desk, actor, booking_id, body, place)
    except Problem:
        if await known_house.mark(conn) != place.mark:
            await house.still(conn, place)
        raise


async def _make_in(conn: Any, desk: Desk, actor: Actor, booking_id: UUID, body: PutBooking, place: House) -> Booking:
    wanted = await wishes.new(conn, desk.clock, actor, place, booking_id, body)
    await wishes.check_owner(conn, wanted)
    asked_before = await replacing.earlier(conn, actor, wanted)
    taken = Taken()
    if wanted.state in OCCUPYING:
        taken = await take(conn, desk.clock, actor, place, wanted, body.terms(wanted.created_at))
    leaves = place.leaves if wanted.state in OCCUPYING else []
    asked = (await approval.open_requests(conn, desk.clock, actor, place, [wanted])).get(wanted.id, Opened())
    for one in asked_before:
        gone = domain.obey("cancel", one, desk.clock.now(), domain.ASKED_ANEW)
        told = booking_event(gone, replaced_by=wanted.id)
        await timeline.save(conn, gone, [trail.booking_entry(actor, "cancel", one, gone)], [told])
    events = [*map(booking_event, taken.expired), booking_event(wanted, leaves=leaves, awaiting=asked.awaiting)]
    await timeline.make(conn, wanted, leaves, [trail.booking_entry(actor, "put", None, wanted)], events)
    return warned(wanted, [*taken.warnings, *asked.warnings])


async def _same(conn: Any, desk: Desk, known: Booking, actor: Actor, body: PutBooking) -> Booking:
    rights.check_read(actor, known.square_id, known.about.unit_id)
    if not bodies.same(known.asked, bodies.asked(body), await _clock_of(conn, known, body)):
        raise IdInUse
    if body.owner_version is not None:
        await store.asked_again(conn, known.id, body.owner_version)
    return await warned_now(conn, desk.clock, known, actor)


async def _clock_of(conn: Any, known: Booking, body: PutBooking) -> ZoneInfo:
    """Of the square it was asked for in: it may have been moved to another since."""
    named = await house.load_any(conn, body.space_ids[:1]) if known.previous else []
    return named[0].zone if named else known.zone


class Taken(NamedTuple):
    """Holds that ran out and gave way, and what there is to warn of."""

    expired: Sequence[Booking] = ()
    warnings: Sequence[Breach] = ()


async def take(
    conn: Any,
    clock: Clock,
    actor: Actor,
    place: House,
    wanted: Booking,
    terms: Terms | None = None,
) -> Taken:
    """Makes sure that the wanted time is open, allowed and free, and writes down holds in it that ran out. Without
    `terms` it was asked for when it was made.

    Raises Conflict. Holds the locks of the leaves until the transaction ends.
    """
    slot = wanted.slot
    hours = [] if wanted.override else await house.spans_of(conn, place, slot.bare)
    terms = terms or Terms(wanted.created_at)
    brought = await gear.carried(conn, [wanted])
    also_lock = await leaves_around(conn, place, [wanted])
    seen = await timeline.survey(
        conn,
        clock,
        place.leaves,
        [slot.occupied],
        ignoring=domain.themselves([wanted]),
        also_lock=also_lock,
        gear=brought,
    )
    if seen.mark != place.mark:
        place = await house.still(conn, place)
        if (await gear.carried(conn, [wanted]), await leaves_around(conn, place, [wanted])) != (brought, also_lock):
            raise Overtaken
    ruling = (await rulebook.open_for(conn, clock, actor, place, [wanted])).rule(wanted, terms)
    refusal = domain.decide(slot.bare, hours, seen.blockers[0], breaks_policy=bool(ruling.breaches))
    if refusal == "policy":
        raise refusals.against_policy(ruling, wanted, place)
    if refusal:
        raise refusals.refused(refusal, seen.blockers[0], wanted, place, actor)
    await approval.keep_exceptions(conn, actor, [(wanted.id, ruling)], terms.reason, seen.now)
    return Taken(await timeline.clear_out(conn, seen.ran_out([0]), seen.now), ruling.warnings)


async def order(desk: Desk, actor: Actor, booking_id: UUID, what: Order, seen: int, said: Command) -> Booking:
    """Confirms, cancels, releases or rejects. A request that others must agree to as well stays one until they have.

    Raises NotFound, Forbidden, Stale, WrongState or Conflict.
    """
    return await explaining(desk, actor, lambda: _order(desk, actor, booking_id, what, seen, said))


async def _order(desk: Desk, actor: Actor, booking_id: UUID, what: Order, seen: int, said: Command) -> Booking:
    if what in _PLAIN:  # written by one statement, which is a transaction of its own
        async with db.connection(desk.pool) as conn:
            return await order_in(conn, desk, actor, booking_id, what, seen, said)
    async with db.transaction(desk.pool) as conn:
        return await order_in(conn, desk, actor, booking_id, what, seen, said)


async def order_in(
    conn: Any, desk: Desk, actor: Actor, booking_id: UUID, what: Order, seen: int, said: Command
) -> Booking:
    """As `order`, in the caller's transaction."""
    booking = await _visible(conn, desk.clock, actor, booking_id)
    hearing = await approval.hear(conn, actor, booking, what, desk.clock.now(), said.as_unit_id)
    wishes.check_version(booking, seen, actor, desk.clock)
    now = desk.clock.now()
    _check_fits(booking, what, now)
    if what in _PLAIN:
        done = domain.obey(what, booking, now, said.reason_code)
        await timeline.save(conn, done, [trail.booking_entry(actor, what, booking, done)], [booking_event(done)])
        return done
    return await _decide(conn, desk, actor, booking, hearing, what, said)


async def _decide(
    conn: Any, desk: Desk, actor: Actor, booking: Booking, hearing: Hearing, what: Order, said: Command
) -> Booking:
    """Confirms or rejects it."""
    taken, place, seen = Taken(), None, booking.version
    if booking.state == "requested" and what == "confirm" and not hearing.missing:
        place = await house.load(conn, booking.slot.space_ids)
        await wishes.stock(conn, booking.equipment)
        terms = Terms(booking.created_at, approved=hearing.binds, agreed=hearing.bound, reason=said.given())
        taken = await take(conn, desk.clock, actor, place, booking, terms)
    locked = await store.lock(conn, domain.themselves([booking]))
    booking = locked[booking.id]
    wishes.check_version(booking, seen, actor, desk.clock)
    now = desk.clock.now()
    _check_fits(booking, what, now)
    done = domain.agree(booking, now) if hearing.missing else domain.obey(what, booking, now, said.reason_code)
    given_up: list[Booking] = []
    if place:
        given_up = await _give_way(conn, actor, locked, booking, now)
        done = replace(done, previous=given_up[0].slot) if given_up else done
        await timeline.occupy(conn, [(done, place.leaves)])
    await approval.keep(conn, actor, hearing, booking, done, said.given())
    leaves = await store.occupied_leaves(conn, done.id) if done.state in OCCUPYING else []
    told = booking_event(done, leaves=leaves, awaiting=hearing.awaiting)
    gone = [booking_event(one, replaced_by=done.id) for one in given_up]
    entries = [trail.booking_entry(actor, what, booking, done)]
    await timeline.save(conn, done, entries, [*map(booking_event, taken.expired), told, *gone])
    return warned(done, taken.warnings) if place else done


async def _give_way(
    conn: Any, actor: Actor, locked: Mapping[UUID, Booking], booking: Booking, now: dt.datetime
) -> list[Booking]:
    """What the request takes the place of, given up and its time free; none where that is over by now."""
    former = locked.get(booking.replaces) if booking.replaces else None
    gone = former and domain.give_way(former, booking, now)
    if not former or not gone:
        return []
    await timeline.save(conn, gone, [trail.booking_entry(actor, "cancel", former, gone)])
    return [gone]


async def move(desk: Desk, actor: Actor, booking_id: UUID, seen: int, body: MoveBooking) -> Booking:
    """Another time or other spaces. Raises Invalid also for a booking that is unknown or does not occupy."""
    return await explaining(desk, actor, lambda: _move(desk, actor, booking_id, seen, body))


async def _move(desk: Desk, actor: Actor, booking_id: UUID, seen: int, body: MoveBooking) -> Booking:
    if moved := await _unless_overtaken(at_once.move(desk, actor, booking_id, seen, body)):
        return moved
    async with db.transaction(desk.pool) as conn:
        return await move_in(conn, desk, actor, booking_id, seen, body)


async def move_in(conn: Any, desk: Desk, actor: Actor, booking_id: UUID, seen: int, body: MoveBooking) -> Booking:
    """As `move`, in the caller's transaction."""
    booking = await store.find(conn, booking_id)
    if booking is None:
        raise refusals.cannot_move()
    rights.check_read(actor, booking.square_id, booking.about.unit_id)
    place = await house.load(conn, body.space_ids)
    wanted = await wishes.moved(conn, desk.clock, actor, place, booking, seen, body)
    taken = await take(conn, desk.clock, actor, place, wanted, wishes.terms_of_move(booking, body, desk.clock.now()))
    booking = (await store.lock(conn, [booking_id]))[booking_id]
    wishes.check_version(booking, seen, actor, desk.clock)
    now = desk.clock.now()
    wishes.check_movable(booking, now)
    done = domain.move(booking, wanted, now, place.square_id, place.zone)
    entries = [trail.booking_entry(actor, "move", booking, done)]
    moved = booking_event(done, "moved", leaves=place.leaves)
    await timeline.move(conn, done, place.leaves, entries, [*map(booking_event, taken.expired), moved])
    return warned(done, taken.warnings)


async def expire_due(desk: Desk) -> None:
    """Writes down holds that ran out. Nothing depends on when: a hold is gone at its expiry instant anyway."""
    while await again(lambda: _expire_some(desk)) == _EXPIRE_AT_ONCE:
        pass


async def _expire_some(desk: Desk) -> int:
    async with db.transaction(desk.pool) as conn:
        due = await store.holds_run_out(conn, desk.clock.now(), _EXPIRE_AT_ONCE)
        locked = await store.lock(conn, due)
        now = desk.clock.now()
        ran_out = [locked[found] for found in sorted(locked) if domain.hold_ran_out(locked[found], now)]
        expired = await timeline.clear_out(conn, ran_out, now)
        if expired:
            await outbox.record_many(conn, [booking_event(booking) for booking in expired])
        return len(due) if expired else 0


async def _visible(conn: Any, clock: Clock, actor: Actor, booking_id: UUID) -> Booking:
    booking = await store.find(conn, booking_id)
    if booking is None:
        raise NotFound
    await approval.check_read(conn, actor, booking, clock.now())
    return booking


def _check_fits(booking: Booking, what: Order, now: dt.datetime) -> None:
    if not domain.fits(what, booking, now):
        raise refusals.wrong_state(what, domain.state_at(booking, now))
