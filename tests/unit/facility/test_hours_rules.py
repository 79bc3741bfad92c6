"""What each rule of opening hours says, one case at a time."""

import datetime as dt
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from pydantic import ValidationError

from shared.contracts.opening_hours import Hours, Period, warnings

OSLO = ZoneInfo("Europe/Oslo")


def date(text: str) -> dt.date:
    return dt.date.fromisoformat(text)


def span(start: str = "10:00", end: str = "16:00", state: str = "staffed", **more: Any) -> dict[str, Any]:
    return {"start": start, "end": end, "state": state, **more}


def period(*spans: dict[str, Any], rules: list[dict[str, Any]] | None = None, **more: Any) -> dict[str, Any]:
    return {"groups": [{"spans": list(spans), "rules": rules or []}], **more}


def override(first: str | None, last: str | None, *spans: dict[str, Any]) -> dict[str, Any]:
    return period(*spans, start_date=first, end_date=last, override=True)


def on(day: str, *periods: dict[str, Any]) -> list[tuple[str, str, str]]:
    return list(Hours(periods).pieces(date(day)))


def open_days(first: str, last: str, *rules: dict[str, Any], **more: Any) -> list[str]:
    found = Hours([period(span(), rules=list(rules), **more)]).days(date(first), date(last))
    return [day[5:] for day in found]


def test_periods__none__is_never_open() -> None:
    assert Hours([]).days(date("2026-01-01"), date("2026-12-31")) == {}


@pytest.mark.parametrize("empty", [{}, {"groups": None}, {"groups": [{"spans": None}]}, {"groups": [{"rules": []}]}])
def test_period__without_spans__gives_nothing(empty: dict[str, Any]) -> None:
    assert on("2026-10-15", empty) == []


def test_period__dates__are_both_inside() -> None:
    assert open_days("2026-10-01", "2026-10-31", start_date="2026-10-05", end_date="2026-10-07") == [
        "10-05",
        "10-06",
        "10-07",
    ]


def test_span__null_is_what_left_out_is() -> None:
    nulls = span(weekdays=None, end_next_day=None, full_day=None)
    assert on("2026-10-15", period(nulls, name=None, start_date=None, end_date=None, override=None)) == [
        ("10:00", "16:00", "staffed")
    ]


def test_span__full_day__is_the_date_whatever_its_clock_times_say() -> None:
    assert on("2026-10-15", period(span("12:00", "10:00", full_day=True, end_next_day=True))) == [
        ("00:00", "24:00", "staffed")
    ]


def test_span__to_midnight__ends_at_24() -> None:
    night = period(span("18:00", "00:00", end_next_day=True, weekdays=[4]))
    assert on("2026-10-15", night) == [("18:00", "24:00", "staffed")]
    assert on("2026-10-16", night) == []


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ({"kind": "nth_day_of_month", "n": 1}, ["02-01"]),
        ({"kind": "nth_day_of_month", "n": -1}, ["02-28"]),
        ({"kind": "nth_day_of_month", "n": 29}, []),
        ({"kind": "nth_day_of_month", "n": 1, "step": 14}, ["02-01", "02-15"]),
        ({"kind": "nth_day_of_month", "n": -3, "step": 2}, ["02-26", "02-28"]),
        ({"kind": "nth_day_of_month", "n": -1, "step": 1}, ["02-28"]),
        ({"kind": "nth_weekday_of_month", "n": 4, "step": 1}, [f"02-{day}" for day in range(22, 29)]),
        ({"kind": "nth_weekday_of_month", "n": 5}, []),
        ({"kind": "nth_weekday_of_month", "n": -5, "step": 1}, []),
        ({"kind": "nth_week_of_year", "n": 6}, [f"02-{day:02d}" for day in range(2, 9)]),
    ],
)
def test_rule__in_february_2026__matches(rule: dict[str, Any], expected: list[str]) -> None:
    assert open_days("2026-02-01", "2026-02-28", rule) == expected


