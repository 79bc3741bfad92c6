"""What a process knows of the house, as long as nothing of it changes.

The database keeps a mark that is another after every change of squares, units, spaces, hours, policies and of what is
out of order, whoever makes it. What is read after the mark is at least as new as the mark, so under the same mark it
may be used again.
"""

from typing import Any, Generic, TypeVar
from uuid import UUID

MARK = "select mark from house_mark"
K = TypeVar("K")
V = TypeVar("V")


async def mark(conn: Any) -> UUID:
    found: UUID = await conn.fetchval(MARK)
    return found


class Known(Generic[K, V]):
    """What was read under the newest mark, by name."""

    def __init__(self) -> None:
        self._mark: UUID | None = None
        self._held: dict[K, V] = {}

    def newest(self) -> tuple[UUID | None, dict[K, V]]:
        """The newest mark that was heard of, and what was read under it. The house may have changed since."""
        return self._mark, self._held

    def under(self, mark: UUID) -> dict[K, V]:
        """Empty when the house has changed; whoever still holds the one before fills it for nobody."""
        if mark != self._mark:
            self._mark, self._held = mark, {}
        return self._held
