"""HTTP of what concerns more than one booking: closures, series, what a range meets."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse

from services.facility.booking import closures, queries, series, view
from services.facility.booking.api import AtDesk, worded
from services.facility.booking.bodies import PutClosure, PutSeries
from services.facility.booking.make_room import MakeRoom
from services.facility.booking.make_room import make_room as rooms_made
from shared.http import CurrentActor, SeenVersion, etag, in_language, language
from shared.types import Id

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
async def put_series(series_id: Id, body: PutSeries, at: AtDesk, who: CurrentActor, request: Request) -> dict[str, Any]:
    return _series(series_id, await series.put(at, who, series_id, body), request)


@router.get("/series/{series_id}")
async def get_series(series_id: Id, at: AtDesk, who: CurrentActor, request: Request) -> dict[str, Any]:
    return _series(series_id, await series.find(at, who, series_id), request)


def _series(series_id: Id, occurrences: list[dict[str, Any]], request: Request) -> dict[str, Any]:
    shown: dict[str, Any] = in_language({"id": str(series_id), "occurrences": occurrences}, language(request))
    return shown


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


@router.post("/bookings/{booking_id}/make-room", status_code=201)
async def make_room(
    booking_id: Id, body: MakeRoom, at: AtDesk, who: CurrentActor, seen: SeenVersion, request: Request
) -> JSONResponse:
    """Moves the booking and books the room for something else, both or neither."""
    moved, made = await rooms_made(at, who, booking_id, seen, body)
    now = at.clock.now()
    shown = [worded(view.show(one, who, now), request) for one in (moved, made)]
    return JSONResponse({"moved": shown[0], "booking": shown[1]}, 201)
