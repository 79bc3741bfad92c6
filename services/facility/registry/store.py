"""All SQL of the registry. A row is a contract's state with its version beside it."""

import datetime as dt
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from shared.contracts.facility import Space, Square, Unit

SQUARE = "select * from square where id = $1"
SQUARES = "select * from square order by name, id"
SAVE_SQUARE = """
insert into square (id, version, name, time_zone, status, staff_share, settings_decision)
values ($1, $2, $3, $4, $5, $6, $7)
on conflict (id) do update set version = excluded.version, name = excluded.name, time_zone = excluded.time_zone,
    status = excluded.status, staff_share = excluded.staff_share, settings_decision = excluded.settings_decision
where square.version = excluded.version - 1
returning version
"""
UNIT = "select * from unit where id = $1"
UNITS = "select * from unit where $1::uuid is null or square_id = $1 order by kind, name, id"
SAVE_UNIT = """
insert into unit (id, version, square_id, kind, name, memberships, status) values ($1, $2, $3, $4, $5, $6, $7)
on conflict (id) do update set version = excluded.version, square_id = excluded.square_id, kind = excluded.kind,
    name = excluded.name, memberships = excluded.memberships, status = excluded.status
where unit.version = excluded.version - 1
returning version
"""
SPACE = "select * from space where id = $1"
SPACES = """
select * from space where ($1::uuid is null or square_id = $1) and not withdrawn order by position, name, id
"""
SAVE_SPACE = """
insert into space (id, version, square_id, parent_id, unit_id, name, capacity, features, floor, bookable, position,
    withdrawn, layouts, noise_out, noise_tolerance, neighbours, prices)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)
on conflict (id) do update set version = excluded.version, parent_id = excluded.parent_id,
    unit_id = excluded.unit_id, name = excluded.name, capacity = excluded.capacity, features = excluded.features,
    floor = excluded.floor, bookable = excluded.bookable, position = excluded.position, withdrawn = excluded.withdrawn,
    layouts = excluded.layouts, noise_out = excluded.noise_out, noise_tolerance = excluded.noise_tolerance,
    neighbours = excluded.neighbours, prices = excluded.prices
where space.version = excluded.version - 1
returning version
"""
# One change of a square's forest at a time: two moves that are each fine could make a circle together.
LOCK_FOREST = "select id from square where id = $1 for no key update"
# With the lock that bookings take on leaves: none is made on a leaf that is about to have parts.
LOCK_SPACES = "select id from space where id = any($1::uuid[]) order by id for update"
UNDER = """
with recursive under (id) as (
    select $1::uuid union all select c.id from under u join space c on c.parent_id = u.id and not c.withdrawn
) select id from under
"""
ABOVE = """
with recursive above (id, parent_id) as (
    select id, parent_id from space where id = $1
    union all select p.id, p.parent_id from above a join space p on p.id = a.parent_id
) select id from above
"""
# Whether anything occupies one of the spaces or, with $3, ever did. A hold that ran out does not.
IN_USE = """
select exists (
    select from booking_leaf l join booking b on b.id = l.booking_id
    where l.space_id = any($1::uuid[]) and ($3 or upper(l.during) > $2)
      and not (b.state = 'held' and b.hold_until <= $2)
) or exists (
    select from closure_leaf where space_id = any($1::uuid[]) and coalesce(upper(during) > $2, true)
)
"""
# Whether anything that names one of the spaces $2 occupies leaves among $1: a new leaf under them would be free
# although all of them is taken.
TAKEN_WHOLE = """
select exists (
    select from booking_leaf l join booking b on b.id = l.booking_id
    where l.space_id = any($1::uuid[]) and b.space_ids && $2::uuid[] and not (b.state = 'held' and b.hold_until <= $3)
) or exists (
    select from closure_leaf l join closure c on c.id = l.closure_id
    where l.space_id = any($1::uuid[]) and (c.space_ids && $2::uuid[] or l.space_id = any($2::uuid[]))
      and coalesce(upper(l.during) > $3, true)
)
"""
# A space that comes later is closed with its square, and with each unit whose room it is part of.
CLOSE_WITH = """
insert into closure_leaf (closure_id, space_id, during)
select c.id, $1, tstzrange(c.starts_at, c.ends_at) from closure c
where c.lifted_at is null and (
    c.whole_square and c.square_id = $2
    or c.unit_id in (select unit_id from space where id = any($3::uuid[]))
)
on conflict do nothing
"""
THERE = "select id from space where id = any($1::uuid[]) and square_id = $2 and not withdrawn"
HAS_CHILDREN = "select exists (select from space where parent_id = $1 and not withdrawn)"


