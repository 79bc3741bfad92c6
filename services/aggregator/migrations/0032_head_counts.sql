-- Head counts and enquiries, which stand beside the doors. Each row holds all it was told, with the instants at which.

-- In which square a room is: an occurrence counts where it took place.
create table visitor_space (
    generation smallint not null,
    space_id uuid not null,
    version bigint not null,
    square_id uuid not null,
    primary key (generation, space_id)
);
create index visitor_space_square on visitor_space (generation, square_id);

-- Occurrences that somebody counted. `counts`: [[recorded at, total]], the newest revision last.
create table visitor_head_count (
    generation smallint not null,
    occurrence_id uuid not null,
    version bigint not null,
    square_id uuid not null,
    space_id uuid,
    starts_at bigint not null,
    off_site boolean not null,
    restricted boolean not null,
    stands boolean not null,
    counts jsonb not null,
    primary key (generation, occurrence_id)
);
create index visitor_head_count_square on visitor_head_count (generation, square_id, starts_at);
create index visitor_head_count_space on visitor_head_count (generation, space_id, starts_at) where space_id is not null;

-- Enquiries of a desk in one clock hour. `totals` as `counts` above.
create table visitor_contact (
    generation smallint not null,
    unit_id uuid not null,
    square_id uuid not null,
    local_date date not null,
    hour smallint not null,
    version bigint not null,
    totals jsonb not null,
    primary key (generation, unit_id, square_id, local_date, hour)
);
create index visitor_contact_square on visitor_contact (generation, square_id, local_date);

-- A house that ran before reads the log again for what was counted in it, beside the view people look at.
insert into rebuild as r (view, generation, state, started_at)
select name, generation + 1, 'running', now() from projection where name = 'visitors' and generation > 0
on conflict (view) do update set generation = excluded.generation, state = 'running', done = 0, total = 0,
    started_at = excluded.started_at, finished_at = null, reason = null;
