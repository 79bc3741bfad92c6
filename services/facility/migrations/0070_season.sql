-- Seasons of allocation: applications for weekly times, plans, what was changed by hand, decisions and what came of them.
create table season (
    id uuid primary key,
    version integer not null check (version >= 1),
    square_ids uuid[] not null check (cardinality(square_ids) > 0),
    name text not null,
    first_date date not null,
    last_date date not null check (last_date between first_date and first_date + 399),
    deadline timestamptz not null,
    -- the body that made it, with all that is published before anybody applies
    asked jsonb not null,
    state text not null check (state in ('draft', 'open', 'closed', 'proposed', 'decided', 'allocated')),
    -- how often applications or changes by hand came in: a plan made from fewer is outdated
    inputs integer not null check (inputs >= 0),
    -- drawn when it closes, and never again
    seed text check (seed is not null or state in ('draft', 'open')),
    run integer not null check (run >= 0),
    created_at timestamptz not null,
    updated_at timestamptz not null,
    decided_at timestamptz check (decided_at is not null or state not in ('decided', 'allocated')),
    allocated_at timestamptz check (allocated_at is not null or state <> 'allocated')
);
create index season_by_square on season using gin (square_ids);

create table season_application (
    id uuid primary key,
    season_id uuid not null references season (id),
    version integer not null check (version >= 1),
    -- the body as it was sent, with its wishes
    asked jsonb not null,
    state text not null check (state in ('registered', 'withdrawn')),
    state_reason text,
    late_reason text,
    late_counts text not null check (late_counts in ('last', 'as_in_time')),
    registered_at timestamptz not null,
    updated_at timestamptz not null
);
create index season_application_by_season on season_application (season_id, registered_at, id);

create table season_change (
    id uuid primary key,
    number bigint generated always as identity,
    season_id uuid not null references season (id),
    application_id uuid not null references season_application (id),
    wish integer not null check (wish >= 1),
    asked jsonb not null,
    made_at timestamptz not null,
    made_by text not null,
    withdrawn_at timestamptz,
    withdrawn_because text check ((withdrawn_because is null) = (withdrawn_at is null))
);
create unique index season_change_of_wish on season_change (application_id, wish) where withdrawn_at is null;
create index season_change_by_season on season_change (season_id, number);

create table season_job (
    id uuid primary key,
    number bigint generated always as identity,
    season_id uuid not null references season (id),
    kind text not null check (kind in ('plan', 'allocate')),
    state text not null check (state in ('running', 'done', 'failed')),
    done integer not null,
    total integer not null,
    fault text,
    started_at timestamptz not null,
    finished_at timestamptz check ((finished_at is null) = (state = 'running'))
);
-- One at a time; a second asker is shown the first one's progress.
create unique index season_job_running on season_job (season_id) where state = 'running';
create index season_job_by_season on season_job (season_id, number);

create table season_plan (
    season_id uuid not null references season (id),
    run integer not null check (run >= 1),
    inputs integer not null,
    made_at timestamptz not null,
    lots jsonb not null,
    summary jsonb not null,
    primary key (season_id, run)
);

-- What a plan says of one wish. `given` null: nothing.
create table season_outcome (
    season_id uuid not null,
    run integer not null,
    application_id uuid not null references season_application (id),
    wish integer not null,
    number integer not null,
    outcome jsonb not null,
    granted boolean not null,
    primary key (season_id, run, application_id, wish),
    unique (season_id, run, number),
    foreign key (season_id, run) references season_plan (season_id, run)
);

-- Decisions as they were sent: never written again.
create table season_letter (
    application_id uuid primary key references season_application (id),
    season_id uuid not null references season (id),
    decided_at timestamptz not null,
    nb text not null,
    en text not null
);
create index season_letter_by_season on season_letter (season_id);

-- The series of bookings that a granted wish became, and what became of each of its dates.
create table season_allocation (
    application_id uuid not null references season_application (id),
    wish integer not null,
    season_id uuid not null references season (id),
    series_id uuid not null unique,
    outcomes jsonb not null,
    primary key (application_id, wish)
);
create index season_allocation_by_season on season_allocation (season_id);
revoke update, delete on season_letter from facility;
