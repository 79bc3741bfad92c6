"""One entry of a calendar, alone or repeated, and what happens by it in a window."""

import datetime as dt
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

from shared.problems import Message
from shared.recurrence.expansion import Date, Override, Recurrence, expand
from shared.recurrence.faults import Budget

_SECOND = dt.timedelta(seconds=1)
Source = Literal["single", "series", "override"]


@dataclass(frozen=True)
class Single:
    """What the file says of one date of a series by itself. `recurrence_id` is on the clock of the series."""

    recurrence_id: dt.datetime
    starts_at: dt.datetime
    ends_at: dt.datetime
    cancelled: bool = False


class Happening(NamedTuple):
    """`id` stays the same when a date is moved; of an entry that is not repeated it is empty.

    `planned` is when it would have been by the series; None where the series has no such date.
    """

    starts_at: dt.datetime
    ends_at: dt.datetime
    id: str
    source: Source
    cancelled: bool = False
    planned: tuple[dt.datetime, dt.datetime] | None = None

    @property
    def moved(self) -> bool:
        return self.planned is not None and self.planned != (self.starts_at, self.ends_at)


@dataclass(frozen=True)
class Entry:
    """`key` is its own among all entries of the file, and the same in the next edition of it.

    `notes` says what of it was not used, though the rest was.
    """

    key: str
    title: str
    place: str
    recurrence: Recurrence
    singles: tuple[Single, ...] = ()
    whole_day: bool = False
    confidential: bool = False
    takes_time: bool = True
    cancelled: bool = False
    notes: tuple[Message, ...] = ()

    @property
    def repeated(self) -> bool:
        return self.recurrence.rule is not None or bool(self.recurrence.rdates)

    @property
    def endless(self) -> bool:
        return self.recurrence.rule is not None and not self.recurrence.rule.ends

    def has(self, recurrence_id: dt.datetime, budget: Budget) -> bool:
        """Whether the series itself has a date at that clock time. Raises RuleFault."""
        return self._date_of(recurrence_id, budget) is not None

    def happenings(self, since: dt.datetime, until: dt.datetime, budget: Budget | None = None) -> list[Happening]:
        """What lies wholly or in part between the two instants, by start. Raises RuleFault."""
        found = [*self._planned(since, until, budget), *(self._single(one, budget) for one in self.singles)]
        return sorted(one for one in found if _meets(one, since, until))

    def _planned(self, since: dt.datetime, until: dt.datetime, budget: Budget | None) -> list[Happening]:
        longest = self.recurrence.length.elapsed + dt.timedelta(days=self.recurrence.length.days + 1)
        own = {one.recurrence_id: Override(None) for one in self.singles}
        others = replace(self.recurrence, overrides=own)
        return [
            Happening(
                date.starts_at, date.ends_at, self._id(date.recurrence_id), "series" if self.repeated else "single"
            )
            for date in expand(others, since - longest, until, budget)
        ]

    def _single(self, one: Single, budget: Budget | None) -> Happening:
        planned = self._date_of(one.recurrence_id, budget)
        times = (planned.starts_at, planned.ends_at) if planned else None
        return Happening(
            one.starts_at, one.ends_at, self._id(one.recurrence_id, always=True), "override", one.cancelled, times
        )

    def _date_of(self, recurrence_id: dt.datetime, budget: Budget | None) -> Date | None:
        """The date the series itself has at that clock time."""
        at = recurrence_id.replace(tzinfo=self.recurrence.zone).astimezone(dt.UTC)
        near = expand(self.recurrence, at, at + _SECOND, budget)
        return next((date for date in near if date.recurrence_id == recurrence_id), None)

    def _id(self, clock: dt.datetime, *, always: bool = False) -> str:
        return clock.isoformat() if self.repeated or always else ""


def _meets(one: Happening, since: dt.datetime, until: dt.datetime) -> bool:
    return one.starts_at < until and (one.ends_at > since or one.starts_at >= since)
