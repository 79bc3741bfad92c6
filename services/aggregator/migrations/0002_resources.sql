-- Squares, units and spaces as facility last described them.
create table resource_square (
    generation smallint not null,
    square_id uuid not null,
    version bigint not null,
    name text not null,
    time_zone text not null,
    status text not null,
    primary key (generation, square_id)
);

create table resource_unit (
    generation smallint not null,
    unit_id uuid not null,
    version bigint not null,
    square_id uuid not null,
    kind text not null,
    name text not null,
    memberships jsonb not null,
    primary key (generation, unit_id)
);
create index resource_unit_square on resource_unit (generation, square_id);

create table resource_space (
    generation smallint not null,
    space_id uuid not null,
    version bigint not null,
    square_id uuid not null,
    withdrawn boolean not null,
    space jsonb not null,
    primary key (generation, space_id)
);
create index resource_space_square on resource_space (generation, square_id);
