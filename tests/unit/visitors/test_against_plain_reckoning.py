"""The figures against a reckoning as slow and plain as the rule reads: minute by minute, reading by reading."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st
from visitor_house import DOOR, LIBRARY, SIDE_DOOR, at, door, facts, hours, periods, share, span, with_readings

from services.aggregator.visitors import domain
from services.aggregator.visitors.facts import MINUTE, Closure, Counter, Facts, instant
from services.aggregator.visitors.history import History
from shared.contracts import opening_hours

ZONES = [ZoneInfo(name) for name in ("Europe/Oslo", "America/Los_Angeles", "Asia/Kathmandu", "Australia/Lord_Howe")]
DATES = [dt.date.fromisoformat(date) for date in ("2026-10-05", "2026-03-29", "2026-10-25", "2026-11-01", "2026-04-05")]
ONE_DAY = dt.timedelta(days=1)
Row = tuple[UUID, int, int, int, int, int]


@dataclass
class Reckoned:
    staffed: int
    self_service: int
    complete: bool
    unbalanced: bool


def reckon(base: Facts, readings: Sequence[Row], date: dt.date, now: int) -> Reckoned:
    sums = {"staffed": Fraction(0), "self_service": Fraction(0), "closed": Fraction(0)}
    entered = left = Fraction(0)
    complete = True
    for counter in base.counters:
        for start in intervals(counter, date, base.zone):
            mode = mode_of(base, start, counter.minutes)
            counts = counts_of(counter, readings, start)
            if counts is not None:
                sums[mode] += counts[0]
                entered, left = entered + counts[0], left + counts[1]
            elif mode != "closed" and (start + counter.minutes) * MINUTE <= now:
                complete = False
    kept = 1 - (base.settings[0].staff_share if base.settings else Fraction(0))
    staffed, self_service = (half_up(sums[mode] * kept) for mode in ("staffed", "self_service"))
    unbalanced = abs(entered - left) > Fraction(15, 100) * max(entered, left)
    return Reckoned(staffed, self_service, complete, unbalanced)


def half_up(value: Fraction) -> int:
    whole, rest = divmod(value, 1)
    return int(whole) + (rest >= Fraction(1, 2))


def intervals(counter: Counter, date: dt.date, zone: ZoneInfo) -> list[int]:
    noon = int(dt.datetime(date.year, date.month, date.day, 12, tzinfo=dt.UTC).timestamp()) // 60
    starts = (start for start in range(noon - 2880, noon + 2880) if start % counter.minutes == 0)
    return [
        start for start in starts if instant(start * MINUTE).astimezone(zone).date() == date and valid(counter, start)
    ]


def valid(counter: Counter, start: int) -> bool:
    begins, ends = start * MINUTE, (start + counter.minutes) * MINUTE
    return not (counter.valid_from is not None and begins < counter.valid_from) and not (
        counter.valid_to is not None and ends > counter.valid_to
    )


def mode_of(base: Facts, start: int, minutes: int) -> str:
    seen = [state_at(base, minute) for minute in range(start, start + minutes)]
    return max(("staffed", "self_service", "closed"), key=seen.count)  # the first of those that tie


def state_at(base: Facts, minute: int) -> str:
    moment = instant(minute * MINUTE)
    for closure in base.closures:
        if closure.starts_at <= minute * MINUTE < (closure.ends_at or 2**62):
            return "closed"
    return opening_hours.parse(base.hours[0].periods or []).state_at(moment, base.zone)


def counts_of(counter: Counter, readings: Sequence[Row], start: int) -> tuple[Fraction, Fraction] | None:
    of_start = [row for row in readings if row[0] == counter.counter_id and row[1] == start]
    if not of_start:
        return None
    _, _, _, _, count_in, count_out = max(of_start, key=lambda row: row[2:])
    counts = Fraction(count_in), Fraction(count_out)
    if counter.feed == "beam":
        counts = Fraction(count_in, 2), Fraction(count_in, 2)
    if max(counts) > counter.max_per_minute * counter.minutes:
        return None
    return counts[::-1] if counter.swapped else counts


clock_times = st.integers(0, 95).map(lambda quarter: f"{quarter // 4:02}:{quarter % 4 * 15 + quarter % 3:02}")
spans = st.builds(
    lambda first, second, state: span(min(first, second), max(first, second), state),
    clock_times,
    clock_times,
    st.sampled_from(["staffed", "self_service"]),
).filter(lambda one: one["start"] < one["end"])


@st.composite
def counted(draw: st.DrawFn) -> tuple[Facts, list[Row], dt.date]:
    zone, date = draw(st.sampled_from(ZONES)), draw(st.sampled_from(DATES))
    midnight = at(f"{date}T00:00", zone)
    doors = [draw(doors_of(counter_id, midnight)) for counter_id in (DOOR, SIDE_DOOR)]
    closures = [
        Closure(None, midnight + begin * MINUTE, midnight + (begin + lasts) * MINUTE, midnight)
        for begin, lasts in draw(st.lists(st.tuples(st.integers(-60, 1500), st.integers(1, 300)), max_size=2))
    ]
    base = replace(
        facts(zone=zone, counters=doors),
        hours=[hours(LIBRARY, periods(*draw(st.lists(spans, min_size=1, max_size=4))))],
        closures=closures,
        settings=[share(draw(st.sampled_from(["0", "0.1", "0.25", "0.333333"])))],
    )
    starts = [start for one in doors for start in intervals(one, date, zone)]
    readings = [
        draw(reading_of(one.counter_id, start))
        for one in doors
        for start in draw(st.lists(st.sampled_from(starts or [0]), max_size=40))
        if start % one.minutes == 0
    ]
    return base, readings, date


@st.composite
def doors_of(draw: st.DrawFn, counter_id: UUID, midnight: int) -> Counter:
    valid_from = draw(st.sampled_from([None, midnight + 7 * MINUTE, midnight + 600 * MINUTE]))
    return door(
        counter_id,
        draw(st.sampled_from([5, 10, 15, 30, 60])),
        swapped=draw(st.booleans()),
        feed=draw(st.sampled_from(["interval", "beam"])),
        max_per_minute=draw(st.sampled_from([1, 40])),
        valid_from=valid_from,
        valid_to=draw(st.sampled_from([None, midnight + 1000 * MINUTE])),
    )


def reading_of(counter_id: UUID, start: int) -> st.SearchStrategy[Row]:
    small = st.integers(0, 70)
    return st.tuples(st.just(counter_id), st.just(start), st.integers(1, 3), st.integers(0, 1), small, small)


@settings(max_examples=60, deadline=None)
@given(counted(), st.randoms(use_true_random=False))
def test__day__is_as_reckoned_plainly_whatever_the_order_and_the_repeats(case: Any, chance: Any) -> None:
    base, readings, date = case
    sent = [*readings, *readings[::2]]
    chance.shuffle(sent)
    now = at("2027-01-01T00:00")
    (found,) = domain.rows(History(with_readings(base, sent)), date, date, "day", now)
    wanted = reckon(base, readings, date, now)

    assert (found.staffed, found.self_service, found.unbalanced) == (
        wanted.staffed,
        wanted.self_service,
        wanted.unbalanced,
    )
    if found.quality in ("observed", "imputed"):
        assert wanted.complete
