"""All SQL of seasons, applications and changes by hand. What a plan says is in `plan_store.py`."""

import datetime as dt
from collections.abc import Sequence
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from services.facility.booking.free import Range
from services.facility.season.bodies import PutApplication, PutChange, PutSeason
from services.facility.season.domain import Application, Change, Season

_SEASON = """
select s.*, (select min(q.time_zone) from square q where q.id = any(s.square_ids)) as time_zone from season s
"""
SEASON = f"{_SEASON} where s.id = $1"
LOCK_SEASON = f"{_SEASON} where s.id = $1 for no key update of s"
SEASONS = f"{_SEASON} where $1::uuid is null or s.square_ids @> array[$1] order by s.first_date desc, s.id limit 200"
INSERT_SEASON = """
insert into season (id, version, square_ids, name, first_date, last_date, deadline, asked, state, inputs, run,
    created_at, updated_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 0, $11, $11) on conflict (id) do nothing returning id
"""
UPDATE_SEASON = """
update season set version = $2, square_ids = $3, name = $4, first_date = $5, last_date = $6, deadline = $7, asked = $8,
    state = $9, seed = $10, run = $11, updated_at = $12, decided_at = $13, allocated_at = $14
where id = $1 and version = $2 - 1
"""
COUNT_INPUT = "update season set inputs = inputs + 1 where id = $1"
ZONES = "select id, time_zone from square where id = any($1::uuid[])"
NAMES = "select id, name from square where id = any($1::uuid[])"
UNITS = "select id from unit where square_id = any($1::uuid[]) order by id"
# The rooms of squares that anybody may be given: a health station's are its own unless a season names them.
ROOMS = """
select s.id from space s left join unit u on u.id = s.unit_id
where s.square_id = any($1::uuid[]) and s.bookable and not s.withdrawn and u.kind is distinct from 'health_station'
order by array_position($1::uuid[], s.square_id), s.position, s.name, s.id
"""
# What takes time on a leaf, buffers included, and which booking or closure it is; holds that ran out take none.
OCCUPIED = """
select l.booking_id as found, lower(l.during) as starts_at, upper(l.during) as ends_at
from booking_leaf l join booking b on b.id = l.booking_id
where l.space_id = $1 and l.during && tstzrange($2, $3)
  and ((b.state = 'held' or b.state_before = 'held') and b.hold_until <= $4) is not true
union all
select c.closure_id, greatest(lower(c.during), $2), least(coalesce(upper(c.during), $3), $3)
from closure_leaf c where c.space_id = $1 and c.during && tstzrange($2, $3)
"""
# What is to be heard on a leaf, as `noise` hears it; holds that ran out are silent.
SOUNDING = """
select l.booking_id, lower(l.during) as starts_at, upper(l.during) as ends_at, b.state, b.noise_out, b.quiet_need,
    u.kind as unit_kind
from booking_leaf l join booking b on b.id = l.booking_id left join unit u on u.id = b.unit_id
where l.space_id = $1 and l.during && tstzrange($2, $3) and b.state in ('held', 'confirmed', 'blocked')
  and (b.state <> 'held' or b.hold_until > $4)
"""
BOOKABLE = """
select id from space where square_id = any($1::uuid[]) and id = any($2::uuid[]) and bookable and not withdrawn
"""
APPLICATION = "select * from season_application where id = $1"
APPLICATIONS = """
select * from season_application where season_id = $1 and ($2::uuid is null or (registered_at, id) > (
    select registered_at, id from season_application where id = $2
)) order by registered_at, id limit $3
"""
INSERT_APPLICATION = """
insert into season_application (id, season_id, version, asked, state, late_reason, late_counts, registered_at,
    updated_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $8) on conflict (id) do nothing returning id
"""
UPDATE_APPLICATION = """
update season_application set version = $2, asked = $3, state = $4, state_reason = $5, late_reason = $6,
    late_counts = $7, updated_at = $8
where id = $1 and version = $2 - 1
"""
CHANGE = "select * from season_change where id = $1"
CHANGES = "select * from season_change where season_id = $1 order by number"
INSERT_CHANGE = """
insert into season_change (id, season_id, application_id, wish, asked, made_at, made_by)
values ($1, $2, $3, $4, $5, $6, $7) on conflict (id) do nothing returning id
"""
WITHDRAW_CHANGES = """
update season_change set withdrawn_at = $2, withdrawn_because = $3
where id = any($1::uuid[]) and withdrawn_at is null
"""
COUNTS = """
select count(*) as applications, coalesce(sum(jsonb_array_length(asked -> 'wishes')), 0) as wishes,
    (select count(*) from season_outcome o join season s on s.id = o.season_id and s.run = o.run
     where s.id = $1 and o.granted) as granted
from season_application where season_id = $1 and state = 'registered'
"""
EVERYTHING = 100_000


async def find(conn: Any, season_id: UUID, *, lock: bool = False) -> Season | None:
    row = await conn.fetchrow(LOCK_SEASON if lock else SEASON, season_id)
    return _season(row) if row else None


async def listed(conn: Any, square_id: UUID | None) -> list[Season]:
    return [_season(row) for row in await conn.fetch(SEASONS, square_id)]


async def insert(conn: Any, season: Season) -> bool:
    """False when somebody else made it meanwhile."""
    values = (*_columns(season), season.state, season.inputs, season.updated_at)
    return bool(await conn.fetchval(INSERT_SEASON, *values))


