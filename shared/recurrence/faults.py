"""What is wrong with a recurrence, and how long working it out may take."""

import time
from collections.abc import Callable

from shared.problems import Message

MOST_SECONDS = 0.5
_TOO_LONG = Message(
    "RRULE tar for lang tid å regne ut. Gjør regelen enklere, eller la den begynne senere.",
    "RRULE takes too long to work out. Make the rule simpler, or let it begin later.",
)


class RuleFault(ValueError):
    """`part` is the field, or the part of the rule, that cannot be used; `message` names it and what is accepted."""

    def __init__(self, part: str, message: Message) -> None:
        self.part, self.message = part, message
        super().__init__(message.en)


class Budget:
    """Time for one expansion. Counted on the machine's own clock: it bounds work, it decides nothing about dates."""

    def __init__(self, seconds: float = MOST_SECONDS, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._end = clock() + seconds

    def check(self) -> None:
        """Raises RuleFault once the time is up. Called in every step whose number the rule decides."""
        if self._clock() > self._end:
            raise RuleFault("rrule", _TOO_LONG)