def test_rule__weeks_of_a_year_with_53__belong_to_the_year_of_the_week() -> None:
    last = {"kind": "nth_week_of_year", "n": -1}
    assert open_days("2026-12-20", "2027-01-10", last) == [
        "12-28",
        "12-29",
        "12-30",
        "12-31",
        "01-01",
        "01-02",
        "01-03",
    ]
    assert open_days("2027-12-20", "2028-01-05", last)[0] == "12-27"
    assert open_days("2026-12-20", "2027-12-31", {"kind": "nth_week_of_year", "n": 53})[-1] == "01-03"


def test_rule__odd_weeks__follow_each_other_over_a_year_with_week_53() -> None:
    mondays = open_days("2026-12-20", "2027-01-12", {"kind": "odd_weeks"})
    assert [day for day in mondays if date(("2026-" if day > "06" else "2027-") + day).weekday() == 0] == [
        "12-28",
        "01-04",
    ]


def test_rule__every_nth_week__counts_from_the_week_of_the_anchor_and_never_before() -> None:
    saturday = span(weekdays=[6])
    fourth = {"kind": "every_nth_week", "n": 4, "anchor": "2026-10-14"}
    found = Hours([period(saturday, rules=[fourth])]).days(date("2026-09-01"), date("2026-12-31"))
    assert list(found) == ["2026-10-17", "2026-11-14", "2026-12-12"]


def test_rule__every_nth_week_without_anchor__counts_from_the_period() -> None:
    second = {"kind": "every_nth_week", "n": 2}
    assert open_days("2026-10-01", "2026-10-26", second, start_date="2026-10-08") == [
        *(f"10-{day:02d}" for day in range(8, 12)),
        *(f"10-{day:02d}" for day in range(19, 26)),
    ]


def test_rule__every_nth_week_of_a_period_that_starts_nowhere__matches_nothing_and_is_warned_of() -> None:
    nowhere = period(span(), rules=[{"kind": "every_nth_week", "n": 2}])
    assert on("2026-10-15", nowhere) == []
    assert [one.rule for one in warnings([Period.model_validate(nowhere)])] == ["weeks_from_nowhere"]


def test_rules__of_one_group__must_all_match() -> None:
    even, first = {"kind": "even_weeks"}, {"kind": "nth_weekday_of_month", "n": 1}
    assert open_days("2026-10-01", "2026-10-31", even, first) == ["10-01", "10-02", "10-03", "10-04"]


def test_periods__normal_ones__count_together_and_touching_pieces_of_a_state_merge() -> None:
    both = [period(span("08:00", "10:00"), span("10:00", "12:00")), period(span("11:00", "14:00"))]
    assert on("2026-10-15", *both) == [("08:00", "14:00", "staffed")]


def test_pieces__of_different_states__stay_side_by_side() -> None:
    both = period(span("10:00", "16:00"), span("08:00", "22:00", "self_service"))
    assert on("2026-10-15", both) == [("08:00", "22:00", "self_service"), ("10:00", "16:00", "staffed")]


ALL_YEAR = period(span("10:00", "18:00"))


def test_override__on_its_date__replaces_and_never_cuts_a_hole() -> None:
    short = override("2026-10-15", "2026-10-15", span("12:00", "14:00"))
    assert on("2026-10-15", ALL_YEAR, short) == [("12:00", "14:00", "staffed")]
    assert on("2026-10-16", ALL_YEAR, short) == [("10:00", "18:00", "staffed")]


def test_override__without_a_span_on_the_date__does_nothing() -> None:
    mondays = override("2026-10-12", "2026-10-18", span("12:00", "13:00", weekdays=[1]))
    assert on("2026-10-15", ALL_YEAR, mondays) == [("10:00", "18:00", "staffed")]


def test_override__closed_all_day__closes() -> None:
    holiday = override("2026-12-25", "2026-12-25", {"full_day": True, "state": "closed"})
    assert on("2026-12-25", ALL_YEAR, holiday) == [("00:00", "24:00", "closed")]


