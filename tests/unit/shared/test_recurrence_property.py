"""Recurrences against python-dateutil, and against a model that counts days by hand."""

import datetime as dt
from typing import Any
from zoneinfo import ZoneInfo

from dateutil.rrule import rrulestr
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from shared.recurrence.expansion import Date, Recurrence, expand
from shared.recurrence.faults import Budget, RuleFault
from shared.recurrence.pattern import Pattern
from shared.recurrence.rule import parse
from shared.recurrence.written import WrittenRecurrence, read
from tests.unit.shared import slow_recurrence

DAY = dt.timedelta(days=1)
UNHURRIED = 60.0
# Both changes of the clock, the turn of a year with week 53, a leap day, and a holiday that is two.
HOT = [dt.date(2027, 3, 28), dt.date(2026, 10, 25), dt.date(2026, 12, 31), dt.date(2028, 2, 29), dt.date(2027, 5, 17)]
NAMES = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"]
days = st.builds(lambda day, shift: day + DAY * shift, st.sampled_from(HOT), st.integers(-12, 12))
clock_times = st.builds(dt.time, st.sampled_from([0, 1, 2, 2, 3, 9, 23]), st.sampled_from([0, 15, 30, 59]))
starts = st.builds(dt.datetime.combine, days, clock_times)


def some(numbers: Any, most: int = 3) -> Any:
    return st.lists(numbers, min_size=1, max_size=most).map(lambda found: ",".join(map(str, found)))


def either_end(most: int) -> Any:
    return st.integers(1, most).flatmap(lambda number: st.sampled_from([number, -number]))


@st.composite
def weekday_lists(draw: Any, frequency: str) -> str:
    if frequency in ("DAILY", "WEEKLY") or draw(st.booleans()):
        return draw(some(st.sampled_from(NAMES), 4))
    nth = st.builds("{}{}".format, either_end(5), st.sampled_from(NAMES))
    return draw(some(nth))


@st.composite
def rules(draw: Any) -> str:
    """Without COUNT and UNTIL."""
    frequency = draw(st.sampled_from(["DAILY", "WEEKLY", "MONTHLY", "YEARLY"]))
    choices = {
        "INTERVAL": st.integers(1, 4).map(str),
        "WKST": st.sampled_from(NAMES),
        "BYMONTH": some(st.integers(1, 12), 5),
        "BYDAY": weekday_lists(frequency),
        "BYHOUR": some(st.sampled_from([1, 2, 3, 10])),
        "BYMINUTE": some(st.sampled_from([0, 30, 45])),
        "BYSECOND": some(st.integers(0, 59), 2),
    }
    if frequency != "WEEKLY":
        choices["BYMONTHDAY"] = some(either_end(31), 5)
    if frequency == "YEARLY":
        choices["BYYEARDAY"] = some(either_end(366), 5)
        choices["BYWEEKNO"] = some(st.integers(1, 53) | st.integers(-10, -1))
    names = draw(st.lists(st.sampled_from(sorted(choices)), max_size=4, unique=True))
    if "BYWEEKNO" in names and "BYDAY" in names:
        choices["BYDAY"] = some(st.sampled_from(NAMES), 4)
    parts = [f"{name}={draw(choices[name])}" for name in names]
    if any(name.startswith("BY") for name in names) and draw(st.booleans()):
        parts.append(f"BYSETPOS={draw(some(either_end(4)))}")
    return ";".join([f"FREQ={frequency}", *parts])


@st.composite
def ended(draw: Any, start: dt.datetime) -> str:
    rule = draw(rules())
    last = start + DAY * draw(st.integers(-2, 90))
    end = draw(
        st.just("")
        | st.integers(1, 40).map(";COUNT={}".format)
        | st.sampled_from(["%Y%m%d", "%Y%m%dT%H%M%S", "%Y%m%dT%H%M%SZ"]).map(lambda form: f";UNTIL={last:{form}}")
    )
    return f"{rule}{end}"


