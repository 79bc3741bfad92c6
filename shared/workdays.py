"""Public holidays of Norway and what a series does about them. Pure; a holiday with two names is one day."""

import datetime as dt
from collections.abc import Callable, Sequence
from functools import cache
from typing import Literal

import holidays

from shared.problems import Message

OnHoliday = Literal["keep", "skip", "move"]
_ONE_DAY = dt.timedelta(days=1)
_SUNDAY = 7
_FARTHEST_MOVE = 14


@cache
def public_holidays(year: int) -> dict[dt.date, Message]:
    """By date. Ordinary Sundays are none."""
    nb, en = (holidays.country_holidays("NO", years=year, language=one) for one in ("no", "en_US"))
    return {day: Message(name, en.get(day, name)) for day, name in sorted(nb.items())}


def is_public_holiday(day: dt.date) -> bool:
    return day in public_holidays(day.year)


def easter(year: int) -> dt.date:
    """Easter Day."""
    (found,) = (day for day, name in public_holidays(year).items() if "Første påskedag" in name.nb)
    return found


def decided(days: Sequence[dt.date], choice: OnHoliday) -> list[dt.date | None]:
    """For each day, where it goes: itself, None when it is passed over, or the next day that is neither a public
    holiday, a Sunday, nor a day of the series. A day that finds no such place within a fortnight is passed over."""
    taken = {day for day in days if not is_public_holiday(day)}
    found: list[dt.date | None] = []
    for day in days:
        if choice == "keep" or not is_public_holiday(day):
            found.append(day)
            continue
        moved = _next_free(day, lambda other: other in taken) if choice == "move" else None
        if moved:
            taken.add(moved)
        found.append(moved)
    return found


def _next_free(day: dt.date, is_taken: Callable[[dt.date], bool]) -> dt.date | None:
    for ahead in range(1, _FARTHEST_MOVE + 1):
        other = day + ahead * _ONE_DAY
        if not (is_public_holiday(other) or other.isoweekday() == _SUNDAY or is_taken(other)):
            return other
    return None
