"""Reading RRULE (RFC 5545 3.3.10). What is malformed or out of range is refused by the name of the part."""

import datetime as dt
import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any

from shared.problems import Message
from shared.recurrence.faults import RuleFault

LONGEST_TEXT = 4000
WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_NUMBER = re.compile(r"[+-]?[0-9]{1,6}", re.ASCII)
_WEEKDAY = re.compile(r"([+-]?[0-9]{1,2})?(MO|TU|WE|TH|FR|SA|SU)", re.ASCII)
_UNTIL = re.compile(r"([0-9]{8})(?:T([0-9]{6})(Z)?)?", re.ASCII)


class Frequency(Enum):
    YEARLY = "YEARLY"
    MONTHLY = "MONTHLY"
    WEEKLY = "WEEKLY"
    DAILY = "DAILY"


@dataclass(frozen=True)
class Rule:
    """Weekdays count from 0, Monday. `until` is an instant when it is aware, else a clock time, and inclusive."""

    frequency: Frequency
    interval: int = 1
    count: int | None = None
    until: dt.datetime | None = None
    week_start: int = 0
    months: frozenset[int] = frozenset()
    weeks: frozenset[int] = frozenset()
    year_days: frozenset[int] = frozenset()
    month_days: frozenset[int] = frozenset()
    weekdays: frozenset[int] = frozenset()
    nth_weekdays: frozenset[tuple[int, int]] = frozenset()
    hours: frozenset[int] = frozenset()
    minutes: frozenset[int] = frozenset()
    seconds: frozenset[int] = frozenset()
    positions: frozenset[int] = frozenset()

    @property
    def ends(self) -> bool:
        return self.count is not None or self.until is not None


def parse(text: str) -> Rule:
    """Raises RuleFault."""
    if len(text) > LONGEST_TEXT:
        raise RuleFault("rrule", _say("RRULE", f"har høyst {LONGEST_TEXT} tegn", f"has at most {LONGEST_TEXT} letters"))
    written = _split(text)
    frequency = _frequency(written.pop("FREQ", None))
    fields: dict[str, Any] = {}
    for name, value in written.items():
        fields |= _READERS[name](name, value)
    rule = Rule(frequency, **fields)
    _check_together(rule)
    return rule


