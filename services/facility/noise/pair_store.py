"""All SQL of pairs of bookings that disturb each other, and of how far the looking for them has come."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from services.facility.noise.pairs import Acceptance, Meeting, Pair

# Read before the lock below is taken, whose transaction so is a later one than all that wrote events up to here.
NEWEST = "select coalesce(max(id), 0) from outbox"
# `oldest`: whoever is still at work began no earlier; `own`: this transaction. Nothing when another has the lock.
LOOK = """
select low, high, horizon, surroundings, sweeping, swept_after,
    pg_snapshot_xmin(pg_current_snapshot())::text::bigint as oldest, pg_current_xact_id()::text::bigint as own
from noise_look for update skip locked
"""
SAVE_LOOK = """
update noise_look set low = $1, high = $2, horizon = $3, surroundings = $4, sweeping = $5, swept_after = $6
"""
SAID = "select id, key from outbox where id > $1 order by id limit $2"
# Those of the bookings that are in rooms $2, which hear or are heard, or of which something is said already.
CONCERNED = """
select b.id from booking b
where b.id = any($1::uuid[]) and (b.space_ids && $2::uuid[] or exists (
    select from noise_conflict c where c.state <> 'resolved' and (c.loud_id = b.id or c.quiet_id = b.id)))
order by b.id
"""
LOUD = """
select id from booking
where noise_out > 0 and id > $1 and state in ('held', 'confirmed', 'blocked') and ends_at > $2
order by id limit $3
"""
OVER = """
select * from noise_conflict where state <> 'resolved' and ends_at <= $1 order by id limit $2 for no key update
"""
# What is said of the bookings $1, and the pairs $2; in id order, as all who lock several.
PAIRS = """
select * from noise_conflict
where id = any($2::uuid[])
    or (state <> 'resolved' and (loud_id = any($1::uuid[]) or quiet_id = any($1::uuid[])))
order by id for no key update
"""
PAIR = "select * from noise_conflict where id = $1"
LOCK_PAIR = f"{PAIR} for no key update"
SAVE = """
insert into noise_conflict select * from jsonb_populate_recordset(null::noise_conflict, $1::jsonb)
on conflict (id) do update set
    version = excluded.version, square_id = excluded.square_id, loud_id = excluded.loud_id,
    quiet_id = excluded.quiet_id, source = excluded.source, heard_in = excluded.heard_in,
    starts_at = excluded.starts_at, ends_at = excluded.ends_at, severity = excluded.severity,
    discreet = excluded.discreet, unit_ids = excluded.unit_ids, state = excluded.state,
    detected_at = excluded.detected_at, accepted_at = excluded.accepted_at, accepted_by = excluded.accepted_by,
    role = excluded.role, reason_code = excluded.reason_code, reason = excluded.reason,
    resolved_at = excluded.resolved_at, resolution = excluded.resolution
"""
# What somebody has to decide comes first. Those that end after $3 and, where that is said, begin before $4.
LIST = """
select * from noise_conflict
where square_id = $1 and ($2::uuid is null or $2 = any(unit_ids)) and state <> 'resolved'
    and ends_at > $3 and ($4::timestamptz is null or starts_at < $4)
order by (state = 'open' and severity >= 2) desc, starts_at, id limit $5
"""


@dataclass(frozen=True)
class Look:
    """How far the looking has come, as the migration says of the columns."""

    low: int
    high: int
    horizon: int | None
    surroundings: str | None
    sweeping: str | None
    swept_after: UUID | None


async def newest(conn: Any) -> int:
    found: int = await conn.fetchval(NEWEST)
    return found


async def look(conn: Any) -> tuple[Look, int, int] | None:
    """With the oldest transaction that is still at work and the own one. Locked; None when another is at it."""
    row = await conn.fetchrow(LOOK)
    return (Look(*list(row.values())[:6]), row["oldest"], row["own"]) if row else None


async def save_look(conn: Any, one: Look) -> None:
    await conn.execute(SAVE_LOOK, *vars(one).values())


async def said_after(conn: Any, low: int, limit: int) -> list[tuple[int, str]]:
    """(id, subject) of events."""
    return [(row["id"], row["key"]) for row in await conn.fetch(SAID, low, limit)]


async def concerned(conn: Any, ids: Sequence[UUID], rooms: Sequence[UUID]) -> list[UUID]:
    return [row["id"] for row in await conn.fetch(CONCERNED, list(ids), list(rooms))] if ids else []


async def loud(conn: Any, after: UUID, now: dt.datetime, limit: int) -> list[UUID]:
    return [row["id"] for row in await conn.fetch(LOUD, after, now, limit)]


async def over(conn: Any, now: dt.datetime, limit: int) -> list[Pair]:
    return [_pair(row) for row in await conn.fetch(OVER, now, limit)]


async def lock_pairs(conn: Any, bookings: Sequence[UUID], ids: Sequence[UUID]) -> dict[UUID, Pair]:
    return {row["id"]: _pair(row) for row in await conn.fetch(PAIRS, list(bookings), list(ids))}


async def pair(conn: Any, pair_id: UUID, *, lock: bool = False) -> Pair | None:
    row = await conn.fetchrow(LOCK_PAIR if lock else PAIR, pair_id)
    return _pair(row) if row else None


async def listed(
    conn: Any, square_id: UUID, unit_id: UUID | None, after: dt.datetime, before: dt.datetime | None, limit: int
) -> list[Pair]:
    return [_pair(row) for row in await conn.fetch(LIST, square_id, unit_id, after, before, limit)]


async def save(conn: Any, pairs: Sequence[Pair]) -> None:
    if pairs:
        await conn.execute(SAVE, [_columns(one) for one in pairs])


def _pair(row: Any) -> Pair:
    names = Meeting.__dataclass_fields__
    meeting = Meeting(**{name: row[name] for name in names} | {"unit_ids": tuple(row["unit_ids"])})
    accepted = row["accepted_by"] and Acceptance(row["accepted_by"], row["role"], row["reason_code"], row["reason"])
    return Pair(
        meeting,
        row["version"],
        row["state"],
        row["detected_at"],
        accepted,
        row["accepted_at"],
        row["resolution"],
        row["resolved_at"],
    )


def _columns(one: Pair) -> dict[str, Any]:
    accepted = one.acceptance
    return {
        **vars(one.meeting),
        "version": one.version,
        "state": one.state,
        "detected_at": one.detected_at,
        "accepted_at": one.accepted_at,
        "accepted_by": accepted and accepted.by,
        "role": accepted and accepted.role,
        "reason_code": accepted and accepted.reason_code,
        "reason": accepted and accepted.reason,
        "resolved_at": one.resolved_at,
        "resolution": one.resolution,
    }
