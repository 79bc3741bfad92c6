"""HTTP of what concerns more than one booking: closures, series, free time."""

from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi.responses import JSONResponse

from services.facility.booking import closures, queries, series, view
from services.facility.booking.api import AtDesk
from services.facility.booking.bodies import PutClosure, PutSeries
from services.facility.booking.queries import FreeQuery
from shared.http import CurrentActor, etag
from shared.problems import Invalid, Message
from shared.types import Id, ShortText
from shared.walltime import local_fields

router = APIRouter(prefix="/api/facility", tags=["bookings"])


@router.put("/closures/{closure_id}", status_code=201)
async def declare(closure_id: Id, body: PutClosure, at: AtDesk, who: CurrentActor) -> JSONResponse:
    closure = await closures.declare(at, who, closure_id, body)
    return JSONResponse(view.show_closure(closure), 201, etag(closure.version))


@router.get("/closures/{closure_id}")
async def get_closure(closure_id: Id, at: AtDesk, who: CurrentActor) -> JSONResponse:
    closure = await closures.find(at, who, closure_id)
    return JSONResponse(view.show_closure(closure), headers=etag(closure.version))


@router.post("/closures/{closure_id}/lift")
async def lift(closure_id: Id, at: AtDesk, who: CurrentActor) -> JSONResponse:
    closure = await closures.lift(at, who, closure_id)
    return JSONResponse(view.show_closure(closure), headers=etag(closure.version))


@router.get("/closures")
async def list_closures(
    at: AtDesk,
    who: CurrentActor,
    square_id: Id,
    start: Annotated[str, Query(alias="from")],
    end: Annotated[str, Query(alias="to")],
) -> dict[str, Any]:
    found = await queries.closures(at, who, square_id, (start, end))
    return {"closures": [view.show_closure(closure) for closure in found]}


@router.put("/series/{series_id}", status_code=201)
async def put_series(series_id: Id, body: PutSeries, at: AtDesk, who: CurrentActor) -> dict[str, Any]:
    return {"id": str(series_id), "occurrences": await series.put(at, who, series_id, body)}


@router.get("/series/{series_id}")
async def get_series(series_id: Id, at: AtDesk, who: CurrentActor) -> dict[str, Any]:
    return {"id": str(series_id), "occurrences": await series.find(at, who, series_id)}


@router.get("/affecting")
async def affecting(
    at: AtDesk,
    who: CurrentActor,
    space_id: Annotated[list[Id], Query(min_length=1, max_length=200)],
    start: Annotated[str, Query(alias="from")],
    end: Annotated[str, Query(alias="to")],
) -> dict[str, Any]:
    found = await queries.affecting(at, who, space_id, (start, end))
    return {"affected": [str(booking) for booking in found]}


@router.get("/free")
async def free(
    at: AtDesk,
    who: CurrentActor,
    start: Annotated[str, Query(alias="from")],
    end: Annotated[str, Query(alias="to")],
    minutes: Annotated[int, Query(ge=1, le=86_400)],
    space_id: Annotated[list[Id] | None, Query(max_length=200)] = None,
    square_id: Id | None = None,
    setup_minutes: Annotated[int, Query(ge=0, le=86_400)] = 0,
    teardown_minutes: Annotated[int, Query(ge=0, le=86_400)] = 0,
    people: Annotated[int, Query(ge=0, lt=2**31)] = 0,
    features: Annotated[list[ShortText] | None, Query(max_length=50)] = None,
    together: bool = False,
) -> dict[str, Any]:
    if together and not space_id:
        told = Message("«together» gjelder rom som er nevnt.", '"together" is for spaces that are named.')
        raise Invalid(told)
    asked = FreeQuery(
        space_ids=space_id,
        square_id=square_id,
        start=start,
        end=end,
        minutes=minutes,
        setup_minutes=setup_minutes,
        teardown_minutes=teardown_minutes,
        people=people,
        features=features or [],
        together=together,
    )
    return {"free": [_range(found) for found in await queries.free(at, who, asked)]}


def _range(found: queries.Free) -> dict[str, Any]:
    spaces = [str(space) for space in found.space_ids]
    return {"space_id": spaces[0], "space_ids": spaces, **local_fields(*found.time, found.zone)}
