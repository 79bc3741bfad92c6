"""The outbox: an event is written in the transaction that made it true, as its last statement."""

from collections.abc import Sequence
from typing import Any, Protocol

import asyncpg

from shared import db
from shared.envelope import LARGEST_RECORD, Event, encode, service_of, topic_of
from shared.problems import TooLarge

_COLUMNS = {
    "event_id": "uuid",
    "topic": "text",
    "key": "text",
    "type": "text",
    "value": "bytea",
    "recorded_at": "timestamptz",
}


def insert(first: int = 1) -> str:
    """Of one event, or as many as a bulk command makes, in the order given; `columns` are its parameters from `first`
    on."""
    return db.insert_columns("outbox", _COLUMNS, first)


_written = 0


def written() -> int:
    """Grows with every event this process has written, committed or not: a reason to look, and no promise."""
    return _written


class Connection(Protocol):
    async def execute(self, query: str, *args: object) -> str: ...


async def record(conn: "asyncpg.pool.PoolConnectionProxy[asyncpg.Record] | Connection", event: Event) -> None:
    """Raises TooLarge for an event that the topic would refuse; the transaction must then fail as a whole."""
    await record_many(conn, [event])


async def record_many(
    conn: "asyncpg.pool.PoolConnectionProxy[asyncpg.Record] | Connection", events: Sequence[Event]
) -> None:
    if events:
        await conn.execute(insert(), *columns(events))


def columns(events: Sequence[Event]) -> list[list[Any]]:
    """Raises TooLarge for an event that the topic would refuse."""
    values = [encode(event) for event in events]
    if any(len(value) > LARGEST_RECORD for value in values):
        raise TooLarge
    global _written  # one number for the whole process, which its relay looks at
    _written += len(events)
    return [
        [event.id for event in events],
        [topic_of(service_of(event.source)) for event in events],
        [event.subject for event in events],
        [event.type for event in events],
        values,
        [event.time for event in events],
    ]
