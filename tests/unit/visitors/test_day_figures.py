from dataclasses import replace
from fractions import Fraction
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from visitor_house import (
    DESK,
    DOOR,
    LIBRARY,
    SIDE_DOOR,
    ZONE,
    at,
    day,
    door,
    facts,
    hours,
    periods,
    reading,
    row,
    rows,
    share,
    span,
    whole_day,
    with_readings,
)

from services.aggregator.visitors.facts import MINUTE, Closure, Unit

MONDAY = "2026-10-05"
OPEN_10_TO_12 = span("10:00", "12:00")


def test__entries__open_and_closed_hours__only_open_ones_are_visits() -> None:
    found = row(with_readings(facts(OPEN_10_TO_12), whole_day(MONDAY, 7)), MONDAY)

    assert (found.staffed, found.self_service, found.door_visits) == (14, 0, 14)
    assert found.quality == "observed"


def test__modes__two_units__the_square_takes_the_higher() -> None:
    base = facts(span("10:00", "14:00"))
    both = replace(
        base,
        units=[*base.units, Unit(DESK, [(None, None)])],
        hours=[*base.hours, hours(DESK, periods(span("08:00", "20:00", "self_service")))],
    )
    found = row(with_readings(both, whole_day(MONDAY, 1)), MONDAY)

    assert (found.staffed, found.self_service) == (4, 8)


def test__unit__left_the_square_the_day_before__is_closed() -> None:
    base = replace(facts(OPEN_10_TO_12), units=[Unit(LIBRARY, [(None, day(MONDAY))])])
    found = row(with_readings(base, whole_day(MONDAY, 1)), MONDAY)

    assert (found.door_visits, found.quality) == (0, "closed")


def test__unit__without_hours__counts_as_closed() -> None:
    base = replace(facts(), hours=[])

    assert row(with_readings(base, whole_day(MONDAY, 1)), MONDAY).quality == "closed"


@pytest.mark.parametrize(("opens", "expected"), [("10:30", (1, 0)), ("10:31", (0, 1)), ("10:29", (1, 0))])
def test__interval__half_staffed__tie_goes_to_the_higher_mode(opens: str, expected: tuple[int, int]) -> None:
    base = facts(span(opens, "11:00"), span("10:00", "11:00", "self_service"))
    found = row(with_readings(base, [reading(f"{MONDAY}T10:00", 1)]), MONDAY)

    assert (found.staffed, found.self_service) == expected


def test__interval__covered_by_a_closure_with_seconds__is_weighed_exactly() -> None:
    base = facts(OPEN_10_TO_12)
    one_second_more_than_half = Closure(None, at(f"{MONDAY}T10:29:59"), at(f"{MONDAY}T11:00"), at(f"{MONDAY}T09:00"))
    closed = replace(base, closures=[one_second_more_than_half])
    found = row(with_readings(closed, [reading(f"{MONDAY}T10:00", 5), reading(f"{MONDAY}T11:00", 3)]), MONDAY)

    assert found.staffed == 3


def test__closure__of_another_unit__changes_nothing() -> None:
    closure = Closure(DESK, at(f"{MONDAY}T00:00"), None, at(f"{MONDAY}T00:00"))
    base = replace(facts(OPEN_10_TO_12), closures=[closure])

    assert row(with_readings(base, whole_day(MONDAY, 2)), MONDAY).staffed == 4


def test__closure__lifted__ends_at_the_lifting() -> None:
    closure = Closure(None, at(f"{MONDAY}T00:00"), None, at(f"{MONDAY}T00:00"), at(f"{MONDAY}T11:00"))
    base = replace(facts(OPEN_10_TO_12), closures=[closure])

    assert row(with_readings(base, whole_day(MONDAY, 2)), MONDAY).staffed == 2


def test__missing_interval__in_open_hours__makes_the_day_incomplete() -> None:
    base = with_readings(facts(OPEN_10_TO_12), [reading(f"{MONDAY}T10:00", 5)])

    assert row(base, MONDAY).quality == "incomplete"


def test__missing_interval__not_yet_over__is_not_expected() -> None:
    base = with_readings(facts(OPEN_10_TO_12), [reading(f"{MONDAY}T10:00", 5)])

    assert row(base, MONDAY, now=f"{MONDAY}T11:59:59").quality == "observed"
    assert row(base, MONDAY, now=f"{MONDAY}T12:00").quality == "incomplete"


