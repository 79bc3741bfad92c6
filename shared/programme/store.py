"""All SQL of the programme."""

import datetime as dt
from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from shared.contracts import facility
from shared.contracts.programme import Activity, Occurrence

ACTIVITY = "select version, state from activity where activity_id = $1"
ACTIVITY_LOCKED = f"{ACTIVITY} for update"
ACTIVITIES = """
select version, state from activity
where square_id = $1 and ($2::uuid is null or unit_id = $2) order by state ->> 'title_nb', activity_id limit 500
"""
SAVE_ACTIVITY = """
insert into activity (activity_id, version, square_id, unit_id, state) values ($1, $2, $3, $4, $5)
on conflict (activity_id) do update set version = excluded.version, square_id = excluded.square_id,
    unit_id = excluded.unit_id, state = excluded.state
where activity.version = excluded.version - 1
returning version
"""
OCCURRENCE = "select version, state, asked from occurrence where occurrence_id = $1"
OCCURRENCE_LOCKED = f"{OCCURRENCE} for update"
BY_BOOKING_LOCKED = """
select version, state, asked, booking_version from occurrence where booking_id = $1 or move_booking_id = $1 for update
"""
ROOMLESS_LOCKED = f"{OCCURRENCE} and booking_id is null and status = 'draft' for update"
# Of facility's word about a booking that the unit may be asking for just now: it waits until the unit has its answer.
TAKE_TURN = """
select pg_advisory_xact_lock(hashtextextended('occurrence ' || current_schema() || owner, 0))
from unnest($1::text[]) as owner
"""
# What is older is of a request that facility refused, or never heard of.
NOTE_ASKING = """
with past as (delete from asking where noted_at < $5::timestamptz - interval '7 days' and occurrence_id <> $1)
insert into asking (occurrence_id, version, state, asked, noted_at) values ($1, $2, $3, $4, $5)
on conflict (occurrence_id) do update set version = excluded.version, state = excluded.state, asked = excluded.asked,
    noted_at = excluded.noted_at
"""
ASKING = "select version, state, asked from asking where occurrence_id = $1"
DONE_ASKING = "delete from asking where occurrence_id = any($1::uuid[])"
AGREES_WITH = "update occurrence set booking_version = $2 where occurrence_id = $1"
# What touches the window, oldest first.
OCCURRENCES = """
select version, state, asked from occurrence
where square_id = $1 and starts_at < $3 and ends_at > $2 and ($4::uuid is null or activity_id = $4)
order by starts_at, occurrence_id limit 500
"""
# Ended in the window, not cancelled and nobody has counted.
UNCOUNTED = """
select version, state, asked from occurrence
where square_id = $1 and ends_at > $2 and ends_at <= $3 and status in ('scheduled', 'affected')
    and state -> 'attendance' is null
order by starts_at, occurrence_id limit 500
"""
OF_SERIES = "select version, state, asked from occurrence where series_id = $1 order by starts_at, occurrence_id"
SAVE_OCCURRENCE = """
insert into occurrence (occurrence_id, version, activity_id, square_id, unit_id, series_id, booking_id,
    move_booking_id, starts_at, ends_at, status, state, asked)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
on conflict (occurrence_id) do update set version = excluded.version, booking_id = excluded.booking_id,
    move_booking_id = excluded.move_booking_id, starts_at = excluded.starts_at, ends_at = excluded.ends_at,
    status = excluded.status, state = excluded.state
where occurrence.version = excluded.version - 1
returning version
"""
KNOWN_UNIT = "select square_id, kind, memberships from known_unit where unit_id = $1"
SAVE_UNIT = """
insert into known_unit (unit_id, version, square_id, kind, memberships) values ($1, $2, $3, $4, $5)
on conflict (unit_id) do update set version = excluded.version, square_id = excluded.square_id, kind = excluded.kind,
    memberships = excluded.memberships
where known_unit.version < excluded.version
"""
ZONES = "select square_id, time_zone from known_square where square_id = any($1::uuid[])"
SAVE_SQUARE = """
insert into known_square (square_id, version, time_zone) values ($1, $2, $3)
on conflict (square_id) do update set version = excluded.version, time_zone = excluded.time_zone
where known_square.version < excluded.version
"""

Row = tuple[int, Occurrence, dict[str, Any]]


async def activity(conn: Any, activity_id: UUID, *, lock: bool = False) -> tuple[int, Activity] | None:
    row = await conn.fetchrow(ACTIVITY_LOCKED if lock else ACTIVITY, activity_id)
    return (row["version"], Activity.model_validate(row["state"])) if row else None


async def activities(conn: Any, square_id: UUID, unit_id: UUID | None) -> list[tuple[int, Activity]]:
    rows = await conn.fetch(ACTIVITIES, square_id, unit_id)
    return [(row["version"], Activity.model_validate(row["state"])) for row in rows]


