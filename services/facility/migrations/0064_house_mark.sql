-- A mark that is another after every change of the house itself, of its opening hours and of its policies. Whoever kept
-- what he read of them under a mark may go on using it as long as the mark is the same: one row is read instead of many.
-- It is never the same twice, so what was read in a transaction that was rolled back is never taken for the truth.
create table house_mark (
    single boolean primary key default true check (single),
    mark uuid not null
);
insert into house_mark (mark) values (gen_random_uuid());

create function house_changed() returns trigger language plpgsql as $$
begin
    update house_mark set mark = gen_random_uuid();
    return null;
end $$;
create trigger house_changed after insert or update or delete or truncate on square
    for each statement execute function house_changed();
create trigger house_changed after insert or update or delete or truncate on unit
    for each statement execute function house_changed();
create trigger house_changed after insert or update or delete or truncate on space
    for each statement execute function house_changed();
create trigger house_changed after insert or update or delete or truncate on hours
    for each statement execute function house_changed();
create trigger house_changed after insert or update or delete or truncate on policy
    for each statement execute function house_changed();
