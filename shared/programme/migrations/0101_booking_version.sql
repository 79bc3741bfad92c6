-- The newest version of the booking that the occurrence agrees with: what facility says of an older one is past.
alter table occurrence add column booking_version bigint not null default 0;
