-- A counter as it stands; `version` is the number of its newest decision.
create table counter (
    counter_id uuid primary key,
    version integer not null check (version > 0),
    square_id uuid not null,
    unit_id uuid,
    kind text not null check (kind in ('outer', 'zone')),
    interval_minutes smallint not null check (interval_minutes in (5, 10, 15, 30, 60)),
    swapped boolean not null,
    valid_from timestamptz,
    valid_to timestamptz,
    max_per_minute integer not null check (max_per_minute >= 0),
    feed text not null check (feed in ('interval', 'beam', 'cumulative')),
    decided_at timestamptz not null,
    check (kind = 'outer' or unit_id is not null),
    check (valid_from < valid_to)
);
create index counter_square on counter (square_id);

-- Every different reading that ever arrived, never changed but for an earlier arrival of the same.
create table reading (
    counter_id uuid not null references counter,
    start timestamptz not null,
    count_in bigint not null check (count_in >= 0),
    count_out bigint not null check (count_out >= 0),
    sequence bigint not null check (sequence >= 0),
    received_at timestamptz not null,
    primary key (counter_id, start, count_in, count_out, sequence)
);

-- The version of each interval's event, so that subject versions have no gap.
create table recorded_interval (
    counter_id uuid not null,
    start timestamptz not null,
    version integer not null,
    primary key (counter_id, start)
);
