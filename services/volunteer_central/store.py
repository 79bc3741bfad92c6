"""All SQL that is the volunteer central's own, but what shifts have alike with other dated things."""

import datetime as dt
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from services.volunteer_central.domain import SignUp, Volunteer

_COLUMNS = """
v.id, v.version, v.square_id, v.unit_id, v.name, v.phone, v.clearance_shown_on, v.clearance_seen_by, v.erased_at
"""
VOLUNTEER = f"select {_COLUMNS} from volunteer v where v.id = $1"  # noqa: S608 -- the columns stand above
VOLUNTEER_LOCKED = f"{VOLUNTEER} for update"
VOLUNTEERS = f"""
select {_COLUMNS} from volunteer v
where v.unit_id = $1 and v.erased_at is null and ($2::uuid is null or v.id > $2) order by v.id limit $3
"""  # noqa: S608 -- as above
# Those of the unit who could take the shift: cleared where it asks for that, and free at the time.
CANDIDATES = f"""
select {_COLUMNS} from shift s join volunteer v on v.unit_id = s.unit_id and v.erased_at is null
where s.id = $1 and ($2 or v.clearance_shown_on is not null) and not exists (
    select from sign_up u join shift o on o.id = u.shift_id
    where u.volunteer_id = v.id and not u.withdrawn and o.status in ('open', 'staffed', 'understaffed')
        and o.starts_at < s.ends_at and o.ends_at > s.starts_at
) order by v.id limit $3
"""  # noqa: S608 -- as above
SAVE_VOLUNTEER = """
insert into volunteer (id, version, square_id, unit_id, name, phone, clearance_shown_on, clearance_seen_by, erased_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
on conflict (id) do update set version = excluded.version, name = excluded.name, phone = excluded.phone,
    clearance_shown_on = excluded.clearance_shown_on, clearance_seen_by = excluded.clearance_seen_by,
    erased_at = excluded.erased_at
where volunteer.version = excluded.version - 1
returning version
"""
SIGN_UP = "select id, shift_id, volunteer_id, withdrawn from sign_up where id = $1"
IS_SIGNED_UP = "select exists (select from sign_up where shift_id = $1 and volunteer_id = $2 and not withdrawn)"
# Whether the volunteer has another shift that meets the time.
IS_BUSY = """
select exists (
    select from sign_up u join shift s on s.id = u.shift_id
    where u.volunteer_id = $1 and u.shift_id <> $2 and not u.withdrawn
        and s.status in ('open', 'staffed', 'understaffed') and s.starts_at < $4 and s.ends_at > $3
)
"""
ADD_SIGN_UP = """
insert into sign_up (id, shift_id, volunteer_id, signed_up_at) values ($1, $2, $3, $4)
on conflict (id) do nothing returning id
"""
WITHDRAW = "update sign_up set withdrawn = true where id = $1"
# Of a shift, with whom; those who withdrew are left out.
SIGNED_UP = f"""
select u.id as sign_up_id, {_COLUMNS} from sign_up u join volunteer v on v.id = u.volunteer_id
where u.shift_id = $1 and not u.withdrawn order by u.signed_up_at, u.id
"""  # noqa: S608 -- as above
# Of all, not of the uncleared alone: one whose clearance is just being taken back has to be waited for.
CLEARANCES = """
select v.clearance_shown_on from sign_up u join volunteer v on v.id = u.volunteer_id
where u.shift_id = $1 and not u.withdrawn order by v.id for share of v
"""
# The volunteer's shifts that are not over, in the order of locking; $3: only those that ask for clearance.
AHEAD = """
select u.id as sign_up_id, u.shift_id from sign_up u join shift s on s.id = u.shift_id
where u.volunteer_id = $1 and not u.withdrawn and s.status in ('open', 'staffed', 'understaffed') and s.ends_at > $2
    and (not $3 or (s.state ->> 'requires_clearance')::boolean)
order by u.shift_id
"""
FORGET_VOLUNTEER = "delete from sign_up where volunteer_id = $1"
FORGET_OLD = "delete from sign_up u using shift s where s.id = u.shift_id and s.ends_at < $1"
# Open ones whose time of notice has come and which are not over, in the order in which they are locked.
FALLEN_DUE = """
select id from shift where status = 'open' and starts_at <= $1 and ends_at > $2 order by id limit $3
"""


