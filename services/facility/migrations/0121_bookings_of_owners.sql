-- What an owner that says which version of it asks still has, so that what a later version has no use for is found.
create index booking_of_owner on booking (owner_ref)
where asked ->> 'owner_version' is not null and state in ('requested', 'held', 'confirmed', 'affected');
