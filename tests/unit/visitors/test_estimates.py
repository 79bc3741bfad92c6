import datetime as dt
from dataclasses import replace
from fractions import Fraction
from typing import Any

from visitor_house import DOOR, SIDE_DOOR, day, door, facts, periods, reading, row, rows, share, span, with_readings

MONDAY = day("2026-10-05")
OPEN_10_TO_13 = span("10:00", "13:00")


def weeks_before(counts: list[int], hour: int, counter: Any = DOOR, date: dt.date = MONDAY) -> list[Any]:
    """Readings at the same hour one, two, three … weeks before."""
    return [
        reading(f"{date - dt.timedelta(weeks=back)}T{hour:02}:00", count, counter=counter)
        for back, count in enumerate(counts, 1)
    ]


def test__estimate__three_comparables__is_their_median_scaled_by_the_day() -> None:
    readings = [
        *weeks_before([10, 20, 12], 10),
        *weeks_before([10, 10, 10], 11),
        *weeks_before([10, 10, 10], 12),
        reading(f"{MONDAY}T11:00", 15),
        reading(f"{MONDAY}T12:00", 15),
    ]
    found = row(with_readings(facts(OPEN_10_TO_13), readings), str(MONDAY))

    assert found.staffed == 48  # 15 + 15 + 12 × 30/20
    assert found.quality == "imputed"
    assert found.imputed_share == Fraction(375, 1000)


def test__estimate__two_comparables__stays_missing() -> None:
    readings = [*weeks_before([10, 20], 10), reading(f"{MONDAY}T11:00", 15), reading(f"{MONDAY}T12:00", 15)]
    found = row(with_readings(facts(OPEN_10_TO_13), readings), str(MONDAY))

    assert (found.staffed, found.quality, found.imputed_share) == (30, "incomplete", 0)


def test__estimate__little_to_compare_with__is_the_bare_median() -> None:
    readings = [*weeks_before([5, 5, 6, 7], 10), *weeks_before([6, 6, 6], 11), reading(f"{MONDAY}T11:00", 30)]
    found = row(with_readings(facts(span("10:00", "12:00")), readings), str(MONDAY))

    assert found.staffed == 36  # 30 + 5.5, half up


def test__ratio__of_all_doors__is_held_between_a_half_and_two() -> None:
    base = facts(span("10:00", "11:00"), counters=[door(), door(SIDE_DOOR)])
    readings = [
        *weeks_before([10, 10, 10], 10),
        *weeks_before([20, 20, 20], 10, SIDE_DOOR),
        reading(f"{MONDAY}T10:00", 500, counter=SIDE_DOOR),
    ]
    assert row(with_readings(base, readings), str(MONDAY)).staffed == 520
    assert (
        row(
            with_readings(base, [*readings[:-1], reading(f"{MONDAY}T10:00", 0, counter=SIDE_DOOR)]), str(MONDAY)
        ).staffed
        == 5
    )


def test__comparables__public_holiday__is_left_out() -> None:
    base = replace(facts(span("10:00", "11:00")), holidays=frozenset({MONDAY - dt.timedelta(weeks=2)}))

    assert row(with_readings(base, weeks_before([1, 2, 3], 10)), str(MONDAY)).quality == "incomplete"
    assert row(with_readings(base, weeks_before([1, 2, 3, 4], 10)), str(MONDAY)).staffed == 3


def test__comparables__other_mode__is_left_out() -> None:
    base = facts(span("10:00", "11:00"))
    before = periods(span("10:00", "11:00", "self_service"), end_date="2026-09-21")
    since = periods(span("10:00", "11:00"), start_date="2026-09-22")
    changed = replace(base, hours=[replace(base.hours[0], periods=[*before, *since])])

    assert row(with_readings(base, weeks_before([1, 2, 3], 10)), str(MONDAY)).quality == "imputed"
    assert row(with_readings(changed, weeks_before([1, 2, 3], 10)), str(MONDAY)).quality == "incomplete"


def test__comparables__nine_weeks_back__is_too_old() -> None:
    rows_before = weeks_before([1, 2, 3, 4, 5, 6, 7, 8, 100], 10)
    only_old = [*rows_before[:2], rows_before[8]]

    assert row(with_readings(facts(span("10:00", "11:00")), only_old), str(MONDAY)).quality == "incomplete"


def test__comparables__autumn_hour__gives_both_of_its_passes() -> None:
    sunday = day("2026-11-01")
    readings = [
        reading("2026-10-25T02:00+02:00", 4),
        reading("2026-10-25T02:00+01:00", 8),
        reading("2026-10-18T02:00", 6),
    ]
    found = row(with_readings(facts(span("02:00", "03:00")), readings), str(sunday))

    assert (found.staffed, found.quality) == (6, "imputed")


def test__estimates__are_never_comparable() -> None:
    readings = weeks_before([1, 2, 3], 10)
    later = MONDAY + dt.timedelta(weeks=6)
    found = row(with_readings(facts(span("10:00", "11:00")), readings), str(later))

    assert found.quality == "incomplete"  # 2 of the 3 observed weeks lie within eight; the weeks between were estimated


def test__week__imputed_share_and_quality__come_from_its_days() -> None:
    base = facts(span("10:00", "11:00", weekdays=[1, 2]), settings=[share("0.5")])
    readings = [*weeks_before([10, 10, 10], 10), reading("2026-10-06T10:00", 30)]
    (week,) = rows(with_readings(base, readings), str(MONDAY), by="week")

    assert (week.period, week.door_visits, week.quality) == ("2026-W41", 20, "imputed")
    assert week.imputed_share == Fraction(1, 4)


def test__missing__still_running_interval__is_not_estimated() -> None:
    base = with_readings(facts(span("10:00", "11:00")), weeks_before([4, 4, 4], 10))

    assert row(base, str(MONDAY), now=f"{MONDAY}T10:59").staffed == 0
    assert row(base, str(MONDAY), now=f"{MONDAY}T11:00").staffed == 4
