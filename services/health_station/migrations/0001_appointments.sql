-- What facility says of rooms, as far as appointments need it: a copy, so that no appointment waits for another service.
create table known_space (
    space_id uuid primary key,
    version bigint not null,
    square_id uuid not null,
    unit_id uuid,
    withdrawn boolean not null
);

-- The rooms of each health station: one that nobody has belongs to the first that takes appointments there.
create table room (
    space_id uuid primary key,
    unit_id uuid not null,
    square_id uuid not null
);
create index room_by_unit on room (unit_id);

-- Where, when and of what kind: nothing about whom. Rows never leave this schema.
create table appointment (
    appointment_id uuid primary key,
    version bigint not null check (version > 0),
    unit_id uuid not null,
    space_id uuid not null references room,
    starts_at timestamptz not null,
    ends_at timestamptz not null,
    kind text not null,
    state text not null check (state in ('booked', 'cancelled')),
    -- the day of the health record it came with; null for one made by hand
    record_date date,
    check (starts_at < ends_at and ends_at - starts_at <= interval '24 hours')
);
create index appointment_by_room on appointment (space_id, starts_at);
create index appointment_by_unit on appointment (unit_id, starts_at, appointment_id);
create index appointment_by_record on appointment (space_id, record_date) where record_date is not null;

-- Up to when the health record has told of a room's day.
create table record_day (
    space_id uuid not null references room,
    local_date date not null,
    as_of timestamptz not null,
    primary key (space_id, local_date)
);

-- What a health record signs in with: the secret is not here, only what tells it again.
create table record_token (
    token_id uuid primary key,
    unit_id uuid not null,
    hash bytea not null unique,
    issued_at timestamptz not null,
    revoked_at timestamptz
);
create index record_token_by_unit on record_token (unit_id);
