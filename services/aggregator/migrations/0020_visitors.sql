-- The facts that visitor figures follow from. Figures themselves are not stored: they are computed when asked for, so
-- nothing derived can go stale with the clock. Instants are microseconds since 1970, starts are minutes.

create table visitor_square (
    generation smallint not null,
    square_id uuid not null,
    version bigint not null,
    time_zone text not null,
    primary key (generation, square_id)
);

create table visitor_unit (
    generation smallint not null,
    unit_id uuid not null,
    version bigint not null,
    square_ids uuid[] not null,
    memberships jsonb not null, -- [[square, first date or null, first date after or null]]
    primary key (generation, unit_id)
);

create table visitor_hours (
    generation smallint not null,
    unit_id uuid not null,
    decision integer not null,
    decided_at bigint not null,
    periods jsonb,
    primary key (generation, unit_id, decision)
);

create table visitor_closure (
    generation smallint not null,
    closure_id uuid not null,
    version bigint not null,
    square_id uuid not null,
    unit_id uuid, -- null: the whole square
    starts_at bigint not null,
    ends_at bigint,
    declared_at bigint not null,
    lifted_at bigint,
    primary key (generation, closure_id)
);
create index visitor_closure_square on visitor_closure (generation, square_id);

create table visitor_settings (
    generation smallint not null,
    square_id uuid not null,
    decision integer not null,
    decided_at bigint not null,
    staff_share text not null,
    primary key (generation, square_id, decision)
);

create table visitor_counter (
    generation smallint not null,
    counter_id uuid not null,
    decision integer not null,
    decided_at bigint not null,
    square_id uuid not null,
    unit_id uuid,
    kind text not null,
    minutes smallint not null,
    swapped boolean not null,
    valid_from bigint,
    valid_to bigint,
    max_per_minute integer not null,
    feed text not null,
    primary key (generation, counter_id, decision)
);
create index visitor_counter_square on visitor_counter (generation, square_id);

create table visitor_correction (
    generation smallint not null,
    correction_id uuid not null,
    decision integer not null,
    decided_at bigint not null,
    square_id uuid not null,
    date date not null,
    mode text not null,
    door_visits integer,
    primary key (generation, correction_id, decision)
);
create index visitor_correction_square on visitor_correction (generation, square_id);

create table visitor_manual_count (
    generation smallint not null,
    manual_id uuid not null,
    decision integer not null,
    decided_at bigint not null,
    square_id uuid not null,
    unit_id uuid not null,
    date date not null,
    count integer not null,
    primary key (generation, manual_id, decision)
);
create index visitor_manual_count_square on visitor_manual_count (generation, square_id);

-- Every different reading, whichever of them counts; `received` is that of the first arrival.
create table visitor_reading (
    generation smallint not null,
    counter_id uuid not null,
    start integer not null,
    count_in bigint not null,
    count_out bigint not null,
    sequence bigint not null,
    received bigint not null,
    primary key (generation, counter_id, start, count_in, count_out, sequence)
);
