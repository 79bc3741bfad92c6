"""All SQL of the calendar. What changes rows answers with the days that are to be put together anew."""

# A name PostgreSQL does not know would make every day of the square fail.
SAVE_SQUARES = """
with incoming as (
    select i.square_id, i.version, coalesce(known.name, 'Europe/Oslo') as time_zone
    from unnest($2::uuid[], $3::bigint[], $4::text[]) as i (square_id, version, time_zone)
    left join pg_timezone_names as known on known.name = i.time_zone
),
before as (
    select square_id, time_zone from calendar_square where generation = $1 and square_id = any($2::uuid[])
),
saved as (
    insert into calendar_square (generation, square_id, version, time_zone)
    select $1, square_id, version, time_zone from incoming order by square_id
    on conflict (generation, square_id) do update set version = excluded.version, time_zone = excluded.time_zone
    where excluded.version > calendar_square.version
    returning square_id, time_zone
)
select saved.square_id, saved.time_zone
from saved left join before using (square_id)
where saved.time_zone <> coalesce(before.time_zone, 'Europe/Oslo')
"""

# After a square has moved to another zone: its items lie on other local dates.
REDATE = """
with days as (
    update calendar_day set stale = true where generation = $1 and square_id = $2
),
occurrences as (
    update calendar_occurrence set
        first_date = (starts_at at time zone $3)::date,
        last_date = ((ends_at - interval '1 microsecond') at time zone $3)::date
    where generation = $1 and square_id = $2
    returning first_date, last_date
),
bookings as (
    update calendar_booking set
        first_date = (starts_at at time zone $3)::date,
        last_date = ((ends_at - interval '1 microsecond') at time zone $3)::date
    where generation = $1 and square_id = $2
    returning first_date, last_date
),
entries as (
    update calendar_entry set
        first_date = (starts_at at time zone $3)::date,
        last_date = ((ends_at - interval '1 microsecond') at time zone $3)::date
    where generation = $1 and square_id = $2
    returning first_date, last_date
),
busy as (
    update calendar_busy set
        first_date = (select min((at at time zone $3)::date) from unnest(starts) as at),
        last_date = (select max(((at - interval '1 microsecond') at time zone $3)::date) from unnest(ends) as at)
    where generation = $1 and square_id = $2 and first_date is not null
    returning first_date, last_date
),
dates as (
    select distinct first_date + n as local_date
    from (
        select * from occurrences union select * from bookings union select * from entries union select * from busy
    ) as item
    cross join generate_series(0, last_date - first_date) as n
)
select array_agg(local_date) as dates from dates
"""

