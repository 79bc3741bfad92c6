"""A feature goes out of order and works again. What it hits is worked out whenever somebody asks."""

import datetime as dt
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from services.facility.audit import trail
from services.facility.booking import house
from services.facility.booking.bodies import asked, time_of
from services.facility.booking.desk import Desk, Overtaken, again
from services.facility.booking.queries import window_of
from services.facility.outages import domain, store
from services.facility.outages.bodies import PutOutage
from services.facility.outages.domain import Outage
from shared import db, envelope, outbox
from shared.contracts import facility as contract
from shared.envelope import Event
from shared.http import correlation_id
from shared.identity import Actor
from shared.policy import require
from shared.problems import IdInUse, Invalid, Message, NotFound

# How far ahead bookings are looked for while nobody knows the end.
HORIZON = dt.timedelta(days=56)


@dataclass(frozen=True)
class Seen:
    """An outage with the rooms it flags, each with what it lost, and the bookings that need that."""

    outage: Outage
    rooms: dict[UUID, list[str]]
    bookings: list[UUID]


async def declare(desk: Desk, actor: Actor, outage_id: UUID, body: PutOutage) -> Seen:
    """The same body again gets the first answer. Raises Invalid, Forbidden or IdInUse."""
    return await again(lambda: _declare(desk, actor, outage_id, body))


async def _declare(desk: Desk, actor: Actor, outage_id: UUID, body: PutOutage) -> Seen:
    async with db.transaction(desk.pool) as conn:
        known = await store.find(conn, outage_id)
        if known:
            require(actor, "closure.write", square_id=known.square_id)
            if known.asked != asked(body):
                raise IdInUse
            return await _seen(conn, desk, known)
        require(actor, "closure.write", square_id=body.square_id)
        outage = await _read(conn, desk, outage_id, body)
        if not await store.insert(conn, outage):
            raise Overtaken
        seen = await _seen(conn, desk, outage)
        await trail.changed(
            conn, actor, "outage.declare", f"outage/{outage.id}", outage.square_id, at=outage.declared_at,
            after=asked(body),
        )  # fmt: skip
        await outbox.record(conn, _event(seen, "declared"))
        return seen


async def _read(conn: Any, desk: Desk, outage_id: UUID, body: PutOutage) -> Outage:
    zone = await house.zone_of(conn, body.square_id)
    starts_at = time_of("starts_at", body.starts_at, zone)
    ends_at = time_of("ends_at", body.ends_at, zone) if body.ends_at else None
    if ends_at and not starts_at < ends_at:
        raise Invalid(Message("Slutten må være etter starten.", "The end must be after the start."))
    now = desk.clock.now()
    return Outage(
        outage_id, 1, body.square_id, zone, body.feature, starts_at, ends_at, body.reason_code, asked(body), now
    )


async def end(desk: Desk, actor: Actor, outage_id: UUID) -> Seen:
    """It works again. Ending twice answers the same."""

    async def work() -> Seen:
        async with db.transaction(desk.pool) as conn:
            outage = await store.find(conn, outage_id, lock=True)
            if outage is None:
                raise NotFound
            require(actor, "closure.write", square_id=outage.square_id)
            if outage.ended_at:
                return await _seen(conn, desk, outage)
            now = desk.clock.now()
            ended = outage.end(now)
            await store.end(conn, ended)
            seen = await _seen(conn, desk, ended)
            await trail.changed(
                conn, actor, "outage.end", f"outage/{outage.id}", outage.square_id, at=now, before=dict(outage.asked)
            )
            await outbox.record(conn, _event(seen, "ended"))
            return seen

    return await again(work)


async def find(desk: Desk, actor: Actor, outage_id: UUID) -> Seen:
    async with db.connection(desk.pool) as conn:
        outage = await store.find(conn, outage_id)
        if outage is None:
            raise NotFound
        require(actor, "booking.read", square_id=outage.square_id)
        return await _seen(conn, desk, outage)


async def listed(desk: Desk, actor: Actor, square_id: UUID, written: tuple[str, str]) -> list[Seen]:
    """The outages of a square that meet the range, also ended ones."""
    async with db.connection(desk.pool) as conn:
        zone = await house.zone_of(conn, square_id)
        require(actor, "booking.read", square_id=square_id)
        found = await store.listed(conn, square_id, window_of(written, zone))
        return [await _seen(conn, desk, outage) for outage in found]


async def _seen(conn: Any, desk: Desk, outage: Outage) -> Seen:
    """Nothing is flagged by what is over."""
    now = desk.clock.now()
    until = outage.until
    if until is not None and until <= now:
        return Seen(outage, {}, [])
    rooms = domain.flagged(await store.features(conn, outage.square_id), outage.feature)
    start = max(now, outage.starts_at)
    claims = await store.claims(conn, outage.square_id, (start, until or start + HORIZON))
    return Seen(outage, rooms, domain.hit(claims, rooms))


def _event(seen: Seen, verb: str) -> Event:
    outage = seen.outage
    state = contract.Outage(
        outage_id=outage.id,
        square_id=outage.square_id,
        feature=outage.feature,
        space_ids=sorted(seen.rooms),
        starts_at=outage.starts_at,
        ends_at=outage.ends_at,
        reason_code=outage.reason_code,
        declared_at=outage.declared_at,
        ended_at=outage.ended_at,
    )
    return envelope.build(
        "facility",
        f"outage.{verb}.v1",
        f"outage/{outage.id}",
        outage.version,
        state,
        at=outage.ended_at or outage.declared_at,
        square_id=outage.square_id,
        classification="open",
        correlation_id=correlation_id(),
    )
