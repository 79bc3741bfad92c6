"""HTTP of the programme, the same under every unit's name."""

import datetime as dt
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import JSONResponse

from shared import db
from shared.contracts.platform import UnitKind
from shared.http import CurrentActor, SeenIfAny, SeenVersion, etag
from shared.identity import Actor
from shared.policy import require
from shared.problems import Invalid, Message, NotFound
from shared.programme import commands, store
from shared.programme.bodies import (
    Cancel,
    PutActivity,
    PutAttendance,
    PutOccurrence,
    PutSeries,
    Reschedule,
    Terms,
)
from shared.programme.commands import Saved, Unit
from shared.types import Id, Instant

LONGEST_WINDOW = dt.timedelta(days=397)


async def programme_of(request: Request) -> Unit:
    unit: Unit = request.app.state.programme
    return unit


Mine = Annotated[Unit, Depends(programme_of)]


def router(service: UnitKind) -> APIRouter:
    """Needs `app.state.programme`, a `commands.Unit`."""
    api = APIRouter(prefix=f"/api/{service}", tags=["programme"])
    for add in (_activities, _occurrences, _steps, _series):
        add(api)
    return api


def _activities(api: APIRouter) -> None:
    @api.put("/activities/{activity_id}", status_code=201)
    async def put_activity(
        activity_id: Id,
        body: PutActivity,
        unit: Mine,
        who: CurrentActor,
        seen: SeenIfAny,
    ) -> JSONResponse:
        return _answer(await commands.put_activity(unit, who, activity_id, body, seen))

    @api.get("/activities/{activity_id}")
    async def get_activity(activity_id: Id, unit: Mine, who: CurrentActor) -> JSONResponse:
        async with db.connection(unit.pool) as conn:
            known = await store.activity(conn, activity_id)
        if not known:
            raise NotFound
        require(who, "programme.read", square_id=known[1].square_id, unit_id=known[1].unit_id)
        return _answer(Saved(*known))

    @api.post("/activities/{activity_id}/withdraw")
    async def withdraw(activity_id: Id, unit: Mine, who: CurrentActor, seen: SeenVersion) -> JSONResponse:
        return _answer(await commands.withdraw_activity(unit, who, activity_id, seen))

    @api.get("/activities")
    async def list_activities(
        square_id: Id, unit: Mine, who: CurrentActor, unit_id: Id | None = None
    ) -> dict[str, list[dict[str, Any]]]:
        require(who, "programme.read", square_id=square_id)
        async with db.connection(unit.pool) as conn:
            found = await store.activities(conn, square_id, unit_id)
        return {"activities": [commands.shown(*row) for row in found]}


def _occurrences(api: APIRouter) -> None:
    @api.put("/occurrences/{occurrence_id}", status_code=201)
    async def put_occurrence(occurrence_id: Id, body: PutOccurrence, unit: Mine, who: CurrentActor) -> JSONResponse:
        return _answer(await commands.put_occurrence(unit, who, occurrence_id, body))

    @api.get("/occurrences/{occurrence_id}")
    async def get_occurrence(occurrence_id: Id, unit: Mine, who: CurrentActor) -> JSONResponse:
        async with db.connection(unit.pool) as conn:
            known = await store.occurrence(conn, occurrence_id)
        if not known:
            raise NotFound
        require(who, "programme.read", square_id=known[1].square_id, unit_id=known[1].unit_id)
        return _answer(Saved(known[0], known[1]))

    @api.get("/occurrences")
    async def list_occurrences(
        square_id: Id,
        since: Annotated[Instant, Query(alias="from")],
        until: Annotated[Instant, Query(alias="to")],
        unit: Mine,
        who: CurrentActor,
        activity_id: Id | None = None,
        uncounted: bool = False,
    ) -> dict[str, list[dict[str, Any]]]:
        """Oldest first, at most 500. `uncounted`: only what has ended and nobody has counted."""
        require(who, "programme.read", square_id=square_id)
        check_window(since, until)
        async with db.connection(unit.pool) as conn:
            if uncounted:
                found = await store.uncounted(conn, square_id, since, min(until, unit.clock.now()))
            else:
                found = await store.occurrences(conn, square_id, since, until, activity_id)
        return {"occurrences": [commands.shown(version, state) for version, state, _ in found]}


