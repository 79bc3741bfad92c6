-- Every decision about a space's policy is kept; the newest counts. rules null: none of its own any more.
create table policy (
    space_id uuid not null references space (id),
    version integer not null check (version > 0),
    decided_at timestamptz not null,
    rules jsonb,
    primary key (space_id, version)
);

-- What a policy asks about. Null where nobody said: code of the commit before knows nothing of these columns.
alter table booking
    add column purpose text,
    add column responsible_role text,
    add column organiser_id uuid,
    add column touches uuid[],
    add column checked_in_at timestamptz;

-- Whose bookings a quota counts.
create index booking_by_organiser on booking (coalesce(organiser_id, unit_id), starts_at)
    where coalesce(organiser_id, unit_id) is not null;
