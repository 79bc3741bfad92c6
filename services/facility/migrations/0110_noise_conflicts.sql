-- Two bookings of which one is too loud for the other, from when they begin to meet until they no longer do: what was
-- last said of them. A row is kept for good, so that the versions of its subject have no gap when the two meet again.
create table noise_conflict (
    id uuid primary key,
    version integer not null check (version >= 1),
    square_id uuid not null,
    loud_id uuid not null references booking (id),
    quiet_id uuid not null references booking (id) check (quiet_id <> loud_id),
    source uuid not null,
    heard_in uuid not null,
    starts_at timestamptz not null,
    ends_at timestamptz not null check (starts_at < ends_at),
    severity smallint not null check (severity between 1 and 5),
    discreet boolean not null,
    unit_ids uuid[] not null,
    state text not null check (state in ('open', 'accepted', 'resolved')),
    detected_at timestamptz not null,
    accepted_at timestamptz check (accepted_at is not null or state <> 'accepted'),
    accepted_by text check ((accepted_by is null) = (accepted_at is null)),
    role text,
    reason_code text,
    reason text,
    resolved_at timestamptz check ((resolved_at is null) = (state <> 'resolved')),
    resolution text check ((resolution is null) = (resolved_at is null))
);
create index noise_conflict_of_square on noise_conflict (square_id, starts_at) where state <> 'resolved';
create index noise_conflict_by_loud on noise_conflict (loud_id) where state <> 'resolved';
create index noise_conflict_by_quiet on noise_conflict (quiet_id) where state <> 'resolved';
create index noise_conflict_over on noise_conflict (ends_at) where state <> 'resolved';

-- How far the looking has come. Every event up to `low` was looked at; once nobody is at work any more who had begun
-- before the transaction `horizon`, the same holds up to `high`. `surroundings` is a digest of which rooms hear which,
-- under which all bookings have been looked at; `sweeping` the one they are being looked at under, past `swept_after`.
create table noise_look (
    single boolean primary key default true check (single),
    low bigint not null default 0,
    high bigint not null default 0,
    horizon bigint,
    surroundings text,
    sweeping text,
    swept_after uuid check ((swept_after is null) = (sweeping is null))
);
insert into noise_look default values;

-- No conflict is without a loud one.
create index booking_loud on booking (id) where noise_out > 0;
