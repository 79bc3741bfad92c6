"""What to offer instead of a refused time: the same time in a like room, and the next times in the same rooms."""

import datetime as dt
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from services.facility.booking import house
from services.facility.booking.desk import Desk
from services.facility.booking.domain import Slot
from services.facility.booking.free import Range, Wanted
from services.facility.booking.house import House, Space
from services.facility.booking.queries import free_of
from services.facility.booking.refusals import Refused
from shared import db
from shared.identity import Actor
from shared.policy import allows
from shared.walltime import local_fields

MOST = 3
_LOOK_AHEAD = dt.timedelta(days=14)
_CANDIDATES = 40


async def offered(desk: Desk, actor: Actor, refusal: Refused, people: int | None) -> Refused:
    """The refusal with up to three offers of each kind. Read without locks: an offer, not a promise."""
    slot = refusal.slot
    async with db.connection(desk.pool) as conn:
        place = await house.load(conn, slot.space_ids)
        rooms = await _like(conn, actor, place, people) if len(place.spaces) == 1 else []
        now = desk.clock.now()
        same_time = await free_of(conn, [[room] for room in rooms], _wanted(slot, slot.bare), now)
        ahead = (slot.starts_at, slot.ends_at + _LOOK_AHEAD)
        later = await free_of(conn, [place.spaces], _wanted(slot, ahead), now)
    length = slot.ends_at - slot.starts_at
    others = [_offer("other_room", found.space_ids, slot.bare, place) for found in same_time[:MOST]]
    times = [(found.time[0], found.time[0] + length) for found in later[:MOST]]
    others += [_offer("other_time", slot.space_ids, time, place) for time in times]
    refusal.extra["alternatives"] = others
    return refusal


async def _like(conn: Any, actor: Actor, place: House, people: int | None) -> list[Space]:
    """Rooms of the square with the same features and room enough, those nearest in size first."""
    model = place.spaces[0]
    if not allows(actor, "booking.write", square_id=model.square_id):
        return []
    kin = set(await house.kin(conn, [model.id]))
    spaces = await house.load_any(conn, await house.spaces_of(conn, square_id=model.square_id))
    needed = people if people is not None else model.capacity or 0
    like = [
        space
        for space in spaces
        if space.id not in kin and space.bookable and set(model.features) <= set(space.features) and space.holds(needed)
    ]
    return sorted(like, key=lambda space: (space.capacity is None, space.capacity or 0))[:_CANDIDATES]


def _wanted(slot: Slot, window: Range) -> Wanted:
    minute = dt.timedelta(minutes=1)
    return Wanted(window, slot.ends_at - slot.starts_at, slot.setup_minutes * minute, slot.teardown_minutes * minute)


def _offer(kind: str, space_ids: Sequence[UUID], time: Range, place: House) -> dict[str, Any]:
    return {"kind": kind, "space_ids": [str(space) for space in space_ids], **local_fields(*time, place.zone)}
