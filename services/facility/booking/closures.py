"""Emergency closures: what alone displaces. What is hit keeps its record and waits for its owner or the lift."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from services.facility.audit import trail
from services.facility.booking import bodies, closure_store, domain, house, refusals, store, timeline
from services.facility.booking.bodies import PutClosure, time_of
from services.facility.booking.desk import Desk, Overtaken, again
from services.facility.booking.domain import Booking, Closure
from services.facility.booking.events import booking_event, closure_event
from services.facility.booking.free import Range, overlaps
from shared import db, outbox
from shared.contracts.facility import OCCUPYING
from shared.envelope import Event
from shared.identity import Actor
from shared.policy import require
from shared.problems import IdInUse, Invalid, NotFound
from shared.types import LATEST


@dataclass(frozen=True)
class Scope:
    """What is closed, and whose clock its times are written on."""

    squares: Sequence[UUID]
    zone: ZoneInfo
    leaves: Sequence[UUID]


async def declare(desk: Desk, actor: Actor, closure_id: UUID, body: PutClosure) -> Closure:
    """Closes, and displaces every occupying booking that meets it. The same body again gets the first answer."""
    return await again(lambda: _declare(desk, actor, closure_id, body))


async def _declare(desk: Desk, actor: Actor, closure_id: UUID, body: PutClosure) -> Closure:
    async with db.transaction(desk.pool) as conn:
        known = await closure_store.find(conn, closure_id)
        if known:
            return _same(known, actor, body)
        scope = await _scope(conn, body)
        for square in scope.squares:
            require(actor, "closure.write", square_id=square, unit_id=body.unit_id)
        starts_at, ends_at = _times(body, scope.zone)
        await store.lock_leaves(conn, scope.leaves)
        now = desk.clock.now()
        affected, expired = await _displace(conn, closure_id, body, scope, (starts_at, ends_at or LATEST), now)
        closure = Closure(
            id=closure_id,
            version=1,
            square_id=scope.squares[0],
            zone=scope.zone,
            unit_id=body.unit_id,
            space_ids=tuple(dict.fromkeys(body.space_ids or ())),
            whole_square=body.square_id is not None,
            starts_at=starts_at,
            ends_at=ends_at,
            reason_code=body.reason_code,
            asked=bodies.asked(body),
            declared_at=now,
            affected=tuple(booking.id for booking in affected),
        )
        if not await closure_store.insert(conn, closure, scope.leaves):
            raise Overtaken
        await closure_store.displace(conn, closure_id, closure.affected)
        await trail.closure(conn, actor, "declare", None, closure)
        await outbox.record_many(
            conn, [*map(booking_event, expired), *await _said(conn, affected), closure_event(closure)]
        )
        return closure


def _same(known: Closure, actor: Actor, body: PutClosure) -> Closure:
    require(actor, "closure.write", square_id=known.square_id, unit_id=known.unit_id)
    if not bodies.same(known.asked, bodies.asked(body), known.zone):
        raise IdInUse
    return known


async def _scope(conn: Any, body: PutClosure) -> Scope:
    """Raises Invalid for what is unknown."""
    if body.space_ids:
        place = await house.load(conn, body.space_ids)
        others = [square for square in place.squares if square != place.square_id]
        return Scope([place.square_id, *others], place.zone, place.leaves)
    unit = await house.unit(conn, body.unit_id)
    square_id = unit[0] if unit else body.square_id
    if square_id is None:
        raise Invalid
    zone = await house.zone_of(conn, square_id)
    ids = await house.spaces_of(conn, square_id=body.square_id, unit_id=body.unit_id)
    spaces = await house.load_any(conn, ids)
    return Scope([square_id], zone, sorted({leaf for space in spaces for leaf in space.leaves}))


def _times(body: PutClosure, zone: ZoneInfo) -> tuple[dt.datetime, dt.datetime | None]:
    starts_at = time_of("starts_at", body.starts_at, zone)
    ends_at = time_of("ends_at", body.ends_at, zone) if body.ends_at else None
    if ends_at is not None and not starts_at < ends_at:
        raise refusals.invalid([domain.BACKWARDS])
    return starts_at, ends_at


async def _displace(
    conn: Any, closure_id: UUID, body: PutClosure, scope: Scope, window: Range, now: dt.datetime
) -> tuple[list[Booking], list[Booking]]:
    """(affected, expired), saved, by start. A hold that ran out is nobody's any more: it expires instead."""
    meetings = await store.in_the_way(conn, scope.leaves, [window], [])
    hit = await store.lock(conn, sorted({found for _, found in meetings}))
    occupying = [one for one in hit.values() if one.state in OCCUPYING or one.state == "affected"]
    stale = [booking for booking in occupying if domain.hold_ran_out(booking, now)]
    live = [booking for booking in occupying if not domain.hold_ran_out(booking, now)]
    expired = await timeline.clear_out(conn, stale, now)
    affected = [domain.displace(booking, now, closure_id, body.reason_code) for booking in sorted(live, key=_by_start)]
    await store.update(conn, affected)
    await store.vacate(conn, [booking.id for booking in affected], scope.leaves)
    return affected, expired


async def _said(conn: Any, affected: Sequence[Booking]) -> list[Event]:
    """With the leaves each one keeps, outside what was closed."""
    kept = await store.leaves_of(conn, [booking.id for booking in affected])
    return [booking_event(booking, leaves=kept.get(booking.id, [])) for booking in affected]


async def lift(desk: Desk, actor: Actor, closure_id: UUID) -> Closure:
    """Opens again, and restores what was not cancelled or moved and is still free. Lifting twice answers the same."""
    return await again(lambda: _lift(desk, actor, closure_id))


