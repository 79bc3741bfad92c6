-- An instant as its square writes it: 2026-11-24T10:00:00+01:00.
create function written(at timestamptz, zone text) returns text language sql stable parallel safe
return (
    select to_char(local, 'YYYY-MM-DD"T"HH24:MI:SS')
        || case when ahead < interval '0' then '-' else '+' end
        || to_char(greatest(ahead, -ahead), 'HH24:MI')
    from (select at at time zone zone as local, (at at time zone zone) - (at at time zone 'UTC') as ahead) as clock
);

-- What every item says of its time, as JSON members.
create function written_times(starts_at timestamptz, ends_at timestamptz, zone text) returns text
language sql stable parallel safe
return '"starts_at":"' || written(starts_at, zone) || '","ends_at":"' || written(ends_at, zone)
    || '","local_date":"' || to_char(starts_at at time zone zone, 'YYYY-MM-DD')
    || '","local_start":"' || to_char(starts_at at time zone zone, 'HH24:MI')
    || '","local_end":"' || to_char(ends_at at time zone zone, 'HH24:MI') || '"';

-- The zone in which a square's local dates are reckoned; items may arrive before their square.
create table calendar_square (
    generation smallint not null,
    square_id uuid not null,
    version bigint not null,
    time_zone text not null,
    primary key (generation, square_id)
);

-- `item` is the item as JSON without its closing brace; local times and the booking are added when a day is put together.
create table calendar_occurrence (
    generation smallint not null,
    id uuid not null,
    version bigint not null,
    square_id uuid not null,
    starts_at timestamptz not null,
    ends_at timestamptz not null,
    first_date date not null,
    last_date date not null,
    space_ids text not null,
    booking_id uuid,
    item text not null,
    primary key (generation, id)
);
create index calendar_occurrence_date on calendar_occurrence (generation, square_id, first_date);
create index calendar_occurrence_long on calendar_occurrence (generation, square_id, first_date)
    where last_date > first_date;

-- `owner_id` is the occurrence a booking was made for; `folded` is what its item then says of the booking.
create table calendar_booking (
    generation smallint not null,
    id uuid not null,
    version bigint not null,
    square_id uuid not null,
    starts_at timestamptz not null,
    ends_at timestamptz not null,
    first_date date not null,
    last_date date not null,
    space_ids text not null,
    occupying boolean not null,
    owner_id uuid,
    folded text not null,
    item text not null,
    primary key (generation, id)
);
create index calendar_booking_date on calendar_booking (generation, square_id, first_date);
create index calendar_booking_long on calendar_booking (generation, square_id, first_date)
    where last_date > first_date;
create index calendar_booking_owner on calendar_booking (generation, owner_id) where owner_id is not null;

-- Emergency closures; `ends_at` is when it ended or will end, null while nobody knows.
create table calendar_closure (
    generation smallint not null,
    id uuid not null,
    version bigint not null,
    square_id uuid not null,
    starts_at timestamptz not null,
    ends_at timestamptz,
    item jsonb not null,
    primary key (generation, id)
);
create index calendar_closure_square on calendar_closure (generation, square_id);

-- The newest decision about each unit's opening hours.
create table calendar_hours (
    generation smallint not null,
    unit_id uuid not null,
    decision integer not null,
    square_id uuid not null,
    periods jsonb,
    primary key (generation, unit_id)
);

-- The items of a square's local date, ready to be sent: derived. A stale row is put together anew by whoever reads it.
create table calendar_day (
    generation smallint not null,
    square_id uuid not null,
    local_date date not null,
    items text not null,
    stale boolean not null,
    primary key (generation, square_id, local_date)
) with (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.05);
create index calendar_day_stale on calendar_day (generation, square_id, local_date) where stale;

-- A booking made for an occurrence is shown in the occurrence's item: when the occurrence names it, or when it no longer
-- occupies anything. Until then (a hold its occurrence does not know yet) it stands by itself.
create function calendar_items(of_generation smallint, of_square uuid, of_date date) returns text language sql stable
begin atomic
    with zone as (
        select coalesce(
            (select time_zone from calendar_square where generation = of_generation and square_id = of_square),
            'Europe/Oslo'
        ) as name
    ),
    occurrence as (
        select * from calendar_occurrence
        where generation = of_generation and square_id = of_square and first_date = of_date
        union all
        select * from calendar_occurrence
        where generation = of_generation and square_id = of_square and last_date > first_date
            and first_date < of_date and first_date >= of_date - 61 and last_date >= of_date
    ),
    booking as (
        select * from calendar_booking
        where generation = of_generation and square_id = of_square and first_date = of_date
        union all
        select * from calendar_booking
        where generation = of_generation and square_id = of_square and last_date > first_date
            and first_date < of_date and first_date >= of_date - 61 and last_date >= of_date
    ),
    shown as (
        select o.starts_at, 1 as rank, o.id, o.item || ',' || written_times(o.starts_at, o.ends_at, zone.name)
            || coalesce(',' || b.folded || case
                when (b.starts_at, b.ends_at, b.space_ids) is distinct from (o.starts_at, o.ends_at, o.space_ids)
                then ',"booking_elsewhere":{' || written_times(b.starts_at, b.ends_at, zone.name)
                    || ',"space_ids":' || b.space_ids || '}'
                else '' end, '') || '}' as item
        from occurrence as o
        cross join zone
        left join calendar_booking as b
            on b.generation = of_generation and b.id = o.booking_id and b.owner_id = o.id
        union all
        select b.starts_at, 2, b.id, b.item || ',' || written_times(b.starts_at, b.ends_at, zone.name) || '}'
        from booking as b
        cross join zone
        left join calendar_occurrence as o
            on o.generation = of_generation and o.id = b.owner_id and o.square_id = b.square_id
        where o.id is null or (o.booking_id is distinct from b.id and b.occupying)
    )
    select coalesce(string_agg(item, ',' order by starts_at, rank, id), '') from shown;
end;
