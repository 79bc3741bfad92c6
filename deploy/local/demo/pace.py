"""How a day that is played goes by: the house's clock driven along, or the real one waited for."""

import datetime as dt
import time
from collections.abc import Callable
from typing import Protocol

import httpx

from deploy.local.demo.caller import Caller, refused
from deploy.local.errors import LocalError
from shared.clock import SystemClock

STEP_SECONDS = 0.5
RELEASE_SECONDS = 10.0
NO_CLOCK = "this house's clock cannot be set; start it with the demo (./torg up), or play at --speed 1"


class Pace(Protocol):
    def begin(self) -> None:
        """From here on the day goes by."""

    def until(self, at: dt.datetime) -> None:
        """Returns when it is `at` in the house, at once when it is later already."""


class RealTime:
    def begin(self) -> None:
        pass

    def until(self, at: dt.datetime) -> None:
        while (left := (at - SystemClock().now()).total_seconds()) > 0:
            time.sleep(min(left, STEP_SECONDS))


SetClock = Callable[[dt.datetime | None], httpx.Response]


def set_through(caller: Caller) -> SetClock:
    """The test clock of the house. Whoever is away is not waited for."""

    def put(now: dt.datetime | None) -> httpx.Response:
        return caller.ask("PUT", "/test/clock", {"now": now.isoformat() if now else None}, waits=False)

    return put


class HouseClock:
    """Goes `speed` times as fast as time does; an act that takes long makes the day late, never short."""

    def __init__(
        self,
        put: SetClock,
        start: dt.datetime,
        speed: float,
        count: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._put, self._start, self._speed = put, start, speed
        self._count, self._sleep = count, sleep
        self._began = count()
        self._set: dt.datetime | None = None

    def begin(self) -> None:
        self._began = self._count()

    def until(self, at: dt.datetime) -> None:
        while self._goes() < at:
            left = (at - self._goes()).total_seconds() / self._speed
            self._sleep(min(left, STEP_SECONDS))
            self.set(min(self._goes(), at))
        self.set(at)

    def _goes(self) -> dt.datetime:
        return self._start + dt.timedelta(seconds=(self._count() - self._began) * self._speed)

    def set(self, at: dt.datetime, *, again: bool = False) -> None:
        """Raises LocalError where the clock cannot be set. Who is away just then hears of the next step. `again`: also
        where it was set to this before."""
        if self._set == at and not again:
            return
        answer = self._put(at)
        if answer.status_code == 404:
            raise LocalError(NO_CLOCK)
        if not answer.is_success and answer.status_code != 503:
            raise refused(answer)
        self._set = at

    def release(self) -> list[str]:
        """Time is real again. The names of services that could not be told."""
        deadline = self._count() + RELEASE_SECONDS
        while not (answer := self._put(None)).is_success:
            if self._count() > deadline:
                return list(answer.json().get("services", ["the portal"]))
            self._sleep(STEP_SECONDS)
        return []
