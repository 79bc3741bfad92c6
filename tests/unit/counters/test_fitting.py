"""From what a device counted to readings on a counter's grid."""

import datetime as dt
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.counters.adapters.common import Span, Total
from services.counters.fitting import Assigned, Settings, fit
from shared.contracts.counters import Feed

DOOR, OTHER = UUID(int=1), UUID(int=2)
BEGIN = dt.datetime(2026, 11, 24, 10, tzinfo=dt.UTC)


def minute(number: float) -> dt.datetime:
    return BEGIN + dt.timedelta(minutes=number)


def span(start: float, end: float, count: int = 1, line: str = "", sequence: int = 0) -> Span:
    return Span(line, minute(start), minute(end), count, 10 * count, sequence)


def fitted(counted: list[Any], *assigned: Assigned, minutes: int = 15, feed: Feed = "interval") -> Any:
    """(minute, in, out, sequence) of each reading, and where the faults are."""
    settings = {one: Settings(minutes, feed) for one in (DOOR, OTHER)}
    readings, faults = fit(counted, assigned or (Assigned(DOOR),), settings)
    shown = [((one.start - BEGIN).total_seconds() / 60, one.count_in, one.count_out, one.sequence) for one in readings]
    return shown, [fault.where for fault in faults]


def test_span__of_the_counters_own_length__is_a_reading() -> None:
    assert fitted([span(0, 15, 4, sequence=7)]) == ([(0, 4, 40, 7)], [])


def test_spans__that_fill_an_interval__are_added_up() -> None:
    minutes = [span(number, number + 1) for number in range(30)]
    assert fitted(minutes[::-1]) == ([(0, 15, 150, 0), (15, 15, 150, 0)], [])


@pytest.mark.parametrize(
    "parts",
    [
        [span(0, 10)],
        [span(0, 5), span(10, 15)],
        [span(0, 10), span(5, 15)],
        [span(5, 20)],
        [span(0, 60)],
        [span(15, 0)],
        [span(0, 15), span(0, 15, 2)],
        [span(7, 15)],
    ],
)
def test_spans__with_a_gap_an_overlap_or_beyond_the_interval__are_no_reading(parts: list[Span]) -> None:
    readings, faults = fitted([*parts, span(60, 75)])
    assert readings == [(60, 1, 10, 0)]
    assert parts[0].start.isoformat() in faults


def test_span__sent_twice_in_a_message__counts_once() -> None:
    assert fitted([span(0, 15), span(0, 15)]) == ([(0, 1, 10, 0)], [])


@pytest.mark.parametrize(("at", "point"), [(14.9, 15), (15, 15), (22.4, 15), (22.5, 30), (7.4, 0)])
def test_total__goes_to_the_nearest_point_of_the_grid(at: float, point: int) -> None:
    assert fitted([Total("", minute(at), 5, 6)], feed="cumulative") == ([(point, 5, 6, 0)], [])


def test_totals__at_one_point__are_the_latest() -> None:
    found = fitted([Total("", minute(16), 8, 9), Total("", minute(14), 5, 6)], feed="cumulative")
    assert found == ([(15, 8, 9, 0)], [])


def test_lines__of_one_device__go_to_their_counters() -> None:
    lines = [span(0, 15, 1, "1"), span(0, 15, 2, "2"), span(0, 15, 3, "3")]
    assert fitted(lines, Assigned(DOOR, "2"), Assigned(OTHER, "1")) == ([(0, 2, 20, 0), (0, 1, 10, 0)], [])


def test_lines__where_the_token_names_none__cannot_be_told_apart() -> None:
    assert fitted([span(0, 15, 1, "1"), span(0, 15, 2, "2")]) == ([], ["counters"])


def test_registers__one_for_each_direction__are_paired_by_their_instant() -> None:
    totals = [Total("A", minute(0), 5, 0), Total("B", minute(0), 7, 0), Total("A", minute(15), 6, 0)]
    assert fitted(totals, Assigned(DOOR, "A", "B"), feed="cumulative") == ([(0, 5, 7, 0)], [])


@pytest.mark.parametrize(
    ("counted", "feed"),
    [(Total("", minute(0), 1, 1), "interval"), (Total("", minute(0), 1, 1), "beam"), (span(0, 15), "cumulative")],
)
def test_numbers__of_the_other_kind_than_the_feed__are_refused(counted: Any, feed: Feed) -> None:
    assert fitted([counted], feed=feed) == ([], ["counters"])


def test_message__about_another_line__gives_nothing() -> None:
    assert fitted([span(0, 15, 1, "9")], Assigned(DOOR, "1")) == ([], [])


@given(
    st.lists(st.tuples(st.integers(0, 59), st.integers(0, 9)), unique_by=lambda one: one[0], max_size=60),
    st.sampled_from([5, 10, 15, 30, 60]),
)
def test_minutes__any_of_an_hour__make_a_reading_just_where_none_is_missing(
    counted: list[tuple[int, int]], length: int
) -> None:
    by_minute = dict(counted)
    whole = [at for at in range(0, 60, length) if all(at + shift in by_minute for shift in range(length))]
    expected = [(at, sum(by_minute[at + shift] for shift in range(length))) for at in whole]
    readings, faults = fitted([span(at, at + 1, number) for at, number in counted], minutes=length)
    assert [(at, count) for at, count, _, _ in readings] == expected
    assert len(faults) == len({at // length for at in by_minute}) - len(whole)
