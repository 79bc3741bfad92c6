"""What time it is. Injected everywhere, so that a test can hold, move or release time in Python and in SQL alike."""

import time
from collections import deque
from datetime import UTC, datetime
from typing import Protocol

# Real seconds in which everybody who is up has heard of a new time and said so.
SETTLED_SECONDS = 2.0


class Clock(Protocol):
    def now(self) -> datetime:
        """The present instant, aware, in UTC."""


class SystemClock:
    def now(self) -> datetime:
        return datetime.now(UTC)  # noqa: TID251 -- the one place that reads the machine's clock


class SteppedClock:
    """Real time until `set` is called; then stands still at the given instant until the next call."""

    def __init__(self) -> None:
        self._held: datetime | None = None
        self._left: deque[tuple[float, datetime]] = deque()  # what was left, and when by the machine's own count

    def now(self) -> datetime:
        return self._held or SystemClock().now()

    @property
    def stands(self) -> bool:
        return self._held is not None

    def set(self, now: datetime | None) -> None:
        """`None` returns to real time. Any instant is accepted, also an earlier one."""
        self._left.append((time.monotonic(), self.now()))
        self._forget()
        self._held = now.astimezone(UTC) if now else None

    def settled(self) -> datetime:
        """Now, or the earliest of what was left for it a moment ago."""
        self._forget()
        return min([self.now(), *(left for _, left in self._left)])

    def _forget(self) -> None:
        while self._left and self._left[0][0] < time.monotonic() - SETTLED_SECONDS:
            self._left.popleft()


def build_clock(test_clock: bool) -> Clock:
    return SteppedClock() if test_clock else SystemClock()


def stands_still(clock: Clock) -> bool:
    """True while a test holds the clock: what is due is then run only when the test asks for it."""
    return isinstance(clock, SteppedClock) and clock.stands


def settled(clock: Clock) -> datetime:
    """What others may be held to: a clock that is set forward makes nobody late who has had no time to hear of it."""
    return clock.settled() if isinstance(clock, SteppedClock) else clock.now()
