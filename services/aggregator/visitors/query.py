"""Questions about visitors: the facts that answer them are fetched, the figures computed."""

import asyncio
import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from functools import lru_cache
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import holidays

from services.aggregator.visitors import domain, store
from services.aggregator.visitors.facts import (
    MINUTE,
    Closure,
    Correction,
    Counter,
    Facts,
    Hours,
    ManualCount,
    Micros,
    Settings,
    Tally,
    Unit,
    fold_readings,
    instant,
)
from services.aggregator.visitors.history import History
from services.aggregator.visitors.modes import day_of
from services.aggregator.visitors.periods import By, touched

_LONGEST_INTERVAL = 60 * MINUTE
_WEEKS_COMPARED = dt.timedelta(weeks=8)


async def facts_of(conn: Any, square_id: UUID) -> Facts | None:
    """All decisions about a square and no readings yet; None for a square nobody has told us of."""
    zone = await conn.fetchval(store.SQUARE, square_id)
    if zone is None:
        return None
    memberships = await store.memberships(conn, square_id)
    return Facts(
        square_id,
        ZoneInfo(zone),
        units=[Unit(unit_id, stretches) for unit_id, stretches in sorted(memberships.items())],
        hours=[Hours(*row) for row in await conn.fetch(store.HOURS, list(memberships))],
        closures=[Closure(*row) for row in await conn.fetch(store.CLOSURES, square_id)],
        settings=[
            Settings(row["decision"], row["decided_at"], Fraction(row["staff_share"]))
            for row in await conn.fetch(store.SETTINGS, square_id)
        ],
        counters=[Counter(*row) for row in await conn.fetch(store.COUNTERS, square_id)],
        corrections=[Correction(*row) for row in await conn.fetch(store.CORRECTIONS, square_id)],
        manual_counts=[ManualCount(*row) for row in await conn.fetch(store.MANUAL_COUNTS, square_id)],
    )


async def visitors(conn: Any, facts: Facts, first: dt.date, last: dt.date, by: By, at: Micros) -> Sequence[domain.Row]:
    """The rows for `first` to `last` as of `at`. Earlier weeks are fetched only where something was missing."""
    begin, end = _whole_periods(first, last, by)
    known = await _with_readings(conn, facts, begin, end, at)
    rows = await asyncio.to_thread(_rows_if_complete, known, first, last, by, at)
    if rows is None:
        known = await _with_readings(conn, facts, begin - _WEEKS_COMPARED, end, at)
        rows = await asyncio.to_thread(lambda: list(domain.rows(History(known), first, last, by, at)))
    return rows


def _rows_if_complete(facts: Facts, first: dt.date, last: dt.date, by: By, at: Micros) -> list[domain.Row] | None:
    """None when something was missing. In a thread of its own: a year takes longer than others should wait."""
    history = History(facts)
    if domain.needs_earlier_weeks(history, first, last, by, at):
        return None
    return list(domain.rows(history, first, last, by, at))


async def last_intervals(conn: Any, facts: Facts, now: Micros) -> Iterator[dict[str, Any]]:
    """Each counter of the square as it stands, its last interval, and how many of today's are missing."""
    today = instant(now).astimezone(facts.zone).date()
    history = History(await _with_readings(conn, facts, today, today, now))
    evaluation = history.evaluation(now)
    here = [*evaluation.knowledge.outer, *evaluation.knowledge.zones]
    starts = await store.last_starts(conn, [counter.counter_id for counter in here])
    return (
        {
            "counter_id": counter.counter_id,
            "kind": counter.kind,
            "unit_id": counter.unit_id,
            "interval_minutes": counter.minutes,
            "feed": counter.feed,
            "last_interval": _shown(starts.get(counter.counter_id), facts.zone),
            "missing_today": len(evaluation.missing_of(counter, today)),
        }
        for counter in here
    )


def _shown(start: int | None, zone: ZoneInfo) -> str | None:
    return None if start is None else instant(start * MINUTE).astimezone(zone).isoformat()


def _whole_periods(first: dt.date, last: dt.date, by: By) -> tuple[dt.date, dt.date]:
    periods = list(touched(first, last, by))
    return periods[0].first, periods[-1].after - dt.timedelta(days=1)


async def _with_readings(conn: Any, facts: Facts, first: dt.date, last: dt.date, at: Micros) -> Facts:
    """`facts` with the readings of the given dates and what an interval at their end needs, and their holidays."""
    begin, end = day_of(first, facts.zone).start, day_of(last, facts.zone).end + _LONGEST_INTERVAL
    ids = sorted({counter.counter_id for counter in facts.counters})
    rows = await store.readings(conn, ids, begin // MINUTE, -(-end // MINUTE), at)
    readings = await asyncio.to_thread(fold_readings, rows)
    tallies = [*await _head_counts(conn, facts, first, last), *await _contacts(conn, facts, first, last)]
    return replace(
        facts, readings=readings, tallies=tallies, holidays=public_holidays((first - _WEEKS_COMPARED).year, last.year)
    )


async def _head_counts(conn: Any, facts: Facts, first: dt.date, last: dt.date) -> list[Tally]:
    begin, end = day_of(first, facts.zone).start, day_of(last, facts.zone).end
    return [
        Tally(
            "off_site_participations" if row["off_site"] else "participations",
            instant(row["starts_at"]).astimezone(facts.zone).date(),
            "restricted" if row["restricted"] else "internal",
            row["counts"],
        )
        for row in await conn.fetch(store.HEAD_COUNTS, facts.square_id, begin, end)
    ]


async def _contacts(conn: Any, facts: Facts, first: dt.date, last: dt.date) -> list[Tally]:
    rows = await conn.fetch(store.CONTACTS, facts.square_id, first, last)
    return [Tally("contacts", row["local_date"], "internal", row["totals"]) for row in rows]


@lru_cache(maxsize=64)
def public_holidays(first: int, last: int) -> frozenset[dt.date]:
    """National public holidays of Norway in the years `first` to `last`, and no Sunday that is nothing more."""
    return frozenset(holidays.country_holidays("NO", years=range(first, last + 1)))
