-- Whose word a requested booking waits for: a unit, or the square where no unit owns the room. Without `binding` it only
-- stands in their inbox, and whoever may book may confirm.
create table approval (
    booking_id uuid not null references booking (id),
    party uuid not null,
    unit_id uuid,
    square_id uuid not null,
    why text not null check (why in ('owner', 'noise', 'setup_help', 'other')),
    binding boolean not null,
    deadline timestamptz,
    stand_in_role text,
    stand_in_unit uuid,
    approved_at timestamptz,
    primary key (booking_id, party)
);
create index booking_requested on booking (square_id, starts_at) where state = 'requested';

-- What was decided about bookings, in whose name and why. Never changed: the service may add and read.
create table decision (
    id bigint generated always as identity primary key,
    booking_id uuid not null references booking (id) deferrable initially deferred,
    at timestamptz not null,
    verdict text not null check (verdict in ('approved', 'confirmed', 'rejected', 'excepted')),
    unit_ids uuid[] not null,
    role text not null,
    reason_code text not null,
    reason text,
    rules text[] not null
);
create index decision_by_booking on decision (booking_id, id);
do $$ begin
    execute format('revoke update, delete on table decision from %I', current_schema());
end $$;

-- Requests that are waiting already: in the inbox of whoever owns the first room.
insert into approval (booking_id, party, unit_id, square_id, why, binding)
select b.id, coalesce(s.unit_id, b.square_id), s.unit_id, b.square_id, 'owner', false
from booking b join space s on s.id = b.space_ids[1]
where b.state = 'requested';
