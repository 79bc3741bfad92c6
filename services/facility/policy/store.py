"""All SQL of policies, and of what a quota counts."""

import datetime as dt
from collections.abc import Sequence
from typing import Any, NamedTuple
from uuid import UUID

from services.facility.registry.known import Known

SPACE = """
with recursive above (id, parent_id, unit_id, distance) as (
    select id, parent_id, unit_id, 0 from space where id = $1
    union all select p.id, p.parent_id, p.unit_id, a.distance + 1 from above a join space p on p.id = a.parent_id
)
select s.square_id, (select unit_id from above where unit_id is not null order by distance limit 1) as unit_id
from space s where s.id = $1
"""
# Locked on the space, since there may be no decision yet. Bookings are not kept waiting: they only refer to it.
LOCK = "select pg_advisory_xact_lock(hashtextextended($1, 0))"
NEWEST = "select version, decided_at, rules from policy where space_id = $1 order by version desc limit 1"
DECIDE = "insert into policy (space_id, version, decided_at, rules) values ($1, $2, $3, $4)"

# For each space the policy of its nearest ancestor that has one, itself first, and whose room it is, found alike.
EFFECTIVE = """
with recursive above (named, id, parent_id, unit_id, distance) as (
    select id, id, parent_id, unit_id, 0 from space where id = any($1::uuid[])
    union all
    select a.named, p.id, p.parent_id, p.unit_id, a.distance + 1 from above a join space p on p.id = a.parent_id
)
select a.named,
    (array_agg(a.unit_id order by a.distance) filter (where a.unit_id is not null))[1] as owner_id,
    (array_agg(a.id order by a.distance) filter (where newest.rules is not null))[1] as source,
    (array_agg(newest.rules order by a.distance) filter (where newest.rules is not null))[1] as rules
from above a
left join lateral (select p.rules from policy p where p.space_id = a.id order by p.version desc limit 1) newest on true
group by a.named
"""

# Running bookings that nobody has come to, under spaces whose policy gives such up. Which policy holds for each of
# them, and after how long, is another question.
RUNNING = """
with recursive newest as (
    select distinct on (space_id) space_id, rules from policy order by space_id, version desc
), under (id) as (
    select space_id from newest where rules ->> 'release_unused_after_minutes' is not null
    union
    select c.id from under u join space c on c.parent_id = u.id
)
select distinct b.id from under u
join booking_leaf l on l.space_id = u.id and l.during @> $1::timestamptz
join booking b on b.id = l.booking_id
where b.state = 'confirmed' and b.checked_in_at is null and b.starts_at < $1 and b.ends_at > $1
order by b.id
"""

# The space and what is under it, without what has a policy of its own.
GOVERNED = """
with recursive under (id) as (
    select $1::uuid
    union all
    select c.id from under u join space c on c.parent_id = u.id
    where (select p.rules from policy p where p.space_id = c.id order by p.version desc limit 1) is null
) select id from under
"""

# Holds that ran out by $6 count no more, whether or not a job has written it down.
USED = """
select id, starts_at, ends_at from booking
where coalesce(organiser_id, unit_id) = $1 and starts_at >= $2 and starts_at < $3 and space_ids && $4::uuid[]
  and (state = 'confirmed' or (state = 'held' and hold_until > $6)) and id <> all($5::uuid[])
"""
UNITS = "select id, square_id, kind from unit where id = any($1::uuid[])"


class Decision(NamedTuple):
    """`rules` None: none of its own any more."""

    version: int
    decided_at: dt.datetime
    rules: dict[str, Any] | None


class Effective(NamedTuple):
    """Whose room it is, and the policy that holds there with the space that has it; None where there is none."""

    owner_id: UUID | None
    source: UUID | None
    rules: dict[str, Any] | None


class Use(NamedTuple):
    starts_at: dt.datetime
    ends_at: dt.datetime


async def space(conn: Any, space_id: UUID) -> tuple[UUID, UUID | None] | None:
    """(square, owning unit)."""
    row = await conn.fetchrow(SPACE, space_id)
    return (row["square_id"], row["unit_id"]) if row else None


async def lock(conn: Any, name: str) -> None:
    """Until the transaction ends, for everybody who names the same."""
    await conn.execute(LOCK, name)


async def newest(conn: Any, space_id: UUID) -> Decision | None:
    row = await conn.fetchrow(NEWEST, space_id)
    return Decision(*row) if row else None


async def decide(conn: Any, space_id: UUID, decision: Decision) -> None:
    await conn.execute(DECIDE, space_id, *decision)


async def effective(conn: Any, space_ids: Sequence[UUID], mark: UUID | None = None) -> dict[UUID, Effective]:
    """`mark` of the house when the spaces were read in this transaction: what is known under it is not read again."""
    there = _known.under(mark) if mark else {}
    new = [space for space in space_ids if space not in there]
    for row in await conn.fetch(EFFECTIVE, new) if new else []:
        there[row["named"]] = Effective(row["owner_id"], row["source"], row["rules"])
    return {space: there[space] for space in space_ids if space in there}


_known: Known[UUID, Effective] = Known()


async def running(conn: Any, now: dt.datetime) -> list[UUID]:
    return [row["id"] for row in await conn.fetch(RUNNING, now)]


async def governed(conn: Any, source: UUID) -> list[UUID]:
    return [row["id"] for row in await conn.fetch(GOVERNED, source)]


async def used(
    conn: Any,
    organiser: UUID,
    window: tuple[dt.datetime, dt.datetime],
    space_ids: Sequence[UUID],
    ignoring: Sequence[UUID],
    now: dt.datetime,
) -> list[Use]:
    """What the organiser has in these spaces; begun in the window."""
    rows = await conn.fetch(USED, organiser, *window, list(space_ids), list(ignoring), now)
    return [Use(row["starts_at"], row["ends_at"]) for row in rows]


async def units(conn: Any, unit_ids: Sequence[UUID]) -> dict[UUID, UUID]:
    """The square of each unit that exists."""
    if not unit_ids:
        return {}
    return {row["id"]: row["square_id"] for row in await conn.fetch(UNITS, list(unit_ids))}