def test__closed_hours__without_readings__are_a_true_zero() -> None:
    base = with_readings(facts(OPEN_10_TO_12), [reading(f"{MONDAY}T10:00", 5), reading(f"{MONDAY}T11:00", 0)])

    assert row(base, MONDAY).quality == "observed"


def test__open_date__without_a_valid_outer_counter__is_incomplete() -> None:
    base = facts(OPEN_10_TO_12, counters=[door(valid_from=at("2026-10-06T00:00"))])

    assert row(base, MONDAY).quality == "incomplete"


def test__validity__interval_partly_outside__is_not_counted() -> None:
    counter = door(valid_from=at(f"{MONDAY}T10:15"), valid_to=at(f"{MONDAY}T11:45"), minutes=30)
    base = facts(OPEN_10_TO_12, counters=[counter])
    found = row(with_readings(base, whole_day(MONDAY, 10, minutes=30)), MONDAY)

    assert (found.staffed, found.quality) == (20, "observed")


def test__readings__different_for_one_interval__last_received_then_sequence_then_larger_counts() -> None:
    start = f"{MONDAY}T10:00"
    same_time = f"{MONDAY}T12:00"
    base = facts(span("10:00", "11:00"))
    earlier = reading(start, 9, received=f"{MONDAY}T11:00", sequence=5)
    by_arrival = [earlier, reading(start, 1, received=same_time)]
    by_sequence = [*by_arrival, reading(start, 0, received=same_time, sequence=1)]
    by_in = [*by_sequence, reading(start, 3, received=same_time, sequence=1)]

    assert row(with_readings(base, by_arrival), MONDAY).staffed == 1
    assert row(with_readings(base, by_sequence), MONDAY).staffed == 0
    assert row(with_readings(base, by_in[::-1]), MONDAY).staffed == 3


def test__newest_reading__implausible__makes_the_interval_missing_although_an_older_was_not() -> None:
    base = facts(span("10:00", "11:00"), counters=[door(max_per_minute=1)])
    plausible = reading(f"{MONDAY}T10:00", 60)
    too_many = reading(f"{MONDAY}T10:00", 61, received=f"{MONDAY}T20:00")

    assert row(with_readings(base, [plausible]), MONDAY).staffed == 60
    assert row(with_readings(base, [plausible, too_many]), MONDAY).quality == "incomplete"
    only_out = reading(f"{MONDAY}T10:00", 1, 61, received=f"{MONDAY}T20:00")
    assert row(with_readings(base, [plausible, only_out]), MONDAY).quality == "incomplete"


def test__counter__swapped__takes_out_for_in() -> None:
    base = facts(span("10:00", "11:00"), counters=[door(swapped=True)])

    assert row(with_readings(base, [reading(f"{MONDAY}T10:00", 2, 9)]), MONDAY).staffed == 9


def test__beam__odd_breaks__are_kept_as_halves_until_the_day_is_rounded() -> None:
    base = facts(OPEN_10_TO_12, counters=[door(feed="beam")])
    one = with_readings(base, [reading(f"{MONDAY}T10:00", 5), reading(f"{MONDAY}T11:00", 0)])
    two = with_readings(base, [reading(f"{MONDAY}T10:00", 5), reading(f"{MONDAY}T11:00", 5)])

    assert row(one, MONDAY).staffed == 3
    assert row(two, MONDAY).staffed == 5


def test__cumulative__samples_in_any_order__difference_fills_the_interval_between() -> None:
    base = facts(span("10:00", "12:00"), counters=[door(feed="cumulative")])
    samples = [reading(f"{MONDAY}T{hour}:00", total) for hour, total in (("12", 130), ("10", 100), ("11", 104))]
    found = row(with_readings(base, samples), MONDAY)

    assert (found.staffed, found.quality) == (30, "observed")


def test__cumulative__sample_lost__fills_none() -> None:
    base = facts(span("10:00", "12:00"), counters=[door(feed="cumulative")])
    found = row(with_readings(base, [reading(f"{MONDAY}T{hour}:00", 100) for hour in ("10", "12")]), MONDAY)

    assert (found.staffed, found.quality) == (0, "incomplete")


def test__cumulative__reset__counts_as_it_stands_in_and_out_each_by_itself() -> None:
    base = facts(span("10:00", "11:00"), counters=[door(feed="cumulative", swapped=True)])
    found = row(with_readings(base, [reading(f"{MONDAY}T10:00", 500, 70), reading(f"{MONDAY}T11:00", 20, 75)]), MONDAY)

    assert found.staffed == 5
    assert found.unbalanced


