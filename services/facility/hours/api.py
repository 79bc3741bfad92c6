"""HTTP of opening hours, for spaces and units alike, and their preview."""

import datetime as dt
from typing import Annotated, Any, Literal
from uuid import UUID
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse
from pydantic import Field

from services.facility.hours import bodies, commands
from services.facility.hours.bodies import AskedDate, PutHours, check_window
from services.facility.hours.store import OwnerKind
from shared.contracts.opening_hours import Hours, Period, warnings
from shared.http import CurrentActor, SeenIfAny, etag, language
from shared.policy import require
from shared.problems import Invalid, Message
from shared.types import Id
from shared.walltime import ASKED_FROM, instant

router = APIRouter(prefix="/api/facility", tags=["hours"])
KINDS: dict[str, OwnerKind] = {"spaces": "space", "units": "unit"}
Kind = Literal["spaces", "units"]
From = Annotated[AskedDate | None, Query(alias="from")]


class Preview(bodies.Preview):
    """The same periods asked about without saving them."""

    first: Annotated[AskedDate | None, Field(alias="from")] = None
    last: Annotated[AskedDate | None, Field(alias="to")] = None


@router.put("/{kind}/{owner_id}/hours", status_code=200)
async def put_hours(
    kind: Kind, owner_id: Id, body: PutHours, request: Request, who: CurrentActor, seen: SeenIfAny
) -> JSONResponse:
    periods = bodies.read(body.periods)
    answer = await _decide(request, who, kind, owner_id, periods, seen)
    return JSONResponse({**answer, "warnings": _warned(request, periods)}, 200, etag(answer["version"]))


@router.delete("/{kind}/{owner_id}/hours")
async def delete_hours(kind: Kind, owner_id: Id, request: Request, who: CurrentActor, seen: SeenIfAny) -> JSONResponse:
    answer = await _decide(request, who, kind, owner_id, None, seen)
    return JSONResponse(answer, 200, etag(answer["version"]))


@router.get("/{kind}/{owner_id}/hours")
async def get_hours(
    kind: Kind,
    owner_id: Id,
    request: Request,
    who: CurrentActor,
    first: From = None,
    last: Annotated[AskedDate | None, Query(alias="to")] = None,
) -> JSONResponse:
    """The days asked for, both inside, and the owner's own periods, null when it has none of its own.

    `inherited_from` names the space whose hours hold here; nobody's is `always_open` for a space, and never for a unit.
    """
    found = await commands.find(request.app.state.pool, who, KINDS[kind], owner_id)
    own = found.own
    version = own.number if own else 0
    body: dict[str, Any] = {
        "periods": own.periods if own else None,
        "version": version,
        "inherited_from": str(found.source) if found.source and found.source != owner_id else None,
        "always_open": kind == "spaces" and found.source is None,
    }
    if first and last:
        check_window(first, last)
        body["days"] = found.hours.days(first, last)
    elif first or last:
        raise Invalid(Message("Oppgi både «from» og «to».", "Give both «from» and «to»."))
    return JSONResponse(body, 200, etag(version))


@router.get("/{kind}/{owner_id}/hours/state")
async def get_state(kind: Kind, owner_id: Id, at: str, request: Request, who: CurrentActor) -> dict[str, str]:
    found = await commands.find(request.app.state.pool, who, KINDS[kind], owner_id)
    zone = ZoneInfo(found.owner.time_zone)
    return {"state": found.hours.state_at(_instant(at, zone), zone)}


@router.post("/hours/preview")
async def preview(body: Preview, request: Request, who: CurrentActor) -> dict[str, Any]:
    """Saves nothing."""
    require(who, "registry.read")
    periods = bodies.read(body.periods)
    hours, zone = Hours(periods), _zone(body.time_zone)
    answer: dict[str, Any] = {"warnings": _warned(request, periods)}
    if body.at is not None:
        answer["state"] = hours.state_at(_instant(body.at, zone), zone)
    if body.first and body.last:
        check_window(body.first, body.last)
        answer["days"] = hours.days(body.first, body.last)
    elif body.first or body.last or body.at is None:
        raise Invalid(Message("Oppgi «from» og «to», eller «at».", "Give «from» and «to», or «at»."))
    return answer


def _warned(request: Request, periods: list[Period]) -> list[dict[str, Any]]:
    """What is saved all the same, so that an editor can say it before somebody wonders."""
    return [
        {**one._asdict(), "message": bodies.WARNINGS[one.rule].in_language(language(request))}
        for one in warnings(periods)
    ]


async def _decide(
    request: Request, who: Any, kind: Kind, owner_id: UUID, periods: Any, seen: int | None
) -> dict[str, Any]:
    state = request.app.state
    decision, _ = await commands.put(state.pool, state.clock, who, KINDS[kind], owner_id, periods, seen)
    return commands.shown(decision)


def _instant(text: str, zone: ZoneInfo) -> dt.datetime:
    try:
        written = text.strip().replace(" ", "+")  # a plus that a query string turned into a blank
        return instant(written, zone, ASKED_FROM)
    except ValueError as error:
        message = str(error)
        raise Invalid(errors=[{"loc": ["at"], "message": message}]) from None


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise Invalid(Message("Ukjent tidssone.", "Unknown time zone."), errors=[{"loc": ["time_zone"]}]) from None