async def update(conn: Any, season: Season) -> None:
    values = (season.state, season.seed, season.run, season.updated_at, season.decided_at, season.allocated_at)
    done = await conn.execute(UPDATE_SEASON, *_columns(season), *values)
    if done != "UPDATE 1":
        raise RuntimeError("a season changed although its row was locked")


async def count_input(conn: Any, season_id: UUID) -> None:
    await conn.execute(COUNT_INPUT, season_id)


async def zones(conn: Any, squares: Sequence[UUID]) -> dict[UUID, ZoneInfo]:
    return {row["id"]: ZoneInfo(row["time_zone"]) for row in await conn.fetch(ZONES, list(squares))}


async def square_names(conn: Any, squares: Sequence[UUID]) -> dict[str, str]:
    return {str(row["id"]): row["name"] for row in await conn.fetch(NAMES, list(squares))}


async def units(conn: Any, squares: Sequence[UUID]) -> list[UUID]:
    return [row["id"] for row in await conn.fetch(UNITS, list(squares))]


async def rooms(conn: Any, season: Season) -> list[UUID]:
    """Those it names, or all of its squares' that are for booking, in the order they are tried."""
    if season.terms.space_ids is not None:
        return list(season.terms.space_ids)
    return [row["id"] for row in await conn.fetch(ROOMS, list(season.square_ids))]


async def occupied(conn: Any, leaf: UUID, window: Range, now: dt.datetime) -> list[tuple[UUID, Range]]:
    """(booking or closure, occupied time) on a leaf."""
    rows = await conn.fetch(OCCUPIED, leaf, *window, now)
    return [(row["found"], (row["starts_at"], row["ends_at"])) for row in rows]


async def sounding(conn: Any, leaf: UUID, window: Range, now: dt.datetime) -> list[Any]:
    """Rows of the bookings on a leaf with their times, buffers included, and what is said of their noise."""
    return list(await conn.fetch(SOUNDING, leaf, *window, now))


async def bookable(conn: Any, squares: Sequence[UUID], space_ids: Sequence[UUID]) -> set[UUID]:
    """Those of the spaces that are in the squares and for booking."""
    return {row["id"] for row in await conn.fetch(BOOKABLE, list(squares), list(space_ids))}


async def application(conn: Any, application_id: UUID) -> Application | None:
    row = await conn.fetchrow(APPLICATION, application_id)
    return _application(row) if row else None


async def applications(
    conn: Any, season_id: UUID, after: UUID | None = None, limit: int = EVERYTHING
) -> list[Application]:
    """In the order they were registered, withdrawn ones too."""
    return [_application(row) for row in await conn.fetch(APPLICATIONS, season_id, after, limit)]


async def insert_application(conn: Any, one: Application) -> bool:
    values = (one.id, one.season_id, one.version, one.asked, one.state, one.late_reason, one.late_counts)
    return bool(await conn.fetchval(INSERT_APPLICATION, *values, one.registered_at))


async def update_application(conn: Any, one: Application, at: dt.datetime) -> None:
    values = (one.id, one.version, one.asked, one.state, one.state_reason, one.late_reason, one.late_counts, at)
    if await conn.execute(UPDATE_APPLICATION, *values) != "UPDATE 1":
        raise RuntimeError("an application changed although its season was locked")


async def change(conn: Any, change_id: UUID) -> Change | None:
    row = await conn.fetchrow(CHANGE, change_id)
    return _change(row) if row else None


async def changes(conn: Any, season_id: UUID) -> list[Change]:
    """In the order they were made, withdrawn ones too."""
    return [_change(row) for row in await conn.fetch(CHANGES, season_id)]


async def insert_change(conn: Any, one: Change) -> bool:
    values = (one.id, one.season_id, one.application_id, one.wish, one.asked, one.made_at, one.made_by)
    return bool(await conn.fetchval(INSERT_CHANGE, *values))


async def withdraw_changes(conn: Any, ids: Sequence[UUID], at: dt.datetime, because: str) -> None:
    await conn.execute(WITHDRAW_CHANGES, list(ids), at, because)


async def counts(conn: Any, season_id: UUID) -> dict[str, int]:
    return {name: int(value) for name, value in (await conn.fetchrow(COUNTS, season_id)).items()}


def _columns(season: Season) -> tuple[Any, ...]:
    squares = list(season.square_ids)
    dates = (season.first, season.last, season.deadline)
    return (season.id, season.version, squares, season.name, *dates, season.asked)


def _season(row: Any) -> Season:
    return Season(
        id=row["id"],
        version=row["version"],
        square_ids=tuple(row["square_ids"]),
        zone=ZoneInfo(row["time_zone"]),
        name=row["name"],
        first=row["first_date"],
        last=row["last_date"],
        deadline=row["deadline"],
        terms=PutSeason.model_validate(row["asked"]).terms(),
        asked=row["asked"],
        state=row["state"],
        inputs=row["inputs"],
        seed=row["seed"],
        run=row["run"],
        updated_at=row["updated_at"],
        decided_at=row["decided_at"],
        allocated_at=row["allocated_at"],
    )


def _application(row: Any) -> Application:
    return PutApplication.model_validate(row["asked"]).application(
        row["id"],
        row["season_id"],
        row["version"],
        row["registered_at"],
        row["late_reason"] is not None,
        state=row["state"],
        state_reason=row["state_reason"],
    )


def _change(row: Any) -> Change:
    return PutChange.model_validate(row["asked"]).change(
        row["id"],
        row["season_id"],
        row["made_at"],
        row["made_by"],
        withdrawn_at=row["withdrawn_at"],
        withdrawn_because=row["withdrawn_because"],
    )
