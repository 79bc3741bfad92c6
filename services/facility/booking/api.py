"""HTTP of bookings: parse, call a command or read, answer."""

import datetime as dt
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import JSONResponse

from services.facility.booking import commands, explain, queries, use, view
from services.facility.booking.bodies import Command, MoveBooking, PutBooking
from services.facility.booking.desk import Desk
from services.facility.booking.domain import Booking, Order
from shared.contracts.facility import BookingState
from shared.http import CurrentActor, SeenVersion, etag, in_language, language
from shared.identity import Actor
from shared.types import Id

router = APIRouter(prefix="/api/facility", tags=["bookings"])


async def desk(request: Request) -> Desk:
    """The app's own pool and clock; app.py puts them on its state."""
    return Desk(request.app.state.pool, request.app.state.clock)


AtDesk = Annotated[Desk, Depends(desk)]


@router.put("/bookings/{booking_id}", status_code=201)
async def put_booking(
    booking_id: Id, body: PutBooking, at: AtDesk, who: CurrentActor, request: Request
) -> JSONResponse:
    booking = await commands.put(at, who, booking_id, body)
    return answer(request, booking, at, who, 201 if booking.version == 1 else 200)


@router.get("/bookings/{booking_id}")
async def get_booking(booking_id: Id, at: AtDesk, who: CurrentActor, request: Request) -> JSONResponse:
    return answer(request, await queries.booking(at, who, booking_id), at, who)


@router.get("/bookings/{booking_id}/alternatives")
async def get_alternatives(booking_id: Id, at: AtDesk, who: CurrentActor, request: Request) -> JSONResponse:
    booking, offers = await explain.alternatives_of(at, who, booking_id)
    body = {"booking_id": str(booking.id), "version": booking.version, "alternatives": offers}
    return JSONResponse(in_language(body, language(request)), headers=etag(booking.version))


@router.post("/bookings/{booking_id}/confirm")
async def confirm(
    booking_id: Id, at: AtDesk, who: CurrentActor, seen: SeenVersion, request: Request, body: Command | None = None
) -> JSONResponse:
    return await _order("confirm", booking_id, at, who, seen, request, body)


@router.post("/bookings/{booking_id}/cancel")
async def cancel(
    booking_id: Id, at: AtDesk, who: CurrentActor, seen: SeenVersion, request: Request, body: Command | None = None
) -> JSONResponse:
    return await _order("cancel", booking_id, at, who, seen, request, body)


@router.post("/bookings/{booking_id}/release")
async def release(
    booking_id: Id, at: AtDesk, who: CurrentActor, seen: SeenVersion, request: Request, body: Command | None = None
) -> JSONResponse:
    return await _order("release", booking_id, at, who, seen, request, body)


@router.post("/bookings/{booking_id}/reject")
async def reject(
    booking_id: Id, at: AtDesk, who: CurrentActor, seen: SeenVersion, request: Request, body: Command | None = None
) -> JSONResponse:
    return await _order("reject", booking_id, at, who, seen, request, body)


@router.post("/bookings/{booking_id}/check-in")
async def check_in(booking_id: Id, at: AtDesk, who: CurrentActor, seen: SeenVersion, request: Request) -> JSONResponse:
    """Somebody is there. Where a policy gives up unused bookings, this one stays."""
    return answer(request, await use.check_in(at, who, booking_id, seen), at, who)


@router.post("/bookings/{booking_id}/move")
async def move(
    booking_id: Id, body: MoveBooking, at: AtDesk, who: CurrentActor, seen: SeenVersion, request: Request
) -> JSONResponse:
    return answer(request, await commands.move(at, who, booking_id, seen, body), at, who)


@router.get("/bookings")
async def list_bookings(
    at: AtDesk,
    who: CurrentActor,
    request: Request,
    start: Annotated[str, Query(alias="from")],
    end: Annotated[str, Query(alias="to")],
    square_id: Id | None = None,
    space_id: Annotated[list[Id] | None, Query()] = None,
    state: Annotated[list[BookingState] | None, Query()] = None,
    after: str | None = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 500,
) -> JSONResponse:
    """By start; `next` is the `after` of the page that follows, null on the last one. `state`, repeatable, is what the
    answer shows, as of now: a hold that ran out is `expired` and not `held`, whether or not that has been written down,
    and one that a closure displaced before is `expired` and not `affected`."""
    found = await queries.listed(at, who, square_id, space_id, (start, end), after, limit, state or ())
    now = at.clock.now()
    shown = [worded(view.show(booking, who, now), request) for booking in found.bookings]
    return JSONResponse({"bookings": shown, "next": found.next})


async def _order(
    what: Order, booking_id: UUID, at: Desk, who: Actor, seen: int, request: Request, body: Command | None
) -> JSONResponse:
    return answer(request, await commands.order(at, who, booking_id, what, seen, body or Command()), at, who)


def answer(request: Request, booking: Booking, at: Desk, who: Actor, status: int = 200) -> JSONResponse:
    now: dt.datetime = at.clock.now()
    return JSONResponse(worded(view.show(booking, who, now), request), status, etag(booking.version))


def worded(shown: dict[str, Any], request: Request) -> dict[str, Any]:
    told: dict[str, Any] = in_language(shown, language(request))
    return told
