"""What bookings need to know of the house: the named spaces, the leaves under them, the zone, the hours."""

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from services.facility.booking.desk import Overtaken
from services.facility.booking.free import Range
from services.facility.hours import store as hours
from services.facility.registry import known
from services.facility.registry.known import Known
from shared.contracts.opening_hours import Hours
from shared.problems import Invalid, Message

# The named spaces with the leaves under each, and whose opening hours hold there: those of the nearest above, itself
# first, that has any. A space without parts is its own leaf.
SPACES = f"""
with recursive under (named, id) as (
    select id, id from space where id = any($1::uuid[]) and not withdrawn
    union all
    select u.named, c.id from under u join space c on c.parent_id = u.id and not c.withdrawn
), leaf (named, leaves) as (
    select u.named, array_agg(u.id) from under u
    where not exists (select from space c where c.parent_id = u.id and not c.withdrawn)
    group by u.named
), {hours.HELD}
select s.id, s.square_id, s.unit_id, s.name, s.capacity, s.features, s.bookable, q.time_zone, l.leaves,
    h.source, h.decision, h.decided_at
from leaf l join space s on s.id = l.named join square q on q.id = s.square_id left join held h on h.named = s.id
"""  # noqa: S608 -- one constant
# The spaces above and below: whoever books one of them books time of the asked ones.
KIN = """
with recursive under (id) as (
    select id from space where id = any($1::uuid[])
    union select c.id from under u join space c on c.parent_id = u.id
), above (id, parent_id) as (
    select s.id, s.parent_id from space s join under u on u.id = s.id
    union select p.id, p.parent_id from above a join space p on p.id = a.parent_id
)
select id from above
"""
OF_SQUARE = """
select id from space
where ($1::uuid is null or square_id = $1) and ($2::uuid is null or unit_id = $2) and not withdrawn
order by position, name, id
"""
UNIT = "select square_id, kind from unit where id = $1"
ZONE = "select time_zone from square where id = $1"
_ONE_DAY = dt.timedelta(days=1)


@dataclass(frozen=True)
class Space:
    id: UUID
    square_id: UUID
    unit_id: UUID | None
    name: str
    capacity: int | None
    features: tuple[str, ...]
    bookable: bool
    zone: ZoneInfo
    leaves: tuple[UUID, ...]


@dataclass(frozen=True)
class House:
    """Named spaces in the order they were named. The first one's square gives the clock and the owner."""

    spaces: tuple[Space, ...]
    held: Mapping[UUID, hours.Key] = field(default_factory=dict)  # hours of those that are not always open
    mark: UUID | None = None  # of the house when this was read

    @property
    def square_id(self) -> UUID:
        return self.spaces[0].square_id

    @property
    def zone(self) -> ZoneInfo:
        return self.spaces[0].zone

    @property
    def squares(self) -> list[UUID]:
        return sorted({space.square_id for space in self.spaces})

    @property
    def leaves(self) -> list[UUID]:
        return sorted({leaf for space in self.spaces for leaf in space.leaves})

    def with_leaves(self, leaves: Collection[UUID]) -> list[Space]:
        """The named spaces with any of these under them."""
        return [space for space in self.spaces if not set(leaves).isdisjoint(space.leaves)]

    def check_bookable(self, state: str) -> None:
        """Raises Invalid for a space that is not for booking; only blocking takes it."""
        shut = [space for space in self.spaces if not space.bookable]
        if state == "blocked" or not shut:
            return
        reasons = [
            {
                "rule": "not_bookable",
                "message": Message(f"{space.name} kan ikke bookes.", f"{space.name} is not for booking."),
                "space_ids": [str(space.id)],
                "accepted": {"states": ["blocked"]},
            }
            for space in shut
        ]
        raise Invalid(
            Message("Et av rommene kan ikke bookes.", "One of the rooms is not for booking."), reasons=reasons
        )


async def load(conn: Any, space_ids: Sequence[UUID]) -> House:
    """Raises Invalid for an unknown space."""
    mark = await known.mark(conn)
    there = _known.under(mark)
    new = [space for space in space_ids if space not in there]
    for row in await conn.fetch(SPACES, new) if new else []:
        there[row["id"]] = _space(row), (row["source"], row["decision"], row["decided_at"]) if row["source"] else None
    missing = [space for space in space_ids if space not in there]
    if missing or not space_ids:
        raise unknown(missing)
    return _house(there, space_ids, mark)


def assume(space_ids: Sequence[UUID]) -> House | None:
    """The spaces as this process last knew them, without a question; None where it does not know them all. Whoever goes
    by this has `hold_to` say whether it still is so, before anything is written or refused."""
    mark, there = _known.newest()
    if mark is None or not space_ids or not all(space in there for space in space_ids):
        return None
    return _house(there, space_ids, mark)


def hold_to(place: House, mark: UUID) -> None:
    """Raises Overtaken when `mark`, as it is now, is not the one the house was known under."""
    if place.mark != mark:
        _known.under(mark)
        raise Overtaken


