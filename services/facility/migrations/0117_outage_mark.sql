-- What is out of order is known with the house: it is asked about for every refusal, and changes a few times a year.
create trigger house_changed after insert or update or delete or truncate on outage
    for each statement execute function house_changed();