async def volunteer(conn: Any, volunteer_id: UUID, *, lock: bool = False) -> Volunteer | None:
    row = await conn.fetchrow(VOLUNTEER_LOCKED if lock else VOLUNTEER, volunteer_id)
    return Volunteer(**dict(row)) if row else None


async def volunteers(conn: Any, unit_id: UUID, after: UUID | None, most: int) -> Sequence[Volunteer]:
    return [Volunteer(**dict(row)) for row in await conn.fetch(VOLUNTEERS, unit_id, after, most)]


async def candidates(conn: Any, shift_id: UUID, uncleared_too: bool, most: int) -> Sequence[Volunteer]:
    return [Volunteer(**dict(row)) for row in await conn.fetch(CANDIDATES, shift_id, uncleared_too, most)]


async def save_volunteer(conn: Any, one: Volunteer) -> bool:
    """False when somebody else saved this version first."""
    person = (one.name, one.phone, one.clearance_shown_on, one.clearance_seen_by, one.erased_at)
    return bool(await conn.fetchval(SAVE_VOLUNTEER, one.id, one.version, one.square_id, one.unit_id, *person))


async def sign_up(conn: Any, sign_up_id: UUID) -> SignUp | None:
    row = await conn.fetchrow(SIGN_UP, sign_up_id)
    return SignUp(**dict(row)) if row else None


async def is_signed_up(conn: Any, shift_id: UUID, volunteer_id: UUID) -> bool:
    return bool(await conn.fetchval(IS_SIGNED_UP, shift_id, volunteer_id))


async def is_busy(conn: Any, volunteer_id: UUID, shift_id: UUID, since: dt.datetime, until: dt.datetime) -> bool:
    return bool(await conn.fetchval(IS_BUSY, volunteer_id, shift_id, since, until))


async def add_sign_up(conn: Any, one: SignUp, now: dt.datetime) -> bool:
    """False when its id is there already."""
    return bool(await conn.fetchval(ADD_SIGN_UP, one.id, one.shift_id, one.volunteer_id, now))


async def withdraw(conn: Any, sign_up_id: UUID) -> None:
    await conn.execute(WITHDRAW, sign_up_id)


async def signed_up(conn: Any, shift_id: UUID) -> Sequence[tuple[UUID, Volunteer]]:
    rows = [dict(row) for row in await conn.fetch(SIGNED_UP, shift_id)]
    return [(row.pop("sign_up_id"), Volunteer(**row)) for row in rows]


async def clearances(conn: Any, shift_id: UUID) -> Sequence[dt.date | None]:
    """Of those signed up, locked against change."""
    return [row["clearance_shown_on"] for row in await conn.fetch(CLEARANCES, shift_id)]


async def ahead(conn: Any, volunteer_id: UUID, now: dt.datetime, cleared_only: bool) -> Sequence[tuple[UUID, UUID]]:
    """Sign-up and shift."""
    return [tuple(row) for row in await conn.fetch(AHEAD, volunteer_id, now, cleared_only)]


async def forget_volunteer(conn: Any, volunteer_id: UUID) -> None:
    await conn.execute(FORGET_VOLUNTEER, volunteer_id)


async def forget_old(conn: Any, before: dt.datetime) -> None:
    await conn.execute(FORGET_OLD, before)


async def fallen_due(conn: Any, notice: dt.datetime, now: dt.datetime, most: int) -> Sequence[UUID]:
    return [row["id"] for row in await conn.fetch(FALLEN_DUE, notice, now, most)]
