-- For what rooms are being requested, written down before facility is asked: should the unit not live to hear the answer,
-- facility's own word of the request finds whose it is. `version` is the occurrence's when it asked; 0: it is new.
create table asking (
    occurrence_id uuid primary key,
    version bigint not null,
    state jsonb not null,
    asked jsonb not null,
    noted_at timestamptz not null
);
