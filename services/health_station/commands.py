"""What the health station does with appointments: each is one transaction that marks the days it touched.

Nothing here records an event. What others hear is published later, on the clock's own terms.
"""

import datetime as dt
from collections.abc import Iterable
from dataclasses import replace
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from services.health_station import domain, store, trail, where
from services.health_station.bodies import PutAppointment, PutRecordDay
from services.health_station.domain import Range
from services.health_station.rights import require_inside
from services.health_station.store import Appointment
from services.health_station.tokens import Caller
from shared import db
from shared.identity import Actor
from shared.problems import Conflict, Invalid, Message, NotFound, PreconditionRequired, Stale, WrongState
from shared.programme import places
from shared.programme.commands import Saved, Unit
from shared.walltime import local_fields

AHEAD = dt.timedelta(minutes=5)
KEEPS_UNIT = Message("En avtale bytter ikke enhet.", "An appointment does not change its unit.")
OF_RECORD = Message(
    "Avtalen kommer fra journalsystemet. Endre den der.",
    "The appointment comes from the health record. Change it there.",
)
OTHER_DAY = Message("begynner ikke på denne datoen", "does not begin on this date")
LATER = Message("as_of kan ikke ligge fram i tid.", "as_of cannot lie ahead.")
OLDER = Message(
    "Journalsystemet har sendt dagen på nytt siden da.", "The health record has sent the day anew since then."
)


async def put(unit: Unit, who: Actor, appointment_id: UUID, body: PutAppointment, seen: int | None) -> Saved:
    """Creates, or changes with the version seen. The same again changes nothing."""
    require_inside(who, "appointments.write", body.unit_id)
    at = await where.place(unit, who, body.unit_id, body.space_id, body.starts_at)

    async def work() -> Saved:
        async with db.transaction(unit.pool) as conn:
            known = await store.appointment(conn, appointment_id, lock=True)
            version = known.version + 1 if known else 1
            wanted = Appointment(appointment_id, version, square_id=at.square_id, **body.model_dump())
            if known:
                require_inside(who, "appointments.write", known.unit_id)
                if replace(known, version=version) == wanted:
                    return Saved(known.version, known)
                await _check_change(conn, known, seen)
                _check_unit(known, wanted)
            await where.take(conn, at)
            await _save(conn, known, wanted, at.zone)
            await trail.wrote(conn, who, "change" if known else "put", known, wanted, unit.clock.now())
            return Saved(version, wanted, known is None)

    return await db.retrying(work)


async def cancel(unit: Unit, who: Actor, appointment_id: UUID, seen: int) -> Saved:
    async def work() -> Saved:
        async with db.transaction(unit.pool) as conn:
            known = await store.appointment(conn, appointment_id, lock=True)
            if known is None:
                raise NotFound
            require_inside(who, "appointments.write", known.unit_id)
            await _check_change(conn, known, seen)
            cancelled = replace(known, version=known.version + 1, state="cancelled")
            await _save(conn, known, cancelled, await zone_of(conn, known))
            await trail.wrote(conn, who, "cancel", known, cancelled, unit.clock.now())
            return Saved(cancelled.version, cancelled)

    return await db.retrying(work)


async def put_record_day(unit: Unit, who: Actor, by: Caller, space_id: UUID, date: dt.date, body: PutRecordDay) -> int:
    """Replaces what the health record told of the room's day; how many appointments it has told of now.

    What was made by hand stays. Raises Conflict `older_than_known` when it has told of the day anew since `as_of`.
    """
    if body.as_of > unit.clock.now() + AHEAD:
        raise Invalid(LATER, errors=[{"loc": ["as_of"], "message": LATER}])
    at = await where.place(unit, who, by.unit_id, space_id, date)
    _check_dates(body, date, at.zone)
    told = sorted((one.starts_at, one.ends_at, one.kind) for one in body.appointments)

    async def work() -> int:
        async with db.transaction(unit.pool) as conn:
            await where.take(conn, at)
            known = await store.told_until(conn, space_id, date)
            if known and body.as_of < known:
                raise Conflict(OLDER, code="older_than_known", as_of=known.isoformat())
            before = sorted(await store.of_record(conn, space_id, date))
            await store.save_told_until(conn, space_id, date, body.as_of)
            if before != told:
                await store.replace_record(conn, by.unit_id, space_id, date, told)
                await store.touch(conn, _days(space_id, [one[:2] for one in (*before, *told)], at.zone))
            about = f"record-day/{space_id}/{date}"
            await trail.told(conn, by.unit_id, by.token_id, about, len(told), unit.clock.now())
            return len(told)

    return await db.retrying(work)


def shown(one: Appointment, zone: ZoneInfo) -> dict[str, Any]:
    return {
        "appointment_id": str(one.appointment_id),
        "version": one.version,
        "unit_id": str(one.unit_id),
        "space_id": str(one.space_id),
        "kind": one.kind,
        "state": one.state,
        "source": "record" if one.record_date else "hand",
        **local_fields(*one.time, zone),
    }


async def zone_of(conn: Any, one: Appointment) -> ZoneInfo:
    return (await places.known_zones(conn, [one.square_id]))[one.square_id]


async def _check_change(conn: Any, known: Appointment, seen: int | None) -> None:
    if seen is None:
        raise PreconditionRequired
    if seen != known.version:
        raise Stale(shown(known, await zone_of(conn, known)))
    if known.record_date:
        raise WrongState(OF_RECORD, state=known.state)
    if known.state != "booked":
        raise WrongState(state=known.state)


def _check_unit(known: Appointment, wanted: Appointment) -> None:
    if known.unit_id != wanted.unit_id:
        raise places.refused("unit_id", KEEPS_UNIT)


def _check_dates(body: PutRecordDay, date: dt.date, zone: ZoneInfo) -> None:
    """Each appointment begins on the date: so a day is replaced whole, and no appointment is told of twice."""
    errors = [
        {"loc": ["appointments", place, "starts_at"], "message": OTHER_DAY}
        for place, one in enumerate(body.appointments)
        if one.starts_at.astimezone(zone).date() != date
    ]
    if errors:
        raise Invalid(errors=errors[:20])


async def _save(conn: Any, before: Appointment | None, wanted: Appointment, zone: ZoneInfo) -> None:
    if not await store.save(conn, wanted):
        raise db.Overtaken
    days = _days(wanted.space_id, [wanted.time], zone)
    if before:
        days |= _days(before.space_id, [before.time], await zone_of(conn, before))
    await store.touch(conn, days)


def _days(space_id: UUID, times: Iterable[Range], zone: ZoneInfo) -> set[tuple[UUID, dt.date]]:
    return {(space_id, date) for time in times for date in domain.dates_of(time, zone)}
