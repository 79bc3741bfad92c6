-- What a booking was requested instead of, so that the others who ask for its place are found.
create index booking_by_replaced on booking ((asked ->> 'replaces')) where asked ->> 'replaces' is not null;

-- One open request to take a booking's place. Of several that were left open, the older ones are requests like any other.
update booking b set asked = b.asked - 'replaces'
where b.state = 'requested' and exists (
    select from booking n
    where n.asked ->> 'replaces' = b.asked ->> 'replaces' and n.asked ->> 'replaces' is not null
      and n.state = 'requested' and (n.created_at, n.id) > (b.created_at, b.id)
);
create unique index booking_has_one_request on booking ((asked ->> 'replaces'))
    where state = 'requested' and asked ->> 'replaces' is not null;
