"""What a unit has of its own that takes place at a square: meals, shifts, presence. Each kind is a table and an event.

A thing is put with a client-made id, changed with the version seen, listed by square and range, and told with its whole
state. Its table is called as the kind is and has at least these columns:

    id uuid primary key, version bigint, square_id uuid, unit_id uuid,
    starts_at timestamptz, ends_at timestamptz, status text, state jsonb
"""
