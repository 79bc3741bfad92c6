-- What the units have beside their programme: shifts, meals, the desk's presence. Each is a subject of its own kind.
create table calendar_entry (
    generation smallint not null,
    kind text not null,
    id uuid not null,
    version bigint not null,
    square_id uuid not null,
    starts_at timestamptz not null,
    ends_at timestamptz not null,
    first_date date not null,
    last_date date not null,
    item text not null,
    primary key (generation, kind, id)
);
create index calendar_entry_date on calendar_entry (generation, square_id, first_date);
create index calendar_entry_long on calendar_entry (generation, square_id, first_date) where last_date > first_date;

-- When a health station's room is busy: all blocks that begin on one date, in order. No dates where there are none.
create table calendar_busy (
    generation smallint not null,
    space_id uuid not null,
    local_date date not null,
    version bigint not null,
    square_id uuid not null,
    starts timestamptz[] not null,
    ends timestamptz[] not null,
    items text[] not null,
    first_date date,
    last_date date,
    primary key (generation, space_id, local_date)
);
create index calendar_busy_date on calendar_busy (generation, square_id, first_date);
create index calendar_busy_long on calendar_busy (generation, square_id, first_date) where last_date > first_date;

-- A booking that only keeps the room taken for a busy block.
alter table calendar_booking add column for_busy boolean not null default false;

-- Whether a busy block says of every space named that it is taken all that time.
create function is_within_busy(
    of_generation smallint, of_square uuid, spaces text, starts_at timestamptz, ends_at timestamptz, first_date date
) returns boolean language sql stable
return not exists (
    select from jsonb_array_elements_text(spaces::jsonb) as named (space_id)
    where not exists (
        select from calendar_busy as y cross join unnest(y.starts, y.ends) as block (starts_at, ends_at)
        where y.generation = of_generation and y.space_id = named.space_id::uuid and y.square_id = of_square
            and y.local_date between $6 - 66 and $6 + 2 and block.starts_at <= $4 and block.ends_at >= $5
    )
);

-- A booking made for an occurrence is shown in the occurrence's item: when the occurrence names it, or when it no longer
-- occupies anything. Until then (a hold its occurrence does not know yet) it stands by itself. One made for a busy block
-- stands by itself only while it takes more than the block does.
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
    entry as (
        select a.local_date, a.zone, e.*
        from asked as a
        join calendar_entry as e
            on e.generation = of_generation and e.square_id = a.square_id and e.first_date = a.local_date
        union all
        select a.local_date, a.zone, e.*
        from asked as a
        join calendar_entry as e
            on e.generation = of_generation and e.square_id = a.square_id and e.last_date > e.first_date
            and e.first_date < a.local_date and e.first_date >= a.local_date - 61 and e.last_date >= a.local_date
    ),
    busy as (
        select a.local_date, a.zone, y.square_id, y.space_id, y.starts, y.ends, y.items
        from asked as a
        join calendar_busy as y
            on y.generation = of_generation and y.square_id = a.square_id and y.first_date = a.local_date
        union all
        select a.local_date, a.zone, y.square_id, y.space_id, y.starts, y.ends, y.items
        from asked as a
        join calendar_busy as y
            on y.generation = of_generation and y.square_id = a.square_id and y.last_date > y.first_date
            and y.first_date < a.local_date and y.first_date >= a.local_date - 66 and y.last_date >= a.local_date
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
        where case
            when b.for_busy then b.occupying and not is_within_busy(
                of_generation, b.square_id, b.space_ids, b.starts_at, b.ends_at, b.first_date
            )
            else o.id is null or o.square_id <> b.square_id or (o.booking_id is distinct from b.id and b.occupying)
        end
        union all
        select y.square_id, y.local_date, block.starts_at, 3, y.space_id,
            block.item || ',' || written_times(block.starts_at, block.ends_at, y.zone) || '}'
        from busy as y cross join unnest(y.starts, y.ends, y.items) as block (starts_at, ends_at, item)
        where (block.starts_at at time zone y.zone)::date <= y.local_date
            and ((block.ends_at - interval '1 microsecond') at time zone y.zone)::date >= y.local_date
        union all
        select e.square_id, e.local_date, e.starts_at, 4, e.id,
            e.item || ',' || written_times(e.starts_at, e.ends_at, e.zone) || '}'
        from entry as e
    )
    select a.square_id, a.local_date,
        coalesce(string_agg(s.item, ',' order by s.starts_at, s.rank, s.id, s.item collate "C"), '')
    from asked as a
    left join shown as s on s.square_id = a.square_id and s.local_date = a.local_date
    group by a.square_id, a.local_date;
end;

-- A house that ran before these kinds were shown reads the log again for them, beside the view people look at.
insert into rebuild as r (view, generation, state, started_at)
select name, generation + 1, 'running', now() from projection where name = 'calendar' and generation > 0
on conflict (view) do update set generation = excluded.generation, state = 'running', done = 0, total = 0,
    started_at = excluded.started_at, finished_at = null, reason = null;
