"""HTTP of noise: bookings that disturb each other, and accepting that."""

import datetime as dt
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse
from pydantic import Field

from services.facility.booking import view
from services.facility.booking.api import AtDesk
from services.facility.booking.domain import Booking
from services.facility.booking.rights import sees_details
from services.facility.noise import accepting, telling
from services.facility.noise.accepting import Seen
from services.facility.policy.domain import Reason
from shared.http import CurrentActor, SeenVersion, etag, in_language, language
from shared.identity import Actor
from shared.policy import allows
from shared.problems import Message, Stale
from shared.types import Body, Code, Id, LocalDate, ShortText
from shared.walltime import local_fields, written

router = APIRouter(prefix="/api/facility", tags=["noise"])


class AcceptNoise(Body):
    """The text stays in facility; the code may be told."""

    reason_code: Code = "noise_accepted"
    reason: Annotated[ShortText, Field(min_length=1)]


@router.get("/noise-conflicts")
async def list_noise_conflicts(
    at: AtDesk,
    who: CurrentActor,
    request: Request,
    square_id: Id,
    unit_id: Id | None = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 200,
    date: LocalDate | None = None,
) -> dict[str, Any]:
    """Those that are not over, of all days or one: first what has to be accepted or moved, then by time."""
    found = await accepting.listed(at, who, square_id, unit_id, limit, date)
    return {"conflicts": [_shown(one, who, at.clock.now(), request) for one in found]}


@router.post("/noise-conflicts/{conflict_id}/accept")
async def accept_noise(
    conflict_id: Id, body: AcceptNoise, at: AtDesk, who: CurrentActor, seen: SeenVersion, request: Request
) -> JSONResponse:
    """By a house manager of the square, with a reason."""
    done = await accepting.accept(at, who, conflict_id, seen, Reason(body.reason_code, body.reason))
    shown = _shown(done.seen, who, at.clock.now(), request)
    if done.stale:
        raise Stale(shown)
    return JSONResponse(shown, 200, etag(done.seen.pair.version))


def _shown(one: Seen, who: Actor, now: dt.datetime, request: Request) -> dict[str, Any]:
    pair, meeting, zone = one.pair, one.pair.meeting, one.quiet.zone
    rooms = Message(one.source, one.source), Message(one.heard_in, one.heard_in)
    may_accept = allows(who, "noise.accept", square_id=meeting.square_id)
    shown = {
        "id": str(meeting.id),
        "version": pair.version,
        "square_id": str(meeting.square_id),
        "state": pair.state,
        "severity": meeting.severity,
        "from_space_id": str(meeting.source),
        "in_space_id": str(meeting.heard_in),
        **local_fields(meeting.starts_at, meeting.ends_at, zone),
        "message": telling.between(*rooms, serious=meeting.serious),
        "loud": _booking(one.loud, who, now),
        "quiet": _booking(one.quiet, who, now),
        "detected_at": written(pair.detected_at, zone),
        "accepted": _accepted(one, who),
        "needs_acceptance": pair.needs_acceptance,
        "may_accept": pair.needs_acceptance and may_accept,
    }
    told: dict[str, Any] = in_language(shown, language(request))
    return told


def _booking(booking: Booking, who: Actor, now: dt.datetime) -> dict[str, Any]:
    """Of one that the asker may not see at all, that it is there."""
    if allows(who, "booking.read", square_id=booking.square_id, unit_id=booking.about.unit_id):
        return view.show(booking, who, now)
    return {"id": str(booking.id), "title": view.BUSY, "masked": True}


def _accepted(one: Seen, who: Actor) -> dict[str, Any] | None:
    """Why is the business of those who may see what both bookings are."""
    accepted, at = one.pair.acceptance, one.pair.accepted_at
    if accepted is None or at is None:
        return None
    open_to = all(sees_details(who, about.unit_id, about.unit_kind) for about in (one.loud.about, one.quiet.about))
    return {
        "by": accepted.by,
        "role": accepted.role,
        "at": written(at, one.quiet.zone),
        "reason_code": accepted.reason_code if open_to else None,
        "reason": accepted.reason if open_to else None,
    }
