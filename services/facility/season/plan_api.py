"""HTTP of plans: starting jobs and seeing how far they are, the plan with its conflicts, changes by hand, series."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse

from services.facility.booking.api import AtDesk
from services.facility.season import changes, jobs, queries, view
from services.facility.season.api import told
from services.facility.season.bodies import Because, PutChange
from shared.http import CurrentActor, SeenVersion
from shared.types import Id

router = APIRouter(prefix="/api/facility/seasons", tags=["seasons"])


@router.post("/{season_id}/plan", status_code=202)
async def make_plan(season_id: Id, who: CurrentActor, seen: SeenVersion, request: Request) -> dict[str, Any]:
    return {"job": view.show_job(await jobs.start(request.app.state.season_jobs, who, season_id, "plan", seen))}


@router.post("/{season_id}/allocate", status_code=202)
async def allocate(season_id: Id, who: CurrentActor, seen: SeenVersion, request: Request) -> dict[str, Any]:
    return {"job": view.show_job(await jobs.start(request.app.state.season_jobs, who, season_id, "allocate", seen))}


@router.get("/{season_id}/job")
async def get_job(season_id: Id, at: AtDesk, who: CurrentActor) -> dict[str, Any]:
    return {"job": view.show_job(await queries.job(at, who, season_id))}


@router.get("/{season_id}/plan")
async def get_plan(
    season_id: Id,
    at: AtDesk,
    who: CurrentActor,
    request: Request,
    after: Annotated[int, Query(ge=0, lt=2**31)] = 0,
    limit: Annotated[int, Query(ge=1, le=200)] = 100,
) -> JSONResponse:
    season, header, rows = await queries.plan(at, who, season_id, after, limit)
    following = rows[-1].number if len(rows) == limit else None
    shown = {**view.show_plan(season, header), "wishes": [view.show_row(row) for row in rows], "next": following}
    return told(request, shown)


@router.get("/{season_id}/plan/conflicts")
async def get_conflicts(season_id: Id, at: AtDesk, who: CurrentActor, request: Request) -> JSONResponse:
    _, header, rows = await queries.plan(at, who, season_id, 0, queries.EVERYTHING)
    return told(request, {"run": header.run, "conflicts": view.conflicts(rows)})


@router.put("/{season_id}/changes/{change_id}", status_code=201)
async def put_change(
    season_id: Id, change_id: Id, body: PutChange, at: AtDesk, who: CurrentActor, request: Request
) -> JSONResponse:
    change, new = await changes.put(at, who, season_id, change_id, body)
    return told(request, view.show_change(change), 201 if new else 200)


@router.get("/{season_id}/changes")
async def list_changes(season_id: Id, at: AtDesk, who: CurrentActor) -> dict[str, Any]:
    return {"changes": await queries.changes(at, who, season_id)}


@router.post("/{season_id}/changes/{change_id}/withdraw")
async def withdraw_change(
    season_id: Id, change_id: Id, body: Because, at: AtDesk, who: CurrentActor, request: Request
) -> JSONResponse:
    return told(request, view.show_change(await changes.withdraw(at, who, season_id, change_id, body.reason)))


@router.get("/{season_id}/allocations")
async def list_allocations(season_id: Id, at: AtDesk, who: CurrentActor, request: Request) -> JSONResponse:
    return told(request, {"allocations": await queries.allocations(at, who, season_id)})
