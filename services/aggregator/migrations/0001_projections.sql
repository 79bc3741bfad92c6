-- Which generation of each view is read; a rebuild writes the next one and swaps by changing this number.
create table projection (
    name text primary key,
    generation smallint not null,
    rebuilt_at timestamptz
);

-- How far each generation of a view has come, written in the transaction of the rows it accounts for.
create table position (
    projection text not null,
    generation smallint not null,
    topic text not null,
    partition integer not null,
    next_offset bigint not null,
    event_time timestamptz,
    primary key (projection, generation, topic, partition)
);

-- The newest rebuild of each view. A row in state `running` whose process is gone is taken up from the start.
create table rebuild (
    view text primary key,
    generation smallint not null,
    state text not null check (state in ('running', 'done', 'failed')),
    done bigint not null default 0,
    total bigint not null default 0,
    started_at timestamptz not null,
    finished_at timestamptz,
    reason text
);

-- What each batch changed, in the order of commits: the sequence is taken under a lock held until the commit.
create table change (
    seq bigint generated always as identity primary key,
    view text not null,
    square_id uuid,
    dates date[] not null,
    ids text[] not null,
    recorded_at timestamptz not null
);
create index change_recorded on change (recorded_at);
