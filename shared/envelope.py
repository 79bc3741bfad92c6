"""CloudEvents 1.0 in structured JSON: the one form in which services speak on Kafka."""

import datetime as dt
from collections.abc import Mapping
from typing import Annotated, Any, Literal
from uuid import UUID, uuid4

from pydantic import BaseModel, Field, TypeAdapter, ValidationError

from shared.types import Contract, Count, Id, Instant, ShortText

CONTENT_TYPE = "application/cloudevents+json"
LARGEST_RECORD = 256 * 1024
Classification = Literal["open", "internal", "restricted"]


class Malformed(ValueError):
    """The bytes are no event of ours; the message says why without repeating what they held."""


class Envelope(Contract):
    """The attributes of an event without its data; contracts subclass this with a typed `data`."""

    specversion: Literal["1.0"] = "1.0"
    id: Id
    source: ShortText
    type: Annotated[str, Field(pattern=r"^[a-z_]+\.[a-z_]+\.[a-z_]+\.v[1-9][0-9]*$", max_length=120)]
    subject: ShortText
    time: Instant
    datacontenttype: Literal["application/json"] = "application/json"
    subjectversion: Annotated[Count, Field(ge=1)]
    squareid: Id | None = None
    unitid: Id | None = None
    classification: Classification = "internal"
    correlationid: ShortText | None = None
    causationid: ShortText | None = None
    traceparent: ShortText | None = None


class Event(Envelope):
    data: dict[str, Any]


_EVENT = TypeAdapter(Event)


def encode(event: Envelope) -> bytes:
    return event.model_dump_json(exclude_none=True).encode()


def decode(value: bytes) -> Event:
    """Raises Malformed. Size is checked before the JSON is read."""
    if len(value) > LARGEST_RECORD:
        raise Malformed(f"record of {len(value)} bytes is larger than {LARGEST_RECORD}")
    try:
        return _EVENT.validate_json(value)
    except (ValidationError, RecursionError) as error:
        raise Malformed(reason(error)) from None


def reason(error: Exception) -> str:
    """What was wrong and where, never the value itself: dead letters and logs hold no personal text."""
    if isinstance(error, ValidationError):
        found = error.errors(include_url=False, include_input=False, include_context=False)[:5]
        return "; ".join(f"{'.'.join(map(str, item['loc'])) or 'record'}: {item['msg']}" for item in found)[:500]
    return type(error).__name__


def headers(event: Envelope) -> list[tuple[str, bytes]]:
    return [
        ("content-type", CONTENT_TYPE.encode()),
        ("ce_id", str(event.id).encode()),
        ("ce_type", event.type.encode()),
    ]


def topic_of(service: str) -> str:
    return f"torg.{service}.v1"


def service_of(source: str) -> str:
    """`/services/library` is the source of the service `library`."""
    return source.removeprefix("/services/")


def build(
    service: str,
    kind: str,
    subject: str,
    version: int,
    data: BaseModel | Mapping[str, Any],
    *,
    at: dt.datetime,
    square_id: UUID | None = None,
    unit_id: UUID | None = None,
    classification: Classification = "internal",
    correlation_id: str | None = None,
    causation_id: str | None = None,
) -> Event:
    """An event of `service`, e.g. build("library", "occurrence.scheduled.v1", "occurrence/<id>", 1, state, at=now)."""
    state = data.model_dump(mode="json", exclude_none=True) if isinstance(data, BaseModel) else dict(data)
    return Event(
        id=uuid4(),
        source=f"/services/{service}",
        type=f"{service}.{kind}",
        subject=subject,
        time=at,
        subjectversion=version,
        squareid=square_id,
        unitid=unit_id,
        classification=classification,
        correlationid=correlation_id,
        causationid=causation_id,
        data=state,
    )
