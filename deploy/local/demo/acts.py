"""What is done on a day that is played: each act a call at an instant, planned before anything is called."""

import datetime as dt
from dataclasses import dataclass
from random import Random
from typing import Any

from deploy.local.demo.house import Call, Square, local


@dataclass(frozen=True)
class Act:
    """`say` is for a person, and without a call it is all. `look`: where the version that must be seen is read."""

    at: dt.datetime
    say: str
    call: Call | None = None
    look: str | None = None


@dataclass(frozen=True)
class Day:
    """A square's day, with chances of its own for each topic: one that asks for more of them moves no other."""

    square: Square
    date: dt.date
    seed: int

    def chances(self, topic: str) -> Random:
        return Random(f"{self.seed} {self.square.key} {self.date} {topic}")  # noqa: S311 -- an invented day

    def clock(self, written: str) -> dt.datetime:
        return local(self.date, written)

    def name(self, *parts: object) -> str:
        """What the ids of this day's own things are made of."""
        return "/".join(map(str, ("live", self.square.key, self.date, self.seed, *parts)))

    def tell(self, words: str) -> str:
        return f"{self.square.said['name']}: {words}"


def whole_minute(at: dt.datetime) -> dt.datetime:
    return at.replace(second=0, microsecond=0)


def command(at: dt.datetime, say: str, path: str, verb: str, body: Any = None) -> Act:
    """POST path/verb with the version that path has then."""
    return Act(at, say, ("POST", f"{path}/{verb}", body if body is not None else {}), look=path)
