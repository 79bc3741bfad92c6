"""All SQL of the visitor figures: facts in, facts out."""

import datetime as dt
from collections.abc import Iterator, Sequence
from typing import Any
from uuid import UUID

# Writing. One statement per kind of fact; decisions never change, states follow their newest version.

SAVE_SQUARES = """
insert into visitor_square as known (generation, square_id, version, time_zone)
select $1, * from unnest($2::uuid[], $3::bigint[], $4::text[])
on conflict (generation, square_id) do update set version = excluded.version, time_zone = excluded.time_zone
where excluded.version > known.version
returning square_id
"""

# Lists travel as text, since an array of lists would be taken for a table of more dimensions.
SAVE_UNITS = """
insert into visitor_unit as known (generation, unit_id, version, square_ids, memberships)
select $1, unit_id, version, array(
    select distinct (membership->>0)::uuid as square_id from jsonb_array_elements(memberships::jsonb) as membership
    order by square_id
), memberships::jsonb
from unnest($2::uuid[], $3::bigint[], $4::text[]) as unit (unit_id, version, memberships)
on conflict (generation, unit_id) do update set
    version = excluded.version, square_ids = excluded.square_ids, memberships = excluded.memberships
where excluded.version > known.version
returning square_ids
"""

SAVE_HOURS = """
insert into visitor_hours (generation, unit_id, decision, decided_at, periods)
select $1, unit_id, decision, decided_at, periods::jsonb
from unnest($2::uuid[], $3::int[], $4::bigint[], $5::text[]) as hours (unit_id, decision, decided_at, periods)
on conflict do nothing
returning unit_id
"""

SAVE_CLOSURES = """
insert into visitor_closure as known
    (generation, closure_id, version, square_id, unit_id, starts_at, ends_at, declared_at, lifted_at)
select $1, * from unnest($2::uuid[], $3::bigint[], $4::uuid[], $5::uuid[], $6::bigint[], $7::bigint[], $8::bigint[],
    $9::bigint[])
on conflict (generation, closure_id) do update set
    version = excluded.version, square_id = excluded.square_id, unit_id = excluded.unit_id,
    starts_at = excluded.starts_at, ends_at = excluded.ends_at, declared_at = excluded.declared_at,
    lifted_at = excluded.lifted_at
where excluded.version > known.version
returning square_id
"""

SAVE_SETTINGS = """
insert into visitor_settings (generation, square_id, decision, decided_at, staff_share)
select $1, * from unnest($2::uuid[], $3::int[], $4::bigint[], $5::text[])
on conflict do nothing
returning square_id
"""

SAVE_COUNTERS = """
insert into visitor_counter (generation, counter_id, decision, decided_at, square_id, unit_id, kind, minutes, swapped,
    valid_from, valid_to, max_per_minute, feed)
select $1, * from unnest($2::uuid[], $3::int[], $4::bigint[], $5::uuid[], $6::uuid[], $7::text[], $8::smallint[],
    $9::boolean[], $10::bigint[], $11::bigint[], $12::int[], $13::text[])
on conflict do nothing
returning square_id
"""

SAVE_CORRECTIONS = """
insert into visitor_correction (generation, correction_id, decision, decided_at, square_id, date, mode, door_visits)
select $1, * from unnest($2::uuid[], $3::int[], $4::bigint[], $5::uuid[], $6::date[], $7::text[], $8::int[])
on conflict do nothing
returning square_id
"""

SAVE_MANUAL_COUNTS = """
insert into visitor_manual_count (generation, manual_id, decision, decided_at, square_id, unit_id, date, count)
select $1, * from unnest($2::uuid[], $3::int[], $4::bigint[], $5::uuid[], $6::uuid[], $7::date[], $8::int[])
on conflict do nothing
returning square_id
"""

SAVE_SPACES = """
insert into visitor_space as known (generation, space_id, version, square_id)
select $1, * from unnest($2::uuid[], $3::bigint[], $4::uuid[])
on conflict (generation, space_id) do update set version = excluded.version, square_id = excluded.square_id
where excluded.version > known.version
returning new.square_id, old.square_id as was_square
"""

