"""What the volunteer central does with those who volunteer.

Their names live in its own schema and nowhere else: none of this is told on Kafka, and what is logged is that names
were read and in which role, never which.
"""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from services.volunteer_central import commands, store
from services.volunteer_central.domain import Volunteer
from shared import db, logs
from shared.contracts.volunteer_central import Shift
from shared.http import check_version
from shared.identity import Actor
from shared.policy import require
from shared.problems import Invalid, Message, NotFound, WrongState
from shared.programme import places
from shared.programme.commands import Unit
from shared.programme.dated import store as dated_store

MOST = 500
NOT_YET = Message("Datoen er ikke kommet ennå.", "That date has not come yet.")
log = logs.get(__name__)


@dataclass(frozen=True)
class Kept:
    volunteer: Volunteer
    created: bool = False


async def put(unit: Unit, who: Actor, wanted: Volunteer, seen: int | None) -> Kept:
    """Registers the volunteer, or changes name and phone with the version seen. The same again changes nothing."""
    _require_both(who, wanted)
    await places.check_unit(unit, who, wanted.unit_id, wanted.square_id)

    async def work() -> Kept:
        async with db.transaction(unit.pool) as conn:
            known = await store.volunteer(conn, wanted.id, lock=True)
            if not known:
                return Kept(await _save(conn, wanted), True)
            _require_both(who, known)
            _check_there(known)
            if (known.square_id, known.unit_id) != (wanted.square_id, wanted.unit_id):
                raise places.refused("unit_id", places.OTHER_SQUARE)
            if (known.name, known.phone) == (wanted.name, wanted.phone):
                return Kept(known)
            _check_seen(seen, known)
            return Kept(await _save(conn, _next(known, name=wanted.name, phone=wanted.phone)))

    return await db.retrying(work)


async def set_clearance(unit: Unit, who: Actor, volunteer_id: UUID, seen: int, shown_on: dt.date | None) -> Kept:
    """That a certificate was shown, when and to which role; None takes it back, and the shifts that ask for it."""

    async def decide(conn: Any, known: Volunteer) -> Volunteer:
        _check_there(known)
        if known.clearance_shown_on == shown_on:
            return known
        _check_seen(seen, known)
        await _check_date(unit, who, known, shown_on)
        changed = _next(known, clearance_shown_on=shown_on, clearance_seen_by=who.label() if shown_on else None)
        saved = await _save(conn, changed)
        if shown_on is None:
            await commands.leave_shifts(unit, conn, saved, cleared_only=True)
        return saved

    return await _change(unit, who, volunteer_id, decide)


async def erase(unit: Unit, who: Actor, volunteer_id: UUID) -> Kept:
    """Nothing of the person is left, and they are out of the shifts to come. What was counted stays counted."""

    async def decide(conn: Any, known: Volunteer) -> Volunteer:
        if known.erased_at:
            return known
        person = {"name": None, "phone": None, "clearance_shown_on": None, "clearance_seen_by": None}
        gone = await _save(conn, _next(known, **person, erased_at=unit.clock.now()))
        await commands.leave_shifts(unit, conn, gone)
        await store.forget_volunteer(conn, volunteer_id)
        return gone

    return await _change(unit, who, volunteer_id, decide)


async def one(unit: Unit, who: Actor, volunteer_id: UUID) -> Volunteer:
    async with db.connection(unit.pool) as conn:
        known = await store.volunteer(conn, volunteer_id)
    if not known:
        raise NotFound
    _check_read(who, known.square_id, known.unit_id)
    return known


async def many(unit: Unit, who: Actor, unit_id: UUID, after: UUID | None) -> list[Volunteer]:
    """Of one unit, by id, one more than a page holds where there are more. Raises NotFound for a foreign unit, whether
    or not we have heard of it."""
    try:
        home = await places.home(unit, who, unit_id)
    except Invalid:
        raise NotFound from None
    _check_read(who, home.square_id, unit_id)
    async with db.connection(unit.pool) as conn:
        return list(await store.volunteers(conn, unit_id, after, MOST + 1))


async def of_shift(unit: Unit, who: Actor, shift_id: UUID) -> list[tuple[UUID, Volunteer]]:
    """Who has signed up, each with the sign-up's id, the first first."""
    await _readable_shift(unit, who, shift_id)
    async with db.connection(unit.pool) as conn:
        return list(await store.signed_up(conn, shift_id))


async def candidates(unit: Unit, who: Actor, shift_id: UUID) -> list[Volunteer]:
    """Who could take the shift."""
    shift = await _readable_shift(unit, who, shift_id)
    async with db.connection(unit.pool) as conn:
        return list(await store.candidates(conn, shift_id, not shift.requires_clearance, MOST))


def shown(volunteer: Volunteer) -> dict[str, Any]:
    """For those who may read names."""
    shown_on = volunteer.clearance_shown_on
    return {
        "volunteer_id": str(volunteer.id),
        "square_id": str(volunteer.square_id),
        "unit_id": str(volunteer.unit_id),
        "name": volunteer.name,
        "phone": volunteer.phone,
        "clearance": {"shown_on": shown_on.isoformat(), "seen_by": volunteer.clearance_seen_by} if shown_on else None,
        "erased": volunteer.erased_at is not None,
        "version": volunteer.version,
    }


async def _readable_shift(unit: Unit, who: Actor, shift_id: UUID) -> Shift:
    async with db.connection(unit.pool) as conn:
        known = await dated_store.one(conn, commands.SHIFTS, shift_id)
    if not known:
        raise NotFound
    _check_read(who, known[1].square_id, known[1].unit_id)
    return known[1]


async def _change(unit: Unit, who: Actor, volunteer_id: UUID, decide: Callable[[Any, Volunteer], Any]) -> Kept:
    async def work() -> Kept:
        async with db.transaction(unit.pool) as conn:
            known = await store.volunteer(conn, volunteer_id, lock=True)
            if not known:
                raise NotFound
            _require_both(who, known)
            return Kept(await decide(conn, known))

    return await db.retrying(work)


async def _save(conn: Any, volunteer: Volunteer) -> Volunteer:
    if not await store.save_volunteer(conn, volunteer):
        raise db.Overtaken
    return volunteer


async def _check_date(unit: Unit, who: Actor, known: Volunteer, shown_on: dt.date | None) -> None:
    zone = await places.zone_of(unit, who, known.square_id)
    if shown_on and shown_on > unit.clock.now().astimezone(zone).date():
        raise places.refused("shown_on", NOT_YET)


def _check_read(who: Actor, square_id: UUID | None, unit_id: UUID) -> None:
    require(who, "volunteers.read", square_id=square_id, unit_id=unit_id)
    log.info("volunteers_read", unit_id=str(unit_id), roles=who.label())


def _require_both(who: Actor, volunteer: Volunteer) -> None:
    """Whoever writes a name is shown it."""
    require(who, "shifts.write", square_id=volunteer.square_id, unit_id=volunteer.unit_id)
    require(who, "volunteers.read", square_id=volunteer.square_id, unit_id=volunteer.unit_id)


def _check_there(known: Volunteer) -> None:
    if known.erased_at:
        raise WrongState(state="erased")


def _check_seen(seen: int | None, known: Volunteer) -> None:
    check_version(seen, known.version, lambda: shown(known))


def _next(known: Volunteer, **changes: Any) -> Volunteer:
    return replace(known, version=known.version + 1, **changes)
