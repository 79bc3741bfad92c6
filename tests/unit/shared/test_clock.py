"""The test clock: held, moved and released, and what others may be held to just after."""

import datetime as dt

import pytest

from shared import clock
from shared.clock import SteppedClock, SystemClock, settled

NOON = dt.datetime(2026, 11, 24, 12, tzinfo=dt.UTC)
FIVE = dt.timedelta(minutes=5)


@pytest.fixture
def seconds(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The machine's own count, which the test moves."""
    count = [1000.0]
    monkeypatch.setattr(clock.time, "monotonic", lambda: count[0])
    return count


def held(at: dt.datetime, seconds: list[float]) -> SteppedClock:
    found = SteppedClock()
    found.set(at)
    seconds[0] += 60
    return found


def test_settled__long_after_a_step__is_now(seconds: list[float]) -> None:
    assert settled(held(NOON, seconds)) == NOON


def test_settled__just_after_a_step_forward__is_what_was_left(seconds: list[float]) -> None:
    stepped = held(NOON, seconds)
    stepped.set(NOON + FIVE)
    assert (stepped.now(), settled(stepped)) == (NOON + FIVE, NOON)


def test_settled__while_steps_follow_each_other__keeps_its_distance(seconds: list[float]) -> None:
    stepped = held(NOON, seconds)
    for step in range(1, 11):
        stepped.set(NOON + step * FIVE)
        seconds[0] += 0.5
    assert NOON + 5 * FIVE <= settled(stepped) < NOON + 8 * FIVE


def test_settled__just_after_a_step_back__is_now(seconds: list[float]) -> None:
    stepped = held(NOON, seconds)
    stepped.set(NOON - FIVE)
    assert settled(stepped) == NOON - FIVE


def test_settled__forward_again_after_a_step_back__is_the_earliest_of_all_that_was_left(seconds: list[float]) -> None:
    stepped = held(NOON + FIVE, seconds)
    stepped.set(NOON)
    seconds[0] += 1
    stepped.set(NOON + FIVE)
    assert settled(stepped) == NOON


def test_settled__released_from_another_day__is_real_time(seconds: list[float]) -> None:
    stepped = held(SystemClock().now() + dt.timedelta(days=3), seconds)
    stepped.set(None)
    assert abs(settled(stepped) - SystemClock().now()) < dt.timedelta(minutes=1)
    assert not stepped.stands


def test_settled__of_real_time__is_now() -> None:
    before = SystemClock().now()
    assert before <= settled(SystemClock()) <= SystemClock().now()
