"""What a command leaves behind: its audit and its events, in one statement at the end of its transaction."""

from collections.abc import Sequence
from typing import Any

from shared import audit, outbox
from shared.audit import Entry
from shared.envelope import Event


def parts(first: int = 1, only_with: str = "") -> str:
    """For the `with` of a statement that writes more; `columns` are its parameters from `first` on. Nothing is written
    when the part named `only_with` gives no row."""
    given = f" where exists (select from {only_with})" if only_with else ""
    return f"audited as ({audit.insert(first)}{given}), told as ({outbox.insert(first + audit.WIDTH)}{given})"


def columns(entries: Sequence[Entry], events: Sequence[Event]) -> list[list[Any]]:
    """Raises TooLarge for an event that the topic would refuse; the transaction must then fail as a whole."""
    return [*audit.columns(entries), *outbox.columns(events)]


async def record(conn: Any, entries: Sequence[Entry], events: Sequence[Event]) -> None:
    """Raises TooLarge, as `columns`."""
    await conn.execute(_RECORD, *columns(entries, events))


_RECORD = f"with {parts()} select"
