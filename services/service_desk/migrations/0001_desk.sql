-- Enquiries of one desk at one square in one clock hour. `set_version`: the version at which the hour was last set as a
-- whole; single enquiries up to then are part of that sum and cannot be taken out of it.
create table desk_hour (
    unit_id uuid not null,
    square_id uuid not null,
    local_date date not null,
    hour smallint not null check (hour between 0 and 23),
    version bigint not null check (version > 0),
    set_version bigint not null default 0,
    state jsonb not null,
    primary key (unit_id, square_id, local_date, hour)
);
create index desk_hour_by_square on desk_hour (square_id, local_date, hour);

-- One tap at the desk, kept for a while so that a repeat is not counted and it can be undone. Says nothing of who asked.
create table enquiry (
    id uuid primary key,
    unit_id uuid not null,
    square_id uuid not null,
    local_date date not null,
    hour smallint not null,
    channel text not null,
    topic text not null,
    resolved boolean not null,
    asked jsonb not null,
    hour_version bigint not null,
    undone boolean not null default false,
    registered_at timestamptz not null
);
create index enquiry_by_age on enquiry (registered_at);

-- When a desk is staffed at a square, its own or another.
create table presence (
    id uuid primary key,
    version bigint not null check (version > 0),
    square_id uuid not null,
    unit_id uuid not null,
    starts_at timestamptz not null,
    ends_at timestamptz not null,
    status text not null,
    state jsonb not null,
    check (starts_at < ends_at)
);
create index presence_by_start on presence (square_id, starts_at, id);
create index presence_of_unit on presence (unit_id, starts_at);
