"""All SQL of offers."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from services.facility.booking.owner_store import HAS_NO_USE

# Refused dates of series still ahead whose known obstacles are all gone from their rooms at their time, and that nobody
# decided to refuse, or has no use for by now. What takes the time by now is looked at under its locks, date by date.
CANDIDATES = f"""
select b.id from booking b left join still_refused s on s.booking_id = b.id
where b.state = 'rejected' and b.series_id is not null and b.reason_code = 'conflict' and b.starts_at > $1
  and not exists (select from offer o where o.booking_id = b.id)
  and not exists (select from decision d where d.booking_id = b.id and d.verdict = 'rejected')
  and not exists (
    select from booking_leaf l
    where l.booking_id = any(coalesce(s.blocking, b.blocking)) and l.during && tstzrange(
        b.starts_at - make_interval(mins => b.setup_minutes), b.ends_at + make_interval(mins => b.teardown_minutes))
      and l.space_id in (
        with recursive under (id) as (
            select unnest(b.space_ids)
            union all
            select c.id from under u join space c on c.parent_id = u.id and not c.withdrawn
        )
        select id from under
      )
  )
  and not exists (select from closure_leaf c where c.closure_id = any(coalesce(s.blocking, b.blocking)))
  and not {HAS_NO_USE}
  and (s.blocking <> '{{}}' or s.seen_at <= $1::timestamptz - interval '1 hour') is not false
order by b.starts_at, b.id limit $2
"""  # noqa: S608 -- one constant
STILL_REFUSED = """
insert into still_refused (booking_id, blocking, seen_at) values ($1, $2, $3)
on conflict (booking_id) do update set blocking = excluded.blocking, seen_at = excluded.seen_at
"""
OFFER = """
insert into offer (booking_id, square_id, unit_id, starts_at, offered_at) values ($1, $2, $3, $4, $5)
on conflict (booking_id) do nothing returning booking_id
"""
LOCKED = f"""
select o.answer is null and not {HAS_NO_USE} as open from offer o join booking b on b.id = o.booking_id
where o.booking_id = $1 for update of o
"""  # noqa: S608 -- one constant
ANSWER = "update offer set answer = $2, answered_at = $3 where booking_id = $1"
OPEN = f"""
select o.booking_id, o.offered_at from offer o join booking b on b.id = o.booking_id
where o.square_id = $1 and ($2::uuid is null or o.unit_id = $2) and o.answer is null and o.starts_at > $3
  and not {HAS_NO_USE}
order by o.starts_at, o.booking_id limit 500
"""  # noqa: S608 -- one constant


@dataclass(frozen=True)
class Offer:
    booking_id: UUID
    offered_at: dt.datetime


async def candidates(conn: Any, now: dt.datetime, most: int) -> list[UUID]:
    return [row["id"] for row in await conn.fetch(CANDIDATES, now, most)]


async def still_refused(conn: Any, booking_id: UUID, blocking: Sequence[UUID], now: dt.datetime) -> None:
    await conn.execute(STILL_REFUSED, booking_id, list(blocking), now)


async def offer(
    conn: Any, booking_id: UUID, square_id: UUID, unit_id: UUID | None, starts_at: dt.datetime, now: dt.datetime
) -> bool:
    """False when it was offered before."""
    return bool(await conn.fetchval(OFFER, booking_id, square_id, unit_id, starts_at, now))


async def is_open(conn: Any, booking_id: UUID) -> bool:
    """Locked: the caller answers it in this transaction."""
    row = await conn.fetchrow(LOCKED, booking_id)
    return row is not None and row["open"]


async def answer(conn: Any, booking_id: UUID, what: str, now: dt.datetime) -> None:
    await conn.execute(ANSWER, booking_id, what, now)


async def open_offers(conn: Any, square_id: UUID, unit_id: UUID | None, now: dt.datetime) -> list[Offer]:
    return [Offer(**row) for row in await conn.fetch(OPEN, square_id, unit_id, now)]
