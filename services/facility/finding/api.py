"""HTTP of finding: free time, and rooms for a purpose."""

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request

from services.facility.booking.api import AtDesk
from services.facility.finding import dates, queries, words
from services.facility.finding.bodies import Find, FindForDates, Search, Sought
from services.facility.finding.domain import Near, Suit
from services.facility.finding.queries import Candidate, Finding, Found
from services.facility.finding.store import Rooms
from services.facility.policy.rulebook import Ruling
from shared.http import CurrentActor, in_language, language
from shared.walltime import local_fields

router = APIRouter(prefix="/api/facility", tags=["finding"])


@router.get("/free")
async def free(at: AtDesk, who: CurrentActor, asked: Annotated[Search, Query()]) -> dict[str, Any]:
    return {"free": [_range(found) for found in await queries.free(at, who, asked)]}


@router.get("/find")
async def find(at: AtDesk, who: CurrentActor, asked: Annotated[Find, Query()], request: Request) -> dict[str, Any]:
    """Rooms that do, best first, each with why; and how many do not, by reason."""
    found = await queries.find(at, who, asked)
    candidates = [
        _candidate(number, one, found, asked) | _way(ruling)
        for number, (one, ruling) in enumerate(zip(found.candidates, found.rulings, strict=True), 1)
    ]
    return _told(candidates, found.left_out, request)


@router.post("/find/dates")
async def find_for_dates(at: AtDesk, who: CurrentActor, asked: FindForDates, request: Request) -> dict[str, Any]:
    """Rooms for many dates, those that can be had on most of them first; dates are told by their number as sent, from
    0."""
    found = await dates.for_dates(at, who, asked)
    candidates = [
        {
            "rank": number,
            **_room(one.suit, found.near, found.rooms, asked),
            "book": one.by("book"),
            "request": one.by("request"),
        }
        for number, one in enumerate(found.candidates, 1)
    ]
    return _told(candidates, found.left_out, request)


def _told(candidates: list[dict[str, Any]], left_out: Mapping[str, int], request: Request) -> dict[str, Any]:
    why_not = [
        {"reason": reason, "rooms": count, "message": words.left_out(reason, count)}
        for reason, count in sorted(left_out.items())
    ]
    answer: dict[str, Any] = in_language({"candidates": candidates, "left_out": why_not}, language(request))
    return answer


def _range(found: Found) -> dict[str, Any]:
    spaces = [str(space) for space in found.space_ids]
    return {"space_id": spaces[0], "space_ids": spaces, **local_fields(*found.time, found.zone)}


def _way(ruling: Ruling) -> dict[str, Any]:
    """How the first free time can be had: `book`, `request`, or `exception` where it goes beyond what is allowed."""
    return {"way": ruling.way, "limits": [breach.told() for breach in ruling.breaches]}


def _candidate(number: int, one: Candidate, found: Finding, asked: Find) -> dict[str, Any]:
    return {
        "rank": number,
        **_room(one.suit, found.near, found.rooms, asked),
        "free": [local_fields(*time, one.suit.room.zone) for time in one.times],
        "free_ranges": one.ranges,
        "free_minutes": int(one.lasting.total_seconds()) // 60,
    }


def _room(suit: Suit, near: Near, rooms: Rooms, asked: Sought) -> dict[str, Any]:
    room = suit.room
    return {
        "space_id": str(room.id),
        "name": room.name,
        "square_id": str(room.square_id),
        "square_name": room.square_name,
        "unit_id": room.unit_id and str(room.unit_id),
        "floor": room.floor,
        "capacity": room.capacity,
        "layouts": dict(room.layouts),
        "features": list(room.features),
        "price_per_hour": room.price(asked.organiser_kind),
        "fetch": [{"id": str(one.equipment_id), "kind": one.kind, "name": one.name} for one in suit.fetched],
        "disturbs": [str(other.id) for other in suit.disturbs],
        "why": words.why(suit, asked.needs(), near, rooms.surroundings),
    }