async def _lift(desk: Desk, actor: Actor, closure_id: UUID) -> Closure:
    async with db.transaction(desk.pool) as conn:
        closure = await closure_store.find(conn, closure_id, lock=True)
        if closure is None:
            raise NotFound
        require(actor, "closure.write", square_id=closure.square_id, unit_id=closure.unit_id)
        if closure.lifted_at:
            return closure
        waiting = await closure_store.displaced(conn, closure_id)
        homes = await _homes(conn, waiting)
        closed = await closure_store.open_leaves(conn, closure_id)
        await store.lock_leaves(conn, [*closed, *(leaf for leaves in homes.values() for leaf in leaves)])
        if await closure_store.displaced(conn, closure_id) != waiting:  # another closure's lift left one to this
            raise Overtaken
        bookings = sorted((await store.lock(conn, waiting)).values(), key=_by_start)
        back, events = await _bring_back(conn, desk, bookings, homes)
        restored = [one.id for one in back]
        lost = [one.id for one in bookings if one.id not in set(restored)]
        lifted = closure.lifted(desk.clock.now(), restored, lost)
        await closure_store.lift(conn, lifted)
        await trail.closure(conn, actor, "lift", closure, lifted)
        await outbox.record_many(conn, [*events, closure_event(lifted)])
        return lifted


async def _homes(conn: Any, waiting: Sequence[UUID]) -> dict[UUID, list[UUID]]:
    """The leaves each booking belongs on; none when one of its spaces is no longer there."""
    booked = {found: one.slot.space_ids for found, one in (await store.find_all(conn, waiting)).items()}
    named = dict.fromkeys(space for spaces in booked.values() for space in spaces)
    there = {space.id: space.leaves for space in await house.load_any(conn, list(named))}
    return {
        found: sorted({leaf for space in spaces for leaf in there[space]}) if there.keys() >= set(spaces) else []
        for found, spaces in booked.items()
    }


async def _bring_back(
    conn: Any, desk: Desk, bookings: Sequence[Booking], homes: Mapping[UUID, Sequence[UUID]]
) -> tuple[list[Booking], list[Event]]:
    """Those that are back where they were, in the order they were given in, and what there is to say. However many they
    are, the database is asked once for each set of leaves that they miss."""
    now = desk.clock.now()
    waiting = [one for one in bookings if one.state == "affected" and homes[one.id]]
    expired = await timeline.clear_out(conn, [one for one in waiting if domain.hold_ran_out(one, now)], now)
    waiting = [one for one in waiting if not domain.hold_ran_out(one, now)]
    kept = await store.leaves_of(conn, [one.id for one in waiting])
    missing = {one.id: tuple(leaf for leaf in homes[one.id] if leaf not in kept.get(one.id, ())) for one in waiting}
    free, gave_way = await _free_again(conn, desk, waiting, missing)
    back = [domain.restore(one, now) for one in _first_come(free, missing)]
    await store.update(conn, back)
    await timeline.occupy(conn, [(one, missing[one.id]) for one in back])
    await closure_store.settle(conn, [one.id for one in back])
    said = [booking_event(one, "restored", leaves=homes[one.id]) for one in back]
    return back, [*map(booking_event, [*expired, *gave_way]), *said]


async def _free_again(
    conn: Any, desk: Desk, waiting: Sequence[Booking], missing: Mapping[UUID, tuple[UUID, ...]]
) -> tuple[list[Booking], list[Booking]]:
    """(those whose time nobody else has, holds that ran out in it). Who is held by another closure waits for that."""
    together: dict[tuple[UUID, ...], list[Booking]] = {}
    for one in waiting:
        together.setdefault(missing[one.id], []).append(one)
    free: set[UUID] = set()
    gave_way: list[Booking] = []
    for leaves, some in together.items():
        windows, ids = [one.slot.occupied for one in some], [one.id for one in some]
        seen = await timeline.survey(conn, desk.clock, leaves, windows, ignoring=ids)
        clear = [window for window, blockers in enumerate(seen.blockers) if not blockers]
        free |= {ids[window] for window in clear}
        gave_way += await timeline.clear_out(conn, seen.ran_out(clear), seen.now)
        held: dict[UUID, list[UUID]] = {}
        for found, blockers in zip(ids, seen.blockers, strict=True):
            for blocker in blockers:
                if blocker.kind == "closure":
                    held.setdefault(blocker.id, []).append(found)
        for closure, booked in held.items():
            await closure_store.displace(conn, closure, booked)
    return [one for one in waiting if one.id in free], gave_way


def _first_come(free: Sequence[Booking], missing: Mapping[UUID, tuple[UUID, ...]]) -> list[Booking]:
    """Of those that are in each other's way the first."""
    taken: dict[UUID, list[Range]] = {}
    first: list[Booking] = []
    for one in free:
        time = one.slot.occupied
        if not any(overlaps(time, other) for leaf in missing[one.id] for other in taken.get(leaf, ())):
            first.append(one)
            for leaf in missing[one.id]:
                taken.setdefault(leaf, []).append(time)
    return first


async def find(desk: Desk, actor: Actor, closure_id: UUID) -> Closure:
    async with db.connection(desk.pool) as conn:
        closure = await closure_store.find(conn, closure_id)
    if closure is None:
        raise NotFound
    require(actor, "booking.read", square_id=closure.square_id, unit_id=closure.unit_id)
    return closure


def _by_start(booking: Booking) -> tuple[dt.datetime, UUID]:
    return booking.slot.starts_at, booking.id
