-- How loud a booking will be, and how much quiet it asks for. Null: nothing was said.
alter table booking
    add column noise_out smallint check (noise_out between 0 and 5),
    add column quiet_need smallint check (quiet_need between 0 and 5);
