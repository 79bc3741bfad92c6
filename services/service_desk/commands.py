"""What the service desk does that no other unit does: it counts enquiries, and is present here and there."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from services.service_desk import domain, store
from services.service_desk.domain import Enquiry, Hour
from shared import db, envelope, outbox
from shared.contracts.service_desk import DeskHour, HelpCount, Presence
from shared.http import correlation_id
from shared.identity import Actor
from shared.policy import require
from shared.problems import IdInUse, Message, NotFound, Unavailable
from shared.programme import places
from shared.programme.commands import Saved, Unit, check_seen
from shared.programme.dated import commands as dated
from shared.programme.dated.commands import Asker
from shared.programme.dated.store import Kind
from shared.programme.dated.store import one as find

PRESENCE = Kind("presence", "presence_id", Presence, "open")
# For so long a repeat of a tap is known, and a tap can be undone.
KEEP_ENQUIRIES = dt.timedelta(days=30)
NOT_THERE = Message(
    "Enheten er ikke på dette torget den dagen. Legg inn tilstedeværelse først.",
    "The unit is not at this square on that date. Enter its presence first.",
)


@dataclass(frozen=True)
class Registered:
    """An enquiry with its hour as it stands."""

    enquiry: Enquiry
    hour: Hour
    created: bool = False


async def register(unit: Unit, who: Actor, wanted: Enquiry, at: dt.datetime | None) -> Registered:
    """Counts one enquiry, once: its id tells a repeat from another. `at` None: now. `wanted` gets its date and hour."""
    require(who, "desk.write", square_id=wanted.square_id, unit_id=wanted.unit_id)
    zone = await places.zone_of(unit, who, wanted.square_id)
    date, hour = domain.clock_hour(at or unit.clock.now(), zone)
    domain.check_has_come((date, hour), unit.clock.now(), zone, "at")
    await _check_is_there(unit, who, wanted.unit_id, wanted.square_id, date, zone)
    wanted = replace(wanted, local_date=date, hour=hour)

    async def work() -> Registered:
        async with db.transaction(unit.pool) as conn:
            known = await store.enquiry(conn, wanted.id)
            if known:
                if known.asked != wanted.asked:
                    raise IdInUse
                return Registered(known, await _hour_of(conn, known))
            present = await _hour_of(conn, wanted)
            counted = domain.stamped(present, domain.added(present, wanted), unit.clock.now())
            one = replace(wanted, hour_version=counted.version)
            if not await store.add_enquiry(conn, one, unit.clock.now()):
                raise db.Overtaken
            await _save(unit, conn, counted)
            return Registered(one, counted, True)

    return await db.retrying(work)


async def undo(unit: Unit, who: Actor, enquiry_id: UUID) -> Registered:
    """Takes an enquiry out of its hour. Raises Conflict once the hour was set as a whole."""

    async def work() -> Registered:
        async with db.transaction(unit.pool) as conn:
            known = await store.enquiry(conn, enquiry_id)
            if not known:
                raise NotFound
            require(who, "desk.write", square_id=known.square_id, unit_id=known.unit_id)
            hour = await _hour_of(conn, known)
            if known.undone:
                return Registered(known, hour)
            less = domain.stamped(hour, domain.taken_out(hour, known), unit.clock.now())
            await store.undo_enquiry(conn, enquiry_id)
            await _save(unit, conn, less)
            return Registered(replace(known, undone=True), less)

    return await db.retrying(work)


async def set_hour(unit: Unit, who: Actor, place: DeskHour, counts: Sequence[HelpCount], seen: int | None) -> Saved:
    """What is said of the whole hour, with the version seen where something was counted before."""
    require(who, "desk.write", square_id=place.square_id, unit_id=place.unit_id)
    zone = await places.zone_of(unit, who, place.square_id)
    domain.check_has_come((place.local_date, place.hour), unit.clock.now(), zone, "hour")
    await _check_is_there(unit, who, place.unit_id, place.square_id, place.local_date, zone)

    async def work() -> Saved:
        async with db.transaction(unit.pool) as conn:
            present = await _hour_of(conn, place)
            wanted = domain.as_a_whole(present, counts)
            if wanted != present:
                if present.version:
                    check_seen(seen, present.version, present.state)
                wanted = domain.stamped(present, wanted, unit.clock.now())
                await _save(unit, conn, wanted)
            return Saved(wanted.version, wanted.state, not present.version)

    return await db.retrying(work)


async def be_present(unit: Unit, who: Actor, wanted: Presence, seen: int | None) -> Saved:
    """Plans or changes a presence at any square; the right is asked for where the desk is at home."""
    asker = await _at_home(unit, who, wanted.unit_id, seen)
    asker.require(wanted)
    await places.check_square(unit, who, wanted.square_id)
    return await dated.put(unit, asker, PRESENCE, wanted, "scheduled", lambda known: domain.changed(known, wanted))


async def cancel_presence(unit: Unit, who: Actor, presence_id: UUID, seen: int) -> Saved:
    async with db.connection(unit.pool) as conn:
        known = await find(conn, PRESENCE, presence_id)
    if not known:
        raise NotFound
    asker = await _at_home(unit, who, known[1].unit_id, seen)
    return await dated.step(unit, asker, PRESENCE, presence_id, domain.cancelled)


async def forget(unit: Unit) -> None:
    """Single enquiries are kept no longer than they are of use; the hours stay."""
    async with db.transaction(unit.pool) as conn:
        await store.forget_enquiries(conn, unit.clock.now() - KEEP_ENQUIRIES)


async def _at_home(unit: Unit, who: Actor, unit_id: UUID, seen: int | None) -> Asker:
    home = await places.home(unit, who, unit_id)
    return Asker(who, "desk.write", seen, home.square_id)


async def _check_is_there(
    unit: Unit, who: Actor, unit_id: UUID, square_id: UUID, date: dt.date, zone: ZoneInfo
) -> None:
    """At home at the square on that date, or present there by its own word. Without facility the caller is believed."""
    try:
        home = await places.home(unit, who, unit_id)
    except Unavailable:
        return
    if home.belongs(square_id, date):
        return
    midnight = dt.datetime.combine(date, dt.time(), zone)
    tomorrow = dt.datetime.combine(date + dt.timedelta(days=1), dt.time(), zone)
    async with db.connection(unit.pool) as conn:
        if not await store.is_present(conn, unit_id, square_id, midnight, tomorrow):
            raise places.refused("square_id", NOT_THERE)


async def _hour_of(conn: Any, place: Enquiry | DeskHour) -> Hour:
    empty = domain.new_hour(place.unit_id, place.square_id, place.local_date, place.hour)
    return await store.hour(conn, empty.state) or empty


async def _save(unit: Unit, conn: Any, hour: Hour) -> None:
    """The transaction's last act. Raises Overtaken."""
    if not await store.save_hour(conn, hour):
        raise db.Overtaken
    event = envelope.build(
        unit.service,
        "desk_hour.summarised.v1",
        hour.state.subject(),
        hour.version,
        hour.state,
        at=unit.clock.now(),
        square_id=hour.state.square_id,
        unit_id=hour.state.unit_id,
        correlation_id=correlation_id(),
    )
    await outbox.record(conn, event)
