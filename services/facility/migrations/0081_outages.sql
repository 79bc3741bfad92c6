-- Something that access to rooms depends on is out of order, as the lift. Which rooms and bookings it hits follows from
-- their features and needs whenever it is asked, so nothing has to be cleared when it works again.
create table outage (
    id uuid primary key,
    version integer not null check (version >= 1),
    square_id uuid not null references square (id),
    feature text not null,
    starts_at timestamptz not null,
    ends_at timestamptz check (starts_at < ends_at),
    reason_code text not null,
    asked jsonb not null,
    declared_at timestamptz not null,
    ended_at timestamptz
);
create index outage_by_square on outage (square_id, starts_at);
