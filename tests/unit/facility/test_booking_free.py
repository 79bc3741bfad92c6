"""Free time against a slow model that tries every minute."""

import datetime as dt

from hypothesis import given, settings
from hypothesis import strategies as st

from services.facility.booking import free
from services.facility.booking.free import Range, Wanted

ZERO = dt.datetime(2026, 11, 24, tzinfo=dt.UTC)
DAY_MINUTES = 180


def at(minute: float) -> dt.datetime:
    return ZERO + dt.timedelta(minutes=minute)


def span(start: float, end: float) -> Range:
    return at(start), at(end)


def wanted(start: int, end: int, length: int, setup: int = 0, teardown: int = 0) -> Wanted:
    minute = dt.timedelta(minutes=1)
    return Wanted(span(start, end), length * minute, setup * minute, teardown * minute)


def test_free_ranges_touching_bookings_leave_nothing_between() -> None:
    assert free.free_ranges(wanted(0, 100, 10), [span(20, 40), span(40, 80)], []) == [span(0, 20), span(80, 100)]


def test_free_ranges_setup_and_teardown_keep_away_from_neighbours_but_not_from_the_window() -> None:
    assert free.free_ranges(wanted(0, 100, 10, 5, 15), [span(40, 50)], []) == [span(0, 25), span(55, 100)]


def test_free_ranges_booking_before_the_window_reaches_in_by_the_setup() -> None:
    assert free.free_ranges(wanted(10, 60, 10, 5), [span(0, 10)], []) == [span(15, 60)]


def test_free_ranges_bare_time_inside_hours_setup_outside_them() -> None:
    assert free.free_ranges(wanted(0, 100, 10, 30), [], [[span(20, 30), span(30, 60)]]) == [span(20, 60)]


def test_free_ranges_all_spaces_must_be_open_at_once() -> None:
    assert free.free_ranges(wanted(0, 100, 10), [], [[span(0, 50)], None, [span(30, 90)]]) == [span(30, 50)]


def test_free_ranges_seconds_are_cut_to_whole_minutes_inwards() -> None:
    assert free.free_ranges(wanted(0, 60, 10), [span(19.5, 30.25)], []) == [span(0, 19), span(31, 60)]


def test_free_ranges_too_short_is_not_offered() -> None:
    assert free.free_ranges(wanted(0, 60, 21), [span(20, 40)], []) == []


def test_covers_none_is_always_open_and_no_spans_never() -> None:
    assert free.covers(None, at(0), at(1))
    assert not free.covers([], at(0), at(1))


minutes = st.integers(0, DAY_MINUTES)
spans = st.lists(st.tuples(minutes, minutes).filter(lambda pair: pair[0] < pair[1]), max_size=5)


@settings(max_examples=300, deadline=None)
@given(spans, st.none() | spans, st.integers(1, 60), st.integers(0, 20), st.integers(0, 20))
def test_free_ranges_are_exactly_the_minutes_at_which_a_booking_is_accepted(
    taken: list[tuple[int, int]], hours: list[tuple[int, int]] | None, length: int, setup: int, teardown: int
) -> None:
    asked = wanted(20, 150, length, setup, teardown)
    opened = None if hours is None else [span(*pair) for pair in hours]
    found = free.free_ranges(asked, [span(*pair) for pair in taken], [opened])
    offered = {
        start for start in range(DAY_MINUTES) if any(a <= at(start) and at(start + length) <= b for a, b in found)
    }
    starts = {start for start in range(20, 150) if accepted(start, start + length, taken, hours, setup, teardown)}
    assert offered == starts
    assert len(found) == len([start for start in starts if start - 1 not in starts])  # each run of starts is one range


def accepted(
    start: int, end: int, taken: list[tuple[int, int]], hours: list[tuple[int, int]] | None, setup: int, teardown: int
) -> bool:
    clash = any(a < end + teardown and start - setup < b for a, b in taken)
    inside = hours is None or all(any(a <= m < b for a, b in hours) for m in range(start, end))
    return not clash and inside and end <= 150
