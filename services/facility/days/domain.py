"""Special days of a square: public holidays, and what it has decided itself. Pure.

A rule names its days in one of three ways: a day of every year (24 December), so many days before or after Easter Day
(the Wednesday before: -4), or the dates from one to another (the autumn break).
"""

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import Field, StrictInt, model_validator

from shared.contracts.opening_hours import ClockTime, Hours, Period
from shared.problems import Message
from shared.types import Body, Id, LocalDate, ShortText
from shared.workdays import easter, public_holidays

Kind = Literal["public_holiday", "closed", "short", "school_free"]
PublicChoice = Literal["closed", "self_service", "usual"]
ORDER: tuple[Kind, ...] = ("public_holiday", "closed", "short", "school_free")
_ONE_DAY = dt.timedelta(days=1)
_LEAP_YEAR = 2024


class PutRule(Body):
    """`closes_at` is for short days. Just one of `yearly` (MM-DD), `easter_offset`, and the two dates."""

    square_id: Id
    kind: Literal["closed", "short", "school_free"]
    name_nb: Annotated[ShortText, Field(min_length=1)]
    name_en: ShortText | None = None
    closes_at: ClockTime | None = None
    yearly: Annotated[str, Field(pattern=r"^(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$")] | None = None
    easter_offset: Annotated[StrictInt, Field(ge=-60, le=60)] | None = None
    first_date: LocalDate | None = None
    last_date: LocalDate | None = None

    @model_validator(mode="after")
    def _names_its_days(self) -> Self:
        ways = (self.yearly is not None, self.easter_offset is not None, self.first_date is not None)
        if sum(ways) != 1 or (self.first_date is None) != (self.last_date is None):
            raise ValueError("a rule has just one of yearly, easter_offset, and first_date with last_date")
        if self.first_date and self.last_date and self.last_date < self.first_date:
            raise ValueError("the last date is before the first")
        if (self.kind == "short") != (self.closes_at is not None):
            raise ValueError("a short day, and no other, has closes_at")
        if self.yearly and not _exists(self.yearly):
            raise ValueError("there is no such day in any year")
        return self

    def days(self, first: dt.date, last: dt.date) -> Iterator[dt.date]:
        """Those between, both inside."""
        for day in self._all(range(first.year, last.year + 1), first, last):
            if first <= day <= last:
                yield day

    def _all(self, years: range, first: dt.date, last: dt.date) -> Iterator[dt.date]:
        if self.easter_offset is not None:
            yield from (easter(year) + self.easter_offset * _ONE_DAY for year in years)
        elif self.yearly:
            month, day = map(int, self.yearly.split("-"))
            yield from (dt.date(year, month, day) for year in years if _exists(self.yearly, year))
        elif self.first_date and self.last_date:
            begin, end = max(first, self.first_date), min(last, self.last_date)
            yield from (begin + n * _ONE_DAY for n in range((end - begin).days + 1))


@dataclass(frozen=True)
class Rule:
    id: UUID
    version: int
    body: PutRule


@dataclass(frozen=True)
class Day:
    """One special day. Of several reasons for one date the first in `ORDER` is told, the public holiday before all."""

    date: dt.date
    kind: Kind
    name: Message
    closes_at: str | None = None
    rule_id: UUID | None = None


def special_days(rules: Sequence[Rule], first: dt.date, last: dt.date) -> list[Day]:
    """By date, then in `ORDER`; a holiday with two names is one day."""
    found = [
        Day(day, "public_holiday", name)
        for year in range(first.year, last.year + 1)
        for day, name in public_holidays(year).items()
        if first <= day <= last
    ]
    for rule in rules:
        name = Message(rule.body.name_nb, rule.body.name_en or rule.body.name_nb)
        found += [Day(day, rule.body.kind, name, rule.body.closes_at, rule.id) for day in rule.body.days(first, last)]
    return sorted(found, key=lambda one: (one.date, ORDER.index(one.kind), str(one.rule_id)))


def with_special_days(
    periods: Sequence[Period], days: Sequence[Day], on_public: PublicChoice
) -> tuple[list[Period], list[Day]]:
    """(the periods with a one-day override for each day that wants one, those days).

    A date that an override of one day decides already is left as somebody has made it.
    """
    decided = {one.start_date for one in periods if one.override and one.start_date == one.end_date}
    usual = Hours([one for one in periods if not one.override])
    added: dict[dt.date, tuple[Period, Day]] = {}
    for day in days:
        span = _spans(usual, day, on_public)
        if span is not None and day.date not in decided and day.date not in added:
            added[day.date] = _override(day, span), day
    return [*periods, *(period for period, _ in added.values())], [day for _, day in added.values()]


def _spans(usual: Hours, day: Day, on_public: PublicChoice) -> list[dict[str, Any]] | None:
    """None where the day is as any other."""
    if day.kind == "school_free" or (day.kind == "public_holiday" and on_public == "usual"):
        return None
    pieces = usual.days(day.date, day.date).get(day.date.isoformat(), [])
    if day.kind == "short" and day.closes_at:
        kept = [(start, min(end, day.closes_at), state) for start, end, state in pieces if start < day.closes_at]
    elif day.kind == "public_holiday" and on_public == "self_service":
        kept = [(start, end, state) for start, end, state in pieces if state == "self_service"]
    else:
        kept = []
    return [_span(*piece) for piece in kept] or [{"full_day": True, "state": "closed"}]


def _span(start: str, end: str, state: str) -> dict[str, Any]:
    if end == "24:00":
        return {"start": start, "end": "00:00", "end_next_day": True, "state": state}
    return {"start": start, "end": end, "state": state}


def _override(day: Day, spans: list[dict[str, Any]]) -> Period:
    date = day.date.isoformat()
    return Period.model_validate(
        {"name": day.name.nb, "start_date": date, "end_date": date, "override": True, "groups": [{"spans": spans}]}
    )


def _exists(yearly: str, year: int = _LEAP_YEAR) -> bool:
    month, day = map(int, yearly.split("-"))
    try:
        dt.date(year, month, day)
    except ValueError:
        return False
    return True
