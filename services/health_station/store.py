"""SQL of appointments and of who may bring them. Nothing here opens a transaction or knows what time it is."""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID

from services.health_station.domain import Range

_FIELDS = "appointment_id, version, unit_id, space_id, starts_at, ends_at, kind, state, record_date"
_READ = """
select a.appointment_id, a.version, a.unit_id, a.space_id, a.starts_at, a.ends_at, a.kind, a.state, a.record_date,
       r.square_id
from appointment a join room r using (space_id)
"""
APPOINTMENT = f"{_READ} where a.appointment_id = $1"
APPOINTMENT_LOCKED = f"{APPOINTMENT} for update of a"
# What touches the window, by start, after the one already seen. Nothing lasts longer than a day.
APPOINTMENTS = f"""
{_READ}
where a.unit_id = $1 and ($2::uuid is null or a.space_id = $2)
    and a.starts_at < $4 and a.ends_at > $3 and a.starts_at > $3 - interval '24 hours'
    and (a.starts_at, a.appointment_id) > ($5, $6)
order by a.starts_at, a.appointment_id limit $7
"""
SAVE = f"""
insert into appointment ({_FIELDS}) values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
on conflict (appointment_id) do update set
    version = excluded.version, space_id = excluded.space_id, starts_at = excluded.starts_at,
    ends_at = excluded.ends_at, kind = excluded.kind, state = excluded.state
where appointment.version = excluded.version - 1
returning version
"""  # noqa: S608 -- a constant list of columns
OF_RECORD = "select starts_at, ends_at, kind from appointment where space_id = $1 and record_date = $2"
FORGET_RECORD = "delete from appointment where space_id = $1 and record_date = $2"
ADD_RECORD = f"""
insert into appointment ({_FIELDS})
select gen_random_uuid(), 1, $1, $2, starts_at, ends_at, kind, 'booked', $3
from unnest($4::timestamptz[], $5::timestamptz[], $6::text[]) as told (starts_at, ends_at, kind)
"""  # noqa: S608 -- a constant list of columns
RECORD_DAY = "select as_of from record_day where space_id = $1 and local_date = $2 for update"
SAVE_RECORD_DAY = """
insert into record_day (space_id, local_date, as_of) values ($1, $2, $3)
on conflict (space_id, local_date) do update set as_of = excluded.as_of
"""

# An update that changes nothing locks the row: whoever publishes waits for this change, or leaves the mark standing.
TOUCH = """
insert into touched_day (space_id, local_date) select * from unnest($1::uuid[], $2::date[])
on conflict (space_id, local_date) do update set local_date = excluded.local_date
"""
ROOMS_OF_SQUARE = "select space_id from room where square_id = $1"
TIMES_OF_ROOMS = """
select space_id, starts_at, ends_at from appointment where space_id = any($1::uuid[]) and state = 'booked'
"""

SPACE = "select square_id, unit_id, withdrawn from known_space where space_id = $1"
SAVE_SPACE = """
insert into known_space (space_id, version, square_id, unit_id, withdrawn) values ($1, $2, $3, $4, $5)
on conflict (space_id) do update set version = excluded.version, square_id = excluded.square_id,
    unit_id = excluded.unit_id, withdrawn = excluded.withdrawn
where known_space.version < excluded.version
"""
# Answers with whose room it now is.
TAKE_ROOM = """
insert into room (space_id, unit_id, square_id) values ($1, $2, $3)
on conflict (space_id) do update set space_id = excluded.space_id
returning unit_id
"""

ISSUED = "select token_id, unit_id, issued_at, revoked_at from record_token where token_id = $1"
ALL_ISSUED = """
select token_id, unit_id, issued_at, revoked_at from record_token
where unit_id = $1 order by issued_at, token_id limit 500
"""
BY_HASH = "select token_id, unit_id from record_token where hash = $1 and revoked_at is null"
ISSUE = """
insert into record_token (token_id, unit_id, hash, issued_at) values ($1, $2, $3, $4)
on conflict (token_id) do nothing returning token_id
"""
REVOKE = "update record_token set revoked_at = $2 where token_id = $1 and revoked_at is null"


@dataclass(frozen=True)
class Appointment:
    appointment_id: UUID
    version: int
    unit_id: UUID
    space_id: UUID
    starts_at: dt.datetime
    ends_at: dt.datetime
    kind: str
    square_id: UUID
    state: Literal["booked", "cancelled"] = "booked"
    record_date: dt.date | None = None

    @property
    def time(self) -> Range:
        return self.starts_at, self.ends_at


