"""All SQL of approvals and decisions."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID

from services.facility.approval.domain import Party
from services.facility.policy.domain import StandIn
from shared.types import EARLIEST

OPEN = """
insert into approval (booking_id, party, unit_id, square_id, why, binding, deadline, stand_in_role, stand_in_unit)
select * from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::text[], $6::boolean[], $7::timestamptz[],
    $8::text[], $9::uuid[])
on conflict do nothing
"""
PARTIES = "select * from approval where booking_id = any($1::uuid[]) order by booking_id, why <> 'owner', party"
APPROVE = "update approval set approved_at = $3 where booking_id = $1 and party = any($2::uuid[])"
DECIDE = """
insert into decision (booking_id, at, verdict, unit_ids, role, reason_code, reason, rules)
select d.booking_id, d.at, d.verdict, d.unit_ids, d.role, d.reason_code, d.reason, d.rules
from jsonb_populate_recordset(null::decision, $1::jsonb) d
"""
DECISIONS = "select * from decision where booking_id = $1 order by id"

# The requests that wait for somebody of a square, or for a unit: its own yes, or its turn as the stand-in. By when they
# are due; ($4, $5) is where the page before ended.
INBOX = """
select b.id, min(coalesce(a.deadline, b.starts_at)) as due
from booking b join approval a on a.booking_id = b.id
where b.state = 'requested' and a.approved_at is null
  and ($1::uuid is null or a.square_id = $1)
  and ($2::uuid is null or a.party = $2 or (a.stand_in_unit = $2 and a.deadline <= $3))
group by b.id having (min(coalesce(a.deadline, b.starts_at)), b.id) > ($4, $5)
order by due, b.id limit $6
"""
# The newest request to take a booking's place, while there is something to tell of it.
MOVE_OF = """
select id from (
    select id, state from booking where asked ->> 'replaces' = $1::text
    order by (state = 'requested') desc, created_at desc, id limit 1
) newest
where state = 'requested' or (state = 'rejected' and not exists (select from answer_seen s where s.booking_id = id))
"""
REFUSED = """
select exists (
    select from booking b join decision d on d.booking_id = b.id
    where b.id = $1 and b.state = 'rejected' and d.verdict = 'rejected'
)
"""
# Those of no unit's date, which tells it itself. Who asked anew for the same booking's place has seen the answer.
UNSEEN = """
select b.id
from decision d join booking b on b.id = d.booking_id left join booking f on f.id = (b.asked ->> 'replaces')::uuid
where d.verdict = 'rejected' and d.at > $2::timestamptz - interval '1 year' and b.state = 'rejected'
  and $1 in (b.square_id, f.square_id) and greatest(b.ends_at, f.ends_at) > $2
  and coalesce(b.owner_ref, '') not like 'occurrence/%'
  and not exists (select from answer_seen s where s.booking_id = b.id)
  and not exists (
    select from booking n
    where n.asked ->> 'replaces' = b.asked ->> 'replaces' and (n.state = 'requested' or n.created_at > b.created_at)
  )
order by d.id desc limit 100
"""
SEE = "insert into answer_seen (booking_id, seen_at) values ($1, $2) on conflict do nothing returning booking_id"
REFUSALS = "select * from decision where booking_id = any($1::uuid[]) and verdict = 'rejected' order by id"
START = (EARLIEST, UUID(int=0))
Verdict = Literal["approved", "confirmed", "rejected", "excepted"]


@dataclass(frozen=True)
class Decision:
    booking_id: UUID
    at: dt.datetime
    verdict: Verdict
    role: str
    reason_code: str
    reason: str | None = None
    unit_ids: tuple[UUID, ...] = ()
    rules: tuple[str, ...] = ()


async def open_for(conn: Any, rows: Sequence[tuple[UUID, Party]]) -> None:
    columns = [
        (
            booking_id,
            party.id,
            party.unit_id,
            party.square_id,
            party.why,
            party.binding,
            party.deadline,
            party.stand_in and party.stand_in.role,
            party.stand_in and party.stand_in.unit_id,
        )
        for booking_id, party in rows
    ]
    if columns:
        await conn.execute(OPEN, *map(list, zip(*columns, strict=True)))


async def parties(conn: Any, booking_ids: Sequence[UUID]) -> dict[UUID, list[Party]]:
    found: dict[UUID, list[Party]] = {}
    for row in await conn.fetch(PARTIES, list(booking_ids)):
        found.setdefault(row["booking_id"], []).append(_party(row))
    return found


async def approve(conn: Any, booking_id: UUID, party_ids: Sequence[UUID], now: dt.datetime) -> None:
    """The caller holds the booking's lock."""
    await conn.execute(APPROVE, booking_id, list(party_ids), now)


async def decide(conn: Any, decisions: Sequence[Decision]) -> None:
    if decisions:
        await conn.execute(DECIDE, [vars(decision) for decision in decisions])


async def decisions(conn: Any, booking_id: UUID) -> list[Decision]:
    return [_decision(row) for row in await conn.fetch(DECISIONS, booking_id)]


async def move_of(conn: Any, booking_id: UUID) -> UUID | None:
    found: UUID | None = await conn.fetchval(MOVE_OF, str(booking_id))
    return found


async def is_refused(conn: Any, booking_id: UUID) -> bool:
    """By somebody, and not because it could not be had."""
    return bool(await conn.fetchval(REFUSED, booking_id))


async def unseen(conn: Any, square_id: UUID, now: dt.datetime) -> list[UUID]:
    return [row["id"] for row in await conn.fetch(UNSEEN, square_id, now)]


async def see(conn: Any, booking_id: UUID, now: dt.datetime) -> bool:
    """False when it was seen before."""
    return bool(await conn.fetchval(SEE, booking_id, now))


async def refusals(conn: Any, booking_ids: Sequence[UUID]) -> dict[UUID, Decision]:
    return {row["booking_id"]: _decision(row) for row in await conn.fetch(REFUSALS, list(booking_ids))}


async def inbox(
    conn: Any,
    square_id: UUID | None,
    unit_id: UUID | None,
    now: dt.datetime,
    after: tuple[dt.datetime, UUID],
    limit: int,
) -> list[tuple[UUID, dt.datetime]]:
    """(booking, when it is due)."""
    rows = await conn.fetch(INBOX, square_id, unit_id, now, *after, limit)
    return [(row["id"], row["due"]) for row in rows]


def _decision(row: Any) -> Decision:
    return Decision(
        booking_id=row["booking_id"],
        at=row["at"],
        verdict=row["verdict"],
        role=row["role"],
        reason_code=row["reason_code"],
        reason=row["reason"],
        unit_ids=tuple(row["unit_ids"]),
        rules=tuple(row["rules"]),
    )


def _party(row: Any) -> Party:
    role, unit = row["stand_in_role"], row["stand_in_unit"]
    return Party(
        id=row["party"],
        unit_id=row["unit_id"],
        square_id=row["square_id"],
        why=row["why"],
        binding=row["binding"],
        deadline=row["deadline"],
        stand_in=StandIn(role=role, unit_id=unit) if role or unit else None,
        approved_at=row["approved_at"],
    )
