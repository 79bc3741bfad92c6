-- What people say about figures. Records of their own, never changed: a later one takes the place of an earlier.
create table correction (
    correction_id uuid primary key,
    square_id uuid not null,
    date date not null,
    mode text not null check (mode in ('staffed', 'self_service')),
    door_visits integer check (door_visits >= 0),
    reason text not null,
    decision integer not null,
    decided_at timestamptz not null,
    decided_by text not null,
    unique (square_id, date, mode, decision)
);

create table manual_count (
    manual_id uuid primary key,
    square_id uuid not null,
    unit_id uuid not null,
    date date not null,
    count integer not null check (count >= 0),
    decision integer not null,
    decided_at timestamptz not null,
    decided_by text not null,
    unique (unit_id, date, decision)
);
