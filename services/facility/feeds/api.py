"""HTTP of feeds: calendars kept elsewhere, or uploaded, that take time of a room; and what of them clashes."""

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse

from services.facility.booking.api import AtDesk
from services.facility.feeds import commands, view
from services.facility.feeds.bodies import PutFeed
from services.facility.feeds.commands import Seen
from services.facility.feeds.reading import Reader
from shared import db
from shared.http import CurrentActor, SeenIfAny, SeenVersion, etag, in_language, language
from shared.types import Id

LARGE_BODIES = ("/api/facility/feeds",)
router = APIRouter(prefix="/api/facility", tags=["feeds"])


async def reader(request: Request) -> Reader:
    """The app's own; app.py puts it on its state."""
    found: Reader = request.app.state.feeds
    return found


AtReader = Annotated[Reader, Depends(reader)]


@router.put("/feeds/{feed_id}", status_code=201)
async def put_feed(
    feed_id: Id, body: PutFeed, at: AtDesk, who: CurrentActor, read: AtReader, seen: SeenIfAny, request: Request
) -> JSONResponse:
    """Reads it at once. What it holds is booked when the answer comes, or soon after where it takes long."""
    _, outcome = await commands.put(
        at, read.fetcher.allowed, who, feed_id, body, seen, lambda one: view.show(one, who, at.clock.now())
    )
    if outcome != "same":
        await read.now(feed_id)
    return await _answer(feed_id, at, read, who, request, 201 if outcome == "created" else 200)


@router.get("/feeds")
async def list_feeds(square_id: Id, at: AtDesk, who: CurrentActor, request: Request) -> JSONResponse:
    now = at.clock.now()
    shown = [view.show(one, who, now) for one in await commands.listed(at, who, square_id)]
    return JSONResponse(in_language({"feeds": shown}, language(request)))


@router.get("/feeds/conflicts")
async def square_conflicts(square_id: Id, at: AtDesk, who: CurrentActor, request: Request) -> JSONResponse:
    """Of all feeds of the square, by start."""
    return await _conflicts(at, who, request, square_id=square_id)


@router.get("/feeds/{feed_id}")
async def get_feed(feed_id: Id, at: AtDesk, who: CurrentActor, read: AtReader, request: Request) -> JSONResponse:
    return await _answer(feed_id, at, read, who, request)


@router.get("/feeds/{feed_id}/conflicts")
async def feed_conflicts(feed_id: Id, at: AtDesk, who: CurrentActor, request: Request) -> JSONResponse:
    """What could not be booked, or moved, and is tried again whenever the feed is read."""
    return await _conflicts(at, who, request, feed_id=feed_id)


@router.post("/feeds/{feed_id}/conflicts/{date_id}/dismiss", status_code=204)
async def dismiss(feed_id: Id, date_id: Id, at: AtDesk, who: CurrentActor) -> None:
    """Nobody needs to look at it any more, unless the calendar says another time."""
    await commands.dismiss(at, who, feed_id, date_id)


@router.post("/feeds/{feed_id}/refresh")
async def refresh(feed_id: Id, at: AtDesk, who: CurrentActor, read: AtReader, request: Request) -> JSONResponse:
    """Tries what clashes again. The address is asked again only if that was not done a moment ago."""
    await commands.note_refresh(at, who, feed_id)
    await read.now(feed_id)
    return await _answer(feed_id, at, read, who, request)


@router.delete("/feeds/{feed_id}")
async def withdraw(
    feed_id: Id,
    at: AtDesk,
    who: CurrentActor,
    read: AtReader,
    seen: SeenVersion,
    request: Request,
    bookings: Literal["cancel", "keep"] = "cancel",
) -> JSONResponse:
    keep = bookings == "keep"
    feed = await commands.withdraw(
        at, who, feed_id, seen, keep=keep, shown=lambda one: view.show(one, who, at.clock.now())
    )
    await read.now(feed_id)
    shown = in_language(view.show(Seen(feed), who, at.clock.now()), language(request))
    return JSONResponse(shown, headers=etag(feed.version))


async def _answer(
    feed_id: UUID, at: AtDesk, read: Reader, who: CurrentActor, request: Request, status: int = 200
) -> JSONResponse:
    seen = await commands.find(at, who, feed_id)
    told = {**view.show(seen, who, at.clock.now()), "reading": read.is_reading(feed_id)}
    shown = in_language(told, language(request))
    return JSONResponse(shown, status, etag(seen.feed.version))


async def _conflicts(
    at: AtDesk, who: CurrentActor, request: Request, *, feed_id: UUID | None = None, square_id: UUID | None = None
) -> JSONResponse:
    async with db.connection(at.pool) as conn:
        inbox = await commands.inbox(conn, at, who, feed_id=feed_id, square_id=square_id)
        shown: list[dict[str, Any]] = await view.conflicts(conn, who, inbox)
    return JSONResponse(in_language({"conflicts": shown}, language(request)))
