"""What time it is. Injected everywhere, so that a test can hold, move or release time in Python and in SQL alike."""

from datetime import UTC, datetime
from typing import Protocol


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

    def now(self) -> datetime:
        return self._held or SystemClock().now()

    @property
    def stands(self) -> bool:
        return self._held is not None

    def set(self, now: datetime | None) -> None:
        """`None` returns to real time. Any instant is accepted, also an earlier one."""
        self._held = now.astimezone(UTC) if now else None


def build_clock(test_clock: bool) -> Clock:
    return SteppedClock() if test_clock else SystemClock()


def stands_still(clock: Clock) -> bool:
    """True while a test holds the clock: what is due is then run only when the test asks for it."""
    return isinstance(clock, SteppedClock) and clock.stands
