-- The house: squares, units with dated membership, spaces as a forest.
create table square (
    id uuid primary key,
    version bigint not null check (version > 0),
    name text not null,
    time_zone text not null,
    status text not null,
    staff_share text not null,
    settings_decision integer not null
);

create table unit (
    id uuid primary key,
    version bigint not null check (version > 0),
    square_id uuid not null references square (id),
    kind text not null,
    name text not null,
    -- [{square_id, valid_from, valid_to}], local dates, valid_to not included
    memberships jsonb not null
);
create index unit_by_square on unit (square_id);

create table space (
    id uuid primary key,
    version bigint not null check (version > 0),
    square_id uuid not null references square (id),
    parent_id uuid references space (id) check (parent_id <> id),
    unit_id uuid references unit (id),
    name text not null,
    capacity integer check (capacity >= 0),
    features text[] not null,
    floor text,
    bookable boolean not null,
    position integer not null,
    withdrawn boolean not null
);
create index space_by_square on space (square_id);
create index space_by_parent on space (parent_id) where parent_id is not null;

-- Every decision about opening hours is kept; the newest counts. periods null: none of its own any more.
create table hours (
    owner_kind text not null check (owner_kind in ('space', 'unit')),
    owner_id uuid not null,
    decision integer not null check (decision > 0),
    decided_at timestamptz not null,
    periods jsonb,
    primary key (owner_kind, owner_id, decision)
);
