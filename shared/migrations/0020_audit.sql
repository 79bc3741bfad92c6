-- Who did what and why, written in the transaction that did it. Rows are added and read; the service's own role has no
-- right to change or remove one.
create table audit (
    id bigint generated always as identity primary key,
    at timestamptz not null,
    subject text not null,
    role text not null,
    action text not null,
    object text not null,
    square_id uuid,
    unit_id uuid,
    reason_code text,
    before jsonb,
    after jsonb,
    correlation_id text
);
create index audit_by_object on audit (object, id);
create index audit_by_square on audit (square_id, id);
create index audit_by_time on audit (at);

-- The runtime role of a service is called as its schema is.
do $$ begin
    execute format('revoke all on table audit from %I', current_schema());
    execute format('grant select, insert on table audit to %I', current_schema());
end $$;
