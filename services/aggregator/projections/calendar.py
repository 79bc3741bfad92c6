"""The calendar of each square: what happens when and where, put together per local date and ready to be sent.

An occurrence and the booking of its room are rows of their own; they meet when a day is put together. A batch that
touches few days puts them together at once; one that touches many (catching up, a rebuild) only marks them stale, and
`settle` does each of them once, when there is time. Whoever reads a stale day puts it together for himself.
"""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from pydantic_core import to_json

from services.aggregator.projections import Batch, Change, Row, TypedEvent, lock
from shared.contracts.facility import OCCUPYING, Booking, Closure, Hours, Square
from shared.contracts.programme import Attendance, Occurrence
from shared.types import Contract

# So many days are put together in the batch's own transaction.
FEW_DAYS = 60
SETTLE_DAYS = 300
OWNER = "occurrence/"

# A name PostgreSQL does not know would make every day of the square fail.
SAVE_SQUARES = """
with incoming as (
    select i.square_id, i.version, coalesce(known.name, 'Europe/Oslo') as time_zone
    from unnest($2::uuid[], $3::bigint[], $4::text[]) as i (square_id, version, time_zone)
    left join pg_timezone_names as known on known.name = i.time_zone
),
before as (
    select square_id, time_zone from calendar_square where generation = $1 and square_id = any($2::uuid[])
),
saved as (
    insert into calendar_square (generation, square_id, version, time_zone)
    select $1, square_id, version, time_zone from incoming order by square_id
    on conflict (generation, square_id) do update set version = excluded.version, time_zone = excluded.time_zone
    where excluded.version > calendar_square.version
    returning square_id, time_zone
)
select saved.square_id, saved.time_zone
from saved left join before using (square_id)
where saved.time_zone <> coalesce(before.time_zone, 'Europe/Oslo')
"""

# After a square has moved to another zone: its items lie on other local dates.
REDATE = """
with days as (
    update calendar_day set stale = true where generation = $1 and square_id = $2
),
occurrences as (
    update calendar_occurrence set
        first_date = (starts_at at time zone $3)::date,
        last_date = ((ends_at - interval '1 microsecond') at time zone $3)::date
    where generation = $1 and square_id = $2
    returning first_date, last_date
),
bookings as (
    update calendar_booking set
        first_date = (starts_at at time zone $3)::date,
        last_date = ((ends_at - interval '1 microsecond') at time zone $3)::date
    where generation = $1 and square_id = $2
    returning first_date, last_date
),
dates as (
    select distinct first_date + n as local_date
    from (select * from occurrences union select * from bookings) as item
    cross join generate_series(0, last_date - first_date) as n
)
select array_agg(local_date) as dates from dates
"""

