"""Where a unit belongs, and by which clock: by our own copy of what facility says, else by asking it."""

import contextlib
import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from shared import db
from shared.contracts.facility import Membership
from shared.identity import Actor
from shared.problems import Invalid, Message, Unavailable
from shared.programme import store

if TYPE_CHECKING:
    from shared.programme.commands import Unit

USUAL_ZONE = ZoneInfo("Europe/Oslo")
UNKNOWN_UNIT = Message("Enheten finnes ikke.", "There is no such unit.")
UNKNOWN_SQUARE = Message("Torget finnes ikke.", "There is no such square.")
OTHER_KIND = Message("Enheten hører til en annen tjeneste.", "The unit belongs to another service.")
OTHER_SQUARE = Message("Enheten hører til et annet torg.", "The unit belongs to another square.")
NOT_THEN = Message("Enheten hører ikke til torget den dagen.", "The unit does not belong to the square on that date.")


@dataclass(frozen=True)
class Home:
    """A unit as facility knows it: its square now, and its dated belonging where that has been said."""

    square_id: UUID
    kind: str
    memberships: tuple[Membership, ...] = ()

    def belongs(self, square_id: UUID, date: dt.date) -> bool:
        if not self.memberships:
            return square_id == self.square_id
        return any(one.square_id == square_id and _covers(one, date) for one in self.memberships)


async def home(unit: "Unit", who: Actor, unit_id: UUID) -> Home:
    """Raises Invalid when there is no such unit or it is another service's, Unavailable when nobody can say."""
    async with db.connection(unit.pool) as conn:
        known = await store.known_unit(conn, unit_id)
    if not known:
        found = await unit.rooms.unit(who, unit_id)
        if found is None:
            raise refused("unit_id", UNKNOWN_UNIT)
        known = UUID(found["square_id"]), found["kind"], found.get("memberships", [])
    if known[1] != unit.service:
        raise refused("unit_id", OTHER_KIND)
    return Home(known[0], known[1], tuple(Membership.model_validate(one) for one in known[2]))


async def check_unit(unit: "Unit", who: Actor, unit_id: UUID, square_id: UUID) -> None:
    """The unit is of this service and of that square. With neither copy nor facility at hand the caller is believed."""
    try:
        found = await home(unit, who, unit_id)
    except Unavailable:
        return
    if found.square_id != square_id:
        raise refused("square_id", OTHER_SQUARE)


async def check_unit_on(unit: "Unit", who: Actor, unit_id: UUID, square_id: UUID, at: dt.datetime) -> None:
    """As `check_unit`, by the dates on which the unit belongs to the square, `at` read on the square's clock."""
    zone = await zone_of(unit, who, square_id)
    try:
        found = await home(unit, who, unit_id)
    except Unavailable:
        return
    if not found.belongs(square_id, at.astimezone(zone).date()):
        known = square_id == found.square_id or any(one.square_id == square_id for one in found.memberships)
        raise refused("starts_at", NOT_THEN) if known else refused("square_id", OTHER_SQUARE)


async def zone_of(unit: "Unit", who: Actor, square_id: UUID) -> ZoneInfo:
    """The usual one where neither our copy nor facility tells."""
    async with db.connection(unit.pool) as conn:
        known = (await store.zones(conn, [square_id])).get(square_id)
    if known:
        return zone_named(known)
    try:
        found = await unit.rooms.square(who, square_id)
    except Unavailable:
        return USUAL_ZONE
    return zone_named(found["time_zone"]) if found else USUAL_ZONE


async def check_square(unit: "Unit", who: Actor, square_id: UUID) -> None:
    """There is such a square. With neither copy nor facility at hand the caller is believed."""
    async with db.connection(unit.pool) as conn:
        known = await store.zones(conn, [square_id])
    if known:
        return
    with contextlib.suppress(Unavailable):  # nobody at hand to say: the caller is believed
        if await unit.rooms.square(who, square_id) is None:
            raise refused("square_id", UNKNOWN_SQUARE)


async def known_zones(conn: Any, squares: Iterable[UUID]) -> dict[UUID, ZoneInfo]:
    """By our copy alone; the usual one where nothing has been heard yet."""
    wanted = set(squares)
    known = await store.zones(conn, wanted)
    return {square: zone_named(known[square]) if square in known else USUAL_ZONE for square in wanted}


def refused(field: str, why: Message) -> Invalid:
    return Invalid(why, errors=[{"loc": [field], "message": why}])


def _covers(one: Membership, date: dt.date) -> bool:
    return (one.valid_from or dt.date.min) <= date < (one.valid_to or dt.date.max)


def zone_named(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # facility's list of zones may be newer than ours
        return USUAL_ZONE
