"""Busy blocks against a model that looks at every minute by the local clock, also on the nights it changes."""

import datetime as dt
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.health_station import domain
from services.health_station.domain import Range, busy_blocks
from shared.contracts.health_station import BusyBlock

OSLO = ZoneInfo("Europe/Oslo")
MINUTE, GRID = dt.timedelta(minutes=1), dt.timedelta(minutes=30)
ORDINARY = dt.date(2026, 11, 24)
# The clock is changed at 02:00 in Oslo, at midnight in Santiago, and by half an hour on Lord Howe.
DAYS = [
    (OSLO, ORDINARY),
    (OSLO, dt.date(2027, 3, 28)),
    (OSLO, dt.date(2026, 10, 25)),
    (ZoneInfo("America/Santiago"), dt.date(2026, 9, 6)),
    (ZoneInfo("America/Santiago"), dt.date(2026, 4, 4)),
    (ZoneInfo("Australia/Lord_Howe"), dt.date(2026, 10, 4)),
    (ZoneInfo("Australia/Lord_Howe"), dt.date(2026, 4, 5)),
]


def at(clock: str, day: dt.date = ORDINARY, zone: ZoneInfo = OSLO, fold: int = 0) -> dt.datetime:
    local = dt.datetime.combine(day, dt.time.fromisoformat(clock), zone).replace(fold=fold)
    return local.astimezone(dt.UTC)


def clocks(blocks: list[BusyBlock], zone: ZoneInfo = OSLO) -> list[str]:
    return [f"{one.starts_at.astimezone(zone):%H:%M}-{one.ends_at.astimezone(zone):%H:%M}" for one in blocks]


@st.composite
def appointments(draw: st.DrawFn, zone: ZoneInfo, date: dt.date) -> list[Range]:
    """Around the date, of any length up to a day, to the second."""
    begin = dt.datetime.combine(date, dt.time(), zone).astimezone(dt.UTC) - dt.timedelta(hours=26)
    found = []
    for _ in range(draw(st.integers(0, 8))):
        start = begin + dt.timedelta(seconds=draw(st.integers(0, 78 * 3600)))
        length = draw(st.one_of(st.integers(1, 7200), st.integers(1, 86400)))
        found.append((start, start + dt.timedelta(seconds=length)))
    return found


def taken_by_the_minute(times: list[Range], date: dt.date, zone: ZoneInfo) -> set[dt.datetime]:
    """Every minute of the date in whose half hour, by the local clock, something happens on the date."""
    minutes = [one for one in _minutes_around(date) if one.astimezone(zone).date() == date]
    taken_halves = {
        _half(minute, zone)
        for minute in minutes
        for start, end in times
        if start < minute + MINUTE and end > minute and max(start, minute) < min(end, minute + MINUTE)
    }
    return {minute for minute in minutes if _half(minute, zone) in taken_halves}


def _minutes_around(date: dt.date) -> list[dt.datetime]:
    noon = dt.datetime.combine(date, dt.time(12), dt.UTC)
    return [noon + MINUTE * n for n in range(-40 * 60, 40 * 60)]


def _half(minute: dt.datetime, zone: ZoneInfo) -> tuple[int, bool, dt.timedelta | None]:
    """Which half hour the clock on the wall shows, and in which of its two passes where it shows it twice."""
    local = minute.astimezone(zone)
    return local.hour, local.minute >= 30, local.utcoffset()


def minutes_of(blocks: list[BusyBlock]) -> set[dt.datetime]:
    return {one.starts_at + MINUTE * n for one in blocks for n in range(int((one.ends_at - one.starts_at) / MINUTE))}


@pytest.mark.parametrize(("zone", "date"), DAYS, ids=lambda value: str(value))
def test_blocks__any_appointments__cover_the_minutes_counted_one_by_one(zone: ZoneInfo, date: dt.date) -> None:
    @settings(deadline=None)
    @given(appointments(zone, date))
    def check(times: list[Range]) -> None:
        blocks = busy_blocks(times, date, zone)

        assert minutes_of(blocks) == taken_by_the_minute(times, date, zone)
        assert all(one.ends_at < other.starts_at for one, other in pairwise(blocks))

    check()


@settings(deadline=None)
@given(appointments(OSLO, ORDINARY))
def test_blocks__order_repeats_and_cuts_of_appointments__change_nothing(times: list[Range]) -> None:
    cut = [
        part for start, end in times for part in ((start, start + (end - start) / 2), (start + (end - start) / 2, end))
    ]

    whole = busy_blocks(times, ORDINARY, OSLO)

    assert busy_blocks([*reversed(times), *times], ORDINARY, OSLO) == whole
    assert busy_blocks(cut, ORDINARY, OSLO) == whole


@pytest.mark.parametrize(
    ("times", "expected"),
    [
        ([], []),
        ([("10:05", "10:10")], ["10:00-10:30"]),
        ([("10:00", "10:30")], ["10:00-10:30"]),
        ([("10:00", "10:31")], ["10:00-11:00"]),
        ([("10:00", "10:15"), ("10:30", "10:45")], ["10:00-11:00"]),
        ([("10:00", "10:15"), ("10:15", "10:30")], ["10:00-10:30"]),
        ([("10:00", "10:15"), ("11:00", "11:15")], ["10:00-10:30", "11:00-11:30"]),
    ],
)
def test_blocks__on_an_ordinary_day__are_half_hours_that_touch_or_stand_apart(
    times: list[tuple[str, str]], expected: list[str]
) -> None:
    assert clocks(busy_blocks([(at(start), at(end)) for start, end in times], ORDINARY, OSLO)) == expected


def test_blocks__past_midnight__belong_to_each_date_up_to_and_from_its_midnight() -> None:
    night = [(at("23:20"), at("00:40", ORDINARY + dt.timedelta(days=1)))]

    assert clocks(busy_blocks(night, ORDINARY, OSLO)) == ["23:00-00:00"]
    assert clocks(busy_blocks(night, ORDINARY + dt.timedelta(days=1), OSLO)) == ["00:00-01:00"]
    assert domain.dates_of(night[0], OSLO) == [ORDINARY, ORDINARY + dt.timedelta(days=1)]


def test_dates__of_a_time_that_ends_at_midnight__are_one() -> None:
    assert domain.dates_of((at("23:20"), at("00:00", ORDINARY + dt.timedelta(days=1))), OSLO) == [ORDINARY]


def test_blocks__in_the_hour_that_comes_twice__are_of_the_pass_they_were_in() -> None:
    autumn = dt.date(2026, 10, 25)
    second = [(at("02:10", autumn, fold=1), at("02:20", autumn, fold=1))]

    (block,) = busy_blocks(second, autumn, OSLO)

    assert (block.starts_at, block.ends_at) == (at("02:00", autumn, fold=1), at("02:30", autumn, fold=1))


def test_blocks__over_the_hour_that_is_skipped__last_as_long_as_they_do() -> None:
    spring = dt.date(2027, 3, 28)

    assert clocks(busy_blocks([(at("01:40", spring), at("03:20", spring))], spring, OSLO)) == ["01:30-03:30"]
    (block,) = busy_blocks([(at("01:40", spring), at("03:20", spring))], spring, OSLO)
    assert block.ends_at - block.starts_at == dt.timedelta(hours=1)


@pytest.mark.parametrize(
    ("now", "expected"),
    [("08:00:00", "08:00"), ("08:14:59", "08:00"), ("08:15:00", "08:15"), ("08:59:59", "08:45")],
)
def test_quarter__any_instant__is_the_latest_quarter_of_the_clock(now: str, expected: str) -> None:
    assert domain.quarter(at(now)) == at(expected)