# Upserts and answers with the days the change touches: those of the row before and after, and of the booking or
# occurrence it is shown with.
SAVE_OCCURRENCES = """
with incoming as (
    select i.*, coalesce(s.time_zone, 'Europe/Oslo') as zone
    from unnest($2::uuid[], $3::bigint[], $4::uuid[], $5::timestamptz[], $6::timestamptz[], $7::text[], $8::uuid[],
                $9::text[]) as i (id, version, square_id, starts_at, ends_at, space_ids, booking_id, item)
    left join calendar_square as s on s.generation = $1 and s.square_id = i.square_id
),
saved as (
    insert into calendar_occurrence as o
    select $1, id, version, square_id, starts_at, ends_at, (starts_at at time zone zone)::date,
           ((ends_at - interval '1 microsecond') at time zone zone)::date, space_ids, booking_id, item
    from incoming order by id
    on conflict (generation, id) do update set
        version = excluded.version, square_id = excluded.square_id, starts_at = excluded.starts_at,
        ends_at = excluded.ends_at, first_date = excluded.first_date, last_date = excluded.last_date,
        space_ids = excluded.space_ids, booking_id = excluded.booking_id, item = excluded.item
    where excluded.version > o.version
    returning new.id, new.square_id, new.first_date, new.last_date,
        old.square_id as was_square, old.first_date as was_first, old.last_date as was_last
),
partner as (
    select b.square_id, b.first_date, b.last_date
    from saved join calendar_booking as b on b.generation = $1 and b.owner_id = saved.id
),
touched as (
    select square_id, first_date, last_date from saved
    union select was_square, was_first, was_last from saved where was_square is not null
    union select square_id, first_date, last_date from partner
)
select t.square_id, array_agg(distinct t.first_date + n) as dates,
       (select array_agg(id::text) from saved where saved.square_id = t.square_id) as ids
from touched as t cross join generate_series(0, t.last_date - t.first_date) as n
group by t.square_id order by t.square_id
"""
SAVE_BOOKINGS = """
with incoming as (
    select i.*, coalesce(s.time_zone, 'Europe/Oslo') as zone
    from unnest($2::uuid[], $3::bigint[], $4::uuid[], $5::timestamptz[], $6::timestamptz[], $7::text[],
                $8::boolean[], $9::uuid[], $10::text[], $11::text[], $12::boolean[])
        as i (id, version, square_id, starts_at, ends_at, space_ids, occupying, owner_id, folded, item, for_busy)
    left join calendar_square as s on s.generation = $1 and s.square_id = i.square_id
),
saved as (
    insert into calendar_booking as b
    select $1, id, version, square_id, starts_at, ends_at, (starts_at at time zone zone)::date,
           ((ends_at - interval '1 microsecond') at time zone zone)::date, space_ids, occupying, owner_id, folded, item,
           for_busy
    from incoming order by id
    on conflict (generation, id) do update set
        version = excluded.version, square_id = excluded.square_id, starts_at = excluded.starts_at,
        ends_at = excluded.ends_at, first_date = excluded.first_date, last_date = excluded.last_date,
        space_ids = excluded.space_ids, occupying = excluded.occupying, owner_id = excluded.owner_id,
        folded = excluded.folded, item = excluded.item, for_busy = excluded.for_busy
    where excluded.version > b.version
    returning new.id, new.square_id, new.first_date, new.last_date, new.owner_id,
        old.square_id as was_square, old.first_date as was_first, old.last_date as was_last, old.owner_id as was_owner
),
partner as (
    select o.square_id, o.first_date, o.last_date
    from (select owner_id from saved union select was_owner from saved) as owner
    join calendar_occurrence as o on o.generation = $1 and o.id = owner.owner_id
),
touched as (
    select square_id, first_date, last_date from saved
    union select was_square, was_first, was_last from saved where was_square is not null
    union select square_id, first_date, last_date from partner
)
select t.square_id, array_agg(distinct t.first_date + n) as dates,
       (select array_agg(id::text) from saved where saved.square_id = t.square_id) as ids
from touched as t cross join generate_series(0, t.last_date - t.first_date) as n
group by t.square_id order by t.square_id
"""
SAVE_ENTRIES = """
with incoming as (
    select i.*, coalesce(s.time_zone, 'Europe/Oslo') as zone
    from unnest($2::text[], $3::uuid[], $4::bigint[], $5::uuid[], $6::timestamptz[], $7::timestamptz[], $8::text[])
        as i (kind, id, version, square_id, starts_at, ends_at, item)
    left join calendar_square as s on s.generation = $1 and s.square_id = i.square_id
),
saved as (
    insert into calendar_entry as e
    select $1, kind, id, version, square_id, starts_at, ends_at, (starts_at at time zone zone)::date,
           ((ends_at - interval '1 microsecond') at time zone zone)::date, item
    from incoming order by kind, id
    on conflict (generation, kind, id) do update set
        version = excluded.version, square_id = excluded.square_id, starts_at = excluded.starts_at,
        ends_at = excluded.ends_at, first_date = excluded.first_date, last_date = excluded.last_date,
        item = excluded.item
    where excluded.version > e.version
    returning new.id, new.square_id, new.first_date, new.last_date,
        old.square_id as was_square, old.first_date as was_first, old.last_date as was_last
),
touched as (
    select square_id, first_date, last_date from saved
    union select was_square, was_first, was_last from saved where was_square is not null
)
select t.square_id, array_agg(distinct t.first_date + n) as dates,
       (select array_agg(id::text) from saved where saved.square_id = t.square_id) as ids
from touched as t cross join generate_series(0, t.last_date - t.first_date) as n
group by t.square_id order by t.square_id
"""
# Blocks travel as text, since an array of lists would be taken for a table of more dimensions. What is said again of a
# room and date without any change touches no day.
SAVE_BUSY = """
with incoming as (
    select i.space_id, i.local_date, i.version, i.square_id, b.*
    from unnest($2::uuid[], $3::date[], $4::bigint[], $5::uuid[], $6::text[])
        as i (space_id, local_date, version, square_id, blocks)
    left join calendar_square as s on s.generation = $1 and s.square_id = i.square_id
    cross join lateral (
        select coalesce(array_agg(starts_at order by n), '{}') as starts,
            coalesce(array_agg(ends_at order by n), '{}') as ends, coalesce(array_agg(item order by n), '{}') as items,
            min((starts_at at time zone zone)::date) as first_date,
            max(((ends_at - interval '1 microsecond') at time zone zone)::date) as last_date
        from (
            select (block ->> 0)::timestamptz as starts_at, (block ->> 1)::timestamptz as ends_at, block ->> 2 as item,
                n, coalesce(s.time_zone, 'Europe/Oslo') as zone
            from jsonb_array_elements(i.blocks::jsonb) with ordinality as listed (block, n)
        ) as block
    ) as b
),
saved as (
    insert into calendar_busy as y
    select $1, space_id, local_date, version, square_id, starts, ends, items, first_date, last_date
    from incoming order by space_id, local_date
    on conflict (generation, space_id, local_date) do update set
        version = excluded.version, square_id = excluded.square_id, starts = excluded.starts, ends = excluded.ends,
        items = excluded.items, first_date = excluded.first_date, last_date = excluded.last_date
    where excluded.version > y.version
    returning new.square_id, new.first_date, new.last_date, new.items, new.ends,
        old.square_id as was_square, old.first_date as was_first, old.last_date as was_last,
        old.items as had_items, old.ends as had_ends
),
changed as (
    select * from saved where (square_id, ends, items) is distinct from (was_square, had_ends, had_items)
),
touched as (
    select square_id, first_date, last_date from changed where first_date is not null
    union select was_square, was_first, was_last from changed where was_first is not null
)
select t.square_id, array_agg(distinct t.first_date + n) as dates, null::text[] as ids
from touched as t cross join generate_series(0, t.last_date - t.first_date) as n
group by t.square_id order by t.square_id
"""
SAVE_CLOSURES = """
insert into calendar_closure as c
select $1, id, version, square_id, starts_at, ends_at, item::jsonb
from unnest($2::uuid[], $3::bigint[], $4::uuid[], $5::timestamptz[], $6::timestamptz[], $7::text[])
    as i (id, version, square_id, starts_at, ends_at, item)
on conflict (generation, id) do update set
    version = excluded.version, square_id = excluded.square_id, starts_at = excluded.starts_at,
    ends_at = excluded.ends_at, item = excluded.item
where excluded.version > c.version
returning id, square_id
"""
# With the date on which the two begin to meet.
SAVE_NOISE = """
with said as (
    select * from unnest($2::uuid[], $3::bigint[], $4::uuid[], $5::timestamptz[])
        as i (conflict_id, version, square_id, starts_at)
), saved as (
    insert into calendar_noise as n
    select $1, conflict_id, version, square_id from said order by conflict_id
    on conflict (generation, conflict_id) do update set version = excluded.version, square_id = excluded.square_id
    where excluded.version > n.version
    returning n.conflict_id
)
select i.square_id, array_agg(i.conflict_id::text order by i.conflict_id) as ids,
    array_agg(distinct (i.starts_at at time zone coalesce(q.time_zone, 'Europe/Oslo'))::date) as dates
from saved join said i using (conflict_id)
left join calendar_square q on q.generation = $1 and q.square_id = i.square_id
group by i.square_id order by i.square_id
"""
# Decisions are subjects of their own, so one owner's may come in any order: the highest number stands.
SAVE_HOURS = """
insert into calendar_hours as h
select $1, unit_id, decision, square_id, periods::jsonb
from unnest($2::uuid[], $3::integer[], $4::uuid[], $5::text[]) as i (unit_id, decision, square_id, periods)
on conflict (generation, unit_id) do update set
    decision = excluded.decision, square_id = excluded.square_id, periods = excluded.periods
where excluded.decision > h.decision
returning square_id
"""

MARK_STALE = """
insert into calendar_day as d (generation, square_id, local_date, items, stale)
select $1, square_id, local_date, '', true from unnest($2::uuid[], $3::date[]) as t (square_id, local_date)
order by square_id, local_date
on conflict (generation, square_id, local_date) do update set stale = true where not d.stale
"""
STALE = """
select array_agg(square_id) as squares, array_agg(local_date) as dates from (
    select square_id, local_date from calendar_day where generation = $1 and stale
    order by square_id, local_date limit $2
) as due
"""
# A day that has nothing any more leaves no trace: a rebuild would never have known it.
PUT_TOGETHER = """
with fresh as materialized (select * from calendar_days($1, $2::uuid[], $3::date[])),
gone as (
    delete from calendar_day as d using fresh
    where d.generation = $1 and d.square_id = fresh.square_id and d.local_date = fresh.local_date and fresh.items = ''
)
update calendar_day as d set stale = false, items = fresh.items
from fresh
where d.generation = $1 and d.square_id = fresh.square_id and d.local_date = fresh.local_date and fresh.items <> ''
"""
