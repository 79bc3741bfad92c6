"""Answers out of the views: squares, resources, calendar days, freshness. Days come as ready JSON and stay text."""

import datetime as dt
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from services.aggregator.projections.sources import SILENT_AFTER
from shared.contracts import opening_hours
from shared.contracts.platform import PUBLISHERS, UNIT_KINDS
from shared.walltime import local_fields, written

SHARED_SOURCES = tuple(service for service in PUBLISHERS if service not in UNIT_KINDS)
_ONE_DAY = dt.timedelta(days=1)

SQUARES = """
select square_id, name, time_zone, status from resource_square
where generation = (select generation from projection where name = 'resources') order by name, square_id
"""
SQUARE = """
select square_id, name, time_zone, status from resource_square
where generation = (select generation from projection where name = 'resources') and square_id = $1
"""
# Those that are there by their latest address and those that are or were members.
UNITS = """
select unit_id, square_id, kind, name, memberships from resource_unit
where generation = (select generation from projection where name = 'resources')
    and (square_id = $1 or memberships @> jsonb_build_array(jsonb_build_object('square_id', $1)))
order by kind, name, unit_id
"""
ALL_UNITS = """
select unit_id, square_id from resource_unit
where generation = (select generation from projection where name = 'resources')
"""
SPACES = """
select space from resource_space
where generation = (select generation from projection where name = 'resources') and square_id = $1 and not withdrawn
order by (space ->> 'position')::integer, space ->> 'name', space_id
"""

# A stale day is put together for this reader; the stored one follows when the projector has time.
DAYS = """
with days as materialized (
    select generation, square_id, local_date, items, stale from calendar_day
    where generation = (select generation from projection where name = 'calendar')
        and square_id = $1 and local_date between $2 and $3
)
select local_date, items from days where not stale
union all
select fresh.local_date, fresh.items
from (select generation, array_agg(square_id) as squares, array_agg(local_date) as dates
      from days where stale group by generation) as due
cross join lateral calendar_days(due.generation, due.squares, due.dates) as fresh
"""
CLOSURES = """
select starts_at, ends_at, item from calendar_closure
where generation = (select generation from projection where name = 'calendar') and square_id = $1
    and starts_at < $3 and (ends_at is null or (ends_at > $2 and ends_at > starts_at))
order by starts_at, id
"""
HOURS = """
select unit_id, periods from calendar_hours
where generation = (select generation from projection where name = 'calendar') and unit_id = any($1::uuid[])
    and periods is not null
"""

# Complete as far as the partition farthest behind; not at all before all of them were heard of.
SOURCES = """
select source, case when count(*) = max(partitions) then min(complete_until) end as complete_until,
       max(complete_until) as heard_at
from source_watermark where generation = (select generation from projection where name = 'sources')
group by source order by source
"""
LAST_EVENTS = """
select p.topic, max(p.event_time) as at
from position as p join projection as v on v.name = p.projection and v.generation = p.generation
group by p.topic
"""


@dataclass(frozen=True)
class Square:
    square_id: UUID
    name: str
    time_zone: str
    status: str

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)


@dataclass(frozen=True)
class Unit:
    """One that is or was a member of a square; `memberships` are those in it."""

    unit_id: UUID
    kind: str
    name: str
    memberships: Sequence[tuple[dt.date | None, dt.date | None]]

    def belongs(self, date: dt.date) -> bool:
        return any((not first or first <= date) and (not after or date < after) for first, after in self.memberships)


async def squares(conn: Any) -> list[Square]:
    return [Square(**row) for row in await conn.fetch(SQUARES)]


async def square(conn: Any, square_id: UUID) -> Square | None:
    row = await conn.fetchrow(SQUARE, square_id)
    return Square(**row) if row else None


async def units(conn: Any, square_id: UUID) -> list[Unit]:
    return [
        Unit(row["unit_id"], row["kind"], row["name"], list(_memberships(row, square_id)))
        for row in await conn.fetch(UNITS, square_id)
    ]


def _memberships(row: Mapping[str, Any], square_id: UUID) -> Iterator[tuple[dt.date | None, dt.date | None]]:
    """A unit without dated memberships has always been where it is."""
    if not row["memberships"]:
        yield None, None
    for one in row["memberships"]:
        if one["square_id"] == str(square_id):
            yield _date(one["valid_from"]), _date(one["valid_to"])


def _date(written: str | None) -> dt.date | None:
    return dt.date.fromisoformat(written) if written else None


async def units_by_square(conn: Any) -> dict[UUID, list[UUID]]:
    found: dict[UUID, list[UUID]] = {}
    for row in await conn.fetch(ALL_UNITS):
        found.setdefault(row["square_id"], []).append(row["unit_id"])
    return found


async def spaces(conn: Any, square_id: UUID) -> list[dict[str, Any]]:
    return [row["space"] for row in await conn.fetch(SPACES, square_id)]


