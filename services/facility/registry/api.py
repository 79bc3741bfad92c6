"""HTTP of squares, units and spaces."""

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from services.facility.registry import commands, features, store
from services.facility.registry.bodies import PutSpace, PutSquare, PutUnit
from services.facility.registry.commands import shown_square
from services.facility.registry.saving import Saved, shown
from shared import db
from shared.http import CurrentActor, SeenIfAny, etag, language
from shared.policy import allows, require
from shared.problems import NotFound
from shared.types import Id

router = APIRouter(prefix="/api/facility", tags=["registry"])


@router.put("/squares/{square_id}", status_code=201)
async def put_square(
    square_id: Id, body: PutSquare, request: Request, who: CurrentActor, seen: SeenIfAny
) -> JSONResponse:
    state = request.app.state
    return _answer(await commands.put_square(state.pool, state.clock, who, square_id, body, seen))


@router.get("/squares/{square_id}")
async def get_square(square_id: Id, request: Request, who: CurrentActor) -> JSONResponse:
    async with db.connection(request.app.state.pool) as conn:
        known = await store.square(conn, square_id)
    if not known:
        raise NotFound
    require(who, "registry.read", square_id=square_id)
    row, square = known
    return _answer(Saved(row["version"], shown_square(row, square), False))


@router.get("/squares")
async def list_squares(request: Request, who: CurrentActor) -> dict[str, list[dict[str, Any]]]:
    """Those the asker has any business in."""
    async with db.connection(request.app.state.pool) as conn:
        found = await store.squares(conn)
    return {
        "squares": [
            shown_square(row, square)
            for row, square in found
            if allows(who, "registry.read", square_id=square.square_id)
        ]
    }


@router.put("/units/{unit_id}", status_code=201)
async def put_unit(unit_id: Id, body: PutUnit, request: Request, who: CurrentActor, seen: SeenIfAny) -> JSONResponse:
    state = request.app.state
    return _answer(await commands.put_unit(state.pool, state.clock, who, unit_id, body, seen))


@router.get("/units/{unit_id}")
async def get_unit(unit_id: Id, request: Request, who: CurrentActor) -> JSONResponse:
    async with db.connection(request.app.state.pool) as conn:
        known = await store.unit(conn, unit_id)
    if not known:
        raise NotFound
    require(who, "registry.read", square_id=known[1].square_id, unit_id=unit_id)
    return _answer(Saved(known[0], shown(*known), False))


@router.get("/units")
async def list_units(
    request: Request, who: CurrentActor, square_id: Id | None = None
) -> dict[str, list[dict[str, Any]]]:
    async with db.connection(request.app.state.pool) as conn:
        found = await store.units(conn, square_id)
    may = [one for one in found if allows(who, "registry.read", square_id=one[1].square_id, unit_id=one[1].unit_id)]
    return {"units": [shown(*one) for one in may]}


@router.put("/spaces/{space_id}", status_code=201)
async def put_space(space_id: Id, body: PutSpace, request: Request, who: CurrentActor, seen: SeenIfAny) -> JSONResponse:
    state = request.app.state
    return _answer(await commands.put_space(state.pool, state.clock, who, space_id, body, seen))


@router.delete("/spaces/{space_id}")
async def withdraw_space(space_id: Id, request: Request, who: CurrentActor, seen: SeenIfAny) -> JSONResponse:
    state = request.app.state
    return _answer(await commands.withdraw_space(state.pool, state.clock, who, space_id, seen))


@router.get("/spaces/{space_id}")
async def get_space(space_id: Id, request: Request, who: CurrentActor) -> JSONResponse:
    async with db.connection(request.app.state.pool) as conn:
        known = await store.space(conn, space_id)
    if not known:
        raise NotFound
    require(who, "registry.read", square_id=known[1].square_id, unit_id=known[1].unit_id)
    return _answer(Saved(known[0], shown(*known), False))


@router.get("/spaces")
async def list_spaces(
    request: Request, who: CurrentActor, square_id: Id | None = None
) -> dict[str, list[dict[str, Any]]]:
    async with db.connection(request.app.state.pool) as conn:
        found = await store.spaces(conn, square_id)
    may = [one for one in found if allows(who, "registry.read", square_id=one[1].square_id, unit_id=one[1].unit_id)]
    return {"spaces": [shown(*one) for one in may]}


@router.get("/features")
async def list_features(request: Request, who: CurrentActor) -> dict[str, list[dict[str, str]]]:
    """The names every house shares, in the reader's words; spaces may carry free tags beside them."""
    require(who, "registry.read")
    tongue = language(request)
    return {"features": [{"name": name, "title": title.in_language(tongue)} for name, title in features.KNOWN.items()]}


def _answer(saved: Saved) -> JSONResponse:
    return JSONResponse(saved.body, 201 if saved.created else 200, etag(saved.version))
