-- What a unit offers. `state` is the contract's whole public state; the columns beside it are what is searched by.
create table activity (
    activity_id uuid primary key,
    version bigint not null check (version > 0),
    square_id uuid not null,
    unit_id uuid not null,
    state jsonb not null
);
create index activity_by_square on activity (square_id, unit_id);

create table occurrence (
    occurrence_id uuid primary key,
    version bigint not null check (version > 0),
    activity_id uuid not null references activity,
    square_id uuid not null,
    unit_id uuid not null,
    series_id uuid,
    booking_id uuid unique,
    starts_at timestamptz not null,
    ends_at timestamptz not null,
    status text not null,
    state jsonb not null,
    -- what the caller asked for when it was made, so that a repeat is told from another request
    asked jsonb not null,
    check (starts_at < ends_at)
);
create index occurrence_by_start on occurrence (square_id, starts_at);
create index occurrence_by_series on occurrence (series_id) where series_id is not null;

-- Who is where: a copy of what facility says of units, so that a foreign unit is refused without asking.
create table known_unit (
    unit_id uuid primary key,
    version bigint not null,
    square_id uuid not null,
    kind text not null
);
