"""The visitors view: every fact that figures follow from, as it comes from the log."""

import datetime as dt
import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from services.aggregator.projections import Batch, Change, Row, TypedEvent
from services.aggregator.visitors import store
from services.aggregator.visitors.facts import MINUTE, Micros, instant, micros
from shared.contracts import counters, facility
from shared.contracts.programme import Occurrence
from shared.contracts.service_desk import DeskHour
from shared.types import Contract

VIEW = "visitors"
# How many came to a health station's session is a health figure.
HEALTH = "/services/health_station"


def _head_count(event: TypedEvent[Occurrence]) -> tuple[Any, ...] | None:
    """None where nobody has counted. Once counted it says so in every later version: a row is never taken away."""
    data, came = event.data, event.data.attendance
    if came is None:
        return None
    counts = [(micros(one.recorded_at), one.total) for one in came.earlier]
    counts.append((micros(came.recorded_at), came.total))
    return (
        data.occurrence_id,
        event.subjectversion,
        data.square_id,
        next(iter(data.space_ids), None),
        micros(data.starts_at),
        data.off_site,
        event.source == HEALTH or event.classification == "restricted",
        data.state not in ("cancelled", "draft"),
        json.dumps(counts),
    )


class Visitors:
    name = VIEW
    rows: Mapping[type[Contract], Row] = {Occurrence: _head_count}
    tables: Sequence[str] = (
        "visitor_square",
        "visitor_unit",
        "visitor_hours",
        "visitor_closure",
        "visitor_settings",
        "visitor_counter",
        "visitor_correction",
        "visitor_manual_count",
        "visitor_reading",
        "visitor_space",
        "visitor_head_count",
        "visitor_contact",
    )
    models: frozenset[type[Contract]] = frozenset(
        {
            facility.Square,
            facility.Unit,
            facility.Hours,
            facility.Closure,
            facility.Settings,
            facility.Space,
            Occurrence,
            DeskHour,
            counters.Counter,
            counters.Correction,
            counters.ManualCount,
            counters.Interval,
        }
    )

    async def apply(self, conn: Any, generation: int, batch: Batch) -> Sequence[Change]:
        whole = await _save_decisions(conn, generation, batch)
        dated = await _dates(conn, generation, await _save_moments(conn, generation, batch))
        for square_id, date in await _save_contacts(conn, generation, batch):
            dated.setdefault(square_id, set()).add(date)
        return [
            *(Change(VIEW, square_id) for square_id in sorted(whole)),
            *(
                Change(VIEW, square_id, tuple(sorted(dates)))
                for square_id, dates in dated.items()
                if square_id not in whole
            ),
        ]

    async def settle(self, conn: Any, generation: int) -> int:
        """Nothing is derived: figures are computed when asked for."""
        return 0


async def _save_decisions(conn: Any, generation: int, batch: Batch) -> set[UUID]:
    """The squares of which any date may have changed."""
    changed: set[UUID] = set()
    for statement, rows in (
        (store.SAVE_SQUARES, _squares(batch)),
        (store.SAVE_CLOSURES, _closures(batch)),
        (store.SAVE_SETTINGS, _settings(batch)),
        (store.SAVE_COUNTERS, _counters(batch)),
        (store.SAVE_CORRECTIONS, _corrections(batch)),
        (store.SAVE_MANUAL_COUNTS, _manual_counts(batch)),
    ):
        changed |= {row["square_id"] for row in await store.save(conn, statement, generation, rows)}
    for row in await store.save(conn, store.SAVE_SPACES, generation, _spaces(batch)):
        if row["was_square"] not in (None, row["square_id"]):
            changed |= {row["square_id"], row["was_square"]}
    for row in await store.save(conn, store.SAVE_UNITS, generation, _units(batch)):
        changed |= set(row["square_ids"])
    square_of = {event.data.owner_id: event.data.square_id for event in batch.newest(facility.Hours)}
    saved = await store.save(conn, store.SAVE_HOURS, generation, _hours(batch))
    return changed | {square_of[row["unit_id"]] for row in saved}


async def _save_moments(conn: Any, generation: int, batch: Batch) -> list[tuple[UUID, Micros]]:
    """Square and instant of each interval and occurrence of which something is new."""
    square_of: dict[UUID, UUID] = {}
    earliest: dict[tuple[UUID, int, int, int, int], int] = {}
    for event in batch.newest(counters.Interval):
        interval = event.data
        square_of[interval.counter_id] = interval.square_id
        start = micros(interval.start) // MINUTE
        for one in interval.readings:  # the same reading twice keeps its first arrival
            key = (interval.counter_id, start, one.count_in, one.count_out, one.sequence)
            received = micros(one.received_at)
            earliest[key] = min(received, earliest.get(key, received))
    rows = [(*key, received) for key, received in sorted(earliest.items())]
    saved = await store.save(conn, store.SAVE_READINGS, generation, rows)
    moments = [(square_of[row["counter_id"]], row["start"] * MINUTE) for row in saved]
    if columns := batch.columns(Occurrence, _head_count):
        counted = await conn.fetch(store.SAVE_HEAD_COUNTS, generation, *columns)
        moments += [(row["square_id"], row["starts_at"]) for row in counted]
    return moments


