"""All SQL of what owners of bookings have said of themselves. The row of an owner is its lock, taken before those of
leaves and bookings."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

# An older version changes nothing, and waits for whoever has the row all the same.
HEAR = """
insert into owner_word (owner_ref, unit_id, version, named) values ($1, $2, $3, $4)
on conflict (owner_ref, unit_id) do update set version = excluded.version, named = excluded.named
where owner_word.version < excluded.version
"""
# Of one that nothing has been heard of too, so that its first word waits for who asks.
LATEST = """
insert into owner_word (owner_ref, unit_id, version, named) values ($1, $2, 0, '{}')
on conflict (owner_ref, unit_id) do update set version = owner_word.version
returning version, named
"""


async def hear(conn: Any, owner_ref: str, unit_id: UUID, version: int, named: Sequence[UUID]) -> None:
    await conn.execute(HEAR, owner_ref, unit_id, version, list(named))


async def latest(conn: Any, owner_ref: str, unit_id: UUID) -> tuple[int, list[UUID]]:
    """(version, the bookings it names); version 0 of one that was never heard of."""
    row = await conn.fetchrow(LATEST, owner_ref, unit_id)
    return row["version"], row["named"]
