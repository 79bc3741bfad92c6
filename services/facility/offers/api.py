"""HTTP of offers: refused dates of series that have become free."""

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from services.facility.booking import view
from services.facility.booking.api import AtDesk, answer, worded
from services.facility.offers import commands
from shared.http import CurrentActor, SeenVersion
from shared.types import Id
from shared.walltime import written

router = APIRouter(prefix="/api/facility", tags=["offers"])


@router.get("/offers")
async def list_offers(
    at: AtDesk, who: CurrentActor, request: Request, square_id: Id, unit_id: Id | None = None
) -> JSONResponse:
    """Open ones by date; each is the refused booking, with when it was offered."""
    found = await commands.open_offers(at, who, square_id, unit_id)
    now = at.clock.now()
    shown = [
        worded(view.show(booking, who, now), request) | {"offered_at": written(offer.offered_at, booking.zone)}
        for offer, booking in found
    ]
    return JSONResponse({"offers": shown})


@router.post("/bookings/{booking_id}/take-offer")
async def take(booking_id: Id, at: AtDesk, who: CurrentActor, seen: SeenVersion, request: Request) -> JSONResponse:
    return answer(request, await commands.take(at, who, booking_id, seen), at, who)


@router.post("/bookings/{booking_id}/decline-offer")
async def decline(booking_id: Id, at: AtDesk, who: CurrentActor, seen: SeenVersion, request: Request) -> JSONResponse:
    return answer(request, await commands.decline(at, who, booking_id, seen), at, who)