def _split(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for part in text.upper().split(";"):
        name, equals, value = part.partition("=")
        if not (name and equals and value):
            raise RuleFault("rrule", _FORM)
        if name != "FREQ" and name not in _READERS:
            raise RuleFault("rrule", _say(_shown(name), "er ingen kjent del av RRULE", "is no known part of RRULE"))
        if name in found:
            raise RuleFault(name, _say(name, "kan bare stå én gang", "may stand only once"))
        found[name] = value
    return found


def _shown(name: str) -> str:
    """A name nobody knows is repeated only as far as it can be one."""
    return name if re.fullmatch(r"[A-Z-]{1,20}", name, re.ASCII) else "?"


def _frequency(written: str | None) -> Frequency:
    if written in ("HOURLY", "MINUTELY", "SECONDLY"):
        raise RuleFault("FREQ", _say("FREQ", "kan ikke være oftere enn DAILY", "must not be finer than DAILY"))
    try:
        return Frequency(written)
    except ValueError:
        raise RuleFault(
            "FREQ", _say("FREQ", "skal være DAILY, WEEKLY, MONTHLY eller YEARLY", "is DAILY, WEEKLY, MONTHLY or YEARLY")
        ) from None


Reader = Callable[[str, str], dict[str, Any]]


def _single(field: str, most: int) -> Reader:
    def read(name: str, value: str) -> dict[str, Any]:
        if not (value.isascii() and value.isdigit() and len(value) <= 9 and 1 <= int(value) <= most):
            raise RuleFault(
                name, _say(name, f"skal være et tall fra 1 til {most}", f"takes one number from 1 to {most}")
            )
        return {field: int(value)}

    return read


def _numbers(field: str, least: int, most: int, *, from_end: bool = False) -> Reader:
    """`from_end`: negative numbers count from the last, and zero is none."""

    def fits(number: int) -> bool:
        return least <= (abs(number) if from_end else number) <= most

    def read(name: str, value: str) -> dict[str, Any]:
        items = value.split(",")
        if not all(_NUMBER.fullmatch(item) and fits(int(item)) for item in items):
            also = (f" eller -{most} til -{least}", f" or -{most} to -{least}") if from_end else ("", "")
            raise RuleFault(
                name,
                _say(
                    name,
                    f"skal være tall fra {least} til {most}{also[0]}, skilt med komma",
                    f"takes numbers from {least} to {most}{also[1]}, separated by commas",
                ),
            )
        return {field: frozenset(map(int, items))}

    return read


def _weekdays(name: str, value: str) -> dict[str, Any]:
    plain, nth = set(), set()
    for item in value.split(","):
        found = _WEEKDAY.fullmatch(item)
        if not found or (found[1] and not 1 <= abs(int(found[1])) <= 53):
            raise RuleFault(name, _say(name, "skrives som MO,TH eller 1MO,-1FR", "is written as MO,TH or 1MO,-1FR"))
        weekday = WEEKDAYS.index(found[2])
        if found[1]:
            nth.add((int(found[1]), weekday))
        else:
            plain.add(weekday)
    return {"weekdays": frozenset(plain), "nth_weekdays": frozenset(nth)}


def _week_start(name: str, value: str) -> dict[str, Any]:
    if value not in WEEKDAYS:
        raise RuleFault(name, _say(name, "skal være en ukedag, som MO", "is one weekday, as MO"))
    return {"week_start": WEEKDAYS.index(value)}


def _until(name: str, value: str) -> dict[str, Any]:
    """A date means its whole day."""
    found = _UNTIL.fullmatch(value)
    try:
        if not found:
            raise ValueError
        until = dt.datetime.strptime(found[1] + (found[2] or "235959"), "%Y%m%d%H%M%S")  # noqa: DTZ007 -- a clock time
    except ValueError:
        raise RuleFault(
            name,
            _say(
                name,
                "skrives som 20271231, 20271231T180000 eller 20271231T170000Z",
                "is written as 20271231, 20271231T180000 or 20271231T170000Z",
            ),
        ) from None
    return {"until": until.replace(tzinfo=dt.UTC) if found[3] else until}


def _check_together(rule: Rule) -> None:
    """What may not stand beside each other, by RFC 5545."""
    if rule.count is not None and rule.until is not None:
        raise RuleFault("COUNT", _say("COUNT", "kan ikke stå sammen med UNTIL", "must not stand together with UNTIL"))
    frequency = rule.frequency
    of_year = frequency is Frequency.YEARLY
    wrong = {
        "BYWEEKNO": bool(rule.weeks) and not of_year,
        "BYYEARDAY": bool(rule.year_days) and not of_year,
        "BYMONTHDAY": bool(rule.month_days) and frequency is Frequency.WEEKLY,
        "BYDAY": bool(rule.nth_weekdays)
        and (frequency in (Frequency.WEEKLY, Frequency.DAILY) or bool(of_year and rule.weeks)),
    }
    for name in (name for name, is_wrong in wrong.items() if is_wrong):
        beside = f"FREQ={frequency.value}"
        raise RuleFault(name, _say(name, f"kan ikke stå slik ved {beside}", f"must not stand like this with {beside}"))
    if rule.positions and not _chooses(rule):
        raise RuleFault("BYSETPOS", _say("BYSETPOS", "trenger en annen BY-del", "needs another BY part"))


def _chooses(rule: Rule) -> bool:
    parts = (rule.months, rule.weeks, rule.year_days, rule.month_days, rule.weekdays, rule.nth_weekdays)
    return any(parts) or any((rule.hours, rule.minutes, rule.seconds))


def _say(name: str, nb: str, en: str) -> Message:
    return Message(f"{name} {nb}.", f"{name} {en}.")


_FORM = Message(
    "RRULE skrives som deler med semikolon mellom, for eksempel FREQ=WEEKLY;BYDAY=MO,TH;COUNT=10.",
    "RRULE is written as parts with semicolons between, for example FREQ=WEEKLY;BYDAY=MO,TH;COUNT=10.",
)
_READERS: dict[str, Reader] = {
    "INTERVAL": _single("interval", 100_000),
    "COUNT": _single("count", 100_000_000),
    "UNTIL": _until,
    "WKST": _week_start,
    "BYMONTH": _numbers("months", 1, 12),
    "BYWEEKNO": _numbers("weeks", 1, 53, from_end=True),
    "BYYEARDAY": _numbers("year_days", 1, 366, from_end=True),
    "BYMONTHDAY": _numbers("month_days", 1, 31, from_end=True),
    "BYDAY": _weekdays,
    "BYHOUR": _numbers("hours", 0, 23),
    "BYMINUTE": _numbers("minutes", 0, 59),
    "BYSECOND": _numbers("seconds", 0, 59),
    "BYSETPOS": _numbers("positions", 1, 366, from_end=True),
}