# Upserts and answers with the days the change touches: those of the row before and after, and of the booking or
# occurrence it is shown with.
SAVE_OCCURRENCES = """
with incoming as (
    select i.*, coalesce(s.time_zone, 'Europe/Oslo') as zone
    from unnest($2::uuid[], $3::bigint[], $4::uuid[], $5::timestamptz[], $6::timestamptz[], $7::text[], $8::uuid[],
                $9::text[]) as i (id, version, square_id, starts_at, ends_at, space_ids, booking_id, item)
    left join calendar_square as s on s.generation = $1 and s.square_id = i.square_id
),
saved as (
    insert into calendar_occurrence as o
    select $1, id, version, square_id, starts_at, ends_at, (starts_at at time zone zone)::date,
           ((ends_at - interval '1 microsecond') at time zone zone)::date, space_ids, booking_id, item
    from incoming order by id
    on conflict (generation, id) do update set
        version = excluded.version, square_id = excluded.square_id, starts_at = excluded.starts_at,
        ends_at = excluded.ends_at, first_date = excluded.first_date, last_date = excluded.last_date,
        space_ids = excluded.space_ids, booking_id = excluded.booking_id, item = excluded.item
    where excluded.version > o.version
    returning new.id, new.square_id, new.first_date, new.last_date,
        old.square_id as was_square, old.first_date as was_first, old.last_date as was_last
),
partner as (
    select b.square_id, b.first_date, b.last_date
    from saved join calendar_booking as b on b.generation = $1 and b.owner_id = saved.id
),
touched as (
    select square_id, first_date, last_date from saved
    union select was_square, was_first, was_last from saved where was_square is not null
    union select square_id, first_date, last_date from partner
)
select t.square_id, array_agg(distinct t.first_date + n) as dates,
       (select array_agg(id::text) from saved where saved.square_id = t.square_id) as ids
from touched as t cross join generate_series(0, t.last_date - t.first_date) as n
group by t.square_id order by t.square_id
"""
SAVE_BOOKINGS = """
with incoming as (
    select i.*, coalesce(s.time_zone, 'Europe/Oslo') as zone
    from unnest($2::uuid[], $3::bigint[], $4::uuid[], $5::timestamptz[], $6::timestamptz[], $7::text[],
                $8::boolean[], $9::uuid[], $10::text[], $11::text[])
        as i (id, version, square_id, starts_at, ends_at, space_ids, occupying, owner_id, folded, item)
    left join calendar_square as s on s.generation = $1 and s.square_id = i.square_id
),
saved as (
    insert into calendar_booking as b
    select $1, id, version, square_id, starts_at, ends_at, (starts_at at time zone zone)::date,
           ((ends_at - interval '1 microsecond') at time zone zone)::date, space_ids, occupying, owner_id, folded, item
    from incoming order by id
    on conflict (generation, id) do update set
        version = excluded.version, square_id = excluded.square_id, starts_at = excluded.starts_at,
        ends_at = excluded.ends_at, first_date = excluded.first_date, last_date = excluded.last_date,
        space_ids = excluded.space_ids, occupying = excluded.occupying, owner_id = excluded.owner_id,
        folded = excluded.folded, item = excluded.item
    where excluded.version > b.version
    returning new.id, new.square_id, new.first_date, new.last_date, new.owner_id,
        old.square_id as was_square, old.first_date as was_first, old.last_date as was_last, old.owner_id as was_owner
),
partner as (
    select o.square_id, o.first_date, o.last_date
    from (select owner_id from saved union select was_owner from saved) as owner
    join calendar_occurrence as o on o.generation = $1 and o.id = owner.owner_id
),
touched as (
    select square_id, first_date, last_date from saved
    union select was_square, was_first, was_last from saved where was_square is not null
    union select square_id, first_date, last_date from partner
)
select t.square_id, array_agg(distinct t.first_date + n) as dates,
       (select array_agg(id::text) from saved where saved.square_id = t.square_id) as ids
from touched as t cross join generate_series(0, t.last_date - t.first_date) as n
group by t.square_id order by t.square_id
"""
SAVE_CLOSURES = """
insert into calendar_closure as c
select $1, id, version, square_id, starts_at, ends_at, item::jsonb
from unnest($2::uuid[], $3::bigint[], $4::uuid[], $5::timestamptz[], $6::timestamptz[], $7::text[])
    as i (id, version, square_id, starts_at, ends_at, item)
on conflict (generation, id) do update set
    version = excluded.version, square_id = excluded.square_id, starts_at = excluded.starts_at,
    ends_at = excluded.ends_at, item = excluded.item
where excluded.version > c.version
returning id, square_id
"""
# Decisions are subjects of their own, so one owner's may come in any order: the highest number stands.
SAVE_HOURS = """
insert into calendar_hours as h
select $1, unit_id, decision, square_id, periods::jsonb
from unnest($2::uuid[], $3::integer[], $4::uuid[], $5::text[]) as i (unit_id, decision, square_id, periods)
on conflict (generation, unit_id) do update set
    decision = excluded.decision, square_id = excluded.square_id, periods = excluded.periods
where excluded.decision > h.decision
returning square_id
"""

