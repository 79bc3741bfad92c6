"""All SQL of outages."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from services.facility.booking.free import Range, overlaps
from services.facility.finding.store import Rooms
from services.facility.outages.domain import Claim, Outage
from services.facility.registry import known
from services.facility.registry.known import Known
from shared.types import LATEST

_READ = "select o.*, q.time_zone from outage o join square q on q.id = o.square_id"
FIND = f"{_READ} where o.id = $1"
LOCKED = f"{FIND} for no key update of o"
INSERT = """
insert into outage select * from jsonb_populate_recordset(null::outage, $1::jsonb)
on conflict (id) do nothing returning id
"""
END = "update outage set version = $2, ended_at = $3 where id = $1"
LIST = f"""
{_READ}
where o.square_id = $1 and o.starts_at < $3 and coalesce(least(o.ended_at, o.ends_at), 'infinity') > $2
order by o.starts_at, o.id limit 500
"""
FEATURES = "select id, features from space where square_id = $1 and not withdrawn"
# Bookings that say what they need and have or wait for their time, in the range; by start.
CLAIMS = """
select id, space_ids, needs from booking
where square_id = $1 and state in ('requested', 'held', 'confirmed', 'affected') and needs <> '{}'
  and starts_at < $3 and ends_at > $2
order by starts_at, id
"""
OUT = "select square_id, feature, starts_at, coalesce(least(ended_at, ends_at), $1) as ends_at from outage"
_COLUMNS = (
    "id", "version", "square_id", "feature", "starts_at", "ends_at", "reason_code", "asked", "declared_at", "ended_at",
)  # fmt: skip


Out = tuple[UUID, str, Range]  # (square, feature, when it does not work)


async def find(conn: Any, outage_id: UUID, *, lock: bool = False) -> Outage | None:
    row = await conn.fetchrow(LOCKED if lock else FIND, outage_id)
    return _outage(row) if row else None


async def insert(conn: Any, outage: Outage) -> bool:
    """False when the id is already there."""
    row = {name: _plain(getattr(outage, name)) for name in _COLUMNS}
    return bool(await conn.fetch(INSERT, [row]))


async def end(conn: Any, outage: Outage) -> None:
    await conn.execute(END, outage.id, outage.version, outage.ended_at)


async def listed(conn: Any, square_id: UUID, window: Range) -> list[Outage]:
    return [_outage(row) for row in await conn.fetch(LIST, square_id, *window)]


async def features(conn: Any, square_id: UUID) -> dict[UUID, list[str]]:
    return {row["id"]: row["features"] for row in await conn.fetch(FEATURES, square_id)}


async def claims(conn: Any, square_id: UUID, window: Range) -> list[Claim]:
    rows = await conn.fetch(CLAIMS, square_id, *window)
    return [Claim(row["id"], row["space_ids"], row["needs"]) for row in rows]


async def working(conn: Any, rooms: Rooms, window: Range) -> Rooms:
    """The rooms with what works all through the window."""
    out: dict[UUID, set[str]] = {}
    for square_id, feature, _ in await times(conn, rooms, window):
        out.setdefault(square_id, set()).add(feature)
    if not out:
        return rooms
    return Rooms(
        [replace(room, features=_without(room.features, out.get(room.square_id, set()))) for room in rooms.all],
        rooms.mark,
    )


async def times(conn: Any, rooms: Rooms, window: Range) -> list[Out]:
    """What does not work in some of the window. They seldom change, so they are known like the rooms."""
    there = _known.under(rooms.mark or await known.mark(conn))
    if "all" not in there:
        there["all"] = [
            (row["square_id"], row["feature"], (row["starts_at"], row["ends_at"]))
            for row in await conn.fetch(OUT, LATEST)
        ]
    return [one for one in there["all"] if overlaps(one[2], window)]


_known: Known[str, list[Out]] = Known()


def _without(features: Sequence[str], out: set[str]) -> tuple[str, ...]:
    return tuple(one for one in features if one not in out)


def _plain(value: Any) -> Any:
    return value if value is None or isinstance(value, int | dict) else str(value)


def _outage(row: Any) -> Outage:
    known = {name: row[name] for name in _COLUMNS}
    return Outage(**known, zone=ZoneInfo(row["time_zone"]))
