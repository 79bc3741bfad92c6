"""A calendar file as components and properties, before anything is understood of them.

icalendar takes the lines apart. Its components are not used: they make time zones of what a file says, and run rules of
repetition in them that nothing bounds.
"""

import datetime as dt
import quopri
import re
from dataclasses import dataclass, field
from typing import NamedTuple

from icalendar import vDuration, vText
from icalendar.parser import Contentline

DEEPEST = 8
MOST_LINES = 200_000
_TIME = re.compile(r"([0-9]{8})(?:T([0-9]{6})(Z)?)?", re.ASCII)
# DTSTART;TZID="W. Europe Standard Time:20200609T090000": the quotation mark closes too late.
_QUOTED_TOO_FAR = re.compile(r'([A-Z-]+;(?:[^":]*;)?[A-Z-]+=)"([^":]*):([^"]*)"')


class Unreadable(ValueError):
    """No calendar at all; the message says in English why."""


class Property(NamedTuple):
    name: str
    params: dict[str, str]
    value: str

    @property
    def text(self) -> str:
        value = self.value
        if self.params.get("ENCODING") == "QUOTED-PRINTABLE":
            value = quopri.decodestring(value.encode()).decode("utf-8", "replace")
        return " ".join(str(vText.from_ical(value)).replace("\0", "").split())


@dataclass
class Component:
    """`broken` holds the lines of it that are none of iCalendar's."""

    name: str
    properties: list[Property] = field(default_factory=list)
    parts: list["Component"] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)

    def all(self, name: str) -> list[Property]:
        return [one for one in self.properties if one.name == name]

    def get(self, name: str) -> Property | None:
        return next(iter(self.all(name)), None)

    def text(self, name: str) -> str:
        found = self.get(name)
        return found.text if found else ""


class Written(NamedTuple):
    """A time as it stands there: a clock time, and whose clock. No zone named: the calendar's own."""

    clock: dt.datetime
    is_date: bool
    zone: str | None


def calendars(data: bytes) -> list[Component]:
    """Raises Unreadable."""
    root = Component("")
    open_ones = [root]
    for line in _lines(data):
        found = _property(line)
        if found is None:
            open_ones[-1].broken.append(line[:60])
        elif found.name == "BEGIN" and len(open_ones) <= DEEPEST:
            made = Component(found.value.strip().upper())
            open_ones[-1].parts.append(made)
            open_ones.append(made)
        elif found.name == "END":
            names = [one.name for one in open_ones]
            if found.value.strip().upper() in names[1:]:
                del open_ones[len(names) - 1 - names[::-1].index(found.value.strip().upper()) :]
        else:
            open_ones[-1].properties.append(found)
    read = [one for one in root.parts if one.name == "VCALENDAR"]
    if not read:
        raise Unreadable("there is no BEGIN:VCALENDAR in it")
    return read


def _lines(data: bytes) -> list[str]:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("cp1252", "replace")
    if "BEGIN:VCALENDAR" not in text.upper():
        raise Unreadable("there is no BEGIN:VCALENDAR in it")
    unfolded = re.sub(r"\r?\n[ \t]", "", text)
    lines = [line for line in re.split(r"\r?\n|\r", unfolded) if line.strip()]
    if len(lines) > MOST_LINES:
        raise Unreadable(f"it has more than {MOST_LINES} lines")
    return lines


def _property(line: str) -> Property | None:
    mended = _QUOTED_TOO_FAR.fullmatch(line)
    try:
        name, params, value = Contentline(f'{mended[1]}"{mended[2]}":{mended[3]}' if mended else line).parts()
    except ValueError:
        return None
    # A parameter with several values is none of those that are asked for.
    plain = {str(key).upper(): str(one) for key, one in params.items() if isinstance(one, str)}
    return Property(str(name).upper(), plain, str(value))


def times(found: Property) -> list[Written]:
    """One, or several with commas between. Raises ValueError with what cannot be read."""
    return [_time(part.strip(), found.params.get("TZID")) for part in found.value.split(",") if part.strip()]


def _time(text: str, zone: str | None) -> Written:
    found = _TIME.fullmatch(text)
    if not found:
        raise ValueError(text[:40])
    clock = dt.datetime.strptime(found[1] + (found[2] or "000000"), "%Y%m%d%H%M%S")  # noqa: DTZ007 -- a clock time
    return Written(clock, found[2] is None, "UTC" if found[3] else zone)


def duration(text: str) -> dt.timedelta:
    """Raises ValueError."""
    found: dt.timedelta = vDuration.from_ical(text)
    return found


def offset(text: str) -> dt.timedelta:
    """Of UTC, as +0100 or -023000. Raises ValueError."""
    found = re.fullmatch(r"([+-])([0-9]{2})([0-5][0-9])([0-5][0-9])?", text.strip(), re.ASCII)
    if not found or int(found[2]) > 23:
        raise ValueError(text[:40])
    size = dt.timedelta(hours=int(found[2]), minutes=int(found[3]), seconds=int(found[4] or 0))
    return -size if found[1] == "-" else size
