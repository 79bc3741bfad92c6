"""What house managers and the units concerned see of bookings that disturb each other, and how one is accepted."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple
from uuid import UUID

from services.facility.audit import trail
from services.facility.booking import house
from services.facility.booking import store as bookings
from services.facility.booking.desk import Desk, again
from services.facility.booking.domain import Booking
from services.facility.finding import store as finding
from services.facility.noise import pair_store, pairs
from services.facility.noise.events import noise_event
from services.facility.noise.pairs import Acceptance, Pair
from services.facility.policy.domain import Reason
from shared import audit, db, outbox
from shared.identity import Actor
from shared.policy import require
from shared.problems import NotFound, WrongState


@dataclass(frozen=True)
class Seen:
    """A pair with its bookings as they are now, and the names of the rooms."""

    pair: Pair
    loud: Booking
    quiet: Booking
    source: str
    heard_in: str


async def listed(
    desk: Desk, actor: Actor, square_id: UUID, unit_id: UUID | None, limit: int, on: dt.date | None = None
) -> list[Seen]:
    """What is not resolved in the square, of a unit or `on` a date: first what has to be decided, then by time."""
    async with db.connection(desk.pool) as conn:
        zone = await house.zone_of(conn, square_id)
        require(actor, "booking.read", square_id=square_id, unit_id=unit_id)
        after, before = desk.clock.now(), None
        if on:
            first, before = (dt.datetime.combine(day, dt.time(), zone) for day in (on, on + dt.timedelta(days=1)))
            after = max(after, first)
        return await _seen(conn, await pair_store.listed(conn, square_id, unit_id, after, before, limit))


class Accepted(NamedTuple):
    """`stale`: it is another version by now, and nothing was done."""

    seen: Seen
    stale: bool


async def accept(desk: Desk, actor: Actor, pair_id: UUID, version: int, reason: Reason) -> Accepted:
    """Raises NotFound, Forbidden, or WrongState for what need not be accepted."""
    return await again(lambda: _accept(desk, actor, pair_id, version, reason))


async def _accept(desk: Desk, actor: Actor, pair_id: UUID, version: int, reason: Reason) -> Accepted:
    async with db.transaction(desk.pool) as conn:
        before = await pair_store.pair(conn, pair_id, lock=True)
        if before is None:
            raise NotFound
        require(actor, "noise.accept", square_id=before.meeting.square_id)
        [seen] = await _seen(conn, [before])
        if before.version != version:
            return Accepted(seen, stale=True)
        if not before.needs_acceptance:
            raise WrongState(state=before.state)
        done = pairs.accept(before, Acceptance("exception", actor.label(), reason.code, reason.text), desk.clock.now())
        await pair_store.save(conn, [done])
        await _audit(conn, actor, before, done)
        await outbox.record(conn, noise_event(done))
        return Accepted(Seen(done, seen.loud, seen.quiet, seen.source, seen.heard_in), stale=False)


async def _audit(conn: Any, actor: Actor, before: Pair, done: Pair) -> None:
    told = done.acceptance
    after = {
        "state": done.state,
        "loud_id": done.meeting.loud_id,
        "quiet_id": done.meeting.quiet_id,
        "severity": done.meeting.severity,
        "reason_code": told and told.reason_code,
        "reason": audit.digest(told.reason) if told else None,
    }
    await trail.changed(
        conn, actor, "noise.accept", f"noise_conflict/{done.meeting.id}", done.meeting.square_id,
        at=done.accepted_at or done.detected_at, before={"state": before.state}, after=after,
    )  # fmt: skip


async def _seen(conn: Any, found: Sequence[Pair]) -> list[Seen]:
    ids = sorted({one for pair in found for one in (pair.meeting.loud_id, pair.meeting.quiet_id)})
    there = await bookings.find_all(conn, ids)
    around = (await finding.rooms(conn)).surroundings
    return [
        Seen(
            pair,
            there[pair.meeting.loud_id],
            there[pair.meeting.quiet_id],
            around.name(pair.meeting.source),
            around.name(pair.meeting.heard_in),
        )
        for pair in found
    ]
