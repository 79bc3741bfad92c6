"""The portal's own interface: who is signed in, how the services are, and what changes."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request

from services.portal.access import Door, Visitor
from services.portal.neighbours import Neighbours
from services.portal.stream import EventStream, Hub, last_event_id
from shared.contracts.platform import UNITS
from shared.http import language
from shared.policy import allows, require, sees
from shared.problems import NotFound, Problem
from shared.version import VERSION

router = APIRouter(prefix="/api/portal")


@router.get("/session")
async def session(request: Request) -> dict[str, Any]:
    door: Door = request.app.state.door
    demo = door.settings.demo
    visitor = await door.visitor(request)
    if visitor is None:
        return {"signed_in": False, "demo": demo, "accounts": request.app.state.accounts, "version": VERSION}
    neighbours: Neighbours = request.app.state.neighbours
    squares = await neighbours.squares(visitor.actor.token, language(request))
    return {
        "signed_in": True,
        "user": {"name": visitor.name, "roles": sorted(visitor.actor.roles)},
        "squares": squares or [],
        "squares_known": squares is not None,
        "demo": demo,
        "version": VERSION,
        "clock": request.app.state.hub.clock,
        "unit_kinds": {kind: {"nb": called.label.nb, "en": called.label.en} for kind, called in UNITS.items()},
    }


@router.get("/status")
async def status(request: Request) -> dict[str, Any]:
    door: Door = request.app.state.door
    visitor = await door.enter(request)
    require(visitor.actor, "status.read")
    seen = dict(request.app.state.neighbours.state)
    if allows(visitor.actor, "operations.read"):
        urls = door.settings.service_urls
        seen = {name: {**state, "url": urls.get(name)} for name, state in seen.items()}
    own = {
        "state": "ready",
        "lag": None,
        "since": request.app.state.started_at,
        "live": request.app.state.feed.connected,
    }
    return {"services": {**seen, "portal": own}}


@router.get("/stream", include_in_schema=False)
async def stream(request: Request, square: Annotated[UUID, Query()]) -> EventStream:
    door: Door = request.app.state.door
    visitor = await door.enter(request)
    if not sees(visitor.actor, square_id=square):
        raise NotFound
    hub: Hub = request.app.state.hub

    async def welcome() -> bool:
        return await _still_welcome(request, door, visitor)

    return EventStream(hub, visitor.actor, str(square), last_event_id(request), welcome)


async def _still_welcome(request: Request, door: Door, visitor: Visitor) -> bool:
    """Asked each minute: false after signing out, when the session or token has run out, or when roles changed."""
    try:
        now = await door.visitor(request, active=False)
    except Problem as problem:
        return problem.status == 503  # the database is away: nobody is thrown out for that
    return now is not None and now.actor.roles == visitor.actor.roles
