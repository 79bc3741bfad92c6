"""The HTTP interface of counters."""

import csv
import datetime as dt
from collections.abc import Sequence
from typing import Annotated, Any
from uuid import UUID
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse
from pydantic import Field

from services.counters import commands, files, store
from services.counters.domain import LARGEST_BATCH, CorrectionBody, CounterBody, ManualCountBody, parse
from shared import db
from shared.http import CurrentActor, SeenIfAny, etag
from shared.policy import allows, require
from shared.problems import Invalid, Message, NotFound
from shared.types import Body, Id, Instant

router = APIRouter(prefix="/api/counters")
LONGEST_WINDOW = dt.timedelta(days=397)
MOST_INTERVALS = 500
LARGE_BODIES = ("/api/counters/readings", "/api/counters/import")


class ReadingsBody(Body):
    readings: Annotated[list[Any], Field(max_length=LARGEST_BATCH)]


@router.put("/counters/{counter_id}")
async def put_counter(
    request: Request, counter_id: UUID, body: CounterBody, who: CurrentActor, seen: SeenIfAny
) -> JSONResponse:
    state = request.app.state
    counter, new = await commands.decide_counter(state.pool, state.clock, who, counter_id, body, seen)
    return JSONResponse(commands.shown(counter), 201 if new else 200, etag(counter["version"]))


@router.get("/counters/{counter_id}")
async def get_counter(request: Request, counter_id: UUID, who: CurrentActor) -> JSONResponse:
    async with db.connection(request.app.state.pool) as conn:
        counter = await store.counter(conn, counter_id)
    if counter is None:
        raise NotFound
    require(who, "counters.read", square_id=counter["square_id"])
    return JSONResponse(commands.shown(counter), headers=etag(counter["version"]))


@router.get("/counters")
async def list_counters(request: Request, who: CurrentActor, square_id: UUID | None = None) -> dict[str, Any]:
    require(who, "counters.read", square_id=square_id)
    async with db.connection(request.app.state.pool) as conn:
        found = await store.counters(conn, square_id)
    mine = [counter for counter in found if allows(who, "counters.read", square_id=counter["square_id"])]
    return {"counters": [commands.shown(counter) for counter in mine]}


@router.get("/counters/{counter_id}/readings")
async def get_readings(
    request: Request,
    counter_id: Id,
    since: Annotated[Instant, Query(alias="from")],
    until: Annotated[Instant, Query(alias="to")],
    who: CurrentActor,
) -> dict[str, Any]:
    """Every different reading of up to 500 intervals, by start; `next` is the `from` of the list that follows."""
    if not since < until <= since + LONGEST_WINDOW:
        raise Invalid(Message("Velg et tidsrom på høyst 13 måneder.", "Choose a range of at most 13 months."))
    async with db.connection(request.app.state.pool) as conn:
        counter = await store.counter(conn, counter_id)
        if counter is None:
            raise NotFound
        require(who, "counters.read", square_id=counter["square_id"])
        found, following = await store.readings_between(conn, counter_id, since, until, MOST_INTERVALS)
    return {"readings": [commands.shown_reading(one) for one in found], "next": following and following.isoformat()}


@router.post("/readings")
async def post_readings(request: Request, body: ReadingsBody, who: CurrentActor) -> dict[str, Any]:
    taken = await _take(request, body.readings, who)
    return {
        "accepted": taken.accepted,
        "unchanged": taken.unchanged,
        "rejected": [{"index": index, "code": code} for index, code in taken.rejected],
    }


@router.post("/import")
async def import_readings(
    request: Request, who: CurrentActor, zone: Annotated[str | None, Query(max_length=60)] = None
) -> dict[str, Any]:
    """A table with the columns counter, start, in and, where known, out, sequence and received_at."""
    lines = await _table(request, zone)
    taken = await _take(request, [reading for _, reading in lines], who)
    return {
        "rows": len(lines),
        "accepted": taken.accepted,
        "unchanged": taken.unchanged,
        "rejected": [{"line": lines[index][0], "code": code} for index, code in taken.rejected],
    }


@router.put("/corrections/{correction_id}")
async def put_correction(
    request: Request, correction_id: UUID, body: CorrectionBody, who: CurrentActor
) -> JSONResponse:
    state = request.app.state
    new = await commands.correct(state.pool, state.clock, who, correction_id, body)
    return JSONResponse({"correction_id": str(correction_id), **body.model_dump(mode="json")}, 201 if new else 200)


@router.put("/manual/{manual_id}")
async def put_manual_count(request: Request, manual_id: UUID, body: ManualCountBody, who: CurrentActor) -> JSONResponse:
    state = request.app.state
    new = await commands.count_by_hand(state.pool, state.clock, who, manual_id, body)
    return JSONResponse({"manual_id": str(manual_id), **body.model_dump(mode="json")}, 201 if new else 200)


async def _take(request: Request, items: Sequence[Any], who: CurrentActor) -> commands.Taken:
    state = request.app.state
    return await commands.take_readings(state.pool, state.clock, who, parse(items))


async def _table(request: Request, zone: str | None) -> list[tuple[int, dict[str, Any]]]:
    try:
        lines = list(files.rows((await request.body()).decode("utf-8-sig"), ZoneInfo(zone) if zone else None))
    except files.WrongColumns as error:
        raise Invalid(
            Message(f"Tabellen har feil kolonner ({error}).", f"The table has the wrong columns ({error}).")
        ) from None
    except (UnicodeDecodeError, ZoneInfoNotFoundError, ValueError, csv.Error) as error:
        raise Invalid(errors=[{"loc": ["body"], "message": type(error).__name__}]) from None
    if len(lines) > LARGEST_BATCH:
        raise Invalid(Message(f"Høyst {LARGEST_BATCH} rader om gangen.", f"At most {LARGEST_BATCH} rows at a time."))
    return lines