def _steps(api: APIRouter) -> None:
    @api.post("/occurrences/{occurrence_id}/schedule")
    async def schedule(
        occurrence_id: Id, unit: Mine, who: CurrentActor, seen: SeenVersion, body: Terms | None = None
    ) -> JSONResponse:
        return _answer(await commands.schedule(unit, who, occurrence_id, seen, body or Terms()))

    @api.post("/occurrences/{occurrence_id}/reschedule")
    async def reschedule(
        occurrence_id: Id, body: Reschedule, unit: Mine, who: CurrentActor, seen: SeenVersion
    ) -> JSONResponse:
        return _answer(await commands.reschedule(unit, who, occurrence_id, seen, body))

    @api.post("/occurrences/{occurrence_id}/cancel")
    async def cancel(
        occurrence_id: Id, unit: Mine, who: CurrentActor, seen: SeenVersion, body: Cancel | None = None
    ) -> JSONResponse:
        reason = (body or Cancel()).reason_code
        return _answer(await commands.cancel(unit, who, occurrence_id, seen, reason))

    @api.post("/occurrences/{occurrence_id}/stay")
    async def stay(occurrence_id: Id, unit: Mine, who: CurrentActor, seen: SeenVersion) -> JSONResponse:
        return _answer(await commands.stay(unit, who, occurrence_id, seen))

    @api.post("/occurrences/{occurrence_id}/accept")
    async def accept(occurrence_id: Id, unit: Mine, who: CurrentActor, seen: SeenVersion) -> JSONResponse:
        return _answer(await commands.accept(unit, who, occurrence_id, seen))

    @api.post("/occurrences/{occurrence_id}/attendance")
    async def count(occurrence_id: Id, body: PutAttendance, unit: Mine, who: CurrentActor) -> JSONResponse:
        return _answer(await commands.count(unit, who, occurrence_id, body))


def _series(api: APIRouter) -> None:
    @api.put("/series/{series_id}", status_code=201)
    async def put_series(series_id: Id, body: PutSeries, unit: Mine, who: CurrentActor) -> JSONResponse:
        rows, created = await commands.put_series(unit, who, series_id, body)
        return await _series_answer(unit, who, series_id, rows, 201 if created else 200)

    @api.get("/series/{series_id}")
    async def get_series(series_id: Id, unit: Mine, who: CurrentActor) -> JSONResponse:
        async with db.connection(unit.pool) as conn:
            rows = await store.of_series(conn, series_id)
        if not rows:
            raise NotFound
        require(who, "programme.read", square_id=rows[0][1].square_id, unit_id=rows[0][1].unit_id)
        return await _series_answer(unit, who, series_id, rows, 200)


async def _series_answer(unit: Unit, who: Actor, series_id: UUID, rows: list[store.Row], status: int) -> JSONResponse:
    """Each refused date with facility's `reason` and `reasons` as its `refusal`, the others with its `warnings`."""
    told = await commands.told_of_dates(unit, who, series_id, rows)
    occurrences = [
        {**commands.shown(version, state), **told.get(state.occurrence_id, {})} for version, state, _ in rows
    ]
    return JSONResponse({"series_id": str(series_id), "occurrences": occurrences}, status)


def _answer(saved: Saved) -> JSONResponse:
    body = commands.shown(saved.version, saved.state)
    if saved.notice:
        body["notice"] = {"nb": saved.notice.nb, "en": saved.notice.en}
    if saved.warnings:
        body["warnings"] = list(saved.warnings)
    return JSONResponse(body, 201 if saved.created else 200, etag(saved.version))


def check_dates(first: dt.date, last: dt.date, most_days: int) -> None:
    """Both dates inside. Raises Invalid for none, or more than `most_days`."""
    if not 1 <= (last - first).days + 1 <= most_days:
        raise Invalid(
            Message(f"Velg et tidsrom på høyst {most_days} dager.", f"Choose a range of at most {most_days} days."),
            errors=[{"loc": ["to"], "message": Message("skal ikke være før «from»", "must not be before «from»")}],
        )


def check_window(since: dt.datetime, until: dt.datetime) -> None:
    if not since < until <= since + LONGEST_WINDOW:
        raise Invalid(
            Message("Velg et tidsrom på høyst 13 måneder.", "Choose a range of at most 13 months."),
            errors=[{"loc": ["to"], "message": Message("skal være etter «from»", "must be after «from»")}],
        )
