-- Records this service could not use, as they came, with the reason; a person replays or drops them.
create table dead_letter (
    id bigint generated always as identity primary key,
    consumer text not null,
    topic text not null,
    partition integer not null,
    record_offset bigint not null,
    key bytea,
    value bytea,
    value_size integer not null,
    headers jsonb not null,
    code text not null,
    reason text not null,
    put_aside_at timestamptz not null,
    -- A record read twice is put aside once.
    unique (consumer, topic, partition, record_offset)
);
