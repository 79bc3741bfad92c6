"""One date of a calendar becomes, moves or leaves a booking: a transaction each, by the same rules as any booking.

A reading that is overtaken by a later one gives up at its next step, so two at once never undo each other's work.
"""

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from services.facility.booking import commands, domain, store
from services.facility.booking.bodies import Command, MoveBooking, PutBooking
from services.facility.booking.desk import Desk, Overtaken, again
from services.facility.booking.domain import Booking
from services.facility.booking.refusals import Refused
from services.facility.feeds import store as feeds
from services.facility.feeds.domain import Feed, Known, Step, Wanted, after_pass, booking_id
from shared import audit, db
from shared.contracts.facility import OCCUPYING
from shared.identity import Actor
from shared.problems import Message, Problem, Stale, Unavailable

REMOVED = "removed_from_calendar"


Waiting = tuple[Step, Collection[UUID]]


class Gone(Exception):
    """A later reading has begun."""


def authority(feed: Feed) -> Actor:
    """A manager decided that the calendar books this room; the work goes on when they are not there."""
    subject = f"{audit.itself('facility').subject}/feeds/{feed.id}"
    return Actor(subject, frozenset({("house_manager", str(feed.square_id))}))


def stands(booking: Booking | None, now: dt.datetime) -> bool:
    if booking is None:
        return False
    state = domain.state_at(booking, now)
    return state in OCCUPYING or state == "affected"


async def carry_out(desk: Desk, feed: Feed, steps: Sequence[Step]) -> None:
    """All of it, what clashes into the inbox; what dates of one calendar keep from each other is tried again.

    Raises Gone.
    """
    left, waiting = list(steps), list[Waiting]()
    while left:
        waiting = [one for one in waiting if one[0] not in left]
        moved: set[UUID] = set()
        for step in left:
            blocking = await _do(desk, feed, step)
            if blocking is not None:
                waiting.append((step, blocking))
            elif step.do == "move" and step.known and step.known.booking_id:
                moved.add(step.known.booking_id)
        left, free = after_pass(waiting, moved)
        if free:
            left = await _open_ring(desk, feed, waiting, free)


async def _open_ring(desk: Desk, feed: Feed, waiting: list[Waiting], free: Step) -> list[Step]:
    """Gives one booking up; those it stood in the way of come next, and then its own date anew."""
    if await _do(desk, feed, free) is not None or free.known is None:
        return []
    first = [step for step, blocking in waiting if free.known.booking_id in blocking]
    waiting[:] = [one for one in waiting if one[0].known is not free.known]
    return [*first, Step("book", free.wanted, None)]


async def _do(desk: Desk, feed: Feed, step: Step) -> Collection[UUID] | None:
    """None when it is done; else what blocks it, after that has been written down."""
    try:
        await again(lambda: _step(desk, feed, step))
    except Unavailable:
        raise
    except Problem as problem:
        refusal = problem
    else:
        return None
    await again(lambda: _refuse(desk, feed, step, refusal))
    return _blocking(refusal)


def _blocking(problem: Problem) -> tuple[UUID, ...]:
    return tuple(UUID(other) for other in problem.extra.get("blocking", ()))


async def _step(desk: Desk, feed: Feed, step: Step) -> None:
    async with db.transaction(desk.pool) as conn:
        if not await feeds.holds(conn, feed):
            raise Gone
        try:
            known = await _known(conn, feed, step)
            done = await _WORK[step.do](conn, desk, feed, known, step.wanted)
        except Stale:
            raise Overtaken from None
        await feeds.save_date(conn, done)


async def _known(conn: Any, feed: Feed, step: Step) -> Known | None:
    one = step.wanted or step.known
    return await feeds.date(conn, feed.id, one.id) if one else None


async def _book(conn: Any, desk: Desk, feed: Feed, known: Known | None, wanted: Wanted) -> Known:
    made = known.made if known else 0
    body = PutBooking(
        space_ids=[feed.space_id],
        starts_at=wanted.starts_at.isoformat(),
        ends_at=wanted.ends_at.isoformat(),
        override=feed.override,
        title=wanted.title,
        unit_id=feed.unit_id,
        owner_ref=f"feed/{feed.id}",
    )
    booking = await commands.put_in(conn, desk, authority(feed), booking_id(wanted.id, made), body)
    return _booked(feed, wanted, booking.id, made + 1, desk.clock.now())