@dataclass(frozen=True)
class Space:
    square_id: UUID
    unit_id: UUID | None
    withdrawn: bool


async def appointment(conn: Any, appointment_id: UUID, *, lock: bool = False) -> Appointment | None:
    row = await conn.fetchrow(APPOINTMENT_LOCKED if lock else APPOINTMENT, appointment_id)
    return Appointment(**row) if row else None


async def appointments(
    conn: Any, unit_id: UUID, space_id: UUID | None, window: Range, after: tuple[dt.datetime, UUID], limit: int
) -> list[Appointment]:
    rows = await conn.fetch(APPOINTMENTS, unit_id, space_id, *window, *after, limit)
    return [Appointment(**row) for row in rows]


async def save(conn: Any, one: Appointment) -> bool:
    """False when somebody else saved this version first."""
    values = (one.appointment_id, one.version, one.unit_id, one.space_id, *one.time, one.kind, one.state)
    return bool(await conn.fetchval(SAVE, *values, one.record_date))


async def of_record(conn: Any, space_id: UUID, date: dt.date) -> list[tuple[dt.datetime, dt.datetime, str]]:
    return [tuple(row) for row in await conn.fetch(OF_RECORD, space_id, date)]


async def replace_record(
    conn: Any, unit_id: UUID, space_id: UUID, date: dt.date, told: Sequence[tuple[dt.datetime, dt.datetime, str]]
) -> None:
    await conn.execute(FORGET_RECORD, space_id, date)
    starts, ends, kinds = ([one[place] for one in told] for place in range(3))
    await conn.execute(ADD_RECORD, unit_id, space_id, date, starts, ends, kinds)


async def told_until(conn: Any, space_id: UUID, date: dt.date) -> dt.datetime | None:
    found: dt.datetime | None = await conn.fetchval(RECORD_DAY, space_id, date)
    return found


async def save_told_until(conn: Any, space_id: UUID, date: dt.date, as_of: dt.datetime) -> None:
    await conn.execute(SAVE_RECORD_DAY, space_id, date, as_of)


async def touch(conn: Any, days: Iterable[tuple[UUID, dt.date]]) -> None:
    """In one order, so that nobody waits in a circle."""
    ordered = sorted(set(days))
    await conn.execute(TOUCH, [space for space, _ in ordered], [date for _, date in ordered])


async def times_of_square(conn: Any, square_id: UUID) -> list[tuple[UUID, Range]]:
    """Every time in every room we have in the square."""
    spaces = [row["space_id"] for row in await conn.fetch(ROOMS_OF_SQUARE, square_id)]
    rows = await conn.fetch(TIMES_OF_ROOMS, spaces)
    return [(row["space_id"], (row["starts_at"], row["ends_at"])) for row in rows]


async def space(conn: Any, space_id: UUID) -> Space | None:
    row = await conn.fetchrow(SPACE, space_id)
    return Space(**row) if row else None


async def save_space(conn: Any, space_id: UUID, version: int, known: Space) -> None:
    await conn.execute(SAVE_SPACE, space_id, version, known.square_id, known.unit_id, known.withdrawn)


async def take_room(conn: Any, space_id: UUID, unit_id: UUID, square_id: UUID) -> UUID:
    """The health station whose room it is: the asker, unless another was there first."""
    owner: UUID = await conn.fetchval(TAKE_ROOM, space_id, unit_id, square_id)
    return owner


async def token(conn: Any, token_id: UUID) -> Any:
    return await conn.fetchrow(ISSUED, token_id)


async def tokens(conn: Any, unit_id: UUID) -> list[Any]:
    return list(await conn.fetch(ALL_ISSUED, unit_id))


async def token_by_hash(conn: Any, digest: bytes) -> Any:
    """None for a token that is unknown or revoked."""
    return await conn.fetchrow(BY_HASH, digest)


async def add_token(conn: Any, token_id: UUID, unit_id: UUID, digest: bytes, now: dt.datetime) -> bool:
    return bool(await conn.fetchval(ISSUE, token_id, unit_id, digest, now))


async def revoke_token(conn: Any, token_id: UUID, now: dt.datetime) -> None:
    await conn.execute(REVOKE, token_id, now)
