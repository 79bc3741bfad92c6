"""All SQL of closures, of what they displaced, and of series."""

import datetime as dt
from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from services.facility.booking.domain import Blocker, Closure
from services.facility.booking.free import Range

CLOSURE = """
select c.*, q.time_zone from closure c join square q on q.id = c.square_id where c.id = $1
"""
# Not against those who only refer to it: another closure's lift may leave a booking to this one.
CLOSURE_LOCKED = f"{CLOSURE} for no key update of c"

INSERT = """
insert into closure select * from jsonb_populate_recordset(null::closure, $1::jsonb)
on conflict (id) do nothing returning id
"""

LIFT = """
with gone as (delete from displacement where closure_id = $1)
update closure set version = $2, lifted_at = $3, restored = $4, lost = $5 where id = $1
"""

CLOSE_LEAVES = """
insert into closure_leaf (closure_id, space_id, during)
select $1, leaf, tstzrange($3, $4) from unnest($2::uuid[]) leaf
"""
OPEN_LEAVES = "delete from closure_leaf where closure_id = $1 returning space_id"

DISPLACE = """
insert into displacement (closure_id, booking_id) select $1, id from unnest($2::uuid[]) id on conflict do nothing
"""
DISPLACED = "select booking_id from displacement where closure_id = $1 order by booking_id"
# Cancelled, moved or restored: no closure holds it back any more.
SETTLE = "delete from displacement where booking_id = any($1::uuid[])"

IN_THE_WAY = """
select distinct w.n, c.id, c.starts_at, c.ends_at, c.reason_code
from unnest($2::timestamptz[], $3::timestamptz[]) with ordinality w (starts_at, ends_at, n)
cross join unnest($1::uuid[]) s (id)
join closure_leaf l on l.space_id = s.id and l.during && tstzrange(w.starts_at, w.ends_at)
join closure c on c.id = l.closure_id
order by w.n, c.starts_at, c.id
"""

LIST = """
select c.*, q.time_zone from closure c join square q on q.id = c.square_id
where c.square_id = $1 and c.starts_at < $3 and coalesce(c.ends_at, c.lifted_at, 'infinity') > $2
order by c.starts_at, c.id limit 500
"""

BY_IDS = "select id, starts_at, ends_at, reason_code from closure where id = any($1::uuid[]) order by starts_at, id"
WHERE = """
select booking_id as id, space_id from booking_leaf where booking_id = any($1::uuid[]) and space_id = any($2::uuid[])
union all
select closure_id, space_id from closure_leaf where closure_id = any($1::uuid[]) and space_id = any($2::uuid[])
"""

SERIES = "select s.*, q.time_zone from series s join square q on q.id = s.square_id where s.id = $1"
INSERT_SERIES = """
insert into series (id, square_id, asked, outcomes, created_at) values ($1, $2, $3, $4, $5)
on conflict (id) do nothing returning id
"""


async def find(conn: Any, closure_id: UUID, *, lock: bool = False) -> Closure | None:
    row = await conn.fetchrow(CLOSURE_LOCKED if lock else CLOSURE, closure_id)
    return _closure(row) if row else None


async def listed(conn: Any, square_id: UUID, window: Range) -> list[Closure]:
    return [_closure(row) for row in await conn.fetch(LIST, square_id, *window)]


async def insert(conn: Any, closure: Closure, leaves: Sequence[UUID]) -> bool:
    """False when the id is already there."""
    columns = {name: value for name, value in vars(closure).items() if name != "zone"}
    if not await conn.fetch(INSERT, [columns]):
        return False
    await conn.execute(CLOSE_LEAVES, closure.id, sorted(leaves), closure.starts_at, closure.ends_at)
    return True


async def displace(conn: Any, closure_id: UUID, bookings: Sequence[UUID]) -> None:
    await conn.execute(DISPLACE, closure_id, list(bookings))


async def displaced(conn: Any, closure_id: UUID) -> list[UUID]:
    return [row["booking_id"] for row in await conn.fetch(DISPLACED, closure_id)]


async def settle(conn: Any, bookings: Sequence[UUID]) -> None:
    await conn.execute(SETTLE, list(bookings))


async def lift(conn: Any, closure: Closure) -> None:
    await conn.execute(LIFT, closure.id, closure.version, closure.lifted_at, list(closure.restored), list(closure.lost))


async def open_leaves(conn: Any, closure_id: UUID) -> list[UUID]:
    return [row["space_id"] for row in await conn.fetch(OPEN_LEAVES, closure_id)]


async def in_the_way(conn: Any, leaves: Sequence[UUID], windows: Sequence[Range]) -> list[tuple[int, Blocker]]:
    starts, ends = [start for start, _ in windows], [end for _, end in windows]
    rows = await conn.fetch(IN_THE_WAY, list(leaves), starts, ends)
    return [(row["n"] - 1, _blocker(row)) for row in rows]


async def blockers(conn: Any, ids: Collection[UUID]) -> list[Blocker]:
    """Those of the closures that are there, lifted or not, as what stood in the way."""
    return [_blocker(row) for row in await conn.fetch(BY_IDS, list(ids))] if ids else []


async def where(conn: Any, ids: Sequence[UUID], leaves: Sequence[UUID]) -> dict[UUID, set[UUID]]:
    """On which of the leaves each booking or closure lies now."""
    found: dict[UUID, set[UUID]] = {}
    for row in await conn.fetch(WHERE, list(ids), list(leaves)):
        found.setdefault(row["id"], set()).add(row["space_id"])
    return found


async def find_series(conn: Any, series_id: UUID) -> Any:
    return await conn.fetchrow(SERIES, series_id)


async def insert_series(
    conn: Any, series_id: UUID, square_id: UUID, asked: dict[str, Any], outcomes: list[Any], now: dt.datetime
) -> bool:
    return bool(await conn.fetch(INSERT_SERIES, series_id, square_id, asked, outcomes, now))


def _blocker(row: Any) -> Blocker:
    return Blocker(row["id"], "closure", row["starts_at"], row["ends_at"], reason_code=row["reason_code"])


def _closure(row: Any) -> Closure:
    return Closure(
        id=row["id"],
        version=row["version"],
        square_id=row["square_id"],
        zone=ZoneInfo(row["time_zone"]),
        unit_id=row["unit_id"],
        space_ids=tuple(row["space_ids"]),
        whole_square=row["whole_square"],
        starts_at=row["starts_at"],
        ends_at=row["ends_at"],
        reason_code=row["reason_code"],
        asked=row["asked"],
        declared_at=row["declared_at"],
        lifted_at=row["lifted_at"],
        affected=tuple(row["affected"]),
        restored=tuple(row["restored"]),
        lost=tuple(row["lost"]),
    )
