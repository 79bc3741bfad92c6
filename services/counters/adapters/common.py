"""What all adapters read with. A fault names where it is and what would be accepted."""

import datetime as dt
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from shared.problems import Message
from shared.types import EARLIEST, LATEST

Make = Literal["xovis", "axis", "sensmax", "milesight", "irisys", "terabee", "imbuildings"]
LARGEST_COUNT = 2**63
_COMPACT = re.compile(r"\d{14}", re.ASCII)
_NO_TIME = Message(
    "skal være en tid, som 2026-11-24T10:00:00+01:00", "must be a time, such as 2026-11-24T10:00:00+01:00"
)
_NO_COUNT = Message("skal være et helt antall, minst 0", "must be a whole number, 0 or more")
_NO_OBJECT = Message("skal være et objekt", "must be an object")
_NO_LIST = Message("skal være en liste", "must be a list")


class Fault(ValueError):
    """What of a payload cannot be read, and where."""

    def __init__(self, where: str, message: Message) -> None:
        self.where, self.message = where, message
        super().__init__(f"{where}: {message.en}")


@dataclass(frozen=True)
class Place:
    """Where the device stands: whose clock its times without offset are on, and when its message arrived."""

    zone: dt.tzinfo
    received_at: dt.datetime


class Span(NamedTuple):
    """Persons counted from `start` to `end`. `line` is the device's own name for where, "" when it has only one."""

    line: str
    start: dt.datetime
    end: dt.datetime
    count_in: int
    count_out: int
    sequence: int = 0


class Total(NamedTuple):
    """Running numbers as they stood at an instant."""

    line: str
    at: dt.datetime
    count_in: int
    count_out: int
    sequence: int = 0


Counted = Span | Total
Reader = Callable[[Any, Place], Iterator[Counted]]


def an_object(value: Any, where: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise Fault(where, _NO_OBJECT)
    return value


def a_list(value: Any, where: str) -> list[Any]:
    if not isinstance(value, list):
        raise Fault(where, _NO_LIST)
    return value


def a_count(fields: Mapping[str, Any], name: str, where: str) -> int:
    """Missing is no zero."""
    value = fields.get(name)
    if type(value) is not int or not 0 <= value < LARGEST_COUNT:
        raise Fault(f"{where}.{name}".lstrip("."), _NO_COUNT)
    return value


def a_sequence(value: Any) -> int:
    """A number of the message where the device gives one; 0 is none."""
    return value if type(value) is int and 0 <= value < LARGEST_COUNT else 0


def a_time(fields: Mapping[str, Any], name: str, where: str, zone: dt.tzinfo) -> dt.datetime:
    """RFC 3339, YYYYMMDDhhmmss, or milliseconds since 1970; without offset on the clock of the device's place."""
    value = fields.get(name)
    try:
        found = _instant(value, zone)
        if EARLIEST <= found < LATEST:
            return found
    except (ValueError, OverflowError):
        pass
    raise Fault(f"{where}.{name}".lstrip("."), _NO_TIME)


def _instant(value: Any, zone: dt.tzinfo) -> dt.datetime:
    if type(value) is int:
        return dt.datetime.fromtimestamp(value / 1000, dt.UTC)
    if not isinstance(value, str) or len(value) > 40:
        raise ValueError
    written = value.strip().replace("/", "-")
    if _COMPACT.fullmatch(written):
        written = f"{written[:8]}T{written[8:]}"
    # "2020-06-09 18:14 +04:00": a blank before the offset
    found = dt.datetime.fromisoformat(re.sub(r"\s+([+-]\d\d:?\d\d)$", r"\1", written))
    return (found if found.tzinfo else found.replace(tzinfo=zone, fold=0)).astimezone(dt.UTC)
