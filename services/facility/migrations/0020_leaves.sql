-- Time is taken on leaves only. Whoever read the house before a space got parts must read it again: the error is one
-- that is tried again.
create function only_leaves() returns trigger language plpgsql as $$
begin
    if exists (select from fresh join space on space.parent_id = fresh.space_id and not space.withdrawn) then
        raise exception 'a space has got parts meanwhile' using errcode = 'serialization_failure';
    end if;
    return null;
end $$;
create trigger booking_on_leaves after insert on booking_leaf
    referencing new table as fresh for each statement execute function only_leaves();
create trigger closure_on_leaves after insert on closure_leaf
    referencing new table as fresh for each statement execute function only_leaves();
