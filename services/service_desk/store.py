"""All SQL that is the service desk's own, but what presence has alike with other dated things."""

import datetime as dt
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from services.service_desk.domain import Enquiry, Hour
from shared.contracts.service_desk import DeskHour

HOUR_LOCKED = """
select version, set_version, state from desk_hour
where unit_id = $1 and square_id = $2 and local_date = $3 and hour = $4 for update
"""
HOURS = """
select version, set_version, state from desk_hour
where square_id = $1 and local_date between $2 and $3 and ($4::uuid is null or unit_id = $4)
order by local_date, hour, unit_id
"""
SAVE_HOUR = """
insert into desk_hour (unit_id, square_id, local_date, hour, version, set_version, state)
values ($1, $2, $3, $4, $5, $6, $7)
on conflict (unit_id, square_id, local_date, hour) do update set version = excluded.version,
    set_version = excluded.set_version, state = excluded.state
where desk_hour.version = excluded.version - 1
returning version
"""
ENQUIRY_LOCKED = """
select id, unit_id, square_id, local_date, hour, channel, topic, resolved, asked, hour_version, undone
from enquiry where id = $1 for update
"""
ADD_ENQUIRY = """
insert into enquiry (id, unit_id, square_id, local_date, hour, channel, topic, resolved, asked, hour_version, undone,
    registered_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
on conflict (id) do nothing returning id
"""
UNDO_ENQUIRY = "update enquiry set undone = true where id = $1"
FORGET_ENQUIRIES = "delete from enquiry where registered_at < $1"
# Whether the desk has said that it is at the square at some time in the range.
IS_PRESENT = """
select exists (
    select from presence
    where unit_id = $1 and square_id = $2 and status = 'scheduled' and starts_at < $4 and ends_at > $3
)
"""


async def hour(conn: Any, state: DeskHour) -> Hour | None:
    """Locked: the caller decides about it in this transaction."""
    row = await conn.fetchrow(HOUR_LOCKED, *_key(state))
    return _hour(row) if row else None


async def hours(conn: Any, square_id: UUID, first: dt.date, last: dt.date, unit_id: UUID | None) -> Sequence[Hour]:
    return [_hour(row) for row in await conn.fetch(HOURS, square_id, first, last, unit_id)]


async def save_hour(conn: Any, hour: Hour) -> bool:
    """False when somebody else saved this version first."""
    values = (hour.version, hour.set_version, hour.state.model_dump(mode="json"))
    return bool(await conn.fetchval(SAVE_HOUR, *_key(hour.state), *values))


async def enquiry(conn: Any, enquiry_id: UUID) -> Enquiry | None:
    """Locked, as `hour`."""
    row = await conn.fetchrow(ENQUIRY_LOCKED, enquiry_id)
    return Enquiry(**dict(row)) if row else None


async def add_enquiry(conn: Any, one: Enquiry, now: dt.datetime) -> bool:
    """False when its id is there already."""
    place = (one.id, one.unit_id, one.square_id, one.local_date, one.hour)
    about = (one.channel, one.topic, one.resolved, one.asked, one.hour_version, one.undone)
    return bool(await conn.fetchval(ADD_ENQUIRY, *place, *about, now))


async def undo_enquiry(conn: Any, enquiry_id: UUID) -> None:
    await conn.execute(UNDO_ENQUIRY, enquiry_id)


async def forget_enquiries(conn: Any, before: dt.datetime) -> None:
    await conn.execute(FORGET_ENQUIRIES, before)


async def is_present(conn: Any, unit_id: UUID, square_id: UUID, since: dt.datetime, until: dt.datetime) -> bool:
    return bool(await conn.fetchval(IS_PRESENT, unit_id, square_id, since, until))


def _key(state: DeskHour) -> tuple[UUID, UUID, dt.date, int]:
    return state.unit_id, state.square_id, state.local_date, state.hour


def _hour(row: Any) -> Hour:
    return Hour(row["version"], row["set_version"], DeskHour.model_validate(row["state"]))
