-- The booking by which a date that keeps its place meanwhile is to be elsewhere, so that facility's answer finds the date.
alter table occurrence add column move_booking_id uuid unique;
