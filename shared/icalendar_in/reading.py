"""A calendar file into entries. What belongs to one UID is one entry: a series with the dates that differ from it."""

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from shared.icalendar_in.busy import Busy, busy_of
from shared.icalendar_in.content import Component, Property, Unreadable, calendars, times
from shared.icalendar_in.entry import Entry, Single
from shared.icalendar_in.event import LONGEST_TITLE, Unusable, entry_of, instant_of, on_clock, title_of
from shared.icalendar_in.zones import Zones, world_zone
from shared.problems import Message
from shared.recurrence.expansion import end_of
from shared.recurrence.faults import Budget, RuleFault

MOST_ENTRIES = 10_000
_FILE_SECONDS = 5.0


class Refusal(NamedTuple):
    """An entry, or a part of one, that was not taken; `what` names it by its title or number."""

    what: str
    why: Message


@dataclass
class Reading:
    name: str = ""
    entries: list[Entry] = field(default_factory=list)
    refused: list[Refusal] = field(default_factory=list)
    busy: list[Busy] = field(default_factory=list)


def read(data: bytes, otherwise: dt.tzinfo, zone: dt.tzinfo | None = None) -> Reading:
    """`zone` is the clock of times without one; left out, the calendar's own where it says so, else `otherwise`.

    Raises Unreadable when it is no calendar.
    """
    reading = Reading()
    budget = Budget(_FILE_SECONDS)
    for calendar in calendars(data):
        own = zone or world_zone(calendar.text("X-WR-TIMEZONE")) or otherwise
        reading.name = reading.name or calendar.text("X-WR-CALNAME")[:LONGEST_TITLE]
        _read_calendar(calendar, Zones(calendar, own, budget), reading)
    return reading


def _read_calendar(calendar: Component, zones: Zones, reading: Reading) -> None:
    events = [part for part in calendar.parts if part.name == "VEVENT"]
    if len(events) + len(reading.entries) > MOST_ENTRIES:
        raise Unreadable(f"it has more than {MOST_ENTRIES} entries")
    for part in (part for part in calendar.parts if part.name == "VFREEBUSY"):
        for busy in busy_of(part, zones):
            if isinstance(busy, Busy):
                reading.busy.append(busy)
            else:
                reading.refused.append(Refusal(busy, _NO_RANGE))
    for uid, masters, singles in _families(events):
        made = [one for one in (_try(master, zones, reading) for master in masters) if one]
        made = [replace(one, key=_key(uid, one, made)) for one in made]
        for single in singles:
            made = _attach(uid, single, made, zones, reading)
        reading.entries += made


def _families(events: list[Component]) -> Iterator[tuple[str, list[Component], list[Component]]]:
    """(UID, its series or single events, the dates it states by themselves): of each the newest edition."""
    by_uid: dict[str, list[Component]] = {}
    for event in events:
        by_uid.setdefault(event.text("UID") or f"{event.text('DTSTART')} {title_of(event)}", []).append(event)
    for uid, family in by_uid.items():
        masters = [event for event in family if not event.get("RECURRENCE-ID")]
        singles = [event for event in family if event.get("RECURRENCE-ID")]
        yield uid, _newest(masters, "DTSTART"), _newest(singles, "RECURRENCE-ID")


def _newest(editions: Iterable[Component], by: str) -> list[Component]:
    """The highest SEQUENCE of what has the same time, then the latest stamp, then the last in the file."""
    kept: dict[str, Component] = {}
    for one in editions:
        at = one.get(by)
        key = f"{at.params.get('TZID', '')}:{at.value}" if at else ""
        if key not in kept or _edition(one) >= _edition(kept[key]):
            kept[key] = one
    return list(kept.values())


def _edition(event: Component) -> tuple[int, str, str]:
    sequence = event.text("SEQUENCE")
    return (int(sequence) if sequence.isdecimal() else 0, event.text("LAST-MODIFIED"), event.text("DTSTAMP"))


def _key(uid: str, entry: Entry, family: list[Entry]) -> str:
    """The UID; with its first start where several series share it."""
    return uid if len(family) == 1 else f"{uid}/{entry.recurrence.start.isoformat()}"


def _try(event: Component, zones: Zones, reading: Reading) -> Entry | None:
    """None, and a refusal, for what cannot be used."""
    try:
        return entry_of(event, zones)
    except Unusable as refused:
        reading.refused.append(Refusal(title_of(event), refused.message))
    except RuleFault as fault:
        reading.refused.append(Refusal(title_of(event), fault.message))
    return None


def _attach(uid: str, event: Component, family: list[Entry], zones: Zones, reading: Reading) -> list[Entry]:
    """The family with this date beside the series it belongs to; by itself where there is no series."""
    single = _try(event, zones, reading)
    if single is None:
        return family
    found = event.get("RECURRENCE-ID")
    if found is None or found.params.get("RANGE"):
        reading.refused.append(Refusal(single.title, _FOLLOWING))
        return family
    try:
        return _placed(uid, single, found, family, zones)
    except (ValueError, LookupError, OverflowError, Unusable):
        reading.refused.append(Refusal(single.title, _NO_ID))
        return family


def _placed(uid: str, single: Entry, found: Property, family: list[Entry], zones: Zones) -> list[Entry]:
    (written,) = times(found)
    if not family:
        return [replace(single, key=f"{uid}/{written.clock.isoformat()}")]
    own = single.recurrence
    ids = [on_clock(written, one.recurrence.zone, zones) for one in family]
    home = next((at for at, one in enumerate(family) if one.has(ids[at], zones.budget)), 0)
    date = Single(ids[home], instant_of(own.start, own.zone), end_of(own.start, own.length, own.zone), single.cancelled)
    home_entry = replace(family[home], singles=(*family[home].singles, date))
    return [home_entry if one is family[home] else one for one in family]


_FOLLOWING = Message(
    "RECURRENCE-ID med RANGE (denne og alle etter) kan ikke brukes.",
    "RECURRENCE-ID with RANGE (this and all that follow) cannot be used.",
)
_NO_ID = Message("RECURRENCE-ID er ingen tid.", "RECURRENCE-ID is no time.")
_NO_RANGE = Message("FREEBUSY er intet tidsrom.", "FREEBUSY is no range of time.")
