"""What is said over and over does not fill the disk."""

import logging

import pytest

from shared.logs import Seldom


@pytest.fixture
def seldom() -> Seldom:
    return Seldom("aiokafka")


def line(text: str, at: float, name: str = "aiokafka.client") -> logging.LogRecord:
    record = logging.LogRecord(name, logging.ERROR, __file__, 1, text, None, None)
    record.created = at
    return record


def test_filter__the_same_line_each_second__is_told_more_and_more_seldom(seldom: Seldom) -> None:
    told = [second for second in range(1, 41) if seldom.filter(line("Unable connect", float(second)))]
    assert told == [1, 2, 4, 8, 16, 32]


def test_filter__the_line_after_a_quiet_minute__is_told_again(seldom: Seldom) -> None:
    for second in range(8):
        seldom.filter(line("Unable connect", float(second)))
    assert not seldom.filter(line("Unable connect", 60.0))
    assert seldom.filter(line("Unable connect", 121.0))


def test_filter__another_line_or_another_s__is_told(seldom: Seldom) -> None:
    for second in range(7):
        seldom.filter(line("Unable connect", float(second)))
    assert seldom.filter(line("Marking the coordinator dead", 7.0))
    for second in range(7):
        assert seldom.filter(line("outage", float(second), "shared.http"))
