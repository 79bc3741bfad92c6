-- Refused requests whose asker has seen that they were.
create table answer_seen (
    booking_id uuid primary key references booking (id),
    seen_at timestamptz not null
);
create index decision_rejected on decision (at) where verdict = 'rejected';
