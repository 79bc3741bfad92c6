"""HTTP of seasons and of applications: parse, call a command or read, answer."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse, Response

from services.facility.booking.api import AtDesk
from services.facility.booking.desk import Desk
from services.facility.season import applications, commands, queries, view
from services.facility.season.bodies import Because, PutApplication, PutSeason
from services.facility.season.domain import Application, Season, Step
from shared.http import CurrentActor, SeenIfAny, SeenVersion, etag, in_language, language
from shared.identity import Actor
from shared.types import Id

router = APIRouter(prefix="/api/facility/seasons", tags=["seasons"])


@router.put("/{season_id}", status_code=201)
async def put_season(
    season_id: Id, body: PutSeason, at: AtDesk, who: CurrentActor, seen: SeenIfAny, request: Request
) -> JSONResponse:
    season, new = await commands.put(at, who, season_id, body, seen)
    return _season(at, who, request, season, status=201 if new else 200)


@router.get("")
async def list_seasons(at: AtDesk, who: CurrentActor, request: Request, square_id: Id | None = None) -> JSONResponse:
    found = await queries.listed(at, who, square_id)
    return told(request, {"seasons": [_shown(at, who, one) for one in found]})


@router.get("/{season_id}")
async def get_season(season_id: Id, at: AtDesk, who: CurrentActor, request: Request) -> JSONResponse:
    season, counts = await queries.season(at, who, season_id)
    return _season(at, who, request, season, counts=counts)


@router.post("/{season_id}/open")
async def open_season(
    season_id: Id, at: AtDesk, who: CurrentActor, seen: SeenVersion, request: Request
) -> JSONResponse:
    return await _step("open", season_id, at, who, seen, request)


@router.post("/{season_id}/close")
async def close_season(
    season_id: Id, at: AtDesk, who: CurrentActor, seen: SeenVersion, request: Request
) -> JSONResponse:
    return await _step("close", season_id, at, who, seen, request)


@router.post("/{season_id}/decide")
async def decide_season(
    season_id: Id, at: AtDesk, who: CurrentActor, seen: SeenVersion, request: Request
) -> JSONResponse:
    return await _step("decide", season_id, at, who, seen, request)


@router.put("/{season_id}/applications/{application_id}", status_code=201)
async def put_application(
    season_id: Id,
    application_id: Id,
    body: PutApplication,
    at: AtDesk,
    who: CurrentActor,
    seen: SeenIfAny,
    request: Request,
) -> JSONResponse:
    one, new = await applications.put(at, who, season_id, application_id, body, seen)
    return _application(request, one, 201 if new else 200)


@router.get("/{season_id}/applications")
async def list_applications(
    season_id: Id,
    at: AtDesk,
    who: CurrentActor,
    request: Request,
    after: Id | None = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 500,
) -> JSONResponse:
    found, following = await queries.applications(at, who, season_id, after, limit)
    shown = [view.show_application(one) for one in found]
    return told(request, {"applications": shown, "next": following and str(following)})


@router.get("/{season_id}/applications/{application_id}")
async def get_application(
    season_id: Id, application_id: Id, at: AtDesk, who: CurrentActor, request: Request
) -> JSONResponse:
    one, rows = await queries.application(at, who, season_id, application_id)
    shown = {**view.show_application(one), "outcomes": [view.show_row(row) for row in rows]}
    return told(request, shown, headers=etag(one.version))


@router.post("/{season_id}/applications/{application_id}/withdraw")
async def withdraw_application(
    season_id: Id, application_id: Id, body: Because, at: AtDesk, who: CurrentActor, seen: SeenVersion, request: Request
) -> JSONResponse:
    return _application(request, await applications.withdraw(at, who, season_id, application_id, seen, body.reason))


@router.get("/{season_id}/applications/{application_id}/letter")
async def get_letter(season_id: Id, application_id: Id, at: AtDesk, who: CurrentActor) -> dict[str, Any]:
    """Both languages: whoever sends it chooses."""
    found = await queries.letter(at, who, season_id, application_id)
    return {
        "application_id": str(application_id),
        "decided_at": found.decided_at.isoformat(),
        "nb": found.nb,
        "en": found.en,
    }


@router.get("/{season_id}/export")
async def export(season_id: Id, at: AtDesk, who: CurrentActor) -> Response:
    packed = await queries.export(at, who, season_id)
    name = f'attachment; filename="season-{season_id}.zip"'
    return Response(packed, media_type="application/zip", headers={"Content-Disposition": name})


async def _step(what: Step, season_id: UUID, at: Any, who: Any, seen: int, request: Request) -> JSONResponse:
    return _season(at, who, request, await commands.take_step(at, who, season_id, what, seen))


def _season(at: Desk, who: Actor, request: Request, season: Season, status: int = 200, **more: Any) -> JSONResponse:
    return told(request, {**_shown(at, who, season), **more}, status, etag(season.version))


def _shown(at: Desk, who: Actor, season: Season) -> dict[str, Any]:
    return {**view.show(season), "may": view.may(season, who, at.clock.now())}


def _application(request: Request, one: Application, status: int = 200) -> JSONResponse:
    return told(request, view.show_application(one), status, etag(one.version))


def told(request: Request, shown: Any, status: int = 200, headers: dict[str, str] | None = None) -> JSONResponse:
    """Sentences in the reader's language."""
    return JSONResponse(in_language(shown, language(request)), status, headers)
