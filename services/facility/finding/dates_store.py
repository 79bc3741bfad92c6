"""All SQL of finding one room for many dates. Nothing is locked."""

import datetime as dt
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from services.facility.booking.free import Range
from services.facility.finding.domain import Room
from services.facility.finding.store import Sight

# In which of the windows (n counts from 0) each room ($1 numbers them, one row a leaf) is taken or closed. As in a
# search for free time, a health station takes whole half hours where the asker may not see times ($3 false, nor one of
# the units $4); the bookings $5 are in nobody's way, nor are holds that ran out by $6.
TAKEN = """
with asked (room, leaf, exact) as (
    select * from unnest($1::int[], $2::uuid[], $3::boolean[])
), wish (n, during, reach) as (
    select n - 1, tstzrange(starts_at, ends_at),
        tstzrange(starts_at - interval '30 min', ends_at + interval '30 min')
    from unnest($7::timestamptz[], $8::timestamptz[]) with ordinality w (starts_at, ends_at, n)
), gone as materialized (
    select id from booking where (state = 'held' or state_before = 'held') and hold_until <= $6
)
select a.room, w.n from asked a cross join wish w join booking_leaf l on l.space_id = a.leaf and l.during && w.reach
where l.booking_id <> all($5::uuid[]) and l.booking_id not in (select id from gone)
    and w.during && case
        when l.discreet_unit is null or a.exact or l.discreet_unit = any($4::uuid[]) then l.during
        else tstzrange(date_bin('30 min', lower(l.during), 'epoch'),
            date_bin('30 min', upper(l.during) + interval '30 min' - interval '1 microsecond', 'epoch')) end
union
select a.room, w.n from asked a cross join wish w join closure_leaf c on c.space_id = a.leaf and c.during && w.during
"""


async def taken(
    conn: Any, rooms: Sequence[Room], windows: Sequence[Range], ignoring: Sequence[UUID], sight: Sight, now: dt.datetime
) -> set[tuple[int, int]]:
    """(number of the room, number of the window)."""
    leaves = [(n, leaf, room.square_id in sight.squares) for n, room in enumerate(rooms) for leaf in room.leaves]
    if not leaves:
        return set()
    asked = [list(column) for column in zip(*leaves, strict=True)]
    starts, ends = zip(*windows, strict=True)
    rows = await conn.fetch(TAKEN, *asked, list(sight.units), list(ignoring), now, list(starts), list(ends))
    return {(row["room"], row["n"]) for row in rows}
