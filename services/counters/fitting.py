"""From what a device counted to readings of counters: whose it is, on which grid, in which kind of numbers. Pure."""

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple
from uuid import UUID

from services.counters.adapters.common import Counted, Fault, Span, Total
from services.counters.domain import ReadingBody
from shared.contracts.counters import Feed
from shared.problems import Message

_EPOCH = dt.datetime(2000, 1, 1, tzinfo=dt.UTC)


class Assigned(NamedTuple):
    """A counter and the line of the device it is. `out_line`: where each direction is a line of its own."""

    counter_id: UUID
    line: str = ""
    out_line: str | None = None


class Settings(NamedTuple):
    interval_minutes: int
    feed: Feed

    @property
    def length(self) -> dt.timedelta:
        return dt.timedelta(minutes=self.interval_minutes)


def fit(
    counted: Sequence[Counted], assigned: Iterable[Assigned], settings: Mapping[UUID, Settings]
) -> tuple[list[ReadingBody], list[Fault]]:
    """What can be kept, and what cannot and why: one span or line that does not fit takes no other with it."""
    readings: list[ReadingBody] = []
    faults: list[Fault] = []
    for one in assigned:
        try:
            own, other = _of_line(counted, one), settings[one.counter_id]
            for fitted in _fitted(own, one, other):
                if isinstance(fitted, Fault):
                    faults.append(fitted)
                else:
                    readings.append(fitted)
        except Fault as fault:
            faults.append(fault)
    return readings, faults


def _of_line(counted: Sequence[Counted], one: Assigned) -> list[Counted]:
    lines = {item.line for item in counted}
    if one.line == "" and len(lines) > 1:
        raise Fault("counters", _WHICH_LINE)
    if one.out_line is None:
        return [item for item in counted if one.line in ("", item.line)]
    return list(_paired([item for item in counted if isinstance(item, Total)], one))


def _paired(totals: list[Total], one: Assigned) -> Iterator[Total]:
    """Where only one direction came, the other is not zero but unknown: that moment says nothing."""
    outwards = {item.at: item.count_in for item in totals if item.line == one.out_line}
    for item in totals:
        if item.line == one.line and item.at in outwards:
            yield item._replace(count_out=outwards[item.at])


def _fitted(own: list[Counted], one: Assigned, settings: Settings) -> Iterator[ReadingBody | Fault]:
    wanted = Total if settings.feed == "cumulative" else Span
    if own and not any(isinstance(item, wanted) for item in own):
        raise Fault("counters", _NOT_ITS_FEED[wanted is Total])
    if wanted is Total:
        yield from _samples([item for item in own if isinstance(item, Total)], one, settings)
    else:
        yield from _intervals([item for item in own if isinstance(item, Span)], one, settings)


def _samples(totals: list[Total], one: Assigned, settings: Settings) -> Iterator[ReadingBody]:
    """Each at the point of the grid it is nearest to; of several there the latest."""
    at_point: dict[dt.datetime, Total] = {}
    for total in sorted(totals, key=lambda total: total.at):
        at_point[_floor(total.at + settings.length / 2, settings)] = total
    for point, total in at_point.items():
        yield _reading(one, point, total.count_in, total.count_out, total.sequence)


def _intervals(spans: list[Span], one: Assigned, settings: Settings) -> Iterator[ReadingBody | Fault]:
    """Shorter spans are added up where they fill an interval without gap or overlap."""
    by_interval: dict[dt.datetime, list[Span]] = {}
    for span in sorted(set(spans), key=lambda span: span.start):
        by_interval.setdefault(_floor(span.start, settings), []).append(span)
    for start, parts in by_interval.items():
        if _fill(parts, start, start + settings.length):
            count_in, count_out = sum(part.count_in for part in parts), sum(part.count_out for part in parts)
            yield _reading(one, start, count_in, count_out, max(part.sequence for part in parts))
        else:
            yield Fault(parts[0].start.isoformat(), _off_grid(settings))


def _fill(parts: list[Span], start: dt.datetime, end: dt.datetime) -> bool:
    at = start
    for part in parts:
        if part.start != at or not part.start < part.end <= end:
            return False
        at = part.end
    return at == end


def _floor(at: dt.datetime, settings: Settings) -> dt.datetime:
    return at - (at - _EPOCH) % settings.length


def _reading(one: Assigned, start: dt.datetime, count_in: int, count_out: int, sequence: int) -> ReadingBody:
    fields = {"counter_id": one.counter_id, "start": start, "in": count_in, "out": count_out, "sequence": sequence}
    return ReadingBody.model_validate(fields)


def _off_grid(settings: Settings) -> Message:
    minutes = settings.interval_minutes
    return Message(
        f"fyller ikke telleverkets intervall på {minutes} minutter: still enheten til samme lengde, etter klokka",
        f"does not fill the counter's interval of {minutes} minutes: set the device to the same length, by the clock",
    )


_WHICH_LINE = Message(
    "enheten har flere linjer: si i tokenet hvilken linje som er hvilket telleverk",
    "the device has several lines: say in its token which line is which counter",
)
_NOT_ITS_FEED = {
    True: Message(
        "telleverket er satt til løpende tall (cumulative), men meldingen har antall for tidsrom",
        "the counter is set to running numbers (cumulative), but the message has numbers of spans of time",
    ),
    False: Message(
        "telleverket er satt til antall for tidsrom, men meldingen har løpende tall: sett feed til cumulative",
        "the counter is set to numbers of spans of time, but the message has running numbers: set feed to cumulative",
    ),
}
