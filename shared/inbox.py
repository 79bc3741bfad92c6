"""The inbox: an event's effect happens once, because its id is noted in the same transaction."""

from datetime import datetime
from typing import Any
from uuid import UUID

# A second reader of the same event waits here for the first one's commit.
NOTE = """
insert into inbox (consumer, event_id, noted_at) values ($1, $2, $3)
on conflict (consumer, event_id) do nothing returning true
"""


async def first_time(conn: Any, consumer: str, event_id: UUID, now: datetime) -> bool:
    """Notes the event for `consumer`; False when it was there already and must not have its effect again."""
    return bool(await conn.fetchval(NOTE, consumer, event_id, now))
