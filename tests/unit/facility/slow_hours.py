"""Opening hours read by hand, minute by minute, from the periods as they are written. Shares no code with the product
and is in no hurry: what it says is what the rules say."""

import calendar
import datetime as dt
from typing import Any
from zoneinfo import ZoneInfo

Written = dict[str, Any]
STATES = ("staffed", "self_service", "closed")
DAY = dt.timedelta(days=1)


def pieces(periods: list[Written], day: dt.date) -> list[tuple[str, str, str]]:
    minutes = minutes_of(periods, day)
    found = []
    for state in STATES:
        start = None
        for minute in range(1441):
            inside = minute in minutes[state]
            if inside and start is None:
                start = minute
            if not inside and start is not None:
                found.append((clock(start), clock(minute), state))
                start = None
    return sorted(found, key=lambda piece: (piece[0], piece[1], STATES.index(piece[2])))


def state_at(periods: list[Written], instant: dt.datetime, zone: ZoneInfo) -> str:
    day = instant.astimezone(zone).date()
    covering = [
        state
        for start, end, state in pieces(periods, day)
        if instant_of(day, start, zone) <= instant < instant_of(day, end, zone)
    ]
    return next((state for state in STATES if state in covering), "closed")


def minutes_of(periods: list[Written], day: dt.date) -> dict[str, set[int]]:
    minutes: dict[str, set[int]] = {state: set() for state in STATES}
    for _, start, end, state in deciding(periods, day):
        minutes[state] |= set(range(start, min(end, 1440)))
    ruler = next((number for number, *_ in deciding(periods, day) if periods[number].get("override")), None)
    for number, _, end, state in deciding(periods, day - DAY):
        kept = ruler is None or ruler == number
        if not kept and periods[number].get("override"):
            kept = length(periods[number]) < length(periods[ruler or 0])
        if kept:
            minutes[state] |= set(range(end - 1440))
    return minutes


def deciding(periods: list[Written], day: dt.date) -> list[tuple[int, int, int, str]]:
    """(number of the period, first minute, minute after the last, state) of the spans that count on the day."""
    begun = [
        (number, *reach(span), span["state"])
        for number, period in enumerate(periods)
        if covers(period, day)
        for group in period.get("groups") or []
        if all(matches(rule, day, period) for rule in group.get("rules") or [])
        for span in group.get("spans") or []
        if span.get("weekdays") is None or day.isoweekday() in span["weekdays"]
    ]
    overrides = sorted(
        {number for number, *_ in begun if periods[number].get("override")},
        key=lambda number: (
            length(periods[number]),
            periods[number].get("start_date") or "9999-99-99",
            periods[number].get("end_date") or "9999-99-99",
            number,
        ),
    )
    return [one for one in begun if one[0] == overrides[0]] if overrides else begun


def covers(period: Written, day: dt.date) -> bool:
    written = day.isoformat()
    first, last = period.get("start_date") or "0000", period.get("end_date") or "9999-99-99"
    return bool(first <= written <= last)


def length(period: Written) -> float:
    if not period.get("start_date") or not period.get("end_date"):
        return float("inf")
    return (dt.date.fromisoformat(period["end_date"]) - dt.date.fromisoformat(period["start_date"])).days


def reach(span: Written) -> tuple[int, int]:
    if span.get("full_day"):
        return 0, 1440
    (h1, m1), (h2, m2) = (map(int, span[name].split(":")) for name in ("start", "end"))
    return h1 * 60 + m1, h2 * 60 + m2 + (1440 if span.get("end_next_day") else 0)


def matches(rule: Written, day: dt.date, period: Written) -> bool:
    kind, n = rule["kind"], rule.get("n") or 0
    if kind in ("even_weeks", "odd_weeks"):
        return int(day.strftime("%V")) % 2 == int(kind == "odd_weeks")
    if kind == "every_nth_week":
        written = rule.get("anchor") or period.get("start_date")
        if not written:
            return False
        monday = dt.date.fromisoformat(written)
        while monday.isoweekday() != 1:
            monday -= DAY
        while monday + 7 * DAY <= day:
            monday += 7 * n * DAY
        return monday <= day
    return day in picked(row_of(kind, day), n, rule.get("step"))


def row_of(kind: str, day: dt.date) -> list[set[dt.date]]:
    """The days, weekdays or weeks among which the n-th is looked for, in order."""
    month = [day.replace(day=number + 1) for number in range(calendar.monthrange(day.year, day.month)[1])]
    if kind == "nth_day_of_month":
        return [{one} for one in month]
    if kind == "nth_weekday_of_month":
        return [{one} for one in month if one.isoweekday() == day.isoweekday()]
    year = int(day.strftime("%G"))
    dates = [dt.date(year, 1, 1) + DAY * shift for shift in range(-7, 380)]
    dates = [one for one in dates if int(one.strftime("%G")) == year]
    return [set(dates[at : at + 7]) for at in range(0, len(dates), 7)]


def picked(row: list[set[dt.date]], n: int, step: int | None) -> set[dt.date]:
    try:
        first = range(len(row))[n - 1 if n > 0 else n]
    except IndexError:
        return set()
    return set().union(*(row[first::step] if step else [row[first]]))


def instant_of(day: dt.date, written: str, zone: ZoneInfo) -> dt.datetime:
    """Tries every offset of the zone's day: the first pass of a clock time, or the time moved on by the gap."""
    hours, minutes = map(int, written.split(":"))
    naive = dt.datetime.combine(day, dt.time()) + dt.timedelta(hours=hours, minutes=minutes)
    noon_before = dt.datetime.combine(naive.date() - DAY, dt.time(12), zone)
    noon_after = dt.datetime.combine(naive.date() + DAY, dt.time(12), zone)
    tries = sorted(
        (naive - (offset.utcoffset() or dt.timedelta())).replace(tzinfo=dt.UTC) for offset in (noon_before, noon_after)
    )
    for instant in tries:
        if instant.astimezone(zone).replace(tzinfo=None) == naive:
            return instant
    return (naive - (noon_before.utcoffset() or dt.timedelta())).replace(tzinfo=dt.UTC)


def clock(minute: int) -> str:
    return f"{minute // 60:02d}:{minute % 60:02d}"
