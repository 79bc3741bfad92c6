-- Who is there beside the opening hours: shifts, meals and the desk's presence, by the square they are at.
create table presence_entry (
    generation smallint not null,
    kind text not null,
    id uuid not null,
    version bigint not null,
    square_id uuid not null,
    unit_id uuid not null,
    starts_at timestamptz not null,
    ends_at timestamptz not null,
    entry jsonb not null,
    primary key (generation, kind, id)
);
create index presence_entry_square on presence_entry (generation, square_id, starts_at);
create index presence_entry_unit on presence_entry (generation, unit_id, starts_at) where kind = 'presence';
