"""What is done with a season as a whole. Each is one transaction under the lock of the season's row."""

import datetime as dt
import secrets
from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from services.facility.booking.bodies import time_of
from services.facility.booking.desk import Desk, Overtaken, again
from services.facility.season import domain, letters, plan_store, rights, store, trail, view
from services.facility.season.bodies import PutSeason
from services.facility.season.domain import Fault, Season, Step
from services.facility.season.events import season_event
from shared import db, outbox
from shared.identity import Actor
from shared.problems import Conflict, Invalid, Message, NotFound, PreconditionRequired, Stale, WrongState

UNKNOWN_SQUARE = Message("Et av torgene finnes ikke.", "One of the squares does not exist.")
ZONES_DIFFER = Message("Torgene må ha samme tidssone.", "The squares must have the same time zone.")
UNKNOWN_ROOM = Message(
    "Et av rommene finnes ikke på torgene i sesongen, eller kan ikke bookes.",
    "One of the rooms is not in the squares of the season, or not for booking.",
)


async def put(desk: Desk, actor: Actor, season_id: UUID, body: PutSeason, seen: int | None) -> tuple[Season, bool]:
    """(the season, whether it is new). The same body again changes nothing.

    Raises Invalid, Forbidden, PreconditionRequired, Stale, or WrongState for what is published already.
    """
    return await again(lambda: _put(desk, actor, season_id, body, seen))


async def _put(desk: Desk, actor: Actor, season_id: UUID, body: PutSeason, seen: int | None) -> tuple[Season, bool]:
    async with db.transaction(desk.pool) as conn:
        known = await store.find(conn, season_id, lock=True)
        if known:
            rights.check_manage(actor, known.square_ids)
        rights.check_manage(actor, body.square_ids)
        wanted = await _read(conn, season_id, body, desk.clock.now())
        if known and known.asked == wanted.asked:
            return known, False
        season = _edited(known, wanted, seen, desk.clock.now()) if known else wanted
        if not known and not await store.insert(conn, season):
            raise Overtaken
        if known:
            await store.update(conn, season)
        await trail.season(conn, actor, "put", known, season)
        await outbox.record(conn, await season_event(conn, season))
        return season, known is None


async def _read(conn: Any, season_id: UUID, body: PutSeason, now: dt.datetime) -> Season:
    """A draft at its first version. Raises Invalid."""
    squares = tuple(dict.fromkeys(body.square_ids))
    zone = await _zone(conn, squares)
    season = Season(
        id=season_id,
        version=1,
        square_ids=squares,
        zone=zone,
        name=body.name,
        first=body.first_date,
        last=body.last_date,
        deadline=time_of("application_deadline", body.application_deadline, zone),
        terms=body.terms(),
        asked=body.model_dump(mode="json"),
        state="draft",
        inputs=0,
        seed=None,
        run=0,
        updated_at=now,
    )
    midnight = dt.datetime.combine(body.first_date, dt.time(), zone).astimezone(dt.UTC)
    raise_faults(domain.faults(season, midnight))
    named = set(body.space_ids or ())
    if named - await store.bookable(conn, squares, sorted(named)):
        raise Invalid(UNKNOWN_ROOM, errors=[{"loc": ["space_ids"], "message": UNKNOWN_ROOM}])
    return season


async def _zone(conn: Any, squares: Sequence[UUID]) -> ZoneInfo:
    zones = await store.zones(conn, squares)
    if len(zones) < len(squares):
        raise Invalid(UNKNOWN_SQUARE, errors=[{"loc": ["square_ids"], "message": UNKNOWN_SQUARE}])
    if len(set(map(str, zones.values()))) > 1:
        raise Invalid(ZONES_DIFFER, errors=[{"loc": ["square_ids"], "message": ZONES_DIFFER}])
    return zones[squares[0]]


def _edited(known: Season, wanted: Season, seen: int | None, now: dt.datetime) -> Season:
    if seen is None:
        raise PreconditionRequired
    check_version(known, seen)
    changed = {name for name, value in wanted.asked.items() if known.asked.get(name) != value}
    earlier = known.state != "draft" and wanted.deadline < known.deadline
    if earlier or not changed <= domain.edits_of(known, now):
        raise WrongState(domain.fixed(known, now), state=known.state, fields=sorted(changed))
    return replace(wanted, version=known.version + 1, state=known.state, inputs=known.inputs)


async def take_step(desk: Desk, actor: Actor, season_id: UUID, what: Step, seen: int) -> Season:
    """Opens, closes or decides. Raises NotFound, Forbidden, Stale, WrongState, or Conflict that says what must wait."""
    return await again(lambda: _take_step(desk, actor, season_id, what, seen))


async def _take_step(desk: Desk, actor: Actor, season_id: UUID, what: Step, seen: int) -> Season:
    async with db.transaction(desk.pool) as conn:
        season = await managed(conn, actor, season_id)
        check_version(season, seen)
        await check_step(conn, season, what, desk.clock.now())
        done = domain.step(season, what, desk.clock.now(), seed=secrets.token_hex(16))
        await store.update(conn, done)
        if what == "decide":
            await letters.write_all(conn, done)
        await trail.season(conn, actor, what, season, done)
        await outbox.record(conn, await season_event(conn, done))
        return done


async def managed(conn: Any, actor: Actor, season_id: UUID) -> Season:
    """The season, locked. Raises NotFound or Forbidden."""
    season = await store.find(conn, season_id, lock=True)
    if season is None:
        raise NotFound
    rights.check_manage(actor, season.square_ids)
    return season


async def check_step(conn: Any, season: Season, what: Step, now: dt.datetime) -> None:
    """Raises WrongState, or Conflict with the reason as its code."""
    if not domain.fits(what, season):
        raise WrongState(state=season.state)
    planned = await plan_store.header(conn, season.id, season.run)
    hindrance = domain.hindrance(what, season, now, planned.inputs if planned else None)
    if hindrance:
        raise Conflict(hindrance.message, code=hindrance.rule)


def check_version(season: Season, seen: int) -> None:
    if season.version != seen:
        raise Stale(view.show(season))


def raise_faults(faults: Sequence[Fault]) -> None:
    if faults:
        told = [{"rule": fault.rule, "message": fault.message} for fault in faults]
        raise Invalid(faults[0].message, reasons=told)