async def save_activity(conn: Any, version: int, state: Activity) -> bool:
    """False when somebody else saved this version first."""
    return bool(
        await conn.fetchval(
            SAVE_ACTIVITY, state.activity_id, version, state.square_id, state.unit_id, state.model_dump(mode="json")
        )
    )


async def occurrence(conn: Any, occurrence_id: UUID, *, lock: bool = False) -> Row | None:
    row = await conn.fetchrow(OCCURRENCE_LOCKED if lock else OCCURRENCE, occurrence_id)
    return _row(row) if row else None


async def by_booking(conn: Any, booking_id: UUID) -> tuple[Row, int] | None:
    """The occurrence that has the booking or is to move to it, with the version of its own booking that it agrees with.
    Locked: the caller decides about it in this transaction."""
    row = await conn.fetchrow(BY_BOOKING_LOCKED, booking_id)
    return (_row(row), row["booking_version"]) if row else None


async def roomless(conn: Any, occurrence_id: UUID) -> Row | None:
    """A draft that has no room. Locked."""
    row = await conn.fetchrow(ROOMLESS_LOCKED, occurrence_id)
    return _row(row) if row else None


async def take_turn(conn: Any, occurrence_ids: Collection[UUID]) -> None:
    """Until the transaction ends nobody else asks for these occurrences' rooms, or hears an answer about them."""
    await conn.execute(TAKE_TURN, sorted(map(str, occurrence_ids)))


async def note_asking(conn: Any, rows: Sequence[Row], now: dt.datetime) -> None:
    """Each occurrence as it is to be, with the version it has now."""
    told = [(one.occurrence_id, version, _whole(one), asked, now) for version, one, asked in rows]
    await conn.executemany(NOTE_ASKING, told)


async def asking(conn: Any, occurrence_id: UUID) -> Row | None:
    row = await conn.fetchrow(ASKING, occurrence_id)
    return _row(row) if row else None


async def done_asking(conn: Any, occurrence_ids: Collection[UUID]) -> None:
    await conn.execute(DONE_ASKING, list(occurrence_ids))


async def agree(conn: Any, occurrence_id: UUID, booking_version: int) -> None:
    """Facility's events about this and earlier versions of the booking say nothing new of the occurrence."""
    await conn.execute(AGREES_WITH, occurrence_id, booking_version)


async def occurrences(
    conn: Any, square_id: UUID, since: dt.datetime, until: dt.datetime, activity_id: UUID | None
) -> list[Row]:
    return [_row(row) for row in await conn.fetch(OCCURRENCES, square_id, since, until, activity_id)]


async def uncounted(conn: Any, square_id: UUID, since: dt.datetime, until: dt.datetime) -> list[Row]:
    return [_row(row) for row in await conn.fetch(UNCOUNTED, square_id, since, until)]


async def of_series(conn: Any, series_id: UUID) -> list[Row]:
    return [_row(row) for row in await conn.fetch(OF_SERIES, series_id)]


async def save_occurrence(conn: Any, version: int, state: Occurrence, asked: dict[str, Any]) -> bool:
    """False when somebody else saved this version first."""
    return bool(await conn.fetchval(SAVE_OCCURRENCE, *_columns(version, state, asked)))


async def save_occurrences(conn: Any, rows: Sequence[Row]) -> None:
    await conn.executemany(SAVE_OCCURRENCE, [_columns(*row) for row in rows])


async def known_unit(conn: Any, unit_id: UUID) -> tuple[UUID, str, list[dict[str, Any]]] | None:
    """Its square now, its kind and its memberships."""
    row = await conn.fetchrow(KNOWN_UNIT, unit_id)
    return (row["square_id"], row["kind"], row["memberships"]) if row else None


async def save_unit(conn: Any, version: int, unit: facility.Unit) -> None:
    memberships = [one.model_dump(mode="json") for one in unit.memberships]
    await conn.execute(SAVE_UNIT, unit.unit_id, version, unit.square_id, unit.kind, memberships)


async def zones(conn: Any, squares: Collection[UUID]) -> dict[UUID, str]:
    return {row["square_id"]: row["time_zone"] for row in await conn.fetch(ZONES, list(squares))}


async def save_square(conn: Any, version: int, square: facility.Square) -> None:
    await conn.execute(SAVE_SQUARE, square.square_id, version, square.time_zone)


def _columns(version: int, state: Occurrence, asked: dict[str, Any]) -> tuple[Any, ...]:
    return (
        state.occurrence_id,
        version,
        state.activity_id,
        state.square_id,
        state.unit_id,
        state.series_id,
        state.booking_id,
        state.move_request and state.move_request.booking_id,
        state.starts_at,
        state.ends_at,
        state.state,
        _whole(state),
        asked,
    )


def _whole(state: Occurrence) -> dict[str, Any]:
    return state.model_dump(mode="json", exclude_none=True)


def _row(row: Any) -> Row:
    return row["version"], Occurrence.model_validate(row["state"]), row["asked"]
