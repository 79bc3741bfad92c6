-- What a square decides about days of the year: closed, short, or free from school. Public holidays are no rows here.
create table local_rule (
    id uuid primary key,
    version integer not null check (version >= 1),
    square_id uuid not null references square (id),
    state jsonb not null,
    withdrawn boolean not null default false
);
create index local_rule_by_square on local_rule (square_id) where not withdrawn;
