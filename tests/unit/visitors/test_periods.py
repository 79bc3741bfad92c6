from dataclasses import replace

import pytest
from visitor_house import door, facts, reading, row, rows, share, span, whole_day, with_readings

from services.aggregator.visitors.periods import By

MONDAY = "2026-10-05"


@pytest.mark.parametrize(
    ("by", "first", "last", "labels"),
    [
        ("day", "2026-10-05", "2026-10-06", ["2026-10-05", "2026-10-06"]),
        ("week", "2026-12-28", "2027-01-04", ["2026-W53", "2027-W01"]),
        ("week", "2027-01-03", "2027-01-03", ["2026-W53"]),
        ("month", "2026-12-31", "2027-01-01", ["2026-12", "2027-01"]),
        ("year", "2026-12-31", "2027-01-01", ["2026", "2027"]),
    ],
)
def test__periods__touched_by_the_range__are_whole_and_labelled(
    by: By, first: str, last: str, labels: list[str]
) -> None:
    assert [found.period for found in rows(facts(), first, last, by)] == labels


def test__month__asked_for_one_day__sums_all_of_its_days() -> None:
    readings = [*whole_day("2026-10-01", 1), *whole_day("2026-10-31", 2)]
    (month,) = rows(with_readings(facts(span("10:00", "11:00")), readings), "2026-10-15", by="month")

    assert (month.period, month.door_visits, month.quality) == ("2026-10", 3, "incomplete")


def test__period__under_way__sums_the_days_begun() -> None:
    base = with_readings(facts(span("10:00", "11:00")), [*whole_day(MONDAY, 3), *whole_day("2026-10-06", 4)])
    (week,) = rows(base, MONDAY, by="week", now="2026-10-06T23:00")

    assert (week.door_visits, week.quality, week.revision) == (7, "observed", 0)


def test__period__is_the_sum_of_rounded_days_not_the_rounded_sum() -> None:
    base = with_readings(
        facts(span("10:00", "11:00"), settings=[share("0.5")]), [*whole_day(MONDAY, 3), *whole_day("2026-10-06", 3)]
    )
    (week,) = rows(base, MONDAY, by="week", now="2026-10-06T23:00")

    assert week.door_visits == 4


def test__closed_days__do_not_spoil_a_period() -> None:
    base = with_readings(facts(span("10:00", "11:00", weekdays=[1])), whole_day(MONDAY, 3))
    (week,) = rows(base, MONDAY, by="week")

    assert (week.quality, week.door_visits) == ("observed", 3)
    assert row(base, "2026-10-06").quality == "closed"


def test__hours__before_staff_share__by_local_clock() -> None:
    base = facts(span("10:00", "11:30"), span("11:30", "13:00", "self_service"), settings=[share("0.5")])
    base = replace(base, counters=[door(minutes=30)])
    readings = [
        reading(f"{MONDAY}T10:00", 3),
        reading(f"{MONDAY}T10:30", 2),
        reading(f"{MONDAY}T11:00", 1),
        reading(f"{MONDAY}T11:30", 7),
        reading(f"{MONDAY}T20:00", 9),
    ]
    found = rows(with_readings(base, readings), MONDAY, by="hour")

    assert [(hour.period, hour.staffed, hour.self_service) for hour in found] == [
        (f"{MONDAY}T10", 5, 0),
        (f"{MONDAY}T11", 1, 7),
    ]


def test__autumn_hour__holds_both_of_its_passes() -> None:
    found = rows(with_readings(facts(), whole_day("2026-10-25", 1)), "2026-10-25", by="hour")

    assert len(found) == 24
    assert {hour.period: hour.door_visits for hour in found}["2026-10-25T02"] == 2


def test__spring_hour__is_absent() -> None:
    found = rows(with_readings(facts(), whole_day("2026-03-29", 1)), "2026-03-29", by="hour")

    assert len(found) == 23
    assert "2026-03-29T02" not in {hour.period for hour in found}
