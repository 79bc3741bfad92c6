"""The building blocks of contracts and request bodies.

What pydantic accepts and PostgreSQL refuses (NUL, 2**63, year 1 or 9999 with an offset, reversed ranges) would kill a
whole batch, so these types forbid it once, for events and for HTTP alike.
"""

import datetime as dt
import re
from typing import Annotated, Any
from uuid import UUID

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    PlainSerializer,
    StrictBool,
    StrictInt,
    StrictStr,
)
from pydantic_core import core_schema

EARLIEST = dt.datetime(2000, 1, 1, tzinfo=dt.UTC)
LATEST = dt.datetime(2100, 1, 1, tzinfo=dt.UTC)
LONGEST_RANGE = dt.timedelta(days=60)
_ID = re.compile(r"[0-9a-fA-F]{8}-?([0-9a-fA-F]{4}-?){3}[0-9a-fA-F]{12}")


def _no_nul(text: str) -> str:
    if "\0" in text:
        raise ValueError("text must not contain the NUL character")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError("text must not contain lone surrogates") from None
    return text


def _within_years(instant: dt.datetime) -> dt.datetime:
    if instant.utcoffset() and dt.MINYEAR < instant.year < dt.MAXYEAR:
        utc = instant.astimezone(dt.UTC)
    else:
        utc = instant.replace(tzinfo=dt.UTC)
    if not EARLIEST <= utc < LATEST:
        raise ValueError("time must lie in the years 2000 to 2099")
    return utc


def _date_within_years(date: dt.date) -> dt.date:
    if not EARLIEST.date() <= date < LATEST.date():
        raise ValueError("date must lie in the years 2000 to 2099")
    return date


def _written_time(value: Any) -> Any:
    """Numbers and bare dates are no times: only text in RFC 3339 form, or a datetime already made."""
    if isinstance(value, dt.datetime) or (isinstance(value, str) and "T" in value.upper()):
        return value
    raise ValueError("a time is written in RFC 3339 with offset, as 2026-11-24T10:00:00+01:00")


def _written_date(value: Any) -> Any:
    if type(value) is dt.date or (isinstance(value, str) and re.fullmatch(r"\d{4}-\d\d-\d\d", value)):
        return value
    raise ValueError("a date is written as 2026-11-24")


def _written_id(value: Any) -> Any:
    if isinstance(value, UUID) or (isinstance(value, str) and _ID.fullmatch(value)):
        return value
    raise ValueError("an id is a UUID")


def _in_utc(instant: dt.datetime) -> dt.datetime:
    return instant.astimezone(dt.UTC) if instant.utcoffset() else instant


class _InCore:
    """The same rule for JSON, mostly in pydantic's core: an event holds a dozen ids and is read again and again."""

    def __init__(self, schema: core_schema.CoreSchema, fault: str, form: str) -> None:
        self._schema = core_schema.custom_error_schema(schema, "malformed", custom_error_message=fault)
        self._form = form

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        return core_schema.json_or_python_schema(self._schema, handler(source))

    def __get_pydantic_json_schema__(self, schema: Any, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {"type": "string", "format": self._form}


def _instant_written(form: str) -> core_schema.CoreSchema:
    within = core_schema.datetime_schema(tz_constraint="aware", ge=EARLIEST, lt=LATEST)
    return core_schema.chain_schema([core_schema.str_schema(pattern=form), within])


_ID_IN_CORE = _InCore(
    core_schema.chain_schema([core_schema.str_schema(pattern=f"^{_ID.pattern}$"), core_schema.uuid_schema()]),
    "an id is a UUID",
    "uuid",
)
_INSTANT_IN_CORE = _InCore(
    core_schema.union_schema(
        [
            _instant_written(r"^\d{4}-\d\d-\d\d[Tt][^+-]*[Zz]$"),
            core_schema.no_info_after_validator_function(_in_utc, _instant_written(r"^\d{4}-\d\d-\d\d[Tt]")),
        ],
        mode="left_to_right",
    ),
    "a time is written in RFC 3339 with offset and lies in the years 2000 to 2099",
    "date-time",
)


def _rfc3339(instant: dt.datetime) -> str:
    return instant.astimezone(dt.UTC).isoformat().replace("+00:00", "Z")


Id = Annotated[UUID, BeforeValidator(_written_id), Field(strict=False), _ID_IN_CORE]
Instant = Annotated[
    AwareDatetime,
    BeforeValidator(_written_time),
    AfterValidator(_within_years),
    Field(strict=False),
    _INSTANT_IN_CORE,
    PlainSerializer(_rfc3339, return_type=str, when_used="json"),
]
LocalDate = Annotated[dt.date, BeforeValidator(_written_date), AfterValidator(_date_within_years), Field(strict=False)]
Code = Annotated[StrictStr, Field(pattern=r"^[a-z][a-z0-9_]{0,59}$")]
ShortText = Annotated[StrictStr, Field(max_length=200), AfterValidator(_no_nul)]
LongText = Annotated[StrictStr, Field(max_length=2000), AfterValidator(_no_nul)]
Count = Annotated[StrictInt, Field(ge=0, lt=2**63)]
SmallCount = Annotated[StrictInt, Field(ge=0, lt=2**31)]
Minutes = Annotated[StrictInt, Field(ge=0, le=1440)]
Flag = StrictBool


class Contract(BaseModel):
    """What an event carries. Unknown fields are ignored: a newer producer may add optional ones."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class Body(BaseModel):
    """What a caller sends. Unknown fields are refused by name, so that a typing error is not lost in silence."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def check_range(starts_at: dt.datetime, ends_at: dt.datetime) -> None:
    """Raises ValueError unless `starts_at < ends_at <= starts_at + 60 days`."""
    if not starts_at < ends_at:
        raise ValueError("the end must be after the start")
    if ends_at - starts_at > LONGEST_RANGE:
        raise ValueError("a range lasts at most 60 days")
