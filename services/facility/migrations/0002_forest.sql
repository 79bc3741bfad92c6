-- Spaces are a forest within a square, whatever the code above says.
alter table space add constraint space_in_square unique (id, square_id);
alter table space add constraint space_parent_in_square
    foreign key (parent_id, square_id) references space (id, square_id);

create function space_is_no_part_of_itself() returns trigger language plpgsql as $$
begin
    if exists (
        with recursive above (id, parent_id) as (
            select id, parent_id from space where id = new.parent_id
            union
            select p.id, p.parent_id from above a join space p on p.id = a.parent_id
        ) select from above where id = new.id
    ) then
        raise exception 'space % would be a part of itself', new.id using errcode = 'check_violation';
    end if;
    return null;
end $$;
create trigger space_is_no_part_of_itself after update of parent_id on space
    for each row when (new.parent_id is distinct from old.parent_id) execute function space_is_no_part_of_itself();

alter table unit add column status text not null default 'operating';
