-- A refused date of a series whose time became free, offered to its owner once.
create table offer (
    booking_id uuid primary key references booking (id),
    square_id uuid not null,
    unit_id uuid,
    starts_at timestamptz not null,
    offered_at timestamptz not null,
    answer text check (answer in ('taken', 'declined')),
    answered_at timestamptz check ((answered_at is null) = (answer is null))
);
create index offer_open on offer (square_id, starts_at) where answer is null;

-- What stands in the way of a refused date now, once it is not what refused it any more; nothing: only the hours.
create table still_refused (
    booking_id uuid primary key references booking (id),
    blocking uuid[] not null,
    seen_at timestamptz not null
);
create index booking_refused_dates on booking (starts_at)
    where state = 'rejected' and series_id is not null and reason_code = 'conflict';
