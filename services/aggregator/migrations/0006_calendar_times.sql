-- Written without a subselect, so that it is part of the statement that uses it instead of a call for every item.
create or replace function written(at timestamptz, zone text) returns text language sql stable parallel safe
return to_char(at at time zone zone, 'YYYY-MM-DD"T"HH24:MI:SS')
    || case when at at time zone zone < at at time zone 'UTC' then '-' else '+' end
    || to_char(greatest(
        (at at time zone zone) - (at at time zone 'UTC'), (at at time zone 'UTC') - (at at time zone zone)
    ), 'HH24:MI');

-- As before, but an owner is looked up by its id alone: where nothing is known of a table yet, the index by square looks
-- as good as the key and is not.

-- A booking made for an occurrence is shown in the occurrence's item: when the occurrence names it, or when it no longer
-- occupies anything. Until then (a hold its occurrence does not know yet) it stands by itself.
create or replace function calendar_days(of_generation smallint, of_squares uuid[], of_dates date[])
returns table (square_id uuid, local_date date, items text)
language sql stable set plan_cache_mode = force_custom_plan
begin atomic
    with asked as materialized (
        select a.square_id, a.local_date, coalesce(s.time_zone, 'Europe/Oslo') as zone
        from unnest(of_squares, of_dates) as a (square_id, local_date)
        left join calendar_square as s on s.generation = of_generation and s.square_id = a.square_id
    ),
    occurrence as (
        select a.local_date, a.zone, o.*
        from asked as a
        join calendar_occurrence as o
            on o.generation = of_generation and o.square_id = a.square_id and o.first_date = a.local_date
        union all
        select a.local_date, a.zone, o.*
        from asked as a
        join calendar_occurrence as o
            on o.generation = of_generation and o.square_id = a.square_id and o.last_date > o.first_date
            and o.first_date < a.local_date and o.first_date >= a.local_date - 61 and o.last_date >= a.local_date
    ),
    booking as (
        select a.local_date, a.zone, b.*
        from asked as a
        join calendar_booking as b
            on b.generation = of_generation and b.square_id = a.square_id and b.first_date = a.local_date
        union all
        select a.local_date, a.zone, b.*
        from asked as a
        join calendar_booking as b
            on b.generation = of_generation and b.square_id = a.square_id and b.last_date > b.first_date
            and b.first_date < a.local_date and b.first_date >= a.local_date - 61 and b.last_date >= a.local_date
    ),
    shown as (
        select o.square_id, o.local_date, o.starts_at, 1 as rank, o.id,
            o.item || ',' || written_times(o.starts_at, o.ends_at, o.zone) || coalesce(',' || b.folded || case
                when (b.starts_at, b.ends_at, b.space_ids) is distinct from (o.starts_at, o.ends_at, o.space_ids)
                then ',"booking_elsewhere":{' || written_times(b.starts_at, b.ends_at, o.zone)
                    || ',"space_ids":' || b.space_ids || '}'
                else '' end, '') || '}' as item
        from occurrence as o
        left join calendar_booking as b
            on b.generation = of_generation and b.id = o.booking_id and b.owner_id = o.id
        union all
        select b.square_id, b.local_date, b.starts_at, 2, b.id,
            b.item || ',' || written_times(b.starts_at, b.ends_at, b.zone) || '}'
        from booking as b
        left join calendar_occurrence as o on o.generation = of_generation and o.id = b.owner_id
        where o.id is null or o.square_id <> b.square_id or (o.booking_id is distinct from b.id and b.occupying)
    )
    select a.square_id, a.local_date, coalesce(string_agg(s.item, ',' order by s.starts_at, s.rank, s.id), '')
    from asked as a
    left join shown as s on s.square_id = a.square_id and s.local_date = a.local_date
    group by a.square_id, a.local_date;
end;
