"""On which dates a group of opening spans begins: rules of weeks and of n-th days."""

import calendar
import datetime as dt
import re
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, StrictInt, model_validator

from shared.types import Body

Kind = Literal[
    "even_weeks",
    "odd_weeks",
    "every_nth_week",
    "nth_weekday_of_month",
    "nth_week_of_year",
    "nth_day_of_month",
]

_WEEK = dt.timedelta(days=7)


def _written_date(value: Any) -> Any:
    if type(value) is dt.date or (isinstance(value, str) and re.fullmatch(r"\d{4}-\d\d-\d\d", value)):
        return value
    raise ValueError("a date is written as 2026-11-24")


# Of any year: a period may have begun before all that is kept, and end long after it.
AnyDate = Annotated[dt.date, BeforeValidator(_written_date), Field(strict=False)]


class Rule(Body):
    """`n` counts from 1, or from the end with -1 the last; `step` k adds every k-th after it, forwards.

    For every_nth_week `n` is the distance in weeks from the week of `anchor`.
    """

    kind: Kind
    n: Annotated[StrictInt, Field(ge=-100_000, le=100_000)] | None = None
    step: Annotated[StrictInt, Field(ge=1, le=100_000)] | None = None
    anchor: AnyDate | None = None

    @model_validator(mode="after")
    def _has_what_it_needs(self) -> Self:
        if self.n == 0 or (self.kind == "every_nth_week" and (self.n or 1) < 0):
            raise ValueError("n is not zero, and for every_nth_week not negative")
        if self.n is None and self.kind not in ("even_weeks", "odd_weeks"):
            raise ValueError("the rule needs n")
        return self

    def lacks_anchor(self, period_start: dt.date | None) -> bool:
        """Weeks are then counted from nowhere, and none matches."""
        return self.kind == "every_nth_week" and self.anchor is None and period_start is None

    def matches(self, day: dt.date, period_start: dt.date | None) -> bool:
        if self.kind == "even_weeks":
            return day.isocalendar().week % 2 == 0
        if self.kind == "odd_weeks":
            return day.isocalendar().week % 2 == 1
        if self.kind == "every_nth_week":
            return self._in_nth_week(day, self.anchor or period_start)
        return self._is_nth(*_place(self.kind, day))

    def _in_nth_week(self, day: dt.date, anchor: dt.date | None) -> bool:
        if anchor is None or self.n is None:
            return False
        weeks = (_monday(day) - _monday(anchor)) // _WEEK
        return weeks >= 0 and weeks % self.n == 0

    def _is_nth(self, place: int, count: int) -> bool:
        """`place` of `count`, from 1."""
        n = self.n or 0
        first = n if n > 0 else count + 1 + n
        if not 1 <= first <= count:
            return False
        return place == first or (self.step is not None and place > first and (place - first) % self.step == 0)


def _place(kind: Kind, day: dt.date) -> tuple[int, int]:
    """Which of how many the date, its weekday or its week is."""
    days = calendar.monthrange(day.year, day.month)[1]
    if kind == "nth_day_of_month":
        return day.day, days
    if kind == "nth_weekday_of_month":
        return (day.day - 1) // 7 + 1, (day.day - 1) // 7 + 1 + (days - day.day) // 7
    week = day.isocalendar()
    return week.week, dt.date(week.year, 12, 28).isocalendar().week


def _monday(day: dt.date) -> dt.date:
    return day - dt.timedelta(days=day.weekday())
