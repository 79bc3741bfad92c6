"""What a counter and a reading may look like, and which readings of a batch are taken."""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal, NamedTuple, Self
from uuid import UUID

from pydantic import BeforeValidator, Field, TypeAdapter, ValidationError, model_validator

from shared.contracts.counters import CounterKind, Feed, IntervalMinutes
from shared.types import Body, Count, Flag, Id, Instant, LocalDate, ShortText, SmallCount

Interval = tuple[UUID, dt.datetime]
LARGEST_BATCH = 10_000
# An event holds every different reading of its interval and has to stay below the size of a record.
MOST_READINGS_OF_AN_INTERVAL = 500
Code = Literal["invalid", "unknown_counter", "off_grid"]


class CounterBody(Body):
    square_id: Id
    unit_id: Id | None = None
    kind: CounterKind
    interval_minutes: IntervalMinutes
    swapped: Flag = False
    valid_from: Instant | None = None
    valid_to: Instant | None = None
    max_per_minute: SmallCount = 40
    feed: Feed = "interval"

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.kind == "zone" and self.unit_id is None:
            raise ValueError("a zone counter belongs to a unit")
        if self.valid_from and self.valid_to and not self.valid_from < self.valid_to:
            raise ValueError("the end must be after the start")
        return self


def _nothing_is_zero(value: Any) -> Any:
    return 0 if value is None else value


CountOrNothing = Annotated[Count, BeforeValidator(_nothing_is_zero)]


class ReadingBody(Body):
    counter_id: Id
    start: Instant
    count_in: Count = Field(alias="in")
    count_out: CountOrNothing = Field(default=0, alias="out")
    sequence: CountOrNothing = 0
    received_at: Instant | None = None


class CorrectionBody(Body):
    """`door_visits` null withdraws what was corrected before."""

    square_id: Id
    date: LocalDate
    mode: Literal["staffed", "self_service"]
    door_visits: SmallCount | None
    reason: ShortText


class ManualCountBody(Body):
    square_id: Id
    unit_id: Id
    date: LocalDate
    count: SmallCount


class Reading(NamedTuple):
    """The first five fields say whether two readings are the same; the same reading keeps its first arrival."""

    counter_id: UUID
    start: dt.datetime
    count_in: int
    count_out: int
    sequence: int
    received_at: dt.datetime


class Rejection(NamedTuple):
    position: int
    code: Code


@dataclass(frozen=True)
class Batch:
    """`readings` are in key order, each key once with its earliest arrival; `repeats` counts the same sent twice."""

    readings: list[Reading]
    repeats: int
    rejected: list[Rejection]


_READING = TypeAdapter(ReadingBody)


def parse(items: Sequence[Any]) -> list[ReadingBody | None]:
    """Each item by itself: None where it is no reading."""
    return [_parse(item) for item in items]


def _parse(item: Any) -> ReadingBody | None:
    try:
        return _READING.validate_python(item)
    except (ValidationError, RecursionError):
        return None


def sort_out(
    bodies: Sequence[ReadingBody | None],
    minutes_of: Mapping[UUID, int],
    now: dt.datetime,
    kept: Mapping[Interval, Iterable[Reading]],
    *,
    backfill: bool,
) -> Batch:
    """`minutes_of` holds the interval length of each counter the sender may write to, `kept` what is there already of
    the intervals that may grow too full. Without the right to backfill, everything is received now."""
    held = {interval: {reading[:5] for reading in readings} for interval, readings in kept.items()}
    taken: dict[tuple[Any, ...], Reading] = {}
    rejected = []
    for index, body in enumerate(bodies):
        code = _fault(body, minutes_of)
        if code or body is None:
            rejected.append(Rejection(index, code or "invalid"))
            continue
        reading = _reading(body, now, backfill)
        if not _fits(reading, held):
            rejected.append(Rejection(index, "invalid"))
            continue
        same = taken.get(reading[:5])
        if same is None or reading.received_at < same.received_at:
            taken[reading[:5]] = reading
    different = sorted(taken.values())
    return Batch(different, len(bodies) - len(rejected) - len(different), rejected)


def _fault(body: ReadingBody | None, minutes_of: Mapping[UUID, int]) -> Code | None:
    if body is None:
        return "invalid"
    minutes = minutes_of.get(body.counter_id)
    if minutes is None:
        return "unknown_counter"
    return None if on_grid(body.start, minutes) else "off_grid"


def _fits(reading: Reading, held: dict[Interval, set[tuple[Any, ...]]]) -> bool:
    """What an interval holds already fits again, however full it is."""
    others = held.get(reading[:2])
    if others is None or reading[:5] in others:
        return True
    if len(others) >= MOST_READINGS_OF_AN_INTERVAL:
        return False
    others.add(reading[:5])
    return True


def on_grid(start: dt.datetime, minutes: int) -> bool:
    """The grid is UTC's: every length divides an hour, so the minute of the hour decides."""
    utc = start.astimezone(dt.UTC)
    return utc.minute % minutes == 0 and utc.second == 0 and utc.microsecond == 0


def _reading(body: ReadingBody, now: dt.datetime, backfill: bool) -> Reading:
    received_at = body.received_at if backfill and body.received_at else now
    return Reading(body.counter_id, body.start, body.count_in, body.count_out, body.sequence, received_at)
