"""Which rooms a health station may have appointments in, by our own copy of what facility says, else by asking it."""

import datetime as dt
from dataclasses import dataclass
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from services.health_station import store
from services.health_station.store import Space
from shared import db
from shared.identity import Actor
from shared.problems import Message
from shared.programme import places
from shared.programme.commands import Unit
from shared.programme.places import refused
from shared.programme.rooms import Refused

UNKNOWN_ROOM = Message(
    "Rommet finnes ikke, eller er ikke kjent her ennå.", "There is no such room, or it is not known here yet."
)
OTHERS_ROOM = Message("Rommet hører til en annen enhet.", "The room belongs to another unit.")
OTHER_SQUARE = Message(
    "Rommet er på et torg enheten ikke hører til den dagen.", "The room is at a square the unit is no part of that day."
)


@dataclass(frozen=True)
class Place:
    """A room that the unit may use, the square it is at, and that square's clock."""

    unit_id: UUID
    space_id: UUID
    square_id: UUID
    zone: ZoneInfo


async def place(unit: Unit, who: Actor, unit_id: UUID, space_id: UUID, day: dt.datetime | dt.date) -> Place:
    """Raises Invalid for a room that is none of the unit's on that day, Unavailable when nobody can say."""
    home = await places.home(unit, who, unit_id)
    space = await _space(unit, who, space_id)
    if space is None or space.withdrawn:
        raise refused("space_id", UNKNOWN_ROOM)
    if space.unit_id not in (None, unit_id):
        raise refused("space_id", OTHERS_ROOM)
    zone = await places.zone_of(unit, who, space.square_id)
    date = day.astimezone(zone).date() if isinstance(day, dt.datetime) else day
    if not home.belongs(space.square_id, date):
        raise refused("space_id", OTHER_SQUARE)
    return Place(unit_id, space_id, space.square_id, zone)


async def take(conn: Any, where: Place) -> None:
    """A room that nobody has becomes the unit's. Raises Invalid when another health station was there first."""
    if await store.take_room(conn, where.space_id, where.unit_id, where.square_id) != where.unit_id:
        raise refused("space_id", OTHERS_ROOM)


async def _space(unit: Unit, who: Actor, space_id: UUID) -> Space | None:
    async with db.connection(unit.pool) as conn:
        known = await store.space(conn, space_id)
    if known:
        return known
    try:
        found = await unit.rooms.ask("GET", f"/spaces/{space_id}", who)
    except Refused:  # not there, or not for this asker to know before we know it ourselves
        return None
    return Space(UUID(found["square_id"]), found["unit_id"] and UUID(found["unit_id"]), found["withdrawn"])
