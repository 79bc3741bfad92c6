-- The newest version of each owner that was heard of, with the bookings it names: a request on behalf of an earlier one
-- has come too late. `waiting_*`: when and where it still wants to be, without having a room.
create table owner_word (
    owner_ref text not null,
    unit_id uuid not null,
    version integer not null,
    named uuid[] not null default '{}',
    waiting_at timestamptz,
    waiting_in uuid[],
    primary key (owner_ref, unit_id)
);
