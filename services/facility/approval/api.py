"""HTTP of the inbox and of decisions."""

import datetime as dt
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse

from services.facility.approval import answers, queries
from services.facility.approval.answers import Answer
from services.facility.approval.domain import Party
from services.facility.approval.store import Decision
from services.facility.booking import view
from services.facility.booking.api import AtDesk, answer
from services.facility.booking.domain import Booking
from services.facility.booking.rights import sees_details, sees_exact_times
from shared.http import CurrentActor, SeenVersion, in_language, language
from shared.identity import Actor
from shared.problems import Message
from shared.types import Id
from shared.walltime import written

router = APIRouter(prefix="/api/facility", tags=["requests"])


@router.get("/inbox")
async def inbox(
    at: AtDesk,
    who: CurrentActor,
    request: Request,
    square_id: Id | None = None,
    unit_id: Id | None = None,
    after: str | None = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> dict[str, Any]:
    """Requests that wait for somebody at the square, or for the unit; confirm and reject are those of bookings."""
    page = await queries.inbox(at, who, square_id, unit_id, after, limit)
    now = at.clock.now()
    return {"requests": [_request(one, who, now, language(request)) for one in page.requests], "next": page.next}


@router.get("/bookings/{booking_id}/decisions")
async def decisions(booking_id: Id, at: AtDesk, who: CurrentActor) -> dict[str, Any]:
    """Whose yes it waits or waited for, and what was decided, by which role and why; oldest first."""
    found = await queries.history(at, who, booking_id)
    now, seen = at.clock.now(), _Seen(found.booking, who)
    return {
        "approvals": [_party(party, seen, now) for party in found.parties],
        "decisions": [_decision(one, seen) for one in found.decisions],
        "released_unused_at": found.released_at and seen.time(found.released_at),
    }


@router.get("/bookings/{booking_id}/move-request")
async def move_request(booking_id: Id, at: AtDesk, who: CurrentActor, request: Request) -> dict[str, Any]:
    """Where the booking is asked to be instead, and what came of that until somebody has seen it; null: nothing."""
    found = await answers.move_of(at, who, booking_id)
    return {"move_request": found and _answer(found, who, at.clock.now(), language(request))}


@router.get("/answers")
async def unseen_answers(at: AtDesk, who: CurrentActor, request: Request, square_id: Id) -> dict[str, Any]:
    """Requests that were refused and whose asker has not seen it yet; a unit's dates tell of theirs themselves."""
    found = await answers.unseen(at, who, square_id)
    now = at.clock.now()
    return {"answers": [_answer(one, who, now, language(request)) for one in found]}


@router.post("/bookings/{booking_id}/see-answer")
async def see_answer(
    booking_id: Id, at: AtDesk, who: CurrentActor, seen: SeenVersion, request: Request
) -> JSONResponse:
    return answer(request, await answers.see(at, who, booking_id, seen), at, who)


class _Seen:
    """What the asker may see of a booking. Deadlines end at its start, so they are as coarse as its times."""

    def __init__(self, booking: Booking, who: Actor) -> None:
        about = booking.about
        self.details = sees_details(who, about.unit_id, about.unit_kind)
        self._exact = sees_exact_times(who, booking.square_id, about.unit_id, about.unit_kind)
        self._zone = booking.zone

    def time(self, at: dt.datetime) -> str:
        return written(at if self._exact else view.coarse((at, at))[0], self._zone)


def _request(one: queries.Request, who: Actor, now: dt.datetime, tongue: str) -> dict[str, Any]:
    shown, seen = view.show(one.booking, who, now), _Seen(one.booking, who)
    return {
        "booking": {name: _worded(value, tongue) for name, value in shown.items()},
        "former": one.former and in_language(view.show(one.former, who, now), tongue),
        "due": seen.time(one.due),
        "approvals": [_party(party, seen, now) for party in one.parties],
        "breaks": [in_language(breach.told(), tongue) for breach in one.breaches] if seen.details else [],
        "warnings": [in_language(warning.told(), tongue) for warning in one.warnings] if seen.details else [],
        "speaks_for": [str(party.id) for party in one.speaks_for],
        "may_confirm": bool(one.speaks_for),
        "may_reject": one.may_reject,
    }


def _answer(one: Answer, who: Actor, now: dt.datetime, tongue: str) -> dict[str, Any]:
    refusal = one.refusal and _decision(one.refusal, _Seen(one.request, who))
    return {
        "booking": in_language(view.show(one.request, who, now), tongue),
        "former": one.former and in_language(view.show(one.former, who, now), tongue),
        "reason_code": refusal and refusal["reason_code"],
        "reason": refusal and refusal["reason"],
    }


def _party(party: Party, seen: _Seen, now: dt.datetime) -> dict[str, Any]:
    stand_in = party.stand_in
    return {
        "party_id": str(party.id),
        "unit_id": str(party.unit_id) if party.unit_id else None,
        "square_id": str(party.square_id),
        "why": party.why,
        "binding": party.binding,
        "state": "approved" if party.approved_at else "pending",
        "deadline": party.deadline and seen.time(party.deadline),
        "overdue": party.is_overdue(now),
        "stand_in": stand_in and stand_in.model_dump(mode="json"),
    }


def _decision(one: Decision, seen: _Seen) -> dict[str, Any]:
    """Why is the business of those who may see what the booking is."""
    return {
        "at": seen.time(one.at),
        "verdict": one.verdict,
        "role": one.role,
        "unit_ids": [str(unit) for unit in one.unit_ids],
        "rules": list(one.rules) if seen.details else [],
        "reason_code": one.reason_code if seen.details else None,
        "reason": one.reason if seen.details else None,
    }


def _worded(value: Any, tongue: str) -> Any:
    return value.in_language(tongue) if isinstance(value, Message) else value
