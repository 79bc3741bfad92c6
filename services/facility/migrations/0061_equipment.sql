-- Things that are carried from room to room: how many there are of each, where they belong, and who has them when.
create table equipment (
    id uuid primary key,
    version bigint not null check (version > 0),
    square_id uuid not null references square (id),
    unit_id uuid references unit (id),
    kind text not null,
    name text not null,
    count integer not null check (count > 0),
    unit_minutes integer not null check (unit_minutes between 0 and 1440),
    square_minutes integer not null check (square_minutes between 0 and 1440),
    withdrawn boolean not null
);
create index equipment_by_square on equipment (square_id);

-- `during` is the booking's occupied time with the way there and back.
create table equipment_use (
    booking_id uuid not null references booking (id),
    equipment_id uuid not null references equipment (id),
    count integer not null check (count > 0),
    during tstzrange not null check (
        not isempty(during)
        and lower(during) is not null and upper(during) is not null
        and not lower_inf(during) and not upper_inf(during)
        and upper(during) - lower(during) <= interval '62 days'
    ),
    primary key (booking_id, equipment_id)
);
create index equipment_use_during on equipment_use using gist (equipment_id, during);

-- That no more are away at once than there are is kept here, whatever the code above it does. The row of the equipment
-- is locked first, so two who take the last one wait for each other, and each then counts what is there.
create function equipment_never_runs_short() returns trigger language plpgsql as $$
declare
    there integer;
    away bigint;
begin
    select count into there from equipment where id = new.equipment_id for no key update;
    -- The most are away at an instant when somebody takes some.
    select max(taken) into away from (
        select (
            select sum(o.count) from equipment_use o
            where o.equipment_id = new.equipment_id and o.during @> lower(u.during)
        ) as taken
        from equipment_use u
        where u.equipment_id = new.equipment_id and u.during && new.during and lower(u.during) <@ new.during
        union all
        select sum(o.count) from equipment_use o
        where o.equipment_id = new.equipment_id and o.during @> lower(new.during)
    ) instants;
    if away > there then
        raise exception 'equipment % runs short: % of %', new.equipment_id, away, there
            using errcode = 'exclusion_violation', constraint = 'equipment_never_runs_short';
    end if;
    return null;
end $$;
create trigger equipment_never_runs_short after insert or update on equipment_use
    for each row execute function equipment_never_runs_short();

-- What a booking brings along: [{equipment_id, count}]. Null: nothing.
alter table booking add column equipment jsonb;
