"""Times as people write them: RFC 3339 with an offset, or a wall clock of the square without one."""

import datetime as dt
import re
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, StrictStr

from shared.types import EARLIEST, LATEST

_FORM = re.compile(
    r"(\d{4}-\d\d-\d\d)[Tt](\d\d:\d\d)(?:(:\d\d)(?:\.(\d{1,9}))?)?([Zz]|[+-]\d\d:[0-5]\d)?",
    re.ASCII,
)
_NO_TIME = "a time is written 2026-11-24T10:00:00+01:00, or 2026-11-24T10:00 on the square's clock"
_OUT_OF_YEARS = "time must lie in the years {first} to 2099"
# What is only asked about may be older than what is kept: the first starts of old calendars are.
ASKED_FROM = dt.datetime(1900, 1, 1, tzinfo=dt.UTC)


def parse(text: str) -> dt.datetime:
    """A datetime, naive when no offset was written. Raises ValueError."""
    found = _FORM.fullmatch(text)
    if not found:
        raise ValueError(_NO_TIME)
    date, clock, seconds, fraction, offset = found.groups()
    zone = "" if offset is None else "+00:00" if offset in "Zz" else offset
    micros = f".{(fraction or '0')[:6]:0<6}"
    try:
        return dt.datetime.fromisoformat(f"{date}T{clock}{seconds or ':00'}{micros}{zone}")
    except ValueError:
        raise ValueError(_NO_TIME) from None


def _is_written(text: str) -> str:
    parse(text)
    return text


WrittenTime = Annotated[StrictStr, AfterValidator(_is_written)]


def instant(text: str, zone: dt.tzinfo, earliest: dt.datetime = EARLIEST) -> dt.datetime:
    """The instant meant, in UTC. Raises ValueError, also before `earliest` and after the year 2099.

    A wall clock in the missing hour reads with the offset before the switch; one that happens twice is the first:
    both are what `fold=0` means.
    """
    written = parse(text)
    outside = ValueError(_OUT_OF_YEARS.format(first=earliest.year))
    if not dt.MINYEAR < written.year < dt.MAXYEAR:
        raise outside
    aware = written if written.tzinfo else written.replace(tzinfo=zone)
    utc = aware.astimezone(dt.UTC)
    if not earliest <= utc < LATEST:
        raise outside
    return utc


def written(at: dt.datetime, zone: ZoneInfo) -> str:
    """RFC 3339 with the offset the zone has at that instant."""
    return at.astimezone(zone).isoformat()


def local_fields(starts_at: dt.datetime, ends_at: dt.datetime, zone: ZoneInfo) -> dict[str, str]:
    """What every answer adds to a time, so that no reader has to know the zone."""
    start, end = starts_at.astimezone(zone).isoformat(), ends_at.astimezone(zone).isoformat()
    return {
        "starts_at": start,
        "ends_at": end,
        "local_date": start[:10],
        "local_start": start[11:16],
        "local_end": end[11:16],
    }
