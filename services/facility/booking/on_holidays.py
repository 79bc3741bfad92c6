"""What a series does on public holidays: keeps the date, passes over it, or goes to the next working day."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from pydantic import ValidationError

from services.facility.booking.bodies import Date, time_of
from shared.problems import Invalid
from shared.walltime import written
from shared.workdays import OnHoliday, decided

Sent = dict[str, Any]


@dataclass(frozen=True)
class Passed:
    """A date that is not booked, and why nobody is asked."""

    id: str
    starts_at: dt.datetime
    ends_at: dt.datetime
    zone: ZoneInfo

    def kept(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "outcome": "skipped",
            "reason": "holiday",
            "blocking": [],
            "starts_at": written(self.starts_at, self.zone),
            "ends_at": written(self.ends_at, self.zone),
            "fault": None,
        }


def apply(dates: Sequence[Sent], choice: OnHoliday, zone: ZoneInfo) -> tuple[list[Sent], list[Passed]]:
    """(the dates to decide, those passed over). A moved date keeps its clock times, and its id. What cannot be read is
    left as it is: it is refused in its turn."""
    if choice == "keep":
        return list(dates), []
    read = [_read(date, zone) for date in dates]
    days = iter(decided([times[0].date() for times in read if times], choice))
    kept: list[Sent] = []
    passed: list[Passed] = []
    for date, times in zip(dates, read, strict=True):
        day = next(days) if times else None
        if times is None:
            kept.append(date)
        elif day is None:
            passed.append(Passed(str(date["id"]), *times, zone))
        else:
            kept.append(date if day == times[0].date() else _moved(date, times, day))
    return kept, passed


def _read(date: Sent, zone: ZoneInfo) -> tuple[dt.datetime, dt.datetime] | None:
    """On the square's clock."""
    try:
        parsed = Date.model_validate(date)
        start, end = time_of("starts_at", parsed.starts_at, zone), time_of("ends_at", parsed.ends_at, zone)
    except (ValidationError, Invalid):
        return None
    return start.astimezone(zone), end.astimezone(zone)


def _moved(date: Sent, times: tuple[dt.datetime, dt.datetime], day: dt.date) -> Sent:
    by = day - times[0].date()
    starts_at, ends_at = ((at + by).replace(tzinfo=None).isoformat(timespec="minutes") for at in times)
    return {**date, "starts_at": starts_at, "ends_at": ends_at}
