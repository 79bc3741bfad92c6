-- What closures have displaced is few out of years of bookings, and asked for by whoever has to find a place for it.
create index booking_affected on booking (square_id, starts_at, id) where state = 'affected';