def test__cumulative__difference_over_midnight__belongs_to_the_date_it_begins_on() -> None:
    base = facts(counters=[door(feed="cumulative", minutes=60)])
    samples = [*whole_day(MONDAY, 100), reading("2026-10-06T00:00", 112)]

    assert row(with_readings(base, samples), MONDAY).staffed == 12


def test__interval_lengths__of_two_doors__each_count_on_their_own_grid() -> None:
    base = facts(span("10:00", "11:00"), counters=[door(), door(SIDE_DOOR, minutes=5)])
    readings = [*whole_day(MONDAY, 100), *whole_day(MONDAY, 1, SIDE_DOOR, 5)]

    assert row(with_readings(base, readings), MONDAY).staffed == 112


def test__staff_share__is_taken_off_once_per_mode_and_rounded_half_up() -> None:
    base = facts(span("10:00", "11:00"), span("11:00", "12:00", "self_service"), settings=[share("0.1")])
    found = row(with_readings(base, [reading(f"{MONDAY}T10:00", 5), reading(f"{MONDAY}T11:00", 15)]), MONDAY)

    assert (found.staffed, found.self_service) == (5, 14)  # 4.5 and 13.5


@pytest.mark.parametrize(("out", "expected"), [(85, False), (84, True), (115, False), (118, True)])
def test__unbalanced__more_than_15_percent_of_the_larger(out: int, expected: bool) -> None:
    base = with_readings(
        facts(span("10:00", "11:00")), [reading(f"{MONDAY}T03:00", 0, out), reading(f"{MONDAY}T10:00", 100, 0)]
    )

    assert row(base, MONDAY).unbalanced is expected


def test__unit_visits__zone_counter__stands_beside_door_visits() -> None:
    zone = door(ZONE, kind="zone", unit_id=LIBRARY)
    base = facts(OPEN_10_TO_12, counters=[door(), zone], settings=[share("0.5")])
    found = row(with_readings(base, [*whole_day(MONDAY, 10), *whole_day(MONDAY, 4, ZONE)]), MONDAY)

    assert found.unit_visits == {LIBRARY: 8}
    assert (found.door_visits, found.units_per_visit, found.units_per_visit_flag) == (10, Fraction(8, 10), True)


def test__unit_visits__unit_without_counter__is_absent() -> None:
    found = row(with_readings(facts(OPEN_10_TO_12), whole_day(MONDAY, 10)), MONDAY)

    assert found.unit_visits == {}
    assert found.units_per_visit is None


@pytest.mark.parametrize(
    ("date", "zone", "count"),
    [
        ("2026-03-29", "Europe/Oslo", 23),
        ("2026-10-25", "Europe/Oslo", 25),
        ("2026-11-01", "America/Los_Angeles", 25),
        ("2026-10-05", "Asia/Kathmandu", 24),
    ],
)
def test__whole_day__in_any_zone_and_season__has_all_its_hours(date: str, zone: str, count: int) -> None:
    there = ZoneInfo(zone)
    begin, hour = at(f"{date}T00:00", there) // MINUTE, 60
    first = -(-begin // hour) * hour
    readings: list[tuple[UUID, int, int, int, int, int]] = [
        (DOOR, first + hour * number, 0, 0, 1, 1) for number in range(-30, 60)
    ]
    found = row(with_readings(facts(zone=there), readings), date)

    assert (found.staffed, found.quality) == (count, "observed")


def test__autumn_hour__open_from_half_past_two__begins_in_its_first_pass() -> None:
    base = facts(span("02:30", "03:00"), counters=[door(minutes=30)])
    readings = [
        reading("2026-10-25T02:00+02:00", 1),
        reading("2026-10-25T02:30+02:00", 10),
        reading("2026-10-25T02:00+01:00", 100),
        reading("2026-10-25T02:30+01:00", 1000),
    ]

    assert row(with_readings(base, readings), "2026-10-25").staffed == 1110


def test__dates__not_begun__are_left_out() -> None:
    base = with_readings(facts(), whole_day(MONDAY, 1))

    assert [one.period for one in rows(base, MONDAY, "2026-10-07", now="2026-10-06T00:00")] == [MONDAY, "2026-10-06"]
