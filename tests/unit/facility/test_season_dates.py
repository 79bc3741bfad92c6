"""On which dates a weekly time falls: weeks by their ISO number, holidays, breaks, and the change of the clock."""

import datetime as dt

from services.facility.season.dates import Calendar, public_holiday
from services.facility.season.domain import Break, Time
from tests.unit.facility.season_round import OSLO, evening


def calendar(first: dt.date, last: dt.date, *breaks: Break) -> Calendar:
    return Calendar(first, last, OSLO, breaks)


def dates(found: Calendar, time: Time, skip: bool = True) -> list[str]:
    return [one.date.isoformat() for one in found.meetings(time, skip)[0]]


def test_meetings__first_and_last_date_on_that_weekday__are_both_in() -> None:
    assert dates(calendar(dt.date(2027, 8, 23), dt.date(2027, 9, 6)), evening(1)) == [
        "2027-08-23",
        "2027-08-30",
        "2027-09-06",
    ]


def test_meetings__odd_weeks_over_week_53__go_by_the_iso_week() -> None:
    turn = calendar(dt.date(2026, 12, 14), dt.date(2027, 1, 17))
    assert dates(turn, evening(1, weeks="odd")) == ["2026-12-14", "2026-12-28", "2027-01-04"]
    assert dates(turn, evening(1, weeks="even")) == ["2026-12-21", "2027-01-11"]


def test_meetings__public_holidays__are_left_out_by_name_or_kept_by_choice() -> None:
    spring = calendar(dt.date(2027, 5, 10), dt.date(2027, 5, 24))
    kept, skipped = spring.meetings(evening(1), True)
    assert [one.date.isoformat() for one in kept] == ["2027-05-10", "2027-05-24"]
    assert [(one.date.isoformat(), one.why) for one in skipped] == [("2027-05-17", "holiday")]
    assert "Grunnlovsdag" in skipped[0].name.nb
    assert "Constitution Day" in skipped[0].name.en
    assert dates(spring, evening(1), skip=False) == ["2027-05-10", "2027-05-17", "2027-05-24"]


def test_meetings__in_a_break__are_left_out_whatever_was_chosen() -> None:
    autumn = Break("Høstferie", dt.date(2027, 10, 4), dt.date(2027, 10, 8))
    found = calendar(dt.date(2027, 9, 27), dt.date(2027, 10, 11), autumn)
    assert dates(found, evening(1), skip=False) == ["2027-09-27", "2027-10-11"]
    assert found.meetings(evening(1), False)[1][0].name.nb == "Høstferie"


def test_meetings__over_the_change_of_the_clock__keep_the_clock_time_and_their_exact_length() -> None:
    night = Time(7, 2 * 60 + 30, 4 * 60 + 30)
    spring = calendar(dt.date(2027, 3, 21), dt.date(2027, 3, 28)).meetings(night, False)[0]
    at = [dt.datetime.fromtimestamp(one.start, dt.UTC).strftime("%d %H:%M") for one in spring]
    assert at == ["21 01:30", "28 01:30"]  # 02:30 is skipped on the 28th and moves forward
    assert {one.end - one.start for one in spring} == {2 * 3600}


def test_public_holiday__ordinary_sunday__is_none() -> None:
    assert public_holiday(dt.date(2027, 9, 5)) is None
    assert public_holiday(dt.date(2027, 3, 28)) is not None
