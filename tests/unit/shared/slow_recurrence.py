"""Recurrences worked out by hand, day by day, from what callers write. Shares no code with the product and is in no
hurry: what it says is what the rules say."""

import calendar
import datetime as dt
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

Written = dict[str, Any]
DAY = dt.timedelta(days=1)
NAMES = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"]


def occurrences(written: Written, since: dt.datetime, until: dt.datetime) -> list[tuple[dt.datetime, dt.datetime]]:
    zone = ZoneInfo(written["tz"])
    moved = {clock(one["recurrence_id"]): one for one in written.get("overrides", [])}
    far = max([until.astimezone(zone).replace(tzinfo=None) + 3 * DAY, *moved])
    members = set(given(written, zone, far)) | {clock(one) for one in written.get("rdates", [])}
    members -= {clock(one) for one in written.get("exdates", [])}
    found = []
    for member in members:
        if moved.get(member, {}).get("cancelled"):
            continue
        start = clock(moved[member]["start_local"]) if member in moved else member
        begin = instant(start, zone)
        if written.get("all_day"):
            end = instant(start + written["duration_days"] * DAY, zone)
        else:
            end = begin + dt.timedelta(minutes=written["duration_minutes"])
        if since <= begin < until:
            found.append((begin, end))
    return sorted(found)


def given(written: Written, zone: ZoneInfo, far: dt.datetime) -> list[dt.datetime]:
    """Clock times of the rule up to `far`."""
    start = clock(written["dtstart_local"])
    if written["rrule"] is None:
        return [start]
    parts = dict(part.split("=") for part in written["rrule"].split(";"))
    found = [one for one in pattern(parts, start, far) if one >= start]
    if "COUNT" in parts:
        found = found[: int(parts["COUNT"])]
    if "UNTIL" in parts:
        found = [one for one in found if not_after(one, parts["UNTIL"], zone)]
    return [one for one in found if one <= far]


def not_after(member: dt.datetime, until: str, zone: ZoneInfo) -> bool:
    if until.endswith("Z"):
        last = dt.datetime.strptime(until, "%Y%m%dT%H%M%SZ").replace(tzinfo=dt.UTC)
        return instant(member, zone) <= last
    return member.strftime("%Y%m%dT%H%M%S")[: len(until)] <= until


def pattern(parts: dict[str, str], start: dt.datetime, far: dt.datetime) -> list[dt.datetime]:
    periods: dict[Any, list[dt.datetime]] = {}
    day = {"YEARLY": start.date().replace(month=1, day=1), "MONTHLY": start.date().replace(day=1)}.get(
        parts["FREQ"], start.date()
    )
    first = period_of(parts, start.date())
    while day <= far.date() + {"YEARLY": 366, "MONTHLY": 31}.get(parts["FREQ"], 7) * DAY:
        steps = period_of(parts, day) - first
        if steps % int(parts.get("INTERVAL", 1)) == 0 and fits(parts, start, day):
            periods.setdefault(steps, []).extend(times(parts, start, day))
        day += DAY
    found = []
    for steps in sorted(periods):
        row = sorted(periods[steps])
        if "BYSETPOS" in parts:
            places = [int(one) for one in parts["BYSETPOS"].split(",")]
            row = [one for at, one in enumerate(row) if at + 1 in places or at - len(row) in places]
        found += row
    return found


def period_of(parts: dict[str, str], day: dt.date) -> int:
    if parts["FREQ"] == "DAILY":
        return day.toordinal()
    if parts["FREQ"] == "WEEKLY":  # 1 January of the year 1 was a Monday
        return (day.toordinal() - 1 - NAMES.index(parts.get("WKST", "MO"))) // 7
    return day.year * 12 + day.month if parts["FREQ"] == "MONTHLY" else day.year


def times(parts: dict[str, str], start: dt.datetime, day: dt.date) -> list[dt.datetime]:
    hours, minutes, seconds = (
        {int(one) for one in parts[name].split(",")} if name in parts else {default}
        for name, default in (("BYHOUR", start.hour), ("BYMINUTE", start.minute), ("BYSECOND", start.second))
    )
    return [dt.datetime.combine(day, dt.time(h, m, s)) for h in hours for m in minutes for s in seconds]


def fits(parts: dict[str, str], start: dt.datetime, day: dt.date) -> bool:
    asked = {name: set(value.split(",")) for name, value in parts.items() if name.startswith("BY")}
    if not asked.keys() & {"BYDAY", "BYMONTHDAY", "BYYEARDAY", "BYWEEKNO"}:
        if parts["FREQ"] == "WEEKLY" and day.weekday() != start.weekday():
            return False
        if parts["FREQ"] in ("MONTHLY", "YEARLY") and day.day != start.day:
            return False
        if parts["FREQ"] == "YEARLY" and "BYMONTH" not in asked and day.month != start.month:
            return False
    checks = {
        "BYMONTH": lambda: {str(day.month)},
        "BYMONTHDAY": lambda: numbers(month_of(day), day),
        "BYYEARDAY": lambda: numbers(year_of(day), day),
        "BYWEEKNO": lambda: week_numbers(day, NAMES.index(parts.get("WKST", "MO"))),
        "BYDAY": lambda: weekday_names(parts, day),
    }
    return all(asked[name] & found() for name, found in checks.items() if name in asked)


def weekday_names(parts: dict[str, str], day: dt.date) -> set[str]:
    name = NAMES[day.weekday()]
    among = year_of(day) if parts["FREQ"] == "YEARLY" and "BYMONTH" not in parts else month_of(day)
    row = [one for one in among if one.weekday() == day.weekday()]
    return {name} | {f"{number}{name}" for number in numbers(row, day)} | {f"+{row.index(day) + 1}{name}"}


def numbers(row: list[dt.date], day: dt.date) -> set[str]:
    at = row.index(day)
    return {str(at + 1), str(at - len(row))}


def week_numbers(day: dt.date, week_start: int) -> set[str]:
    for year in (day.year - 1, day.year, day.year + 1):
        weeks = weeks_of(year, week_start)
        for at, week in enumerate(weeks):
            if day in week:
                return {str(at + 1), str(at - len(weeks))}
    raise AssertionError(day)


@lru_cache
def weeks_of(year: int, week_start: int) -> list[list[dt.date]]:
    """Every week that has at least four days in the year."""
    first = dt.date(year - 1, 12, 25)
    while first.weekday() != week_start:
        first += DAY
    weeks = [[first + DAY * (7 * number + shift) for shift in range(7)] for number in range(55)]
    return [week for week in weeks if sum(day.year == year for day in week) >= 4]


@lru_cache
def month_of(day: dt.date) -> list[dt.date]:
    return [day.replace(day=number + 1) for number in range(calendar.monthrange(day.year, day.month)[1])]


@lru_cache
def year_of(day: dt.date) -> list[dt.date]:
    return [one for month in range(1, 13) for one in month_of(dt.date(day.year, month, 1))]


def clock(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text)


def instant(naive: dt.datetime, zone: ZoneInfo) -> dt.datetime:
    """Tries the offsets of the day before and of the day after: the first pass of a clock time, or moved by the gap."""
    before, after = (naive.replace(hour=12, tzinfo=zone) + shift for shift in (-DAY, DAY))
    offsets = [one.utcoffset() or dt.timedelta() for one in (before, after)]
    for offset in sorted(offsets, reverse=True):
        tried = (naive - offset).replace(tzinfo=dt.UTC)
        if tried.astimezone(zone).replace(tzinfo=None) == naive:
            return tried
    return (naive - offsets[0]).replace(tzinfo=dt.UTC)
