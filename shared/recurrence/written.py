"""A recurrence as callers write it in JSON. Every fault has one code, and names its field or part."""

import datetime as dt
import re
from collections.abc import Mapping
from typing import Annotated, Any, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BeforeValidator, Field, StrictInt, StrictStr, ValidationError, model_validator

from shared.problems import Invalid, Message
from shared.recurrence import rule
from shared.recurrence.expansion import Length, Override, Recurrence
from shared.recurrence.faults import RuleFault
from shared.sentences import explain
from shared.types import Body, Flag

MOST_WRITTEN = 5000
LONGEST_DAYS = 366
_CLOCK = re.compile(r"(\d{4}-\d\d-\d\d)T(\d\d:\d\d)(:\d\d)?", re.ASCII)
_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
WRONG = Message("Gjentakelsen kan ikke brukes slik.", "The recurrence cannot be used like this.")


class InvalidRule(Invalid):
    code = "invalid_rule"
    detail = WRONG


def _or(nothing: Any) -> BeforeValidator:
    """What is left out and what is null mean the same."""
    return BeforeValidator(lambda value: nothing if value is None else value)


Clock = Annotated[StrictStr, Field(max_length=40)]
Clocks = Annotated[list[Clock], Field(max_length=MOST_WRITTEN), _or([])]
OrFalse = Annotated[Flag, _or(False)]


class WrittenOverride(Body):
    """What is different on the date that the rule gives the clock time `recurrence_id`."""

    recurrence_id: Clock
    start_local: Clock | None = None
    cancelled: OrFalse = False

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if self.cancelled == (self.start_local is not None):
            raise ValueError("an override has either start_local or cancelled")
        return self


class WrittenRecurrence(Body):
    """Clock times of `tz` without offset, 2026-11-24T10:00; plain dates when `all_day`."""

    dtstart_local: Clock
    tz: Annotated[StrictStr, Field(max_length=100)] | None = None
    duration_minutes: Annotated[StrictInt, Field(ge=1, le=LONGEST_DAYS * 24 * 60)] | None = None
    all_day: OrFalse = False
    duration_days: Annotated[StrictInt, Field(ge=1, le=LONGEST_DAYS)] | None = None
    rrule: Annotated[StrictStr, Field(max_length=rule.LONGEST_TEXT)] | None = None
    exdates: Clocks = []
    rdates: Clocks = []
    overrides: Annotated[list[WrittenOverride], Field(max_length=MOST_WRITTEN), _or([])] = []

    @model_validator(mode="after")
    def _has_one_length(self) -> Self:
        if self.all_day and self.duration_minutes is not None:
            raise ValueError("a whole-day item has duration_days, not duration_minutes")
        if not self.all_day and (self.duration_minutes is None or self.duration_days is not None):
            raise ValueError("a timed item has duration_minutes, a whole-day item all_day and duration_days")
        return self


def schema_of(model: type[WrittenRecurrence]) -> dict[str, Any]:
    """For a body that is read by hand: all in one, since what it refers to must be found in any document."""
    whole = model.model_json_schema()
    parts = whole.pop("$defs", {})

    def inline(node: Any) -> Any:
        if isinstance(node, list):
            return [inline(one) for one in node]
        if not isinstance(node, dict):
            return node
        if "$ref" in node:
            return inline(parts[node["$ref"].rpartition("/")[2]])
        return {name: inline(value) for name, value in node.items()}

    return {name: inline(value) for name, value in whole.items()}


def read(written: WrittenRecurrence, zone: ZoneInfo) -> Recurrence:
    """`zone` counts where none is written. Raises InvalidRule."""
    try:
        return _read(written, zone)
    except RuleFault as fault:
        raise refused(fault) from None


def refused(fault: RuleFault) -> InvalidRule:
    return InvalidRule(fault.message, errors=[{"loc": [fault.part], "message": fault.message}])


def parse(fields: Any, model: type[WrittenRecurrence] = WrittenRecurrence) -> Any:
    """The fields as `model`. Raises InvalidRule, also for faults of form."""
    try:
        return model.model_validate(fields)
    except ValidationError as error:
        found = [_both(one) for one in error.errors(include_url=False)[:20]]
        raise InvalidRule(_named(found[0]), errors=found) from None


def _both(error: Any) -> dict[str, Any]:
    norwegian, english = explain(error, "nb"), explain(error, "en")
    return {"loc": english["loc"], "message": Message(norwegian["message"], english["message"])}


def _named(error: Mapping[str, Any]) -> Message:
    where = ".".join(map(str, error["loc"]))
    message: Message = error["message"]
    return Message(f"{where}: {message.nb}", f"{where}: {message.en}") if where else message


def _read(written: WrittenRecurrence, zone: ZoneInfo) -> Recurrence:
    reader = date_of if written.all_day else clock_of
    minutes = dt.timedelta(minutes=written.duration_minutes or 0)
    read_rule = rule.parse(written.rrule) if written.rrule is not None else None
    if written.all_day and read_rule and (read_rule.hours or read_rule.minutes or read_rule.seconds):
        raise RuleFault("rrule", _NO_TIMES)
    return Recurrence(
        start=reader("dtstart_local", written.dtstart_local),
        zone=zone_of(written.tz) if written.tz is not None else zone,
        length=Length(days=written.duration_days or 1) if written.all_day else Length(elapsed=minutes),
        rule=read_rule,
        exdates=frozenset(reader("exdates", one) for one in written.exdates),
        rdates=frozenset(reader("rdates", one) for one in written.rdates),
        overrides={
            reader("overrides", one.recurrence_id): Override(
                None if one.start_local is None else reader("overrides", one.start_local)
            )
            for one in written.overrides
        },
    )


def clock_of(name: str, text: str) -> dt.datetime:
    """A clock time without offset. Raises RuleFault with the name of the field."""
    found = _CLOCK.fullmatch(text)
    return _within(name, f"{found[1]}T{found[2]}{found[3] or ':00'}" if found else "", _A_CLOCK)


def date_of(name: str, text: str) -> dt.datetime:
    """The midnight a date begins with. Raises RuleFault."""
    return _within(name, text if _DATE.fullmatch(text) else "", _A_DATE)


def _within(name: str, text: str, form: Message) -> dt.datetime:
    try:
        read = dt.datetime.fromisoformat(text)
    except ValueError:
        raise RuleFault(name, Message(f"{name}: {form.nb}", f"{name}: {form.en}")) from None
    if not 1900 <= read.year < 2100:
        raise RuleFault(name, Message(f"{name}: {_YEARS.nb}", f"{name}: {_YEARS.en}"))
    return read


def zone_of(name: str) -> ZoneInfo:
    """Raises RuleFault."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise RuleFault("tz", _NO_ZONE) from None


_A_CLOCK = Message(
    "en klokketid skrives 2026-11-24T10:00, uten tidsforskyvning.",
    "a clock time is written 2026-11-24T10:00, without offset.",
)
_A_DATE = Message(
    "et heldagsinnslag har datoer, skrevet 2026-11-24.", "a whole-day item has dates, written 2026-11-24."
)
_YEARS = Message("tiden må ligge i årene 1900 til 2099.", "the time must lie in the years 1900 to 2099.")
_NO_ZONE = Message(
    "tz: tidssonen finnes ikke; skriv den som Europe/Oslo.", "tz: no such time zone; write it as Europe/Oslo."
)
_NO_TIMES = Message(
    "RRULE: et heldagsinnslag har ikke BYHOUR, BYMINUTE eller BYSECOND.",
    "RRULE: a whole-day item has no BYHOUR, BYMINUTE or BYSECOND.",
)
