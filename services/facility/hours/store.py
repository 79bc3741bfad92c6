"""All SQL of opening hours."""

import datetime as dt
from collections.abc import Sequence
from typing import Any, Literal, NamedTuple
from uuid import UUID

OwnerKind = Literal["space", "unit"]

# The owner, whether or not anything was decided about its hours.
OWNERS: dict[OwnerKind, str] = {
    "space": """
select o.square_id, o.unit_id, q.time_zone from space o join square q on q.id = o.square_id where o.id = $1
""",
    "unit": """
select o.square_id, o.id as unit_id, q.time_zone from unit o join square q on q.id = o.square_id where o.id = $1
""",
}
# Locked on the owner, since there may be no decision yet.
LOCKED: dict[OwnerKind, str] = {
    "space": "select id from space where id = $1 for update",
    "unit": "select id from unit where id = $1 for update",
}
NEWEST = """
select decision, decided_at, periods from hours where owner_kind = $1 and owner_id = $2 order by decision desc limit 1
"""
DECIDE = """
insert into hours (owner_kind, owner_id, decision, decided_at, periods) values ($1, $2, $3, $4, $5)
"""
# For each space the hours of its nearest ancestor that has some of its own, itself first.
EFFECTIVE = """
with recursive above (named, id, parent_id, distance) as (
    select id, id, parent_id, 0 from space where id = any($1::uuid[])
    union all
    select a.named, p.id, p.parent_id, a.distance + 1 from above a join space p on p.id = a.parent_id
)
select distinct on (a.named) a.named, a.id as source, newest.periods
from above a
cross join lateral (
    select h.periods from hours h where h.owner_kind = 'space' and h.owner_id = a.id order by h.decision desc limit 1
) newest
where newest.periods is not null
order by a.named, a.distance
"""

PeriodsJson = list[dict[str, Any]]


class Owner(NamedTuple):
    square_id: UUID
    unit_id: UUID | None
    time_zone: str


class Decision(NamedTuple):
    """`periods` None: none of its own any more."""

    number: int
    decided_at: dt.datetime
    periods: PeriodsJson | None


async def owner(conn: Any, kind: OwnerKind, owner_id: UUID) -> Owner | None:
    row = await conn.fetchrow(OWNERS[kind], owner_id)
    return Owner(row["square_id"], row["unit_id"], row["time_zone"]) if row else None


async def lock_owner(conn: Any, kind: OwnerKind, owner_id: UUID) -> None:
    await conn.fetch(LOCKED[kind], owner_id)


async def newest(conn: Any, kind: OwnerKind, owner_id: UUID) -> Decision | None:
    row = await conn.fetchrow(NEWEST, kind, owner_id)
    return Decision(row["decision"], row["decided_at"], row["periods"]) if row else None


async def decide(conn: Any, kind: OwnerKind, owner_id: UUID, decision: Decision) -> None:
    await conn.execute(DECIDE, kind, owner_id, *decision)


async def effective(conn: Any, space_ids: Sequence[UUID]) -> dict[UUID, PeriodsJson]:
    """The periods that limit each space; a space that is missing in the answer is always open."""
    return {row["named"]: row["periods"] for row in await conn.fetch(EFFECTIVE, list(space_ids))}


async def effective_of(conn: Any, space_id: UUID) -> tuple[UUID | None, PeriodsJson | None]:
    """Whose periods limit the space, and these; nobody's where it is always open."""
    row = await conn.fetchrow(EFFECTIVE, [space_id])
    return (row["source"], row["periods"]) if row else (None, None)
