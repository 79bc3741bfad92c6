-- Lending per unit and local date: totals only, no borrower and no title of anything lent.
create table loan_day (
    unit_id uuid not null,
    local_date date not null,
    version bigint not null check (version > 0),
    square_id uuid not null,
    state jsonb not null,
    primary key (unit_id, local_date)
);
create index loan_day_by_square on loan_day (square_id, local_date);
