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
    return [
        Decision(
            booking_id=row["booking_id"],
            at=row["at"],
            verdict=row["verdict"],
            role=row["role"],
            reason_code=row["reason_code"],
            reason=row["reason"],
            unit_ids=tuple(row["unit_ids"]),
            rules=tuple(row["rules"]),
        )
        for row in await conn.fetch(DECISIONS, booking_id)
    ]


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
