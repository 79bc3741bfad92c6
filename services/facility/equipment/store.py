"""All SQL of equipment and of who has it when."""

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from services.facility.booking.free import Range
from services.facility.equipment.domain import Use
from shared.contracts.facility import Equipment

BY_IDS = "select * from equipment where id = any($1::uuid[])"
# In id order, after the leaves and before the bookings.
LOCK = "select * from equipment where id = any($1::uuid[]) order by id for no key update"
LISTED = """
select * from equipment where not withdrawn and ($1::uuid[] is null or square_id = any($1))
order by kind, name, id
"""
SAVE = """
insert into equipment (id, version, square_id, unit_id, kind, name, count, unit_minutes, square_minutes, withdrawn)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
on conflict (id) do update set version = excluded.version, square_id = excluded.square_id, unit_id = excluded.unit_id,
    kind = excluded.kind, name = excluded.name, count = excluded.count, unit_minutes = excluded.unit_minutes,
    square_minutes = excluded.square_minutes, withdrawn = excluded.withdrawn
where equipment.version = excluded.version - 1
returning version
"""
COLUMNS = (
    "equipment_id",
    "version",
    "square_id",
    "unit_id",
    "kind",
    "name",
    "count",
    "unit_minutes",
    "square_minutes",
    "withdrawn",
)
PLACES = "select id, square_id, unit_id from space where id = any($1::uuid[])"
TAKE = """
insert into equipment_use (booking_id, equipment_id, count, during)
select booking_id, equipment_id, count, tstzrange(starts_at, ends_at)
from unnest($1::uuid[], $2::uuid[], $3::int[], $4::timestamptz[], $5::timestamptz[])
    w (booking_id, equipment_id, count, starts_at, ends_at)
order by equipment_id, starts_at
on conflict (booking_id, equipment_id) do nothing
"""
# Without holds that ran out by $5, where it is told; they are in nobody's way.
USES = """
select u.booking_id, u.equipment_id, u.count, lower(u.during) as starts_at, upper(u.during) as ends_at
from equipment_use u
where u.equipment_id = any($1::uuid[]) and u.during && tstzrange($2, $3) and u.booking_id <> all($4::uuid[])
  and ($5::timestamptz is null or u.booking_id not in (
    select id from booking where (state = 'held' or state_before = 'held') and hold_until <= $5))
order by 4, 1
"""


async def one(conn: Any, equipment_id: UUID, *, lock: bool = False) -> tuple[int, Equipment] | None:
    """(version, state)"""
    found = await conn.fetch(LOCK if lock else BY_IDS, [equipment_id])
    return (found[0]["version"], _thing(found[0])) if found else None


async def find(conn: Any, ids: Iterable[UUID], *, lock: bool = False) -> dict[UUID, Equipment]:
    """Those of the things that there are, withdrawn ones too."""
    wanted = sorted(set(ids))
    rows = await conn.fetch(LOCK if lock else BY_IDS, wanted) if wanted else []
    return {row["id"]: _thing(row) for row in rows}


async def listed(conn: Any, square_ids: Sequence[UUID] | None = None) -> list[tuple[int, Equipment]]:
    squares = None if square_ids is None else list(square_ids)
    return [(row["version"], _thing(row)) for row in await conn.fetch(LISTED, squares)]


async def save(conn: Any, version: int, state: Equipment) -> bool:
    """False when somebody else saved this version first."""
    more = vars(state) | {"version": version}
    return bool(await conn.fetchval(SAVE, *(more[name] for name in COLUMNS)))


async def places(conn: Any, space_ids: Sequence[UUID]) -> dict[UUID, tuple[UUID, UUID | None]]:
    """(square, unit) of each space."""
    return {row["id"]: (row["square_id"], row["unit_id"]) for row in await conn.fetch(PLACES, list(space_ids))}


async def take(conn: Any, uses: Sequence[Use]) -> None:
    """What a booking has already it keeps. Raises asyncpg.ExclusionViolationError where there are too few."""
    columns = zip(*((use.booking_id, use.equipment_id, use.count, *use.time) for use in uses), strict=True)
    await conn.execute(TAKE, *map(list, columns))


async def uses(
    conn: Any,
    equipment_ids: Sequence[UUID],
    window: Range,
    ignoring: Sequence[UUID] = (),
    now: dt.datetime | None = None,
) -> list[Use]:
    """Whoever has any of it in the window, by start."""
    rows = await conn.fetch(USES, list(equipment_ids), *window, list(ignoring), now)
    return [
        Use(row["booking_id"], row["equipment_id"], row["count"], (row["starts_at"], row["ends_at"])) for row in rows
    ]


def _thing(row: Any) -> Equipment:
    return Equipment(
        equipment_id=row["id"], **{name: row[name] for name in Equipment.model_fields if name != "equipment_id"}
    )
