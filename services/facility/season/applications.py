"""Registering applications. Each is input to the plan: one made before is outdated."""

import datetime as dt
from typing import Any
from uuid import UUID

from services.facility.booking import house
from services.facility.booking.desk import Desk, Overtaken, again
from services.facility.season import domain, rights, store, trail, view
from services.facility.season.bodies import PutApplication
from services.facility.season.commands import raise_faults
from services.facility.season.domain import Application, Season
from shared import db
from shared.identity import Actor
from shared.problems import (
    Conflict,
    Forbidden,
    IdInUse,
    Invalid,
    Message,
    NotFound,
    PreconditionRequired,
    Stale,
    WrongState,
)

NOT_OPEN = Message("Sesongen er ikke åpnet for søknader ennå.", "The season is not open for applications yet.")
TOO_LATE = Message("Vedtakene er fattet. Søknader tas ikke inn lenger.", "Decisions are made. It is too late to apply.")
DEADLINE = Message(
    "Søknadsfristen er gått ut. Den som styrer sesongen, kan ta inn søknaden med en grunn (late_reason).",
    "The deadline has passed. Whoever manages the season can take the application in with a reason (late_reason).",
)
LATE_IS_FOR_MANAGERS = Message(
    "Bare den som styrer sesongen, kan ta inn en søknad etter fristen.",
    "Only whoever manages the season can take in an application after the deadline.",
)
OTHER_UNIT = Message("Enheten hører ikke til sesongens torg.", "The unit is not in the squares of the season.")


async def put(
    desk: Desk, actor: Actor, season_id: UUID, application_id: UUID, body: PutApplication, seen: int | None
) -> tuple[Application, bool]:
    """(the application, whether it is new). The same body again changes nothing.

    Raises Invalid, Forbidden, PreconditionRequired, Stale, IdInUse, or Conflict `deadline_passed`.
    """
    return await again(lambda: _put(desk, actor, season_id, application_id, body, seen))


async def _put(
    desk: Desk, actor: Actor, season_id: UUID, application_id: UUID, body: PutApplication, seen: int | None
) -> tuple[Application, bool]:
    async with db.transaction(desk.pool) as conn:
        season = await _season(conn, actor, season_id)
        known = await store.application(conn, application_id)
        if known and known.season_id != season_id:
            raise IdInUse
        if known and known.asked == body.model_dump(mode="json") and known.state == "registered":
            return known, False
        _check_edit(known, seen)
        now = desk.clock.now()
        late = _check_in_time(actor, season, body, now)
        wanted = body.application(
            application_id,
            season_id,
            known.version + 1 if known else 1,
            known.registered_at if known else now,
            late,
            state="registered",
        )
        await _check(conn, season, wanted)
        if known:
            await store.update_application(conn, wanted, now)
        elif not await store.insert_application(conn, wanted):
            raise Overtaken
        await store.count_input(conn, season_id)
        await trail.application(conn, actor, "put", season, known, wanted, now)
        return wanted, known is None


async def _season(conn: Any, actor: Actor, season_id: UUID) -> Season:
    """Locked, so that it does not close or decide meanwhile. Raises NotFound or Forbidden."""
    season = await store.find(conn, season_id, lock=True)
    if season is None:
        raise NotFound
    units = await store.units(conn, season.square_ids)
    rights.check_read(actor, season, units)
    rights.check_apply(actor, season, units)
    return season


def _check_edit(known: Application | None, seen: int | None) -> None:
    if known and seen is None:
        raise PreconditionRequired
    if seen is not None and seen != (known.version if known else 0):
        raise Stale(view.show_application(known) if known else None)


def _check_in_time(actor: Actor, season: Season, body: PutApplication, now: dt.datetime) -> bool:
    """Whether it is late. Raises Conflict or Forbidden."""
    lateness = domain.lateness(season, now)
    if lateness == "too_early":
        raise WrongState(NOT_OPEN, state=season.state)
    if lateness == "too_late":
        raise WrongState(TOO_LATE, state=season.state)
    if lateness == "in_time":
        return False
    if body.late_reason is None:
        raise Conflict(DEADLINE, code="deadline_passed", application_deadline=season.deadline.isoformat())
    if not rights.manages(actor, season):
        raise Forbidden(LATE_IS_FOR_MANAGERS, code="late_not_allowed")
    return True


async def _check(conn: Any, season: Season, wanted: Application) -> None:
    unit = await house.unit(conn, wanted.unit_id)
    if unit and unit[0] not in season.square_ids:
        raise Invalid(OTHER_UNIT, errors=[{"loc": ["unit_id"], "message": OTHER_UNIT}])
    rooms = frozenset(await store.rooms(conn, season))
    raise_faults(domain.wish_faults(wanted.wishes, rooms, season.square_ids))


async def withdraw(
    desk: Desk, actor: Actor, season_id: UUID, application_id: UUID, seen: int, reason: str
) -> Application:
    """Until it is decided. Raises NotFound, Forbidden, Stale or WrongState."""
    return await again(lambda: _withdraw(desk, actor, season_id, application_id, seen, reason))


async def _withdraw(
    desk: Desk, actor: Actor, season_id: UUID, application_id: UUID, seen: int, reason: str
) -> Application:
    async with db.transaction(desk.pool) as conn:
        season = await _season(conn, actor, season_id)
        known = await store.application(conn, application_id)
        if known is None or known.season_id != season_id:
            raise NotFound
        if known.version != seen:
            raise Stale(view.show_application(known))
        if known.state == "withdrawn" or domain.lateness(season, desk.clock.now()) == "too_late":
            raise WrongState(state=known.state)
        gone = domain.withdrawn(known, reason)
        now = desk.clock.now()
        await store.update_application(conn, gone, now)
        await store.count_input(conn, season_id)
        await trail.application(conn, actor, "withdraw", season, known, gone, now)
        return gone