@pytest.mark.parametrize(
    ("winner", "loser"),
    [
        (("2026-10-15", "2026-10-15"), ("2026-10-14", "2026-10-15")),
        (("2026-10-10", "2026-10-20"), ("2026-10-01", None)),
        (("2026-10-14", "2026-10-15"), ("2026-10-15", "2026-10-16")),
        (("2026-01-01", None), ("2026-02-01", None)),
        (("2026-01-01", None), (None, "2026-12-31")),
        ((None, "2026-11-30"), (None, "2026-12-31")),
        ((None, "2026-12-31"), (None, None)),
        (("2026-10-15", "2026-10-15"), ("2026-10-15", "2026-10-15")),
    ],
)
def test_override__shorter_then_earlier_then_first__decides(
    winner: tuple[str | None, str | None], loser: tuple[str | None, str | None]
) -> None:
    won, lost = override(*winner, span("01:00", "02:00")), override(*loser, span("03:00", "04:00"))
    assert on("2026-10-15", ALL_YEAR, won, lost) == [("01:00", "02:00", "staffed")]
    if winner != loser:
        assert on("2026-10-15", lost, won, ALL_YEAR) == [("01:00", "02:00", "staffed")]


NIGHT = span("20:00", "02:00", end_next_day=True)


def test_past_midnight__belongs_to_the_next_date_also_after_the_period() -> None:
    one_day = period(NIGHT, start_date="2026-10-15", end_date="2026-10-15")
    assert on("2026-10-16", one_day) == [("00:00", "02:00", "staffed")]


@pytest.mark.parametrize(
    ("night", "kept"),
    [
        (period(NIGHT, start_date="2026-10-15", end_date="2026-10-15"), False),  # of a normal period
        (override("2026-10-15", "2026-10-15", NIGHT), True),  # of a shorter override
        (override("2026-10-15", "2026-10-16", {**NIGHT, "weekdays": [4]}), False),  # of one as long
        (override("2026-10-13", "2026-10-15", NIGHT), False),  # of a longer one
    ],
)
def test_past_midnight__into_a_date_of_another_override__is_kept_only_from_a_shorter_one(
    night: dict[str, Any], kept: bool
) -> None:
    ruler = override("2026-10-16", "2026-10-17", span("12:00", "14:00"))
    expected = [("00:00", "02:00", "staffed")] if kept else []
    assert on("2026-10-16", night, ruler) == [*expected, ("12:00", "14:00", "staffed")]


def test_past_midnight__of_the_override_that_decides_the_next_date_too__is_kept() -> None:
    weekend = override("2026-10-16", "2026-10-17", NIGHT)
    assert on("2026-10-17", ALL_YEAR, weekend) == [("00:00", "02:00", "staffed"), ("20:00", "24:00", "staffed")]


def test_past_midnight__of_an_override__does_not_make_the_next_date_one_of_its_own() -> None:
    late = override("2026-10-15", "2026-10-15", NIGHT)
    assert on("2026-10-16", ALL_YEAR, late) == [("00:00", "02:00", "staffed"), ("10:00", "18:00", "staffed")]


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        ("2026-10-15T09:59:59.999999+02:00", "self_service"),
        ("2026-10-15T10:00:00+02:00", "staffed"),
        ("2026-10-15T08:00:00Z", "staffed"),
        ("2026-10-15T12:30:00+02:00", "staffed"),
        ("2026-10-15T16:00:00+02:00", "self_service"),
        ("2026-10-15T22:00:00+02:00", "closed"),
    ],
)
def test_state__staffed_before_self_service_before_closed(at: str, expected: str) -> None:
    hours = Hours([period(span(), span("08:00", "22:00", "self_service"), span("12:00", "13:00", "closed"))])
    assert hours.state_at(dt.datetime.fromisoformat(at), OSLO) == expected


