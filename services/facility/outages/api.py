"""HTTP of outages: the lift, a hearing loop or anything else that rooms have is out of order."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse

from services.facility.booking.api import AtDesk
from services.facility.outages import commands
from services.facility.outages.bodies import PutOutage
from services.facility.outages.commands import Seen
from services.facility.registry import features
from shared.http import CurrentActor, etag, language
from shared.types import Id
from shared.walltime import written

router = APIRouter(prefix="/api/facility", tags=["outages"])


@router.put("/outages/{outage_id}", status_code=201)
async def declare(outage_id: Id, body: PutOutage, at: AtDesk, who: CurrentActor, request: Request) -> JSONResponse:
    return _answer(await commands.declare(at, who, outage_id, body), request, 201)


@router.get("/outages/{outage_id}")
async def get_outage(outage_id: Id, at: AtDesk, who: CurrentActor, request: Request) -> JSONResponse:
    return _answer(await commands.find(at, who, outage_id), request)


@router.post("/outages/{outage_id}/end")
async def end(outage_id: Id, at: AtDesk, who: CurrentActor, request: Request) -> JSONResponse:
    """It works again: what was flagged is not any more."""
    return _answer(await commands.end(at, who, outage_id), request)


@router.get("/outages")
async def list_outages(
    at: AtDesk,
    who: CurrentActor,
    request: Request,
    square_id: Id,
    start: Annotated[str, Query(alias="from")],
    end: Annotated[str, Query(alias="to")],
) -> dict[str, list[dict[str, Any]]]:
    """Each with the rooms it flags now and the bookings that need what those have lost."""
    found = await commands.listed(at, who, square_id, (start, end))
    return {"outages": [_shown(seen, request) for seen in found]}


def _answer(seen: Seen, request: Request, status: int = 200) -> JSONResponse:
    return JSONResponse(_shown(seen, request), status, etag(seen.outage.version))


def _shown(seen: Seen, request: Request) -> dict[str, Any]:
    one, tongue = seen.outage, language(request)
    return {
        "id": str(one.id),
        "version": one.version,
        "square_id": str(one.square_id),
        "feature": one.feature,
        "name": features.title(one.feature).in_language(tongue),
        "starts_at": written(one.starts_at, one.zone),
        "ends_at": one.ends_at and written(one.ends_at, one.zone),
        "ended_at": one.ended_at and written(one.ended_at, one.zone),
        "state": "ended" if one.ended_at else "in_force",
        "reason_code": one.reason_code,
        "rooms": [
            {"space_id": str(room), "lost": lost, "names": [features.title(need).in_language(tongue) for need in lost]}
            for room, lost in seen.rooms.items()
        ],
        "bookings": [str(booking) for booking in seen.bookings],
    }
