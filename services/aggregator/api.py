"""What the aggregator answers: calendar, resources and freshness of each square, the stream of changes, rebuilds."""

import datetime as dt
import json
from collections.abc import Sequence
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response, StreamingResponse

from services.aggregator import changes, reading, rebuild, store
from services.aggregator.presence import presence
from services.aggregator.reading import Square, Unit
from services.aggregator.sight import sight_of
from shared import db
from shared.clock import settled
from shared.envelope import topic_of
from shared.http import CurrentActor
from shared.identity import Actor
from shared.policy import Action, allows, require
from shared.problems import Invalid, Message, NotFound
from shared.types import LocalDate

router = APIRouter(prefix="/api/aggregator")
LONGEST_RANGE = dt.timedelta(days=400)  # 13 months
From = Annotated[LocalDate, Query(alias="from")]
To = Annotated[LocalDate, Query(alias="to")]


@router.get("/squares")
async def get_squares(request: Request, who: CurrentActor) -> dict[str, Any]:
    """Those the asker may read anything of."""
    async with store.snapshot(request.app.state.pool) as conn:
        units = await reading.units_by_square(conn)
        seen = [
            square
            for square in await reading.squares(conn)
            if _may(who, "calendar.read", square.square_id, units.get(square.square_id, []))
        ]
        return {"squares": [_square(one) for one in seen], "sources": await _sources(request, conn)}


@router.get("/squares/{square_id}/resources")
async def get_resources(request: Request, square_id: UUID, who: CurrentActor) -> dict[str, Any]:
    async with store.snapshot(request.app.state.pool) as conn:
        square, units = await _known(conn, who, "calendar.read", square_id)
        return {
            "square": _square(square),
            **await _resources(conn, square, units),
            "sources": await _sources(request, conn, units),
        }


@router.get("/squares/{square_id}/calendar")
async def get_calendar(request: Request, square_id: UUID, who: CurrentActor, first: From, last: To) -> Response:
    _check_range(first, last)
    async with store.snapshot(request.app.state.pool) as conn:
        square, units = await _known(conn, who, "calendar.read", square_id)
        days = await reading.days(conn, square, units, sight_of(who, square_id, units).of, first, last)
        return _spliced({"square": _square(square), "sources": await _sources(request, conn, units)}, days)


@router.get("/squares/{square_id}/day")
async def get_day(request: Request, square_id: UUID, who: CurrentActor, date: LocalDate | None = None) -> Response:
    """One date, today without one, with everything its screen needs."""
    now = request.app.state.clock.now()
    async with store.snapshot(request.app.state.pool) as conn:
        square, units = await _known(conn, who, "calendar.read", square_id)
        date = date or now.astimezone(square.zone).date()
        days = await reading.days(conn, square, units, sight_of(who, square_id, units).of, date, date)
        rest = {
            "square": _square(square),
            "date": date.isoformat(),
            "now_local": reading.local_now(now, square),
            "resources": await _resources(conn, square, units),
            "sources": await _sources(request, conn, units),
        }
        return _spliced(rest, days)


@router.get("/squares/{square_id}/presence")
async def get_presence(
    request: Request, square_id: UUID, who: CurrentActor, date: LocalDate | None = None
) -> dict[str, Any]:
    """Who is in the house on a date, today without one."""
    now = request.app.state.clock.now()
    async with store.snapshot(request.app.state.pool) as conn:
        square, units = await _known(conn, who, "calendar.read", square_id)
        date = date or now.astimezone(square.zone).date()
        return {
            "square": _square(square),
            "date": date.isoformat(),
            "now_local": reading.local_now(now, square),
            "units": await presence(conn, square, units, date, now),
            "sources": await _sources(request, conn, units),
        }


