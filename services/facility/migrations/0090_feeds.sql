-- A calendar kept elsewhere, or uploaded, that takes time of a room. `url` may hold a secret: it is never shown again.
-- `edition` counts readings: of two at once the later one goes on and the earlier one gives up.
create table feed (
    id uuid primary key,
    version integer not null check (version >= 1),
    square_id uuid not null references square (id),
    space_id uuid not null references space (id),
    unit_id uuid references unit (id),
    name text not null,
    kind text not null check (kind in ('file', 'address')),
    url text check ((url is not null) = (kind = 'address')),
    file_digest text check ((file_digest is not null) = (kind = 'file')),
    refresh_minutes integer not null check (refresh_minutes between 15 and 10080),
    override boolean not null,
    titles text not null check (titles in ('shown', 'hidden')),
    created_at timestamptz not null,
    withdrawn_at timestamptz,
    keep_bookings boolean not null default false,
    edition integer not null default 0,
    next_at timestamptz,
    tried_at timestamptz,
    good_at timestamptz,
    failures integer not null default 0,
    fault text,
    fault_status integer,
    broken_since timestamptz check ((broken_since is null) = (fault is null)),
    retry_at timestamptz,
    etag text,
    modified text,
    skipped jsonb not null default '[]',
    beyond integer not null default 0
);
create index feed_by_square on feed (square_id) where withdrawn_at is null;
create index feed_due on feed (next_at) where next_at is not null;

-- The last edition that could be read: what stays when the next one cannot.
create table feed_content (
    feed_id uuid primary key references feed (id),
    content bytea not null
);

-- A date of a calendar as its last edition has it, and what became of it. The id follows from feed, UID and recurrence
-- id. `made` counts its bookings: one that was cancelled is not brought back, a new one takes its place.
create table feed_date (
    id uuid primary key,
    feed_id uuid not null references feed (id),
    starts_at timestamptz not null,
    ends_at timestamptz not null check (starts_at < ends_at),
    title text,
    state text not null check (state in ('booked', 'refused', 'dismissed', 'gone')),
    booking_id uuid references booking (id),
    made integer not null default 0,
    reason text check ((reason is not null) = (state = 'refused')),
    blocking uuid[] not null default '{}',
    reasons jsonb not null default '[]',
    since timestamptz not null,
    tried_at timestamptz not null
);
create index feed_date_by_feed on feed_date (feed_id, starts_at);
