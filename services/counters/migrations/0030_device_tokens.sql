-- What a device signs in with: good for telling the counters named here, and for nothing else.
create table device_token (
    token_id uuid primary key,
    make text not null,
    counters jsonb not null,
    time_zone text not null,
    hash bytea not null unique,
    issued_at timestamptz not null,
    revoked_at timestamptz
);
