-- When something was last published; the row is locked meanwhile, so that one process publishes at a time.
create table cadence (
    only_row boolean primary key default true check (only_row),
    published_at timestamptz
);
insert into cadence default values;

-- Days of rooms whose appointments changed since.
create table touched_day (
    space_id uuid not null,
    local_date date not null,
    primary key (space_id, local_date)
);

-- What was published of a room's day. `unsettled`: its bookings at facility may not be one for each block; `tried_at` is
-- the quarter of an hour in which that was last looked into, `troubles` the blocks that facility refused and why.
create table room_day (
    space_id uuid not null references room,
    local_date date not null,
    version bigint not null check (version > 0),
    unit_id uuid not null,
    square_id uuid not null,
    blocks jsonb not null,
    unsettled boolean not null,
    tried_at timestamptz,
    troubles jsonb not null default '[]',
    primary key (space_id, local_date)
);
create index room_day_by_unit on room_day (unit_id, local_date, space_id);
create index room_day_unsettled on room_day (local_date, space_id) where unsettled;

-- The bookings that keep the blocks taken, numbered as they are made.
create table block_booking (
    booking_id uuid primary key,
    space_id uuid not null,
    local_date date not null,
    number integer not null check (number > 0),
    starts_at timestamptz not null,
    ends_at timestamptz not null,
    is_over boolean not null default false,
    unique (space_id, local_date, number)
);
