"""Opening hours against an evaluator that counts minutes by hand."""

import datetime as dt
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from shared.contracts.opening_hours import Hours
from tests.unit.facility import slow_hours

OSLO = ZoneInfo("Europe/Oslo")
DAY = dt.timedelta(days=1)
STATES = st.sampled_from(["staffed", "self_service", "closed"])
# Around the turn of a year with week 53, both changes of the clock, and a leap day.
HOT = [dt.date(2026, 12, 31), dt.date(2027, 3, 28), dt.date(2026, 10, 25), dt.date(2028, 2, 29)]
days = st.builds(lambda day, shift: day + DAY * shift, st.sampled_from(HOT), st.integers(-20, 20))
clocks = st.builds("{:02d}:{:02d}".format, st.integers(0, 23), st.sampled_from([0, 15, 30, 59]))


@st.composite
def spans(draw: Any) -> dict[str, Any]:
    span: dict[str, Any] = {"state": draw(STATES)}
    if draw(st.booleans()):
        span["weekdays"] = draw(st.none() | st.lists(st.integers(1, 7), max_size=5))
    if draw(st.integers(0, 5)) == 0:
        return span | {"full_day": True}
    span["start"], span["end"] = draw(clocks), draw(clocks)
    if span["end"] <= span["start"] or draw(st.integers(0, 3)) == 0:
        span["end_next_day"] = True
    return span


@st.composite
def rules(draw: Any) -> dict[str, Any]:
    kind = draw(st.sampled_from(["even_weeks", "odd_weeks", "every_nth_week", "week", "weekday", "day"]))
    if kind in ("even_weeks", "odd_weeks"):
        return {"kind": kind}
    if kind == "every_nth_week":
        anchor = draw(st.none() | days)
        return {"kind": kind, "n": draw(st.integers(1, 4)), "anchor": anchor and anchor.isoformat()}
    name, most = {
        "week": ("nth_week_of_year", 54),
        "weekday": ("nth_weekday_of_month", 6),
        "day": ("nth_day_of_month", 32),
    }[kind]
    n = draw(st.integers(1, most)) * draw(st.sampled_from([1, -1]))
    return {"kind": name, "n": n, "step": draw(st.none() | st.integers(1, 6))}


@st.composite
def periods(draw: Any) -> dict[str, Any]:
    start = draw(st.none() | days)
    end = draw(st.none() | (days if start is None else st.integers(0, 25).map(lambda n: start + DAY * n)))
    groups = st.fixed_dictionaries(
        {"spans": st.lists(spans(), min_size=1, max_size=3), "rules": st.just([]) | st.lists(rules(), max_size=2)}
    )
    return {
        "name": None,
        "start_date": start and start.isoformat(),
        "end_date": end and end.isoformat(),
        "override": draw(st.booleans()),
        "groups": draw(st.lists(groups, min_size=1, max_size=2)),
    }


sets = st.lists(periods(), max_size=6)


@settings(max_examples=300, deadline=None)
@given(sets, days, st.integers(0, 8))
def test_days__any_periods__are_those_counted_by_the_minute(
    written: list[dict[str, Any]], first: dt.date, more: int
) -> None:
    asked = [first + DAY * shift for shift in range(more + 1)]
    expected = {day.isoformat(): [list(piece) for piece in slow_hours.pieces(written, day)] for day in asked}
    assert Hours(written).days(first, asked[-1]) == {day: found for day, found in expected.items() if found}


@settings(max_examples=120, deadline=None)
@given(sets, days | st.sampled_from(HOT), st.lists(st.integers(0, 26 * 60 * 60), min_size=1, max_size=12))
def test_state_at__any_instant__is_the_first_state_of_a_piece_that_covers_it(
    written: list[dict[str, Any]], day: dt.date, seconds: list[int]
) -> None:
    hours = Hours(written)
    midnight = slow_hours.instant_of(day, "00:00", OSLO)
    for second in seconds:
        instant = midnight + dt.timedelta(seconds=second, microseconds=second % 7)
        assert hours.state_at(instant, OSLO) == slow_hours.state_at(written, instant, OSLO)


@settings(max_examples=80, deadline=None)
@given(sets, days | st.sampled_from(HOT))
def test_open_ranges__any_periods__hold_just_the_instants_that_are_not_closed(
    written: list[dict[str, Any]], day: dt.date
) -> None:
    hours = Hours(written)
    ranges = hours.open_ranges(day - DAY, day + DAY, OSLO)
    assert all(start < end for start, end in ranges)
    assert all(one[1] < other[0] for one, other in pairwise(ranges))
    midnight = slow_hours.instant_of(day, "00:00", OSLO)
    for step in range(0, 23 * 60, 15):
        instant = midnight + dt.timedelta(minutes=step)
        inside = any(start <= instant < end for start, end in ranges)
        assert inside == (hours.state_at(instant, OSLO) != "closed")
