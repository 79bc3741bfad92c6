"""What lies where and when, looked up fast. Pure."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Generic, TypeVar
from uuid import UUID

Span = tuple[int, int]  # seconds since 1970, half-open
What = TypeVar("What")
_DAY = 86_400


class Board(Generic[What]):
    """What occupies the leaves. Each thing stands under every day it touches, so that looking is short."""

    def __init__(self) -> None:
        self._days: defaultdict[tuple[UUID, int], list[tuple[int, int, What]]] = defaultdict(list)

    def add(self, leaf: UUID, start: int, end: int, what: What) -> None:
        for day in range(start // _DAY, (end - 1) // _DAY + 1):
            self._days[leaf, day].append((start, end, what))

    def meets(self, leaves: Iterable[UUID], start: int, end: int) -> list[What]:
        """Touching is not meeting. What touches several days or leaves comes up several times."""
        days = range(start // _DAY, (end - 1) // _DAY + 1)
        return [
            what
            for leaf in leaves
            for day in days
            if (leaf, day) in self._days
            for begun, ended, what in self._days[leaf, day]
            if begun < end and start < ended
        ]
