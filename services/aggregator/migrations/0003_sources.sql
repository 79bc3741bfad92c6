-- The last watermark of each partition: everything its source committed before that instant is in the views.
create table source_watermark (
    generation smallint not null,
    source text not null,
    partition integer not null,
    version bigint not null,
    partitions integer not null,
    complete_until timestamptz not null,
    primary key (generation, source, partition)
);
