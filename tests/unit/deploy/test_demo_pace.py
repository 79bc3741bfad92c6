"""How fast a day goes by, with a count of seconds that the test moves and a clock that remembers what it was told."""

import datetime as dt

import httpx
import pytest

from deploy.local.demo.caller import DemoFailed
from deploy.local.demo.pace import HouseClock
from deploy.local.errors import LocalError

SEVEN = dt.datetime(2026, 11, 26, 7, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)
ASKED = httpx.Request("PUT", "http://house/test/clock")


class Stand:
    """The clock, what it was told, and the seconds that went by."""

    def __init__(self, *statuses: int, speed: float = 600) -> None:
        self.told: list[dt.datetime | None] = []
        self.seconds = 0.0
        self._statuses = list(statuses) or [200]
        self.clock = HouseClock(self._put, SEVEN, speed, lambda: self.seconds, self._sleep)

    def _put(self, now: dt.datetime | None) -> httpx.Response:
        self.told.append(now)
        status = self._statuses.pop(0) if len(self._statuses) > 1 else self._statuses[0]
        return httpx.Response(status, json={"services": ["library"]} if status == 503 else {}, request=ASKED)

    def _sleep(self, seconds: float) -> None:
        self.seconds += seconds


def test_until__a_time_to_come__steps_the_clock_there_as_time_goes() -> None:
    stand = Stand()
    stand.clock.until(SEVEN + HOUR)
    told = [at for at in stand.told if at]
    assert told == sorted(told)
    assert told[-1] == SEVEN + HOUR
    assert len(told) == 12
    assert stand.seconds == pytest.approx(6.0)


def test_until__a_time_that_is_past__goes_on_at_once_with_the_clock_at_it() -> None:
    stand = Stand()
    stand.seconds = 60.0
    stand.clock.until(SEVEN + HOUR)
    assert stand.told == [SEVEN + HOUR]
    assert stand.seconds == 60.0


def test_until__the_same_time_again__does_not_tell_it_again() -> None:
    stand = Stand()
    stand.clock.set(SEVEN)
    stand.clock.until(SEVEN)
    assert stand.told == [SEVEN]


def test_begin__after_a_long_preparation__counts_from_there() -> None:
    stand = Stand()
    stand.seconds = 100.0
    stand.clock.begin()
    stand.clock.until(SEVEN + HOUR)
    assert stand.seconds == pytest.approx(106.0)


def test_set__while_a_service_is_away__goes_on() -> None:
    stand = Stand(503)
    stand.clock.set(SEVEN)
    assert stand.told == [SEVEN]


def test_set__in_a_house_whose_clock_cannot_be_set__says_what_to_do() -> None:
    with pytest.raises(LocalError, match="--speed 1"):
        Stand(404).clock.set(SEVEN)


def test_set__without_the_right__fails_with_the_answer() -> None:
    with pytest.raises(DemoFailed, match="403"):
        Stand(403).clock.set(SEVEN)


def test_release__after_one_was_away__is_tried_until_all_are_back() -> None:
    stand = Stand(503, 503, 200)
    assert stand.clock.release() == []
    assert stand.told == [None, None, None]


def test_release__that_cannot_reach_everybody__names_who_was_not_told() -> None:
    assert Stand(503).clock.release() == ["library"]
