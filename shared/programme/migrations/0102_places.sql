-- By which clock a square lives: a copy of what facility says, so that a local date is known without asking.
create table known_square (
    square_id uuid primary key,
    version bigint not null,
    time_zone text not null
);

-- The unit's dated belonging, as facility says it; empty until its next word about the unit.
alter table known_unit add column memberships jsonb not null default '[]';