@router.get("/squares/{square_id}/status")
async def get_status(request: Request, square_id: UUID, who: CurrentActor) -> dict[str, Any]:
    state = request.app.state
    async with store.snapshot(state.pool) as conn:
        _, units = await _known(conn, who, "status.read", square_id)
        sources = await _sources(request, conn, units)
        last_events = await reading.last_events(conn)
        views = await store.views(conn, state.watch.ends)
    return {
        "sources": [
            {
                **source,
                "unit_id": next(iter(source["units"]), None),
                "lag_records": state.watch.lag.get(topic_of(source["source"])),
                "last_event_at": last_events.get(topic_of(source["source"])),
            }
            for source in sources
        ],
        "projections": views,
        "projector": {"state": state.projector.state, "waits_at": state.projector.halted_at},
    }


@router.get("/changes")
async def get_changes(request: Request, who: CurrentActor, since: int | None = None) -> StreamingResponse:
    """For portals: lines of JSON in the order of commits, for ever. 410 when `since` lies too far back."""
    require(who, "operations.read")
    state = request.app.state
    seen = await changes.begin(state.pool, since)
    lines = changes.follow(state.pool, state.waker, seen)
    return StreamingResponse(lines, media_type="application/x-ndjson", headers={"Cache-Control": "no-store"})


@router.post("/rebuild/{view}", status_code=202)
async def start_rebuild(request: Request, view: str, who: CurrentActor) -> dict[str, Any]:
    """Begins it, or answers with the one under way."""
    require(who, "operations.write")
    return await _rebuilds(request).start(view)


@router.get("/rebuild/{view}")
async def get_rebuild(request: Request, view: str, who: CurrentActor) -> dict[str, Any]:
    require(who, "operations.read")
    return await _rebuilds(request).progress(view)


@router.get("/hashes")
async def get_hashes(request: Request, who: CurrentActor) -> dict[str, Any]:
    """A digest of every table of every live view; equal logs give equal digests."""
    require(who, "operations.read")
    state = request.app.state
    async with db.transaction(state.pool) as conn:
        return {"hashes": await rebuild.view_hashes(conn, state.projections)}


def _rebuilds(request: Request) -> rebuild.Rebuilds:
    found: rebuild.Rebuilds = request.app.state.rebuilds
    return found


async def _known(conn: Any, who: Actor, action: Action, square_id: UUID) -> tuple[Square, list[Unit]]:
    """Raises NotFound for a square that is not there, or that the asker has no role in."""
    units = await reading.units(conn, square_id)
    if not _may(who, action, square_id, [unit.unit_id for unit in units]):
        require(who, action, square_id=square_id)
    square = await reading.square(conn, square_id)
    if square is None:
        raise NotFound
    return square, units


def _may(who: Actor, action: Action, square_id: UUID, units: Sequence[UUID]) -> bool:
    """Whoever belongs to a unit of the square belongs to the square."""
    return allows(who, action, square_id=square_id) or any(allows(who, action, unit_id=unit) for unit in units)


async def _resources(conn: Any, square: Square, units: Sequence[Unit]) -> dict[str, Any]:
    return {
        "units": [{"unit_id": one.unit_id, "kind": one.kind, "name": one.name} for one in units],
        "spaces": await reading.spaces(conn, square.square_id),
    }


async def _sources(request: Request, conn: Any, of: Sequence[Unit] | None = None) -> list[dict[str, Any]]:
    return await reading.sources(conn, settled(request.app.state.clock), of)


def _square(one: Square) -> dict[str, Any]:
    return {"square_id": one.square_id, "name": one.name, "time_zone": one.time_zone, "status": one.status}


def _spliced(rest: dict[str, Any], days: str) -> Response:
    """`days` is JSON already: it goes into the answer as it is."""
    head = json.dumps(rest, default=str, ensure_ascii=False, separators=(",", ":"))
    return Response(f'{head[:-1]},"days":{days}}}', media_type="application/json")


def _check_range(first: dt.date, last: dt.date) -> None:
    if last < first:
        raise Invalid(Message("«to» kan ikke være før «from».", '"to" cannot be before "from".'))
    if last - first > LONGEST_RANGE:
        raise Invalid(Message("Høyst 13 måneder om gangen.", "At most 13 months at a time."))