MARK_STALE = """
insert into calendar_day as d (generation, square_id, local_date, items, stale)
select $1, square_id, local_date, '', true from unnest($2::uuid[], $3::date[]) as t (square_id, local_date)
order by square_id, local_date
on conflict (generation, square_id, local_date) do update set stale = true where not d.stale
"""
STALE = """
select array_agg(square_id) as squares, array_agg(local_date) as dates from (
    select square_id, local_date from calendar_day where generation = $1 and stale
    order by square_id, local_date limit $2
) as due
"""
# A day that has nothing any more leaves no trace: a rebuild would never have known it.
PUT_TOGETHER = """
with fresh as materialized (select * from calendar_days($1, $2::uuid[], $3::date[])),
gone as (
    delete from calendar_day as d using fresh
    where d.generation = $1 and d.square_id = fresh.square_id and d.local_date = fresh.local_date and fresh.items = ''
)
update calendar_day as d set stale = false, items = fresh.items
from fresh
where d.generation = $1 and d.square_id = fresh.square_id and d.local_date = fresh.local_date and fresh.items <> ''
"""


class Calendar:
    name = "calendar"
    tables: Sequence[str] = (
        "calendar_square",
        "calendar_occurrence",
        "calendar_booking",
        "calendar_closure",
        "calendar_hours",
        "calendar_day",
    )
    models: frozenset[type[Contract]] = frozenset({Square, Occurrence, Booking, Closure, Hours})

    @property
    def rows(self) -> Mapping[type[Contract], Row]:
        return {Occurrence: _occurrence, Booking: _booking}

    async def apply(self, conn: Any, generation: int, batch: Batch) -> Sequence[Change]:
        await lock(conn, self, generation)
        changes = await self._squares(conn, generation, batch.newest(Square))
        items = await self._items(conn, generation, batch)
        await self._touch(conn, generation, [*changes, *items])
        changes += items
        changes += await self._closures(conn, generation, batch.columns(Closure, _closure))
        changes += await self._hours(conn, generation, batch.newest(Hours))
        return changes

    async def settle(self, conn: Any, generation: int) -> int:
        await lock(conn, self, generation)
        due = await conn.fetchrow(STALE, generation, SETTLE_DAYS)
        if due["dates"] is None:
            return 0
        await conn.execute(PUT_TOGETHER, generation, due["squares"], due["dates"])
        return len(due["dates"])

    async def _squares(self, conn: Any, generation: int, events: list[TypedEvent[Square]]) -> list[Change]:
        if not events:
            return []
        moved = await conn.fetch(
            SAVE_SQUARES,
            generation,
            [event.data.square_id for event in events],
            [event.subjectversion for event in events],
            [event.data.time_zone for event in events],
        )
        changes = []
        for row in moved:
            dates = await conn.fetchval(REDATE, generation, row["square_id"], row["time_zone"])
            changes.append(Change(self.name, row["square_id"], tuple(dates or ())))
        return changes

    async def _items(self, conn: Any, generation: int, batch: Batch) -> list[Change]:
        rows = []
        if occurrences := batch.columns(Occurrence, _occurrence):
            rows += await conn.fetch(SAVE_OCCURRENCES, generation, *occurrences)
        if bookings := batch.columns(Booking, _booking):
            rows += await conn.fetch(SAVE_BOOKINGS, generation, *bookings)
        return [Change(self.name, row["square_id"], tuple(row["dates"]), tuple(row["ids"] or ())) for row in rows]

    async def _touch(self, conn: Any, generation: int, changes: Sequence[Change]) -> None:
        days = sorted({(change.square_id, date) for change in changes for date in change.dates})
        if not days:
            return
        columns = [square for square, _ in days], [date for _, date in days]
        await conn.execute(MARK_STALE, generation, *columns)
        if len(days) <= FEW_DAYS:
            await conn.execute(PUT_TOGETHER, generation, *columns)

    async def _closures(self, conn: Any, generation: int, closures: list[list[Any]]) -> list[Change]:
        if not closures:
            return []
        rows = await conn.fetch(SAVE_CLOSURES, generation, *closures)
        return [Change(self.name, row["square_id"], (), (str(row["id"]),)) for row in rows]

    async def _hours(self, conn: Any, generation: int, events: list[TypedEvent[Hours]]) -> list[Change]:
        newest: dict[Any, TypedEvent[Hours]] = {}
        for event in events:
            known = newest.get(event.data.owner_id)
            if event.data.owner_kind == "unit" and (known is None or known.data.decision < event.data.decision):
                newest[event.data.owner_id] = event
        if not newest:
            return []
        ordered = [newest[unit].data for unit in sorted(newest)]
        rows = await conn.fetch(
            SAVE_HOURS,
            generation,
            [data.owner_id for data in ordered],
            [data.decision for data in ordered],
            [data.square_id for data in ordered],
            [None if data.periods is None else to_json(data.periods).decode() for data in ordered],
        )
        return [Change(self.name, square) for square in sorted({row["square_id"] for row in rows})]