@st.composite
def recurrences(draw: Any) -> dict[str, Any]:
    whole = draw(st.integers(0, 4)) == 0
    start = draw(days.map(lambda day: dt.datetime.combine(day, dt.time())) if whole else starts)
    rule = draw(st.none() | ended(start))
    if whole and rule:
        rule = ";".join(part for part in rule.split(";") if part[:6] not in ("BYHOUR", "BYMINU", "BYSECO", "BYSETP"))

    def text(clock: dt.datetime) -> str:
        return clock.date().isoformat() if whole else clock.isoformat()

    zone = draw(st.sampled_from(["Europe/Oslo", "Europe/Oslo", "America/New_York", "Australia/Lord_Howe", "UTC"]))
    written: dict[str, Any] = {"dtstart_local": text(start), "tz": zone, "rrule": rule}
    written |= {"all_day": True, "duration_days": draw(st.integers(1, 3))} if whole else {"duration_minutes": 75}
    around = start + 120 * DAY
    likely = sorted(slow_recurrence.given(written, ZoneInfo(zone), around)[:30]) or [start]
    others = days.map(lambda day: dt.datetime.combine(day, dt.time())) if whole else starts
    clocks = (st.sampled_from(likely) | others).map(text)
    written["exdates"] = draw(st.lists(clocks, max_size=3))
    written["rdates"] = draw(st.lists(clocks, max_size=3))
    override = st.fixed_dictionaries({"recurrence_id": clocks, "start_local": clocks}) | st.fixed_dictionaries(
        {"recurrence_id": clocks, "cancelled": st.just(True)}
    )
    written["overrides"] = draw(st.lists(override, max_size=3))
    return written


@settings(max_examples=150, deadline=None)
@given(rules(), starts)
def test_pattern__any_rule__gives_the_clock_times_of_dateutil(rule: str, start: dt.datetime) -> None:
    far = start + 800 * DAY
    ours = [clock for clock in Pattern(parse(rule), start).clocks(far.date(), Budget(UNHURRIED)) if clock <= far]
    assume(ours)  # dateutil looks for a first one to the year 9999
    assert ours == list(rrulestr(f"{rule};UNTIL={far:%Y%m%dT%H%M%S}", dtstart=start)), rule


@settings(max_examples=100, deadline=None)
@given(rules(), starts, st.integers(0, 700))
def test_pattern__begun_later__is_the_rest_of_the_whole(rule: str, start: dt.datetime, shift: int) -> None:
    pattern, since = Pattern(parse(rule), start), start.date() + DAY * shift
    far = since + 400 * DAY
    whole = [clock for clock in pattern.clocks(far, Budget(UNHURRIED)) if clock.date() >= since]
    rest = [clock for clock in pattern.clocks(far, Budget(UNHURRIED), since) if clock.date() >= since]
    assert rest == whole


@settings(max_examples=150, deadline=None)
@given(recurrences(), st.integers(-40, 60), st.integers(1, 200))
def test_expand__any_recurrence__is_what_is_counted_by_hand(written: dict[str, Any], shift: int, length: int) -> None:
    recurrence = read(WrittenRecurrence.model_validate(written), ZoneInfo("UTC"))
    since = recurrence.start.replace(tzinfo=dt.UTC) + DAY * shift
    until = since + DAY * length
    expected = slow_recurrence.occurrences(written, since, until)
    found = _expanded(recurrence, since, until)
    if found is None:
        endless = {**written, "rrule": _endless(written)}
        assert slow_recurrence.given(endless, recurrence.zone, until.replace(tzinfo=None)) == []
    else:
        assert [(date.starts_at, date.ends_at) for date in found] == expected


def _expanded(recurrence: Recurrence, since: dt.datetime, until: dt.datetime) -> list[Date] | None:
    """None when it was refused, which here is only right for what never gives a date."""
    try:
        return expand(recurrence, since, until, Budget(UNHURRIED))
    except RuleFault:
        return None


def _endless(written: dict[str, Any]) -> str:
    return ";".join(part for part in written["rrule"].split(";") if part[:5] not in ("COUNT", "UNTIL"))
