-- Locks leaves in id order and says who is on them in each window (n counts from 1): bookings, also holds that ran out,
-- and closures. One call instead of three: each statement in here sees what those committed for whom it had to wait.
create function survey(
    leaves uuid[], also_lock uuid[], starts timestamptz[], ends timestamptz[], ignoring uuid[]
) returns table (n bigint, booking_id uuid, closure_id uuid) language plpgsql as $$
begin
    perform id from space where id = any(leaves || also_lock) order by id for no key update;
    return query
        select distinct w.n, l.booking_id, null::uuid
        from unnest(starts, ends) with ordinality w (starts_at, ends_at, n)
        cross join unnest(leaves) s (id)
        join booking_leaf l on l.space_id = s.id and l.during && tstzrange(w.starts_at, w.ends_at)
        where l.booking_id <> all(ignoring)
        union all
        select distinct w.n, null::uuid, c.closure_id
        from unnest(starts, ends) with ordinality w (starts_at, ends_at, n)
        cross join unnest(leaves) s (id)
        join closure_leaf c on c.space_id = s.id and c.during && tstzrange(w.starts_at, w.ends_at);
end $$;
