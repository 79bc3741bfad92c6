-- Shifts as they are told: counts only.
create table shift (
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
create index shift_by_start on shift (square_id, starts_at, id);
create index shift_open on shift (starts_at) where status = 'open';

-- The one place in the whole house where a volunteer has a name. No check looks at personal columns: what a broken one
-- says holds the row. `clearance`: that a police certificate was shown, when and to which role, never the certificate.
create table volunteer (
    id uuid primary key,
    version bigint not null check (version > 0),
    square_id uuid not null,
    unit_id uuid not null,
    name text,
    phone text,
    clearance_shown_on date,
    clearance_seen_by text,
    erased_at timestamptz
);
create index volunteer_of_unit on volunteer (unit_id, id);

-- Who takes which shift; gone 30 days after the shift, when its counts are all that is left.
create table sign_up (
    id uuid primary key,
    shift_id uuid not null references shift,
    volunteer_id uuid not null references volunteer,
    withdrawn boolean not null default false,
    signed_up_at timestamptz not null
);
create unique index sign_up_once on sign_up (shift_id, volunteer_id) where not withdrawn;
create index sign_up_of_volunteer on sign_up (volunteer_id);
