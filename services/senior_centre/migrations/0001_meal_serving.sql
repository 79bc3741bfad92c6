-- Servings of food with portions; who eats, and what they cannot eat, is not kept at all.
create table meal_serving (
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
create index meal_serving_by_start on meal_serving (square_id, starts_at, id);
