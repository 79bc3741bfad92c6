-- Bookings, what they occupy, series of them, and closures.
create extension if not exists btree_gist;

create table booking (
    id uuid primary key,
    version integer not null check (version >= 1),
    square_id uuid not null,
    space_ids uuid[] not null check (cardinality(space_ids) > 0),
    starts_at timestamptz not null,
    ends_at timestamptz not null,
    setup_minutes integer not null check (setup_minutes >= 0),
    teardown_minutes integer not null check (teardown_minutes >= 0),
    state text not null check (state in (
        'requested', 'held', 'confirmed', 'blocked', 'rejected', 'cancelled', 'released', 'expired', 'affected'
    )),
    state_before text check ((state_before is not null) = (state = 'affected')),
    hold_until timestamptz check (hold_until is not null or state <> 'held'),
    override boolean not null,
    title text,
    unit_id uuid,
    owner_ref text,
    series_id uuid,
    organiser_kind text,
    expected_people integer check (expected_people >= 0),
    reason_code text,
    closure_id uuid,
    blocking uuid[] not null,
    previous jsonb,
    asked jsonb not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    check (starts_at < ends_at and ends_at - starts_at <= interval '60 days')
);
create index booking_by_square on booking (square_id, starts_at);
create index booking_by_series on booking (series_id) where series_id is not null;
create index booking_holds on booking (hold_until) where state = 'held' or state_before = 'held';

-- The time a booking takes on each leaf under its spaces, setup and teardown included. That no two meet is kept here,
-- whatever the code above it does.
create table booking_leaf (
    booking_id uuid not null references booking (id),
    space_id uuid not null references space (id),
    during tstzrange not null check (
        not isempty(during)
        and lower(during) is not null and upper(during) is not null
        and not lower_inf(during) and not upper_inf(during)
        and lower_inc(during) and not upper_inc(during)
        and upper(during) - lower(during) <= interval '60 days'
    ),
    primary key (booking_id, space_id),
    constraint booking_leaf_never_overlaps exclude using gist (space_id with =, during with &&)
);

-- A series is kept with what became of each of its dates, so that asking again answers the same.
create table series (
    id uuid primary key,
    square_id uuid not null,
    asked jsonb not null,
    outcomes jsonb not null,
    created_at timestamptz not null
);

create table closure (
    id uuid primary key,
    version integer not null check (version >= 1),
    square_id uuid not null,
    unit_id uuid,
    space_ids uuid[] not null,
    whole_square boolean not null,
    starts_at timestamptz not null,
    ends_at timestamptz check (starts_at < ends_at),
    reason_code text not null,
    asked jsonb not null,
    declared_at timestamptz not null,
    lifted_at timestamptz,
    affected uuid[] not null,
    restored uuid[] not null,
    lost uuid[] not null
);
create index closure_by_square on closure (square_id, starts_at);

-- Only while the closure is in force. Its end may be unknown, and closures may lie on each other.
create table closure_leaf (
    closure_id uuid not null references closure (id),
    space_id uuid not null references space (id),
    during tstzrange not null check (not isempty(during) and not lower_inf(during)),
    primary key (closure_id, space_id)
);
create index closure_leaf_during on closure_leaf using gist (space_id, during);

-- Which bookings wait for which closure to be lifted.
create table displacement (
    closure_id uuid not null references closure (id),
    booking_id uuid not null references booking (id),
    primary key (closure_id, booking_id)
);
create index displacement_by_booking on displacement (booking_id);
