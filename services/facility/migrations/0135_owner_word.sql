-- The newest version of each owner that was heard of, with the bookings it names: a request on behalf of an earlier one
-- has come too late.
create table owner_word (
    owner_ref text not null,
    unit_id uuid not null,
    version integer not null,
    named uuid[] not null,
    primary key (owner_ref, unit_id)
);
