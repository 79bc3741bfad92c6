-- Locks leaves in id order and says who is on which in each window (n counts from 1): bookings, also holds that ran out,
-- and closures; and the mark of the house, in every row, of which there is always one. Also locked are the leaves that
-- the bookings left out of account are on: whoever moves one of them frees time there.
--
-- Each statement in here sees what those committed for whom it had to wait, so also the mark: had it been read by the
-- statement that calls this, a house that was rebuilt meanwhile would pass for the one that was known. A plan that is
-- made once does for all leaves and times; making it anew takes as long as the rest.
-- `survey`, which it replaces, stays for processes of the version before.
create function look(
    leaves uuid[], also_lock uuid[], starts timestamptz[], ends timestamptz[], ignoring uuid[]
) returns table (mark uuid, n bigint, space_id uuid, booking_id uuid, closure_id uuid)
language plpgsql set plan_cache_mode = force_generic_plan as $$
begin
    perform id from space
    where id = any(leaves || also_lock || array(select l.space_id from booking_leaf l where l.booking_id = any(ignoring)))
    order by id for no key update;
    return query
        select m.mark, met.n, met.space_id, met.booking_id, met.closure_id
        from house_mark m left join (
            select w.n, l.space_id, l.booking_id, null::uuid as closure_id
            from unnest(starts, ends) with ordinality w (starts_at, ends_at, n)
            cross join unnest(leaves) s (id)
            join booking_leaf l on l.space_id = s.id and l.during && tstzrange(w.starts_at, w.ends_at)
            where l.booking_id <> all(ignoring)
            union all
            select w.n, c.space_id, null::uuid, c.closure_id
            from unnest(starts, ends) with ordinality w (starts_at, ends_at, n)
            cross join unnest(leaves) s (id)
            join closure_leaf c on c.space_id = s.id and c.during && tstzrange(w.starts_at, w.ends_at)
        ) met on true;
end $$;
