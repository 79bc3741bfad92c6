-- Events made true by a committed transaction and not yet, or lately, on Kafka.
create table outbox (
    id bigint generated always as identity primary key,
    event_id uuid not null unique,
    topic text not null,
    key text not null,
    type text not null,
    value bytea not null,
    recorded_at timestamptz not null,
    published_at timestamptz
) with (
    -- The table is emptied as fast as it fills: fixed thresholds keep the poll short however large it once was.
    autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000,
    autovacuum_analyze_scale_factor = 0, autovacuum_analyze_threshold = 1000
);
create index outbox_unpublished on outbox (id) where published_at is null;
create index outbox_published on outbox (published_at) where published_at is not null;

-- The last watermark that reached every partition; its version is gapless.
create table watermark (
    only_row boolean primary key default true check (only_row),
    version bigint not null,
    complete_until timestamptz not null
);