async def still(conn: Any, place: House) -> House:
    """The same spaces with the same hours, under the mark of now: what changed is elsewhere. For whoever holds the
    locks of the leaves; raises Overtaken when it is not so."""
    now = await load(conn, [space.id for space in place.spaces])
    if (now.spaces, now.held) != (place.spaces, place.held):
        raise Overtaken
    return now


def _house(there: Mapping[UUID, tuple[Space, hours.Key | None]], space_ids: Sequence[UUID], mark: UUID) -> House:
    found = [there[space] for space in dict.fromkeys(space_ids)]
    return House(tuple(space for space, _ in found), {space.id: key for space, key in found if key}, mark)


_known: Known[UUID, tuple[Space, hours.Key | None]] = Known()


def unknown(space_ids: Sequence[UUID]) -> Invalid:
    return Invalid(
        Message("Et av rommene finnes ikke.", "One of the rooms does not exist."),
        reasons=[{"rule": "unknown_space", "message": _UNKNOWN, "space_ids": [str(space) for space in space_ids]}],
    )


async def load_any(conn: Any, space_ids: Sequence[UUID]) -> list[Space]:
    """Those of the spaces that exist, in the order asked."""
    there = {row["id"]: _space(row) for row in await conn.fetch(SPACES, list(space_ids))}
    return [there[space] for space in dict.fromkeys(space_ids) if space in there]


async def kin(conn: Any, place: House) -> Sequence[UUID]:
    """Its spaces and all that is above and below them."""
    there, named = _kin.under(place.mark or await known.mark(conn)), tuple(space.id for space in place.spaces)
    if named not in there:
        there[named] = tuple(row["id"] for row in await conn.fetch(KIN, list(named)))
    return there[named]


_kin: Known[tuple[UUID, ...], tuple[UUID, ...]] = Known()


async def spaces_of(conn: Any, *, square_id: UUID | None = None, unit_id: UUID | None = None) -> list[UUID]:
    return [row["id"] for row in await conn.fetch(OF_SQUARE, square_id, unit_id)]


async def unit(conn: Any, unit_id: UUID | None, mark: UUID | None = None) -> tuple[UUID, str] | None:
    """(square, kind). Raises Invalid for an unknown unit. What is known under the `mark` of the house is not read."""
    if unit_id is None:
        return None
    there = _units.under(mark) if mark else {}
    if unit_id not in there and (row := await conn.fetchrow(UNIT, unit_id)):
        there[unit_id] = row["square_id"], row["kind"]
    if unit_id not in there:
        told = Message("Enheten finnes ikke.", "The unit does not exist.")
        raise Invalid(told, reasons=[{"rule": "unknown_unit", "message": told, "unit_id": str(unit_id)}])
    return there[unit_id]


_units: Known[UUID, tuple[UUID, str]] = Known()


async def check_units(conn: Any, unit_ids: Sequence[UUID], mark: UUID | None = None) -> None:
    """Raises Invalid for an unknown one."""
    for unit_id in dict.fromkeys(unit_ids):
        await unit(conn, unit_id, mark)


async def zone_of(conn: Any, square_id: UUID) -> ZoneInfo:
    """Raises Invalid for an unknown square."""
    name = await conn.fetchval(ZONE, square_id)
    if name is None:
        told = Message("Torget finnes ikke.", "The square does not exist.")
        raise Invalid(told, reasons=[{"rule": "unknown_square", "message": told, "square_id": str(square_id)}])
    return ZoneInfo(name)


async def spans_of(conn: Any, place: House, window: Range) -> list[list[Range] | None]:
    """As `open_spans`, for a house that was loaded in this transaction."""
    held = await hours.held(conn, place.held)
    return [_spans(held[space.id], space.zone, window) if space.id in held else None for space in place.spaces]


async def open_spans(conn: Any, spaces: Sequence[Space], window: Range) -> list[list[Range] | None]:
    """For each space the spans on the dates around `window` in which it may be booked; None where it is always open."""
    held = await hours.effective(conn, [space.id for space in spaces])
    return [_spans(held[space.id], space.zone, window) if space.id in held else None for space in spaces]


def _spans(held: Hours, zone: ZoneInfo, window: Range) -> list[Range]:
    first, last = (at.astimezone(zone).date() for at in window)
    return held.open_ranges(first - _ONE_DAY, last + _ONE_DAY, zone)


def _space(row: Any) -> Space:
    return Space(**space_fields(row))


def space_fields(row: Any) -> dict[str, Any]:
    """What a row says of a space."""
    return {
        "id": row["id"],
        "square_id": row["square_id"],
        "unit_id": row["unit_id"],
        "name": row["name"],
        "capacity": row["capacity"],
        "features": tuple(row["features"]),
        "bookable": row["bookable"],
        "zone": ZoneInfo(row["time_zone"]),
        "leaves": tuple(row["leaves"]),
    }


_UNKNOWN = Message("Rommet finnes ikke.", "The room does not exist.")
