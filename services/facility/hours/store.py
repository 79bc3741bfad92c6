"""All SQL of opening hours."""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple
from uuid import UUID

from services.facility.registry.known import Known
from shared.contracts.opening_hours import Hours, parse

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
# For each space of $1 the hours of its nearest ancestor that has some of its own, itself first.
HELD = """
above (named, id, parent_id, distance) as (
    select id, id, parent_id, 0 from space where id = any($1::uuid[])
    union all
    select a.named, p.id, p.parent_id, a.distance + 1 from above a join space p on p.id = a.parent_id
), held (named, source, decision, decided_at) as (
    select distinct on (a.named) a.named, a.id, newest.decision, newest.decided_at
    from above a
    cross join lateral (
        select h.decision, h.decided_at, h.periods is not null as some from hours h
        where h.owner_kind = 'space' and h.owner_id = a.id order by h.decision desc limit 1
    ) newest
    where newest.some
    order by a.named, a.distance
)
"""
EFFECTIVE = f"with recursive {HELD} select named, source, decision, decided_at from held"  # noqa: S608 -- one constant
PERIODS = """
select h.owner_id, h.decision, h.decided_at, h.periods
from unnest($1::uuid[], $2::int[]) w (owner_id, decision)
join hours h on h.owner_kind = 'space' and h.owner_id = w.owner_id and h.decision = w.decision
"""

Key = tuple[UUID, int, dt.datetime]  # whose decision, which, and when it was made
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


async def effective(conn: Any, space_ids: Sequence[UUID], mark: UUID | None = None) -> dict[UUID, Hours]:
    """The hours that limit each space; a space that is missing in the answer is always open.

    `mark` of the house as it was read before: what is known under it is not read again.
    """
    there = _keys.under(mark) if mark else {}
    new = [space for space in space_ids if space not in there]
    rows = await conn.fetch(EFFECTIVE, new) if new else []
    there |= dict.fromkeys(new) | {row["named"]: (row["source"], row["decision"], row["decided_at"]) for row in rows}
    return await held(conn, {space: key for space in space_ids if (key := there[space])})


async def held(conn: Any, wanted: Mapping[UUID, Key]) -> dict[UUID, Hours]:
    """What each decision means, by whom it holds for."""
    found = {key: _known[key] for key in wanted.values() if key in _known}
    new = [key for key in dict.fromkeys(wanted.values()) if key not in found]
    for row in await conn.fetch(PERIODS, [key[0] for key in new], [key[1] for key in new]) if new else []:
        key = (row["owner_id"], row["decision"], row["decided_at"])
        found[key] = parse(row["periods"])
        _keep(key, found[key])
    return {space: found[key] for space, key in wanted.items()}


async def effective_of(conn: Any, space_id: UUID) -> tuple[UUID | None, Hours | None]:
    """Whose hours limit the space, and these; nobody's where it is always open."""
    row = await conn.fetchrow(EFFECTIVE, [space_id])
    return (row["source"], (await effective(conn, [space_id]))[space_id]) if row else (None, None)


# A decision never changes, so a process keeps what it means. The oldest go first.
_MOST_KNOWN = 4096
_known: dict[Key, Hours] = {}
_keys: Known[UUID, Key | None] = Known()  # None: always open


def _keep(key: Key, held: Hours) -> None:
    while len(_known) >= _MOST_KNOWN:
        del _known[next(iter(_known))]
    _known[key] = held
