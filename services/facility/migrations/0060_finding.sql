-- What rooms are searched by, beside what they have.
alter table space
    add column layouts jsonb not null default '{}',
    add column noise_out smallint check (noise_out between 0 and 5),
    add column noise_tolerance smallint check (noise_tolerance between 0 and 5),
    add column neighbours jsonb not null default '[]',
    add column prices jsonb not null default '{}';

-- What a booking needs of its rooms, so that what is offered instead has it too. Null: nothing was said.
alter table booking
    add column needs text[],
    add column layout text;

-- Whose business the time is, where it is shown to others on a grid only: known without reading the booking.
alter table booking_leaf add column discreet_unit uuid;
update booking_leaf l set discreet_unit = b.unit_id
from booking b join unit u on u.id = b.unit_id
where b.id = l.booking_id and u.kind = 'health_station';
