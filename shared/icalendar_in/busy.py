"""VFREEBUSY: times that are taken by what the file does not tell."""

import datetime as dt
from collections.abc import Iterator
from typing import NamedTuple

from shared.icalendar_in.content import Component, Property, duration, times
from shared.icalendar_in.zones import Zones
from shared.recurrence.expansion import instant


class Busy(NamedTuple):
    starts_at: dt.datetime
    ends_at: dt.datetime


def busy_of(component: Component, zones: Zones) -> Iterator[Busy | str]:
    """Each range of time; as it is written where it is none."""
    for found in component.all("FREEBUSY"):
        if found.params.get("FBTYPE", "BUSY").upper() == "FREE":
            continue
        for period in found.value.split(","):
            try:
                yield _period(period, found, zones)
            except (ValueError, LookupError, OverflowError):
                yield period[:40]


def _period(text: str, found: Property, zones: Zones) -> Busy:
    first, _, last = text.partition("/")
    (start,) = times(found._replace(value=first))
    starts_at = instant(start.clock, zones.named(start.zone))
    if last.startswith(("P", "+P")):
        return Busy(starts_at, starts_at + duration(last))
    (end,) = times(found._replace(value=last))
    return Busy(starts_at, instant(end.clock, zones.named(end.zone)))
