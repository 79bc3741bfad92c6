"""From a record on the log to a typed event, each record alone; what is poison is named."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import TypeAdapter, ValidationError

from services.aggregator.projections import TypedEvent
from shared import envelope
from shared.contracts import catalogue, opening_hours
from shared.contracts.facility import Booking, Closure, Hours, NoiseConflict, Space, Square, Unit
from shared.contracts.health_station import RoomBusy
from shared.contracts.platform import Watermark
from shared.contracts.programme import Activity, Occurrence
from shared.contracts.senior_centre import MealServing
from shared.contracts.service_desk import DeskHour, Presence
from shared.contracts.volunteer_central import Shift
from shared.envelope import LARGEST_RECORD, topic_of
from shared.kafka import Record
from shared.types import Contract, check_range

TYPE_HEADER = "ce_type"


class Refused(Exception):
    """Poison: goes to the dead letters under `code`; `reason` repeats nothing of the record."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(code)
        self.code = code
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Reader:
    """How records of one type are read. `model` is None where no projection wants them."""

    name: str
    service: str
    model: type[Contract] | None
    read: Callable[[bytes], Any]


def _lasts(data: Any) -> None:
    check_range(data.starts_at, data.ends_at)


def _blocks_begin_that_day(data: RoomBusy) -> None:
    """Wherever the square lies, its date and that of UTC are at most a day apart."""
    if any(abs((block.starts_at.date() - data.local_date).days) > 1 for block in data.blocks):
        raise ValueError("a busy block begins on the date it is said of")


def _closure_lasts(data: Closure) -> None:
    if data.ends_at is not None and data.ends_at <= data.starts_at:
        raise ValueError("the end must be after the start")


def _hours_mean_something(data: Hours) -> None:
    if data.periods is not None:
        opening_hours.parse(data.periods)


# The key of a subject must be that of its data: a row is fed by one subject's versions.
SUBJECTS: dict[type[Contract], Callable[[Any], str]] = {
    Square: lambda data: f"square/{data.square_id}",
    Unit: lambda data: f"unit/{data.unit_id}",
    Space: lambda data: f"space/{data.space_id}",
    Booking: lambda data: f"booking/{data.booking_id}",
    Closure: lambda data: f"closure/{data.closure_id}",
    NoiseConflict: lambda data: f"noise_conflict/{data.conflict_id}",
    Activity: lambda data: f"activity/{data.activity_id}",
    Occurrence: lambda data: f"occurrence/{data.occurrence_id}",
    RoomBusy: lambda data: f"room_busy/{data.space_id}/{data.local_date}",
    MealServing: lambda data: f"meal_serving/{data.serving_id}",
    Presence: lambda data: f"presence/{data.presence_id}",
    DeskHour: lambda data: data.subject(),
    Shift: lambda data: f"shift/{data.shift_id}",
    Watermark: lambda data: f"watermark/{data.service}/{data.partition}",
}
# What a model's fields cannot say each by itself, and PostgreSQL or a day's items would suffer from.
CHECKS: dict[type[Contract], Callable[[Any], object]] = {
    **dict.fromkeys((Booking, NoiseConflict, Occurrence, MealServing, Presence, Shift), _lasts),
    RoomBusy: _blocks_begin_that_day,
    Closure: _closure_lasts,
    Square: lambda data: ZoneInfo(data.time_zone),
    Hours: _hours_mean_something,
}


class Decoder:
    """Reads the types of `models`; other known types only far enough to know that they are well formed."""

    def __init__(self, models: Iterable[type[Contract]]) -> None:
        wanted = frozenset(models)
        adapters = {model: TypeAdapter(TypedEvent[model]).validate_json for model in wanted}  # type: ignore[valid-type]  # one class per contract, made once
        self._by_header: dict[bytes, Reader] = {}
        self._by_type: dict[str, Reader] = {}
        for name, model in catalogue.by_type().items():
            read = adapters.get(model, envelope.decode)
            reader = Reader(name, name.partition(".")[0], model if model in wanted else None, read)
            self._by_header[name.encode()] = self._by_type[name] = reader
        self._owners = {topic_of(reader.service): reader.service for reader in self._by_type.values()}

    def decode(self, record: Record) -> tuple[type[Contract], Any] | None:
        """The model and the event, or None for what no projection wants. Raises Refused."""
        value = record.value
        if value is None:
            raise Refused("no_value", "a record without a value; deletion is a state, not a tombstone")
        if len(value) > LARGEST_RECORD:
            raise Refused("too_large", f"record of {len(value)} bytes is larger than {LARGEST_RECORD}")
        reader = self._hinted(record)
        event = self._attempt(reader, value) if reader else None
        if reader is None or event is None or event.type != reader.name:
            reader, event = self._by_body(value)
            if reader is None:
                return None
        self._check(reader, event, record)
        return (reader.model, event) if reader.model else None

    def _hinted(self, record: Record) -> Reader | None:
        for name, content in record.headers:
            if name == TYPE_HEADER:
                return self._by_header.get(content)
        return None

    def _attempt(self, reader: Reader, value: bytes) -> Any:
        """None when the body is not what the header promised; the body then decides."""
        try:
            return reader.read(value)
        except (ValidationError, RecursionError, envelope.Malformed):
            return None

    def _by_body(self, value: bytes) -> tuple[Reader | None, Any]:
        """The slow way, for records without our header or not of the form it promised."""
        try:
            event = envelope.decode(value)
        except envelope.Malformed as error:
            raise Refused("malformed", str(error)) from None
        reader = self._by_type.get(event.type)
        if reader is None or reader.model is None:
            return reader, event
        try:
            return reader, reader.read(value)
        except (ValidationError, RecursionError) as error:
            raise Refused("invalid", envelope.reason(error)) from None

    def _check(self, reader: Reader, event: Any, record: Record) -> None:
        owner = self._owners.get(record.topic)
        if reader.service != owner or event.source != f"/services/{owner}":
            raise Refused("foreign_source", f"{event.type} is not for {record.topic} to carry")
        if record.key != event.subject.encode():
            raise Refused("wrong_key", "the key must be the subject, or the order of its versions is lost")
        if reader.model is None:
            return
        _check_data(reader.model, event)


def _check_data(model: type[Contract], event: Any) -> None:
    data = event.data
    subject = SUBJECTS.get(model)
    if subject and subject(data) != event.subject:
        raise Refused("wrong_subject", "the subject does not name what the data describe")
    if event.squareid is not None and event.squareid != getattr(data, "square_id", event.squareid):
        raise Refused("wrong_square", "envelope and data name different squares")
    check = CHECKS.get(model)
    try:
        if check:
            check(data)
    except (ValueError, ZoneInfoNotFoundError, OSError) as error:  # a zone's name may also be a folder of zones
        reason = str(error) if type(error) is ValueError else envelope.reason(error)
        raise Refused("invalid", reason) from None