async def square(conn: Any, square_id: UUID, *, lock: bool = False) -> tuple[Any, Square] | None:
    """The row (for its version and staff_share) and the state."""
    row = await conn.fetchrow(f"{SQUARE} for update" if lock else SQUARE, square_id)
    return (row, _square(row)) if row else None


async def squares(conn: Any) -> list[tuple[Any, Square]]:
    return [(row, _square(row)) for row in await conn.fetch(SQUARES)]


async def save_square(conn: Any, version: int, state: Square, staff_share: str, decision: int) -> bool:
    """False when somebody else saved this version first; the same of the others below."""
    values = (state.square_id, version, state.name, state.time_zone, state.status, staff_share, decision)
    return bool(await conn.fetchval(SAVE_SQUARE, *values))


async def unit(conn: Any, unit_id: UUID, *, lock: bool = False) -> tuple[int, Unit] | None:
    row = await conn.fetchrow(f"{UNIT} for update" if lock else UNIT, unit_id)
    return (row["version"], _unit(row)) if row else None


async def units(conn: Any, square_id: UUID | None) -> list[tuple[int, Unit]]:
    return [(row["version"], _unit(row)) for row in await conn.fetch(UNITS, square_id)]


async def save_unit(conn: Any, version: int, state: Unit) -> bool:
    memberships = [one.model_dump(mode="json") for one in state.memberships]
    values = (state.unit_id, version, state.square_id, state.kind, state.name, memberships, state.status)
    return bool(await conn.fetchval(SAVE_UNIT, *values))


async def space(conn: Any, space_id: UUID) -> tuple[int, Space] | None:
    row = await conn.fetchrow(SPACE, space_id)
    return (row["version"], _space(row)) if row else None


async def spaces(conn: Any, square_id: UUID | None) -> list[tuple[int, Space]]:
    return [(row["version"], _space(row)) for row in await conn.fetch(SPACES, square_id)]


async def save_space(conn: Any, version: int, state: Space) -> bool:
    values = (
        state.space_id,
        version,
        state.square_id,
        state.parent_id,
        state.unit_id,
        state.name,
        state.capacity,
        list(state.features),
        state.floor,
        state.bookable,
        state.position,
        state.withdrawn,
        state.layouts,
        state.noise_out,
        state.noise_tolerance,
        [one.model_dump(mode="json") for one in state.neighbours],
        state.prices,
    )
    return bool(await conn.fetchval(SAVE_SPACE, *values))


async def lock_spaces(conn: Any, space_ids: Sequence[UUID]) -> None:
    await conn.fetch(LOCK_SPACES, list(space_ids))


async def under(conn: Any, space_id: UUID) -> list[UUID]:
    """The space and all its parts."""
    return [row["id"] for row in await conn.fetch(UNDER, space_id)]


async def above(conn: Any, space_id: UUID) -> list[UUID]:
    """The space and all it is part of, nearest first."""
    return [row["id"] for row in await conn.fetch(ABOVE, space_id)]


async def lock_forest(conn: Any, square_id: UUID) -> None:
    await conn.fetch(LOCK_FOREST, square_id)


async def in_use(conn: Any, space_ids: Sequence[UUID], now: dt.datetime, *, ever: bool = False) -> bool:
    return bool(await conn.fetchval(IN_USE, list(space_ids), now, ever))


async def taken_whole(conn: Any, space_id: UUID, now: dt.datetime) -> bool:
    """Whether a booking or closure takes the space, or one it is part of, as a whole."""
    named = await above(conn, space_id)
    return bool(await conn.fetchval(TAKEN_WHOLE, await under(conn, named[-1]), named, now)) if named else False


async def close_with(conn: Any, space_id: UUID, square_id: UUID) -> None:
    """Closes a space that is new, by what is closed around it."""
    await conn.execute(CLOSE_WITH, space_id, square_id, await above(conn, space_id))


async def there(conn: Any, space_ids: Sequence[UUID], square_id: UUID) -> set[UUID]:
    """Those of the spaces that the square has."""
    return {row["id"] for row in await conn.fetch(THERE, list(space_ids), square_id)} if space_ids else set()


async def has_children(conn: Any, space_id: UUID) -> bool:
    return bool(await conn.fetchval(HAS_CHILDREN, space_id))


def _square(row: Any) -> Square:
    return Square(square_id=row["id"], name=row["name"], time_zone=row["time_zone"], status=row["status"])


def _unit(row: Any) -> Unit:
    return Unit(
        unit_id=row["id"],
        square_id=row["square_id"],
        kind=row["kind"],
        name=row["name"],
        memberships=row["memberships"],
        status=row["status"],
    )


def _space(row: Any) -> Space:
    return Space(
        space_id=row["id"],
        **{name: row[name] for name in Space.model_fields if name not in ("space_id", "features")},
        features=list(row["features"]),
    )