@pytest.mark.parametrize(
    ("start", "end", "first", "last"),
    [
        ("2027-03-28", ("02:00", "04:00"), "2027-03-28T01:00:00Z", "2027-03-28T02:00:00Z"),
        ("2027-03-28", ("02:30", "05:00"), "2027-03-28T01:30:00Z", "2027-03-28T03:00:00Z"),
        ("2026-10-25", ("01:30", "02:30"), "2026-10-24T23:30:00Z", "2026-10-25T00:30:00Z"),
        ("2026-10-25", ("02:30", "03:00"), "2026-10-25T00:30:00Z", "2026-10-25T02:00:00Z"),
    ],
)
def test_clock_change__a_skipped_time_moves_on_and_a_repeated_one_is_its_first_pass(
    start: str, end: tuple[str, str], first: str, last: str
) -> None:
    hours = Hours([period(span(*end), start_date=start, end_date=start)])
    begin, finish = dt.datetime.fromisoformat(first), dt.datetime.fromisoformat(last)
    assert hours.open_ranges(date(start), date(start), OSLO) == [(begin, finish)]
    assert hours.state_at(begin, OSLO) == "staffed"
    assert hours.state_at(finish, OSLO) == "closed"


def test_clock_change__a_span_turned_around_in_the_gap__is_no_time() -> None:
    hours = Hours([period(span("02:45", "03:15"))])
    assert hours.pieces(date("2027-03-28")) == (("02:45", "03:15", "staffed"),)
    assert hours.open_ranges(date("2027-03-28"), date("2027-03-28"), OSLO) == []


def test_open_ranges__a_date_the_zone_skips__holds_nothing() -> None:
    hours = Hours([period(span())])
    found = hours.open_ranges(date("2011-12-29"), date("2011-12-31"), ZoneInfo("Pacific/Apia"))
    assert len(found) == 2


def test_open_ranges__that_touch_over_midnight_and_between_states__are_one() -> None:
    round_the_clock = period(span("00:00", "08:00", "self_service"), span("08:00", "00:00", end_next_day=True))
    found = Hours([round_the_clock]).open_ranges(date("2026-10-15"), date("2026-10-17"), OSLO)
    assert [(end - start) for start, end in found] == [dt.timedelta(days=3)]


@pytest.mark.parametrize(
    "wrong",
    [
        {"start_date": "2026-02-01", "end_date": "2026-01-31"},
        {"start_date": "2026-2-1"},
        {"start_date": 20260201},
        {"unknown": 1},
        period(span("10:00", "10:00")),
        period(span("16:00", "10:00")),
        period(span("10:00", "24:00")),
        period(span("10:00", "9:00")),
        period({"start": "10:00", "state": "staffed"}),
        period(span(state="ajar")),
        period({"start": "10:00", "end": "11:00"}),
        period(span(weekdays=[0])),
        period(span(weekdays=[8])),
        period(span(weekdays=[True])),
        period(rules=[{"kind": "full_moon"}]),
        period(rules=[{"kind": "nth_day_of_month"}]),
        period(rules=[{"kind": "nth_day_of_month", "n": 0}]),
        period(rules=[{"kind": "nth_week_of_year", "n": 1, "step": 0}]),
        period(rules=[{"kind": "nth_week_of_year", "n": 1, "step": -1}]),
        period(rules=[{"kind": "every_nth_week", "n": 0}]),
        period(rules=[{"kind": "even_weeks", "n": 0}]),
        period(rules=[{"kind": "odd_weeks", "step": 0}]),
        period(rules=[{"kind": "every_nth_week", "n": -2}]),
    ],
)
def test_period__that_cannot_be__is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Period.model_validate(wrong)


def test_warnings__closing_inside_staffed_hours__names_the_period() -> None:
    closing = period(span(), span("12:00", "13:00", "closed"), name="Høst")
    elsewhere = period(span(weekdays=[1]), span("12:00", "13:00", "closed", weekdays=[2]))
    found = warnings([Period.model_validate(elsewhere), Period.model_validate(closing)])
    assert [(one.rule, one.period, one.name) for one in found] == [("closing_without_effect", 1, "Høst")]
