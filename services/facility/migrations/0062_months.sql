-- A month of a square or of a room out of years: found by where it begins, and cut at its end inside the index.
create index booking_months on booking (square_id, starts_at, id, ends_at);
drop index booking_by_square;
-- Nearly every booking is of one room; the others are few, and found by any of theirs.
create index booking_months_of_room on booking ((space_ids[1]), starts_at, id, ends_at);
create index booking_of_several on booking using gin (space_ids) where cardinality(space_ids) > 1;
