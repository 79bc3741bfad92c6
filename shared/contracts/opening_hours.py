"""What a published set of opening periods means. It is part of the contract: facility limits bookings by it and the
aggregator tells visits in staffed time from visits in self-service time by it, and both must read it alike.

    period ── groups ── spans   when it opens, on which weekdays, in which state
                    └── rules   on which dates these spans begin at all

Which periods count on a date D is decided by the spans that *begin* on D: if any belongs to an override, one override
alone decides D, the shortest; otherwise all normal periods count together. What a span holds past midnight belongs to
the next date, unless that date is decided by another override that is not longer than the span's own.
"""

import datetime as dt
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Annotated, Any, Literal, NamedTuple, Self
from zoneinfo import ZoneInfo

from pydantic import BeforeValidator, Field, StrictInt, StrictStr, model_validator

from shared.contracts.opening_rules import AnyDate, Rule
from shared.types import Body, Flag, ShortText

State = Literal["staffed", "self_service", "closed"]
STATES: tuple[State, ...] = ("staffed", "self_service", "closed")
Piece = tuple[str, str, State]
DAY_MINUTES = 24 * 60
_ONE_DAY = dt.timedelta(days=1)
ClockTime = Annotated[StrictStr, Field(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]
Weekday = Annotated[StrictInt, Field(ge=1, le=7)]
# What is left out and what is null mean the same.
OrFalse = Annotated[Flag, BeforeValidator(lambda value: False if value is None else value)]


class Span(Body):
    """`weekdays` null: every day. `full_day`: 00 to 24, whatever the clock times say."""

    start: ClockTime | None = None
    end: ClockTime | None = None
    end_next_day: OrFalse = False
    full_day: OrFalse = False
    weekdays: Annotated[list[Weekday], Field(max_length=70)] | None = None
    state: State

    @model_validator(mode="after")
    def _lasts(self) -> Self:
        if self.full_day:
            return self
        if self.start is None or self.end is None:
            raise ValueError("a span needs a start and an end, or full_day")
        if not self.end_next_day and self.end <= self.start:
            raise ValueError("a span must last; an end at midnight is 00:00 with end_next_day")
        return self

    def minutes(self) -> tuple[int, int]:
        """From the midnight at which its date begins; the end may lie past 1440."""
        if self.full_day or self.start is None or self.end is None:
            return 0, DAY_MINUTES
        return _minute(self.start), _minute(self.end) + (DAY_MINUTES if self.end_next_day else 0)


def _none_is_empty(value: Any) -> Any:
    return [] if value is None else value


class Group(Body):
    spans: Annotated[list[Span], Field(max_length=200), BeforeValidator(_none_is_empty)] = []
    rules: Annotated[list[Rule], Field(max_length=20), BeforeValidator(_none_is_empty)] = []


class Period(Body):
    """Both dates inside; null leaves that side open. Null groups or spans give nothing, as empty ones do."""

    name: ShortText | None = None
    start_date: AnyDate | None = None
    end_date: AnyDate | None = None
    override: OrFalse = False
    groups: Annotated[list[Group], Field(max_length=50), BeforeValidator(_none_is_empty)] = []

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.start_date and self.end_date and self.end_date < self.start_date:
            raise ValueError("the period ends before it starts")
        return self


Periods = Annotated[list[Period], Field(max_length=500)]


class _Begun(NamedTuple):
    """A span that counts on the date it begins on."""

    start: int
    end: int
    state: State
    period: "_Reader"


class _Reader:
    """One period, ready to be asked."""

    def __init__(self, period: Period, order: int) -> None:
        self.override = period.override
        self.first, self.last = period.start_date, period.end_date
        self.length = (self.last - self.first).days if self.first and self.last else float("inf")
        # The shortest decides; of equally long ones the earlier, an open side sorting last.
        self.rank = (self.length, self.first or dt.date.max, self.last or dt.date.max, order)
        self._spans = [
            (*span.minutes(), span.state, frozenset(span.weekdays) if span.weekdays is not None else None, group.rules)
            for group in period.groups
            for span in group.spans
        ]

    def begun(self, day: dt.date) -> list[_Begun]:
        """Its spans that begin on `day`."""
        if (self.first and day < self.first) or (self.last and day > self.last):
            return []
        weekday = day.isoweekday()
        return [
            _Begun(start, end, state, self)
            for start, end, state, weekdays, rules in self._spans
            if (weekdays is None or weekday in weekdays) and all(rule.matches(day, self.first) for rule in rules)
        ]


class Hours:
    """A set of periods, ready to be asked about any date or instant. No answer depends on what else was asked."""

    def __init__(self, periods: Iterable[Period | Mapping[str, Any]]) -> None:
        read = [one if isinstance(one, Period) else Period.model_validate(one) for one in periods]
        readers = [_Reader(period, order) for order, period in enumerate(read)]
        self._long = [reader for reader in readers if reader.length != 0]
        self._of_one_day: dict[
            dt.date | None, list[_Reader]
        ] = {}  # holidays: many, and each asked about on its date only
        for reader in (reader for reader in readers if reader.length == 0):
            self._of_one_day.setdefault(reader.first, []).append(reader)
        self._cached = lru_cache(maxsize=2048)(self._pieces)
        self._decide = lru_cache(maxsize=2048)(self._decided)
        self._open = lru_cache(maxsize=2048)(self._open_on)

    def pieces(self, day: dt.date) -> tuple[Piece, ...]:
        """[start, end, state] on that date, the end of the day "24:00"; empty when nothing is said of it."""
        return self._cached(day)

    def days(self, first: dt.date, last: dt.date) -> dict[str, list[list[str]]]:
        """The dates from `first` to `last`, both inside, that have pieces."""
        dates = (first + _ONE_DAY * offset for offset in range((last - first).days + 1))
        return {day.isoformat(): [list(piece) for piece in self.pieces(day)] for day in dates if self.pieces(day)}

    def state_at(self, instant: dt.datetime, zone: ZoneInfo) -> State:
        """The first of staffed, self_service, closed among the pieces of the instant's local date that cover it."""
        day = instant.astimezone(zone).date()
        covering = {
            state
            for start, end, state in self.pieces(day)
            if clock_instant(day, start, zone) <= instant < clock_instant(day, end, zone)
        }
        return next((state for state in STATES if state in covering), "closed")

    def open_ranges(self, first: dt.date, last: dt.date, zone: ZoneInfo) -> list[tuple[dt.datetime, dt.datetime]]:
        """Staffed or self-service time on the dates `first` to `last` as instants; ranges that touch are one."""
        days = (first + _ONE_DAY * offset for offset in range((last - first).days + 1))
        return list(_merged(found for day in days for found in self._open(day, zone)))

    def staffed_ranges(self, first: dt.date, last: dt.date, zone: ZoneInfo) -> list[tuple[dt.datetime, dt.datetime]]:
        """The same without time that is self-service only: where both are said of a time, somebody is there."""
        days = (first + _ONE_DAY * offset for offset in range((last - first).days + 1))
        return list(
            _merged(found for day in days for found in self._open_on(day, zone, but=("closed", "self_service")))
        )

    def _open_on(
        self, day: dt.date, zone: ZoneInfo, *, but: tuple[State, ...] = ("closed",)
    ) -> list[tuple[dt.datetime, dt.datetime]]:
        """Clipped to the date as instants, since a state holds on the local date only and a date may be skipped whole.
        A piece that the change of the clock turns around is no time at all."""
        wide = [piece for piece in self.pieces(day) if piece[2] not in but]
        if not wide:
            return []
        begin, finish = clock_instant(day, "00:00", zone), clock_instant(day, "24:00", zone)
        found = (
            (max(begin, clock_instant(day, start, zone)), min(finish, clock_instant(day, end, zone)))
            for start, end, _ in wide
        )
        return [(start, end) for start, end in found if start < end]

    def _pieces(self, day: dt.date) -> tuple[Piece, ...]:
        own = [(one.start, min(one.end, DAY_MINUTES), one.state) for one in self._decide(day)]
        return tuple(_joined([*own, *self._left_over(day)]))

    def _decided(self, day: dt.date) -> tuple[_Begun, ...]:
        begun = [one for reader in (*self._long, *self._of_one_day.get(day, ())) for one in reader.begun(day)]
        overrides = {one.period for one in begun if one.period.override}
        if not overrides:
            return tuple(begun)
        shortest = min(overrides, key=lambda reader: reader.rank)
        return tuple(one for one in begun if one.period is shortest)

    def _left_over(self, day: dt.date) -> Iterator[tuple[int, int, State]]:
        """What spans of the day before hold past midnight."""
        late = [one for one in self._decide(day - _ONE_DAY) if one.end > DAY_MINUTES] if day > dt.date.min else []
        if not late:
            return
        ruler = next((one.period for one in self._decide(day) if one.period.override), None)
        for one in late:
            outranks = one.period.override and ruler is not None and one.period.length < ruler.length
            if ruler is None or ruler is one.period or outranks:
                yield 0, one.end - DAY_MINUTES, one.state


def parse(periods: Sequence[Mapping[str, Any]]) -> Hours:
    """Raises pydantic's ValidationError for what rule B refuses. The same periods are read once."""
    return _parsed(json.dumps(periods, sort_keys=True, default=str))


@lru_cache(maxsize=512)
def _parsed(written: str) -> Hours:
    return Hours(json.loads(written))


def pieces(periods: Sequence[Mapping[str, Any]], day: dt.date) -> tuple[Piece, ...]:
    return parse(periods).pieces(day)


class Warned(NamedTuple):
    """What is allowed and yet has no effect: the rule, and where."""

    rule: Literal["closing_without_effect", "weeks_from_nowhere"]
    period: int
    name: str


def warnings(periods: Iterable[Period]) -> list[Warned]:
    """Closing spans inside open hours of the same period, and every n-th week of a period that starts nowhere."""
    found = []
    for at, period in enumerate(periods):
        if _closes_what_is_open(period):
            found.append(Warned("closing_without_effect", at, period.name or ""))
        if any(rule.lacks_anchor(period.start_date) for group in period.groups for rule in group.rules):
            found.append(Warned("weeks_from_nowhere", at, period.name or ""))
    return found


def _closes_what_is_open(period: Period) -> bool:
    spans = [span for group in period.groups for span in group.spans]
    wide = [span for span in spans if span.state != "closed"]
    return any(_meet(span, other) for span in spans if span.state == "closed" for other in wide)


def _meet(one: Span, other: Span) -> bool:
    """Whether they may overlap on some date on which both begin."""
    (start, end), (begin, until) = one.minutes(), other.minutes()
    days = set(one.weekdays or range(1, 8)) & set(other.weekdays or range(1, 8))
    return bool(days) and start < until and begin < end


def clock_instant(day: dt.date, clock: str, zone: ZoneInfo) -> dt.datetime:
    """The instant of a clock time, in UTC. A skipped one moves forward by the gap, a repeated one is its first pass:
    both are what fold=0 means. "24:00" is the next date's midnight."""
    date, minute = (day + _ONE_DAY, 0) if clock == "24:00" else (day, _minute(clock))
    wall = dt.datetime.combine(date, dt.time(minute // 60, minute % 60), zone)
    return wall.astimezone(dt.UTC)


def _joined(parts: Iterable[tuple[int, int, State]]) -> Iterator[Piece]:
    """Overlapping or touching parts of one state are one; different states stay side by side."""
    merged: list[tuple[int, int, int]] = []
    for rank, state in enumerate(STATES):
        own = sorted((start, end) for start, end, of in parts if of == state and start < end)
        merged += [(start, end, rank) for start, end in _merged(own)]
    for start, end, rank in sorted(merged):
        yield _clock(start), _clock(end), STATES[rank]


def _merged(ranges: Iterable[tuple[Any, Any]]) -> Iterator[tuple[Any, Any]]:
    current: tuple[Any, Any] | None = None
    for start, end in sorted(ranges):
        if current and start <= current[1]:
            current = current[0], max(current[1], end)
            continue
        if current:
            yield current
        current = start, end
    if current:
        yield current


def _minute(clock: str) -> int:
    return int(clock[:2]) * 60 + int(clock[3:])


def _clock(minute: int) -> str:
    return f"{minute // 60:02d}:{minute % 60:02d}"
