"""What every command and question needs, and how a command is run."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from shared import db
from shared.clock import Clock
from shared.problems import Unavailable

T = TypeVar("T")
_LOOKS = 5


@dataclass(frozen=True)
class Desk:
    pool: Any
    clock: Clock


class Overtaken(Exception):
    """Another transaction was first with the same id or time; the command looks again from the start."""


class MustAsk(Exception):
    """What is known without the database does not do."""


class Unasked:
    """Stands where a connection would, for whoever decides by what is known and finds out whether that does."""

    def __getattr__(self, _: str) -> Any:
        raise MustAsk


async def again(work: Callable[[], Awaitable[T]]) -> T:
    """Runs a whole transaction, once more when another was first with the same id or time."""
    for _ in range(_LOOKS):
        try:
            return await db.retrying(work)
        except Overtaken:
            continue
    raise Unavailable
