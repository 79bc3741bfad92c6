"""All SQL of what owners of bookings have said of themselves. The row of an owner is its lock, taken before those of
leaves and bookings."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from shared.contracts.facility import Slot

# An older version changes nothing, and waits for whoever has the row all the same.
HEAR = """
insert into owner_word (owner_ref, unit_id, version, named, waiting_at, waiting_in) values ($1, $2, $3, $4, $5, $6)
on conflict (owner_ref, unit_id) do update set version = excluded.version, named = excluded.named,
    waiting_at = excluded.waiting_at, waiting_in = excluded.waiting_in
where owner_word.version < excluded.version
"""
# Of one that nothing has been heard of too, so that its first word waits for who asks.
LATEST = """
insert into owner_word (owner_ref, unit_id, version) values ($1, $2, 0)
on conflict (owner_ref, unit_id) do update set version = owner_word.version
returning version, named
"""
# Whether the owner of the booking b has no use for the time that was refused it, as far as has been heard.
HAS_NO_USE = """
exists (
    select from owner_word w where w.owner_ref = b.owner_ref and w.unit_id = b.unit_id and w.version > 0
      and (w.waiting_at is distinct from b.starts_at
        or not (w.waiting_in @> b.space_ids and w.waiting_in <@ b.space_ids))
)
"""


async def hear(
    conn: Any, owner_ref: str, unit_id: UUID, version: int, named: Sequence[UUID], waiting: Slot | None
) -> None:
    at, where = (waiting.starts_at, waiting.space_ids) if waiting else (None, None)
    await conn.execute(HEAR, owner_ref, unit_id, version, list(named), at, where)


async def latest(conn: Any, owner_ref: str, unit_id: UUID) -> tuple[int, list[UUID]]:
    """(version, the bookings it names); version 0 of one that was never heard of."""
    row = await conn.fetchrow(LATEST, owner_ref, unit_id)
    return row["version"], row["named"]