# Answers with where and when it counted before and counts now, by its own square and by that of its room.
SAVE_HEAD_COUNTS = """
with saved as (
    insert into visitor_head_count as known
    select $1, occurrence_id, version, square_id, space_id, starts_at, off_site, restricted, stands, counts::jsonb
    from unnest($2::uuid[], $3::bigint[], $4::uuid[], $5::uuid[], $6::bigint[], $7::boolean[], $8::boolean[],
                $9::boolean[], $10::text[])
        as i (occurrence_id, version, square_id, space_id, starts_at, off_site, restricted, stands, counts)
    order by occurrence_id
    on conflict (generation, occurrence_id) do update set
        version = excluded.version, square_id = excluded.square_id, space_id = excluded.space_id,
        starts_at = excluded.starts_at, off_site = excluded.off_site, restricted = excluded.restricted,
        stands = excluded.stands, counts = excluded.counts
    where excluded.version > known.version
    returning new.square_id, new.space_id, new.starts_at,
        old.square_id as was_square, old.space_id as was_space, old.starts_at as was_at
),
touched as (
    select square_id, space_id, starts_at from saved
    union select was_square, was_space, was_at from saved where was_square is not null
)
select square_id, starts_at from touched
union select s.square_id, t.starts_at from touched as t
join visitor_space as s on s.generation = $1 and s.space_id = t.space_id
"""

SAVE_CONTACTS = """
insert into visitor_contact as known
select $1, unit_id, square_id, local_date, hour, version, totals::jsonb
from unnest($2::uuid[], $3::uuid[], $4::date[], $5::smallint[], $6::bigint[], $7::text[])
    as i (unit_id, square_id, local_date, hour, version, totals)
order by unit_id, square_id, local_date, hour
on conflict (generation, unit_id, square_id, local_date, hour) do update set
    version = excluded.version, totals = excluded.totals
where excluded.version > known.version
returning square_id, local_date
"""

# A union: every event carries all readings of its interval, so order and repeats change nothing.
SAVE_READINGS = """
insert into visitor_reading as known (generation, counter_id, start, count_in, count_out, sequence, received)
select $1, * from unnest($2::uuid[], $3::int[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[])
on conflict (generation, counter_id, start, count_in, count_out, sequence) do update set received = excluded.received
where excluded.received < known.received
returning counter_id, start
"""

# Reading. Each statement names the live generation by itself.

_LIVE = "generation = (select generation from projection where name = 'visitors')"

SQUARE = f"select time_zone from visitor_square where {_LIVE} and square_id = $1"  # noqa: S608 -- constant

ZONES = "select square_id, time_zone from visitor_square where generation = $1 and square_id = any($2::uuid[])"

UNITS = f"select unit_id, memberships from visitor_unit where {_LIVE} and $1 = any(square_ids)"  # noqa: S608 -- constant

HOURS = f"""
select unit_id, decision, decided_at, periods from visitor_hours where {_LIVE} and unit_id = any($1::uuid[])
"""  # noqa: S608 -- constant

CLOSURES = f"""
select unit_id, starts_at, ends_at, declared_at, lifted_at from visitor_closure where {_LIVE} and square_id = $1
"""  # noqa: S608 -- constant

SETTINGS = f"""
select decision, decided_at, staff_share from visitor_settings where {_LIVE} and square_id = $1
"""  # noqa: S608 -- constant

# All decisions about every counter that was ever in the square, since one may have left it.
COUNTERS = f"""
select counter_id, decision, decided_at, square_id, unit_id, kind, minutes, swapped, valid_from, valid_to,
    max_per_minute, feed
from visitor_counter where {_LIVE} and counter_id in (
    select counter_id from visitor_counter where {_LIVE} and square_id = $1
)
"""  # noqa: S608 -- constant

