-- Events whose effect is in this schema already. Kept for good: a group that lost its offsets reads the log anew.
create table inbox (
    consumer text not null,
    event_id uuid not null,
    noted_at timestamptz not null,
    primary key (consumer, event_id)
);
