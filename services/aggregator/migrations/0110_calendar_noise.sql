-- Bookings that disturb each other. Facility answers for them, by what the reader may see; here is what has been told,
-- so that whoever looks hears of each change once.
create table calendar_noise (
    generation smallint not null,
    conflict_id uuid not null,
    version bigint not null,
    square_id uuid not null,
    primary key (generation, conflict_id)
);
