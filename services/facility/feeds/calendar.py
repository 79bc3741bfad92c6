"""A calendar's content as the dates a room is wanted for. Pure; it may take seconds, so it runs in a thread."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from services.facility.booking.domain import Slot, faults
from services.facility.feeds.domain import AHEAD, Broken, Feed, Wanted, date_id
from shared.icalendar_in.content import Unreadable
from shared.icalendar_in.entry import Entry
from shared.icalendar_in.reading import Reading, read
from shared.problems import Message
from shared.recurrence.faults import Budget, RuleFault

MOST_FOUND = 20_000
MOST_SKIPPED = 100
_SECONDS = 10.0
_READ_SECONDS = 5.0
_BUSY = "FREEBUSY"


@dataclass
class Edition:
    """`skipped` says what of the calendar is not used, and why."""

    since: dt.datetime
    until: dt.datetime
    wanted: list[Wanted] = field(default_factory=list)
    skipped: list[dict[str, Any]] = field(default_factory=list)

    def skip(self, what: str, why: Message) -> None:
        if len(self.skipped) < MOST_SKIPPED:
            self.skipped.append({"what": _plain(what), "why": {"nb": _plain(why.nb), "en": _plain(why.en)}})


def check(content: bytes, zone: dt.tzinfo) -> None:
    """Raises Broken when it is no calendar."""
    _read(content, zone)


def edition(feed: Feed, content: bytes, now: dt.datetime) -> Edition:
    """The dates from the beginning of today, by start. Raises Broken for what is no calendar or too much of one."""
    budget = Budget(_SECONDS)
    today = now.astimezone(feed.zone).replace(hour=0, minute=0, second=0, microsecond=0)
    made = Edition(today.astimezone(dt.UTC), today.astimezone(dt.UTC) + AHEAD)
    reading = _read(content, feed.zone)
    for refusal in reading.refused:
        made.skip("" if feed.titles == "hidden" else refusal.what, refusal.why)
    found: dict[UUID, Wanted] = {}
    for one in (*_dates(feed, reading, made, budget), *_busy(feed, reading, made)):
        found[one.id] = one
        if len(found) > MOST_FOUND:
            raise Broken("too_much")
    try:
        budget.check()  # a rule that was cut off would look like dates that are gone
    except RuleFault:
        raise Broken("too_much") from None
    made.wanted = sorted(found.values(), key=lambda one: (one.starts_at, one.id))
    return made


def _read(content: bytes, zone: dt.tzinfo) -> Reading:
    budget = Budget(_READ_SECONDS)
    try:
        reading = read(content, zone)
        budget.check()  # reading has the same time for itself; what it then left out would look like gone
    except Unreadable:
        raise Broken("not_a_calendar") from None
    except RuleFault:
        raise Broken("too_much") from None
    return reading


def _dates(feed: Feed, reading: Reading, made: Edition, budget: Budget) -> Iterator[Wanted]:
    for entry in reading.entries:
        title = _title(feed, entry)
        for note in entry.notes:
            made.skip(title or "", note)
        if entry.cancelled or not entry.takes_time:
            continue
        try:
            happenings = entry.happenings(made.since, made.until, budget)
        except RuleFault as fault:
            made.skip(title or "", fault.message)
            continue
        for one in happenings:
            if not one.cancelled and _usable(made, title, one.starts_at, one.ends_at):
                yield Wanted(date_id(feed.id, entry.key, one.id), one.starts_at, one.ends_at, title)


def _busy(feed: Feed, reading: Reading, made: Edition) -> Iterator[Wanted]:
    for start, end in reading.busy:
        if start < made.until and end > made.since and _usable(made, None, start, end):
            own = date_id(feed.id, _BUSY, f"{start.isoformat()}/{end.isoformat()}")
            yield Wanted(own, start.astimezone(dt.UTC), end.astimezone(dt.UTC), None)


def _title(feed: Feed, entry: Entry) -> str | None:
    return None if entry.confidential or feed.titles == "hidden" else entry.title or None


def _plain(text: str) -> str:
    """What is quoted from the file may hold what no database keeps."""
    return text.replace("\0", "")


def _usable(made: Edition, title: str | None, start: dt.datetime, end: dt.datetime) -> bool:
    wrong = faults(Slot((), start, end))
    if wrong:
        made.skip(title or "", wrong[0].message)
    return not wrong