async def sources(conn: Any, now: dt.datetime, of: Sequence[Unit] | None = None) -> list[dict[str, Any]]:
    """Up to when each source is complete, and since when one is silent: all ever heard of, or those a square lives on.

    A square lives on what all squares share and on the services of its units, whether or not they were heard of yet.
    """
    heard = {row["source"]: row["complete_until"] for row in await conn.fetch(SOURCES)}
    units: dict[str, list[UUID]] = {source: [] for source in (heard if of is None else SHARED_SOURCES)}
    for unit in of or ():
        if unit.belongs(now.date()):
            units.setdefault(unit.kind, []).append(unit.unit_id)
    return [_source(source, ids, heard.get(source), now) for source, ids in sorted(units.items())]


def _source(source: str, units: Sequence[UUID], until: dt.datetime | None, now: dt.datetime) -> dict[str, Any]:
    silent = until is None or now - until > SILENT_AFTER
    written = until and until.isoformat()
    return {
        "source": source,
        "units": [str(unit) for unit in units],
        "complete_until": written,
        "silent": silent,
        "silent_since": written if silent else None,
    }


async def last_events(conn: Any) -> dict[str, dt.datetime]:
    return {row["topic"]: row["at"] for row in await conn.fetch(LAST_EVENTS) if row["at"]}


async def days(
    conn: Any, where: Square, of: Sequence[Unit], seen: Callable[[str], str], first: dt.date, last: dt.date
) -> str:
    """The dates from `first` to `last`, both inside, as a JSON array; items as `seen` leaves them."""
    dates = [first + _ONE_DAY * n for n in range((last - first).days + 1)]
    stored = {row["local_date"]: row["items"] for row in await conn.fetch(DAYS, where.square_id, first, last)}
    closures = await _closures(conn, where, dates)
    openings = await _openings(conn, of, dates)
    return "[" + ",".join(
        f'{{"date":"{date}","items":[{",".join(_items(stored.get(date, ""), closures.get(date, []), seen))}],'
        f'"openings":{json.dumps(openings.get(date, {}), separators=(",", ":"))}}}'
        for date in dates
    ) + "]"  # fmt: skip


def _items(stored: str, closures: Sequence[str], seen: Callable[[str], str]) -> Iterator[str]:
    yield from closures
    if stored:
        yield seen(stored)


async def closures(conn: Any, where: Square, date: dt.date) -> list[dict[str, Any]]:
    """Those of a date, as items."""
    found = await _closures(conn, where, [date])
    return [json.loads(item) for item in found.get(date, [])]


async def hours(conn: Any, of: Sequence[Unit]) -> dict[UUID, opening_hours.Hours]:
    """By unit, of those that have hours of their own."""
    rows = await conn.fetch(HOURS, [unit.unit_id for unit in of])
    return {row["unit_id"]: opening_hours.parse(row["periods"]) for row in rows}


async def _closures(conn: Any, where: Square, dates: Sequence[dt.date]) -> dict[dt.date, list[str]]:
    """Each closure on each local date it covers; the end of one nobody knows the end of is null."""
    begin, end = midnight(dates[0], where.zone), midnight(dates[-1] + _ONE_DAY, where.zone)
    found: dict[dt.date, list[str]] = {}
    for row in await conn.fetch(CLOSURES, where.square_id, begin, end):
        item = json.dumps(row["item"] | _times(row, where.zone), ensure_ascii=False, separators=(",", ":"))
        for date in dates:
            ended = row["ends_at"] and row["ends_at"] <= midnight(date, where.zone)
            if row["starts_at"] < midnight(date + _ONE_DAY, where.zone) and not ended:
                found.setdefault(date, []).append(item)
    return found


def _times(row: Mapping[str, Any], zone: ZoneInfo) -> dict[str, str | None]:
    if row["ends_at"]:
        return dict(local_fields(row["starts_at"], row["ends_at"], zone))
    known = local_fields(row["starts_at"], row["starts_at"], zone)
    return {**known, "ends_at": None, "local_end": None}


async def _openings(conn: Any, of: Sequence[Unit], dates: Sequence[dt.date]) -> dict[dt.date, dict[str, Any]]:
    """The hours of units as decided, by date; a date of which a unit says nothing is absent."""
    found: dict[dt.date, dict[str, Any]] = {}
    for unit_id, opening in (await hours(conn, of)).items():
        for date in dates:
            if pieces := opening.pieces(date):
                found.setdefault(date, {})[str(unit_id)] = pieces
    return found


def midnight(date: dt.date, zone: ZoneInfo) -> dt.datetime:
    return dt.datetime.combine(date, dt.time(), zone).astimezone(dt.UTC)


def local_now(now: dt.datetime, where: Square) -> str:
    return written(now.replace(microsecond=0), where.zone)
