"""One VEVENT into an entry."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import replace

from shared.icalendar_in.content import Component, Property, Written, duration, times
from shared.icalendar_in.entry import Entry
from shared.icalendar_in.zones import Zones
from shared.problems import Message
from shared.recurrence import rule
from shared.recurrence.expansion import Length, Recurrence, instant

LONGEST_TITLE = 200
_ONE_DAY = dt.timedelta(days=1)


class Unusable(Exception):
    """An entry that cannot be taken, and why."""

    def __init__(self, nb: str, en: str) -> None:
        self.message = Message(nb, en)
        super().__init__(en)


def entry_of(event: Component, zones: Zones) -> Entry:
    """Without a key. Raises Unusable, and RuleFault for its rule."""
    start, zone = _time(event, "DTSTART", zones)
    length = _length(event, start, zone, zones)
    notes = [Message("et par linjer kunne ikke leses", "some of its lines cannot be read")] if event.broken else []
    recurrence = Recurrence(
        start=start.clock,
        zone=zone,
        length=length,
        rule=_rule(event, start),
        exdates=frozenset(_clocks(event, "EXDATE", start, zone, zones, notes)),
        rdates=frozenset(_clocks(event, "RDATE", start, zone, zones, notes)),
    )
    return Entry(
        key="",
        title=title_of(event),
        place=event.text("LOCATION")[:LONGEST_TITLE],
        recurrence=recurrence,
        whole_day=start.is_date,
        confidential=event.text("CLASS").upper() in ("PRIVATE", "CONFIDENTIAL"),
        takes_time=event.text("TRANSP").upper() != "TRANSPARENT",
        cancelled=event.text("STATUS").upper() == "CANCELLED",
        notes=tuple(notes),
    )


def title_of(event: Component) -> str:
    return event.text("SUMMARY")[:LONGEST_TITLE]


def _rule(event: Component, start: Written) -> rule.Rule | None:
    written = event.all("RRULE")
    if event.get("EXRULE") or len(written) > 1:
        raise Unusable("Flere regler eller EXRULE kan ikke brukes.", "Several rules or an EXRULE cannot be used.")
    if not written:
        return None
    read = rule.parse(written[0].value.strip().rstrip(";"))
    if start.is_date:  # RFC 5545: for dates these parts are to be ignored
        return replace(read, hours=frozenset(), minutes=frozenset(), seconds=frozenset())
    return read


def _time(event: Component, name: str, zones: Zones) -> tuple[Written, dt.tzinfo]:
    found = event.get(name)
    if found is None:
        raise Unusable(f"{name} mangler eller kan ikke leses.", f"{name} is missing or cannot be read.")
    return _one_time(found, zones)


def _one_time(found: Property, zones: Zones) -> tuple[Written, dt.tzinfo]:
    try:
        (written,) = times(found)
        return written, zones.own if written.is_date else zones.named(written.zone)
    except ValueError:
        raise Unusable(f"{found.name} er ingen tid.", f"{found.name} is no time.") from None
    except LookupError as unknown:
        name = str(unknown.args[0])[:60]
        raise Unusable(f"Tidssonen «{name}» er ukjent.", f'The time zone "{name}" is unknown.') from None


def _length(event: Component, start: Written, zone: dt.tzinfo, zones: Zones) -> Length:
    """DTEND before DURATION where both are given; with neither a date is one day, and a time has no length."""
    end = event.get("DTEND")
    if end is not None:
        return _until(*_one_time(end, zones), start, zone)
    written = event.text("DURATION")
    try:
        span = duration(written) if written else _ONE_DAY * start.is_date
    except ValueError:
        raise Unusable("DURATION er ingen lengde.", "DURATION is no length.") from None
    if span < dt.timedelta(0):
        raise Unusable("Slutten er før starten.", "The end is before the start.")
    return Length(days=max(1, span.days)) if start.is_date else Length(elapsed=span)


def _until(end: Written, end_zone: dt.tzinfo, start: Written, zone: dt.tzinfo) -> Length:
    if start.is_date:
        days = (end.clock - start.clock).days
        if days < 0:
            raise Unusable("Slutten er før starten.", "The end is before the start.")
        return Length(days=max(1, days))
    elapsed = instant_of(end.clock, end_zone) - instant_of(start.clock, zone)
    if elapsed < dt.timedelta(0):
        raise Unusable("Slutten er før starten.", "The end is before the start.")
    return Length(elapsed=elapsed)


def instant_of(clock: dt.datetime, zone: dt.tzinfo) -> dt.datetime:
    try:
        return instant(clock, zone)
    except OverflowError:
        raise Unusable("Tiden ligger utenfor alle år.", "The time lies outside all years.") from None


def _clocks(
    event: Component, name: str, start: Written, zone: dt.tzinfo, zones: Zones, notes: list[Message]
) -> Iterator[dt.datetime]:
    """On the clock of the series. What is no such time is noted: it takes nothing away from the others."""
    for found in event.all(name):
        try:
            for written in times(found):
                if written.is_date != start.is_date and written.is_date:
                    raise ValueError
                yield on_clock(written, zone, zones)
        except (ValueError, LookupError, OverflowError):
            shown = found.value[:40]
            notes.append(Message(f"{name} {shown} passer ikke til serien", f"{name} {shown} does not fit the series"))


def on_clock(written: Written, zone: dt.tzinfo, zones: Zones) -> dt.datetime:
    """Raises LookupError or OverflowError. Without a zone of its own it is on the clock of the series already."""
    if written.is_date or written.zone is None or zones.named(written.zone) is zone:
        return written.clock
    return instant(written.clock, zones.named(written.zone)).astimezone(zone).replace(tzinfo=None)
