"""HTTP of what is the health station's own: appointments, the health record's tokens, and how its rooms are kept."""

import datetime as dt
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import JSONResponse

from services.health_station import commands, room_store, store, tokens, trail, views
from services.health_station.bodies import PutAppointment, PutRecordDay, PutToken
from services.health_station.rights import require_inside
from services.health_station.rooms import Account
from shared import db
from shared.http import CurrentActor, SeenIfAny, SeenVersion, etag, language
from shared.problems import Invalid, Message, NotFound
from shared.programme import places
from shared.programme.api import Mine
from shared.programme.commands import Saved, Unit
from shared.types import Id, Instant, LocalDate

PREFIX = "/api/health_station"
# Under these, when and how often anybody was at work is nobody's business.
DISCREET = (f"{PREFIX}/appointments",)
LONGEST_WINDOW, LONGEST_RANGE = dt.timedelta(days=397), dt.timedelta(days=31)
MOST = 500
router = APIRouter(prefix=PREFIX, tags=["appointments"])
HealthRecord = Annotated[tokens.Caller, Depends(tokens.caller)]


@router.put("/appointments/record/{space_id}/{local_date}")
async def put_record_day(
    space_id: Id, local_date: LocalDate, body: PutRecordDay, unit: Mine, by: HealthRecord, request: Request
) -> dict[str, Any]:
    """For the health record's adapter alone, with a token of its own: a room's day as the record has it."""
    account: Account = request.app.state.account
    count = await commands.put_record_day(unit, account.actor(by.unit_id), by, space_id, local_date, body)
    return {"space_id": str(space_id), "local_date": local_date.isoformat(), "appointments": count}


@router.put("/appointments/{appointment_id}", status_code=201)
async def put_appointment(
    appointment_id: Id, body: PutAppointment, unit: Mine, who: CurrentActor, seen: SeenIfAny
) -> JSONResponse:
    return await _answer(unit, await commands.put(unit, who, appointment_id, body, seen))


@router.post("/appointments/{appointment_id}/cancel")
async def cancel_appointment(appointment_id: Id, unit: Mine, who: CurrentActor, seen: SeenVersion) -> JSONResponse:
    return await _answer(unit, await commands.cancel(unit, who, appointment_id, seen))


@router.get("/appointments/{appointment_id}")
async def get_appointment(appointment_id: Id, unit: Mine, who: CurrentActor) -> JSONResponse:
    async with db.transaction(unit.pool) as conn:
        known = await store.appointment(conn, appointment_id)
        if known is None:
            raise NotFound
        require_inside(who, "appointments.read", known.unit_id)
        await trail.read(conn, unit, who, f"appointment/{appointment_id}", known.unit_id)
    return await _answer(unit, Saved(known.version, known))


@router.get("/appointments")
async def list_appointments(
    unit_id: Id,
    since: Annotated[Instant, Query(alias="from")],
    until: Annotated[Instant, Query(alias="to")],
    unit: Mine,
    who: CurrentActor,
    space_id: Id | None = None,
    after: str | None = None,
) -> dict[str, Any]:
    """What touches the window, cancelled ones too, oldest first; at most 500, then `next` is where to go on `after`."""
    require_inside(who, "appointments.read", unit_id)
    _check(since < until <= since + LONGEST_WINDOW, views.TOO_LONG_A_WINDOW)
    async with db.transaction(unit.pool) as conn:
        await trail.read(conn, unit, who, f"unit/{unit_id}", unit_id)
        found = await store.appointments(conn, unit_id, space_id, (since, until), views.cursor(after), MOST)
        zones = await places.known_zones(conn, {one.square_id for one in found})
    return {
        "appointments": [commands.shown(one, zones[one.square_id]) for one in found],
        "next": views.cursor_of(found[-1]) if len(found) == MOST else None,
    }


@router.get("/room-days")
async def list_room_days(
    unit_id: Id,
    first: Annotated[LocalDate, Query(alias="from")],
    last: Annotated[LocalDate, Query(alias="to")],
    unit: Mine,
    who: CurrentActor,
    request: Request,
    space_id: Id | None = None,
) -> dict[str, Any]:
    """What others know of the station's rooms, and whether facility keeps it taken. Both dates inside, at most 31."""
    require_inside(who, "appointments.read", unit_id)
    _check(dt.timedelta(0) <= last - first < LONGEST_RANGE, views.TOO_LONG_A_RANGE)
    async with db.connection(unit.pool) as conn:
        days = await room_store.days_of_unit(conn, unit_id, space_id, (first, last), MOST)
        bookings = await room_store.bookings(conn, days)
        zones = await places.known_zones(conn, {day.square_id for day in days})
    tongue = language(request)
    return {
        "room_days": [views.room_day(day, bookings, zones[day.square_id], tongue) for day in days],
        "next_publication": views.next_publication(unit.clock.now()),
    }


@router.put("/record-tokens/{token_id}", status_code=201)
async def put_record_token(token_id: Id, body: PutToken, unit: Mine, who: CurrentActor) -> JSONResponse:
    """The token is told in the first answer and never again; a lost one is revoked and another issued."""
    known, secret = await tokens.issue(unit, who, token_id, body.unit_id)
    return JSONResponse({**tokens.shown(known), "token": secret}, 201 if secret else 200)


@router.post("/record-tokens/{token_id}/revoke")
async def revoke_record_token(token_id: Id, unit: Mine, who: CurrentActor) -> dict[str, Any]:
    return tokens.shown(await tokens.revoke(unit, who, token_id))


@router.get("/record-tokens")
async def list_record_tokens(unit_id: Id, unit: Mine, who: CurrentActor) -> dict[str, Any]:
    return {"record_tokens": [tokens.shown(known) for known in await tokens.listed(unit, who, unit_id)]}


@router.get("/audit")
async def list_audit(
    unit_id: Id, unit: Mine, who: CurrentActor, after: Annotated[int | None, Query(ge=1, lt=2**63)] = None
) -> dict[str, Any]:
    """Who wrote and read the unit's appointments, newest first; `next` is the `after` of the following page."""
    entries = await trail.page(unit, who, unit_id, after, MOST)
    return {"entries": entries, "next": entries[-1]["id"] if len(entries) == MOST else None}


async def _answer(unit: Unit, saved: Saved) -> JSONResponse:
    async with db.connection(unit.pool) as conn:
        zone = await commands.zone_of(conn, saved.state)
    return JSONResponse(commands.shown(saved.state, zone), 201 if saved.created else 200, etag(saved.version))


def _check(true: bool, otherwise: Message) -> None:
    if not true:
        raise Invalid(otherwise, errors=[{"loc": ["to"], "message": otherwise}])