async def _save_contacts(conn: Any, generation: int, batch: Batch) -> list[tuple[UUID, dt.date]]:
    saved = await store.save(conn, store.SAVE_CONTACTS, generation, _contacts(batch))
    return [(row["square_id"], row["local_date"]) for row in saved]


async def _dates(conn: Any, generation: int, moments: Sequence[tuple[UUID, Micros]]) -> dict[UUID, set[dt.date]]:
    """The local dates by square. One we have not heard of yet has no zone; its dates are then those of UTC."""
    squares = sorted({square_id for square_id, _ in moments})
    zones = await store.time_zones(conn, generation, squares) if squares else {}
    known = {square_id: ZoneInfo(name) for square_id, name in zones.items()}
    dates: dict[UUID, set[dt.date]] = defaultdict(set)
    for square_id, at in moments:
        dates[square_id].add(instant(at).astimezone(known.get(square_id, dt.UTC)).date())
    return dates


def _squares(batch: Batch) -> list[tuple[Any, ...]]:
    return [(e.data.square_id, e.subjectversion, e.data.time_zone) for e in batch.newest(facility.Square)]


def _units(batch: Batch) -> list[tuple[Any, ...]]:
    return [(e.data.unit_id, e.subjectversion, json.dumps(_memberships(e.data))) for e in batch.newest(facility.Unit)]


def _memberships(unit: facility.Unit) -> list[tuple[str, str | None, str | None]]:
    """A unit without dated memberships has always been where it is."""
    if not unit.memberships:
        return [(str(unit.square_id), None, None)]
    return [
        (
            str(membership.square_id),
            _written(membership.valid_from),
            _written(membership.valid_to),
        )
        for membership in unit.memberships
    ]


def _written(date: dt.date | None) -> str | None:
    return date.isoformat() if date else None


def _hours(batch: Batch) -> list[tuple[Any, ...]]:
    """Only hours of units: those of spaces limit bookings and say nothing about visits."""
    return [
        (hours.owner_id, hours.decision, micros(hours.decided_at), _dumped(hours.periods))
        for hours in (event.data for event in batch.newest(facility.Hours))
        if hours.owner_kind == "unit"
    ]


def _dumped(periods: list[dict[str, Any]] | None) -> str | None:
    return None if periods is None else json.dumps(periods, default=str)


def _closures(batch: Batch) -> list[tuple[Any, ...]]:
    """Closing single spaces closes no unit."""
    return [
        (
            closure.closure_id,
            version,
            closure.square_id,
            closure.unit_id,
            micros(closure.starts_at),
            closure.ends_at and micros(closure.ends_at),
            micros(closure.declared_at),
            closure.lifted_at and micros(closure.lifted_at),
        )
        for closure, version in ((event.data, event.subjectversion) for event in batch.newest(facility.Closure))
        if closure.unit_id or closure.whole_square
    ]


def _settings(batch: Batch) -> list[tuple[Any, ...]]:
    return [
        (settings.square_id, settings.decision, micros(settings.decided_at), settings.staff_share)
        for settings in (event.data for event in batch.newest(facility.Settings))
    ]


def _counters(batch: Batch) -> list[tuple[Any, ...]]:
    return [
        (
            counter.counter_id,
            counter.decision,
            micros(counter.decided_at),
            counter.square_id,
            counter.unit_id,
            counter.kind,
            counter.interval_minutes,
            counter.swapped,
            counter.valid_from and micros(counter.valid_from),
            counter.valid_to and micros(counter.valid_to),
            counter.max_per_minute,
            counter.feed,
        )
        for counter in (event.data for event in batch.newest(counters.Counter))
    ]


def _corrections(batch: Batch) -> list[tuple[Any, ...]]:
    return [
        (one.correction_id, one.decision, micros(one.decided_at), one.square_id, one.date, one.mode, one.door_visits)
        for one in (event.data for event in batch.newest(counters.Correction))
    ]


def _manual_counts(batch: Batch) -> list[tuple[Any, ...]]:
    return [
        (one.manual_id, one.decision, micros(one.decided_at), one.square_id, one.unit_id, one.date, one.count)
        for one in (event.data for event in batch.newest(counters.ManualCount))
    ]


def _spaces(batch: Batch) -> list[tuple[Any, ...]]:
    return [(e.data.space_id, e.subjectversion, e.data.square_id) for e in batch.newest(facility.Space)]


def _contacts(batch: Batch) -> list[tuple[Any, ...]]:
    rows = []
    for event in batch.newest(DeskHour):
        hour = event.data
        totals = [(micros(one.summarised_at), one.total) for one in hour.earlier]
        totals.append((micros(hour.summarised_at or event.time), hour.total()))
        place = hour.unit_id, hour.square_id, hour.local_date, hour.hour
        rows.append((*place, event.subjectversion, json.dumps(totals)))
    return rows