def _occurrence(event: TypedEvent[Occurrence]) -> tuple[Any, ...]:
    data = event.data
    item = {
        "kind": "occurrence",
        "id": data.occurrence_id,
        "version": event.subjectversion,
        "unit_id": data.unit_id,
        "title": data.title_nb,
        "title_en": data.title_en,
        "state": data.state,
        "space_ids": data.space_ids,
        "setup_minutes": data.setup_minutes,
        "teardown_minutes": data.teardown_minutes,
        "activity_id": data.activity_id,
        "booking_id": data.booking_id,
        "series_id": data.series_id,
        "capacity": data.capacity,
        "attendance": data.attendance and _attendance(data.attendance),
        "previous": data.previous,
        "reason_code": data.cancel_reason,
        "cohosts": [host for host in data.hosts if host != data.unit_id],
        "off_site": data.off_site or None,
        "meeting_point": data.meeting_point,
        "public": data.public,
        "masked": False,
    }
    spaces = to_json(data.space_ids).decode()
    return (
        data.occurrence_id,
        event.subjectversion,
        data.square_id,
        data.starts_at,
        data.ends_at,
        spaces,
        data.booking_id,
        _open_json(item),
    )


def _attendance(attendance: Attendance) -> dict[str, Any]:
    bands = {band.band: band.count for band in attendance.by_band}
    return {"total": attendance.total, "by_band": bands, "revision": attendance.revision}


def _booking(event: TypedEvent[Booking]) -> tuple[Any, ...]:
    data = event.data
    item = {
        "kind": "booking",
        "id": data.booking_id,
        "version": event.subjectversion,
        "unit_id": data.unit_id,
        "title": data.title,
        "state": data.state,
        "space_ids": data.space_ids,
        "setup_minutes": data.setup_minutes,
        "teardown_minutes": data.teardown_minutes,
        "booking_id": data.booking_id,
        "series_id": data.series_id,
        "hold_until": data.hold_until,
        "expected_people": data.expected_people,
        "previous": data.previous,
        "reason_code": data.reason_code,
        "masked": False,
    }
    owner = data.owner_ref or ""
    owned = owner.startswith(OWNER)
    return (
        data.booking_id,
        event.subjectversion,
        data.square_id,
        data.starts_at,
        data.ends_at,
        to_json(data.space_ids).decode(),
        data.state in OCCUPYING,
        _uuid(owner.removeprefix(OWNER)) if owned else None,
        _folded(event) if owned else "",
        _open_json(item),
    )


def _folded(event: TypedEvent[Booking]) -> str:
    data = event.data
    said = {
        "booking_version": event.subjectversion,
        "booking_state": data.state,
        "hold_until": data.hold_until,
        "expected_people": data.expected_people,
    }
    return _open_json(said)[1:]


def _closure(event: TypedEvent[Closure]) -> tuple[Any, ...]:
    data = event.data
    ends_at = min((at for at in (data.ends_at, data.lifted_at) if at is not None), default=None)
    item = {
        "kind": "closure",
        "id": data.closure_id,
        "version": event.subjectversion,
        "unit_id": data.unit_id,
        "title": None,
        "state": "lifted" if data.lifted_at else "declared",
        "space_ids": data.space_ids,
        "whole_square": data.whole_square,
        "setup_minutes": 0,
        "teardown_minutes": 0,
        "reason_code": data.reason_code,
        "masked": False,
    }
    return data.closure_id, event.subjectversion, data.square_id, data.starts_at, ends_at, to_json(item).decode()


def _open_json(item: dict[str, Any]) -> str:
    """Without the closing brace, for members to be added; what is not known is absent, but for the title."""
    known = {key: value for key, value in item.items() if value is not None or key == "title"}
    return to_json(known, exclude_none=True)[:-1].decode()


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
