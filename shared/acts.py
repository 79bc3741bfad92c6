"""What a command leaves behind: its audit and its events, in one statement at the end of its transaction."""

from collections.abc import Sequence
from typing import Any

from shared import audit, outbox
from shared.audit import Entry
from shared.envelope import Event


def parts(first: int = 1) -> str:
    """For the `with` of a statement that writes more; `columns` are its parameters from `first` on."""
    return f"audited as ({audit.insert(first)}), told as ({outbox.insert(first + audit.WIDTH)})"


def columns(entries: Sequence[Entry], events: Sequence[Event]) -> list[list[Any]]:
    """Raises TooLarge for an event that the topic would refuse; the transaction must then fail as a whole."""
    return [*audit.columns(entries), *outbox.columns(events)]


async def record(conn: Any, entries: Sequence[Entry], events: Sequence[Event]) -> None:
    """Raises TooLarge, as `columns`."""
    await conn.execute(_RECORD, *columns(entries, events))


_RECORD = f"with {parts()} select"
