"""All SQL of noise: who is on the leaves around in the time of bookings. Nothing is locked here."""

import datetime as dt
from collections.abc import Sequence
from typing import Any
from uuid import UUID

# Whoever occupies one of the leaves in the time asked for with it ($1 numbers the askers), on all of these leaves; not
# the bookings $5, and not holds that ran out by $6.
AROUND = """
select a.n, b.id, array_agg(l.space_id) as leaves, b.state, b.noise_out, b.quiet_need, b.title, b.unit_id,
    b.square_id, min(lower(l.during)) as starts_at, max(upper(l.during)) as ends_at, u.kind as unit_kind,
    u.square_id as unit_square
from unnest($1::int[], $2::uuid[], $3::timestamptz[], $4::timestamptz[]) a (n, leaf, starts_at, ends_at)
join booking_leaf l on l.space_id = a.leaf and l.during && tstzrange(a.starts_at, a.ends_at)
join booking b on b.id = l.booking_id left join unit u on u.id = b.unit_id
where b.state in ('held', 'confirmed', 'blocked') and (b.state <> 'held' or b.hold_until > $6) and b.id <> all($5)
group by a.n, b.id, u.id
order by a.n, starts_at, b.id
"""
Asked = tuple[int, UUID, dt.datetime, dt.datetime]


async def around(conn: Any, asked: Sequence[Asked], ignoring: Sequence[UUID], now: dt.datetime) -> list[Any]:
    numbers, leaves, starts, ends = zip(*asked, strict=True)
    return list(await conn.fetch(AROUND, list(numbers), list(leaves), list(starts), list(ends), list(ignoring), now))