CORRECTIONS = f"""
select decision, decided_at, date, mode, door_visits from visitor_correction where {_LIVE} and square_id = $1
"""  # noqa: S608 -- constant

MANUAL_COUNTS = f"""
select decision, decided_at, unit_id, date, count from visitor_manual_count where {_LIVE} and square_id = $1
"""  # noqa: S608 -- constant

# Where a room's square is not known, an occurrence counts where it says it belongs.
HEAD_COUNTS = """
with live as (select generation from projection where name = 'visitors')
select h.starts_at, h.off_site, h.restricted, h.counts
from live join visitor_head_count as h on h.generation = live.generation
left join visitor_space as s on s.generation = h.generation and s.space_id = h.space_id
where h.square_id = $1 and h.starts_at >= $2 and h.starts_at < $3 and h.stands
    and (h.off_site or s.square_id is null or s.square_id = $1)
union all
select h.starts_at, h.off_site, h.restricted, h.counts
from live join visitor_space as s on s.generation = live.generation
join visitor_head_count as h on h.generation = s.generation and h.space_id = s.space_id
where s.square_id = $1 and h.square_id <> $1 and h.starts_at >= $2 and h.starts_at < $3 and h.stands and not h.off_site
"""

CONTACTS = f"""
select local_date, totals from visitor_contact where {_LIVE} and square_id = $1 and local_date between $2 and $3
"""  # noqa: S608 -- constant

# One row per counter, each column an array: decoding numbers in bulk costs a tenth of decoding rows.
READINGS = f"""
select counter_id, array_agg(start) as starts, array_agg(received) as received, array_agg(sequence) as sequences,
    array_agg(count_in) as counts_in, array_agg(count_out) as counts_out
from visitor_reading
where {_LIVE} and counter_id = any($1::uuid[]) and start >= $2 and start < $3 and received <= $4
group by counter_id
"""  # noqa: S608 -- constant

# The newest interval of each counter that has any.
LAST_STARTS = f"""
select counter_id, (
    select max(start) from visitor_reading where {_LIVE} and visitor_reading.counter_id = asked.counter_id
) as start
from unnest($1::uuid[]) as asked (counter_id)
"""  # noqa: S608 -- constant

ReadingRow = tuple[UUID, int, int, int, int, int]


async def save(conn: Any, statement: str, generation: int, rows: Sequence[Sequence[Any]]) -> list[Any]:
    """The returned rows of those that were new; nothing is sent for no rows."""
    if not rows:
        return []
    return list(await conn.fetch(statement, generation, *(list(column) for column in zip(*rows, strict=True))))


async def time_zones(conn: Any, generation: int, squares: Sequence[UUID]) -> dict[UUID, str]:
    return {row["square_id"]: row["time_zone"] for row in await conn.fetch(ZONES, generation, squares)}


async def readings(
    conn: Any, counters: Sequence[UUID], first: int, after: int, received_until: int
) -> Iterator[ReadingRow]:
    rows = await conn.fetch(READINGS, counters, first, after, received_until)
    return (
        (row["counter_id"], *values)
        for row in rows
        for values in zip(
            row["starts"], row["received"], row["sequences"], row["counts_in"], row["counts_out"], strict=True
        )
    )


async def last_starts(conn: Any, counters: Sequence[UUID]) -> dict[UUID, int]:
    return {row["counter_id"]: row["start"] for row in await conn.fetch(LAST_STARTS, counters) if row["start"]}


async def memberships(conn: Any, square_id: UUID) -> dict[UUID, list[tuple[dt.date | None, dt.date | None]]]:
    """Per unit that was ever in the square: the stretches of dates in which it was."""
    return {
        row["unit_id"]: [
            (_date(first), _date(after)) for square, first, after in row["memberships"] if square == str(square_id)
        ]
        for row in await conn.fetch(UNITS, square_id)
    }


def _date(written: str | None) -> dt.date | None:
    return dt.date.fromisoformat(written) if written else None
