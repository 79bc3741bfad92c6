"""Asking facility to keep blocks taken, by the ordinary booking interface, in the name of the unit itself.

All of these raise Unavailable when facility does not answer in time, and Refused when it says no.
"""

import json
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

import structlog
from joserfc.jwk import OKPKey
from pydantic import ValidationError

from services.health_station.domain import BOOKINGS
from services.health_station.room_store import Booking
from shared.contracts.health_station import BusyBlock
from shared.identity import Actor, mint
from shared.programme.rooms import Refused, Rooms

ROLE = "unit_service"
OWNER = "room_busy"
# Not to be released, no unused booking to be given up, and under no limits of how the room may be booked.
BLOCKED = "blocked"
TOKEN_SECONDS = 60


class Account:
    """Who the service is when it acts by itself: the unit's service, and nobody anywhere else."""

    def __init__(self, service: str, key: Path) -> None:
        self._service = service
        self._key = OKPKey.import_key(json.loads(key.read_text()))

    def actor(self, unit_id: UUID) -> Actor:
        token = mint(self._key, self._service, [f"{ROLE}@{unit_id}"], TOKEN_SECONDS, self._service)
        return Actor(self._service, frozenset({(ROLE, str(unit_id))}), token)


async def find(rooms: Rooms, who: Actor, booking_id: UUID) -> dict[str, Any] | None:
    """None when facility knows of no such booking."""
    try:
        return await rooms.ask("GET", f"/bookings/{booking_id}", who)
    except Refused as refusal:
        if refusal.status == 404:
            return None
        raise


async def book(rooms: Rooms, who: Actor, unit_id: UUID, wanted: Booking) -> bool:
    """Outside the opening hours too: appointments are there, whatever the hours of the room say.

    False when it was booked before and somebody has ended it since.
    """
    owner = {"unit_id": str(unit_id), "owner_ref": f"{OWNER}/{wanted.space_id}", "state": BLOCKED}
    with _request("book", wanted):
        booked = await rooms.ask("PUT", f"/bookings/{wanted.booking_id}", who, {**_slot(wanted), **owner})
    return bool(booked["state"] == BLOCKED)


async def move(rooms: Rooms, who: Actor, wanted: Booking, version: int) -> bool:
    with _request("move", wanted):
        await rooms.ask("POST", f"/bookings/{wanted.booking_id}/move", who, _slot(wanted), version)
    return True


async def give_up(rooms: Rooms, who: Actor, booking: Booking, version: int) -> bool:
    with _request("cancel", booking):
        await rooms.ask("POST", f"/bookings/{booking.booking_id}/cancel", who, {}, version)
    return True


def block_of(found: dict[str, Any], space_id: UUID) -> BusyBlock | None:
    """None for a booking that somebody moved to another room, or off the grid."""
    if found["space_ids"] != [str(space_id)]:
        return None
    try:
        return BusyBlock.model_validate_json(json.dumps({name: found[name] for name in ("starts_at", "ends_at")}))
    except ValidationError:
        return None


def why(refusal: Refused) -> str:
    """The rule, where facility names one for what is wrong with the request as such."""
    rules = [reason["rule"] for reason in refusal.extra.get("reasons", [])]
    return str(rules[0]) if refusal.code == "invalid" and rules else refusal.code


def _slot(wanted: Booking) -> dict[str, Any]:
    return {"space_ids": [str(wanted.space_id)], **wanted.block.model_dump(mode="json"), "override": True}


def _request(what: str, booking: Booking) -> Any:
    """Facility puts the request's id on its event: it follows from what is asked, as the booking's own id does."""
    told = f"{what}/{booking.booking_id}/{booking.block.starts_at}/{booking.block.ends_at}"
    return structlog.contextvars.bound_contextvars(request_id=str(uuid5(BOOKINGS, told)))