async def _move(conn: Any, desk: Desk, feed: Feed, known: Known | None, wanted: Wanted) -> Known:
    booking = await _standing(conn, desk, known)
    if known is None or booking is None:
        return await _book(conn, desk, feed, known, wanted)
    if booking.slot.bare != (wanted.starts_at, wanted.ends_at):
        body = MoveBooking(
            space_ids=[feed.space_id],
            starts_at=wanted.starts_at.isoformat(),
            ends_at=wanted.ends_at.isoformat(),
            setup_minutes=booking.slot.setup_minutes,
            teardown_minutes=booking.slot.teardown_minutes,
            override=feed.override,
        )
        await commands.move_in(conn, desk, authority(feed), booking.id, booking.version, body)
    return _booked(feed, wanted, booking.id, known.made, desk.clock.now())


async def _drop(conn: Any, desk: Desk, feed: Feed, known: Known | None, wanted: Wanted | None) -> Known:
    """Its booking is cancelled where it still stands, and the date is gone, or waits for another try when `wanted`."""
    if known is None:
        raise Overtaken
    booking = await _standing(conn, desk, known)
    if booking:
        said = Command(reason_code=REMOVED)
        await commands.order_in(conn, desk, authority(feed), booking.id, "cancel", booking.version, said)
    gone = replace(known, state="gone", booking_id=None, reason=None, blocking=(), reasons=())
    return replace(gone, tried_at=desk.clock.now())


async def _standing(conn: Any, desk: Desk, known: Known | None) -> Booking | None:
    if known is None or known.booking_id is None:
        return None
    booking = await store.find(conn, known.booking_id)
    return booking if stands(booking, desk.clock.now()) else None


_WORK: Mapping[str, Any] = {"book": _book, "move": _move, "drop": _drop, "free": _drop}


def _booked(feed: Feed, wanted: Wanted, booking: UUID, made: int, now: dt.datetime) -> Known:
    times = (wanted.starts_at, wanted.ends_at)
    return Known(wanted.id, feed.id, *times, wanted.title, "booked", now, now, booking, made)


async def _refuse(desk: Desk, feed: Feed, step: Step, problem: Problem) -> None:
    """Into the inbox. What is said there of others' bookings is worked out when somebody reads it, by their rights."""
    async with db.transaction(desk.pool) as conn:
        if not await feeds.holds(conn, feed):
            raise Gone
        known, wanted, now = await _known(conn, feed, step), step.wanted, desk.clock.now()
        if wanted is None:  # what cannot be cancelled any more is over, or somebody else has done it
            if known:
                await feeds.save_date(conn, replace(known, state="gone", reason=None, blocking=(), reasons=()))
            return
        waits = known is not None and known.state == "refused" and known.is_at(wanted)
        standing = await _standing(conn, desk, known)
        await feeds.save_date(
            conn,
            Known(
                id=wanted.id,
                feed_id=feed.id,
                starts_at=wanted.starts_at,
                ends_at=wanted.ends_at,
                title=wanted.title,
                state="refused",
                since=known.since if known and waits else now,
                tried_at=now,
                booking_id=standing.id if standing else None,
                made=known.made if known else 0,
                reason=problem.code,
                blocking=_blocking(problem),
                reasons=_kept(problem),
            ),
        )


def _kept(problem: Problem) -> list[dict[str, Any]]:
    if problem.code in ("conflict", "outside_hours"):
        return []
    if isinstance(problem, Refused) and problem.kept:
        return list(problem.kept)
    reasons = problem.extra.get("reasons") or [{"rule": problem.code, "message": problem.detail}]
    return [{**one, "message": _both(one["message"])} for one in reasons]


def _both(message: Any) -> dict[str, str]:
    return {"nb": message.nb, "en": message.en} if isinstance(message, Message) else {"nb": message, "en": message}
