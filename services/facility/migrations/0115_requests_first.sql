-- A request is put into its inboxes before it is written down, which is the last statement of its transaction.
alter table approval alter constraint approval_booking_id_fkey deferrable initially deferred;
