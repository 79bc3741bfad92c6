"""SQL of what is published of rooms and of the bookings that keep them taken. Nothing here knows what time it is."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from services.health_station.domain import Range
from shared.contracts.health_station import BusyBlock

CADENCE = "select published_at from cadence for update"
SAVE_CADENCE = "update cadence set published_at = $1"

# Locked in the order in which they are written, then taken.
TOUCHED_LOCKED = """
select t.space_id, t.local_date, r.unit_id, r.square_id from touched_day t join room r using (space_id)
order by t.space_id, t.local_date for update of t
"""
TAKE_TOUCHED = """
delete from touched_day t using unnest($1::uuid[], $2::date[]) as taken (space_id, local_date)
where t.space_id = taken.space_id and t.local_date = taken.local_date
"""
# The times that meet each window, n counting from 1. Nothing lasts longer than a day.
TIMES = """
select w.n, a.starts_at, a.ends_at
from unnest($1::uuid[], $2::timestamptz[], $3::timestamptz[]) with ordinality w (space_id, since, until, n)
join appointment a on a.space_id = w.space_id and a.state = 'booked'
    and a.starts_at < w.until and a.ends_at > w.since and a.starts_at > w.since - interval '24 hours'
"""

_DAY = "space_id, local_date, version, unit_id, square_id, blocks, troubles, unsettled, tried_at"
DAYS_LOCKED = f"""
select {_DAY} from room_day
where (space_id, local_date) in (select * from unnest($1::uuid[], $2::date[]))
order by space_id, local_date for update
"""  # noqa: S608 -- a constant list of columns
SAVE_DAY = """
insert into room_day (space_id, local_date, version, unit_id, square_id, blocks, unsettled)
values ($1, $2, $3, $4, $5, $6, true)
on conflict (space_id, local_date) do update set version = excluded.version, unit_id = excluded.unit_id,
    square_id = excluded.square_id, blocks = excluded.blocks, unsettled = true, tried_at = null, troubles = '[]'
"""
# Not looked into since $1, of a date from $2 on.
UNSETTLED = """
select space_id, local_date from room_day
where unsettled and local_date >= $2 and tried_at is distinct from $1 order by local_date, space_id
"""
UNSETTLED_LOCKED = f"""
select {_DAY} from room_day
where unsettled and tried_at is distinct from $1 and space_id = $2 and local_date = $3 for update
"""  # noqa: S608 -- a constant list of columns
LOCK_DAY = "select from room_day where space_id = $1 and local_date = $2 for update"
SETTLE = """
update room_day set unsettled = $3, tried_at = $4, troubles = $5 where space_id = $1 and local_date = $2
"""
UNSETTLE = "update room_day set unsettled = true, tried_at = $3 where space_id = $1 and local_date = $2"
DAYS_OF_UNIT = f"""
select {_DAY} from room_day
where unit_id = $1 and ($2::uuid is null or space_id = $2) and local_date between $3 and $4
order by local_date, space_id limit $5
"""  # noqa: S608 -- a constant list of columns

BOOKINGS = """
select booking_id, space_id, local_date, number, starts_at, ends_at from block_booking
where (space_id, local_date) in (select * from unnest($1::uuid[], $2::date[])) and not is_over order by number
"""
BOOKING = """
select booking_id, space_id, local_date, number, starts_at, ends_at from block_booking
where booking_id = $1 and not is_over
"""
LAST_NUMBER = "select coalesce(max(number), 0) from block_booking where space_id = $1 and local_date = $2"
SAVE_BOOKING = """
insert into block_booking (booking_id, space_id, local_date, number, starts_at, ends_at) values ($1, $2, $3, $4, $5, $6)
on conflict (booking_id) do update set starts_at = excluded.starts_at, ends_at = excluded.ends_at
"""
END_BOOKING = "update block_booking set is_over = true where booking_id = $1"


@dataclass(frozen=True)
class Touched:
    space_id: UUID
    local_date: dt.date
    unit_id: UUID
    square_id: UUID


@dataclass(frozen=True)
class Trouble:
    """A block that facility does not keep taken, and what it said."""

    block: BusyBlock
    code: str


@dataclass(frozen=True)
class Day:
    space_id: UUID
    local_date: dt.date
    version: int
    unit_id: UUID
    square_id: UUID
    blocks: list[BusyBlock]
    troubles: list[Trouble]


@dataclass(frozen=True)
class Booking:
    booking_id: UUID
    space_id: UUID
    local_date: dt.date
    number: int
    block: BusyBlock


async def published_at(conn: Any) -> dt.datetime | None:
    """Locked: whoever asks publishes, and nobody else meanwhile."""
    found: dt.datetime | None = await conn.fetchval(CADENCE)
    return found


async def save_published_at(conn: Any, quarter: dt.datetime) -> None:
    await conn.execute(SAVE_CADENCE, quarter)


async def take_touched(conn: Any) -> list[Touched]:
    """Changes that are being made while this is asked leave their mark for the next time."""
    found = [Touched(**row) for row in await conn.fetch(TOUCHED_LOCKED)]
    await conn.execute(TAKE_TOUCHED, [one.space_id for one in found], [one.local_date for one in found])
    return found


async def times(conn: Any, windows: Sequence[tuple[UUID, Range]]) -> list[list[Range]]:
    """For each room and window the times of appointments that meet it."""
    spaces, since, until = [one[0] for one in windows], [one[1][0] for one in windows], [one[1][1] for one in windows]
    found: list[list[Range]] = [[] for _ in windows]
    for row in await conn.fetch(TIMES, spaces, since, until):
        found[row["n"] - 1].append((row["starts_at"], row["ends_at"]))
    return found


async def days(conn: Any, keys: Sequence[tuple[UUID, dt.date]]) -> dict[tuple[UUID, dt.date], Day]:
    """Locked."""
    rows = await conn.fetch(DAYS_LOCKED, [space for space, _ in keys], [date for _, date in keys])
    return {(row["space_id"], row["local_date"]): _day(row) for row in rows}


async def save_day(conn: Any, day: Day) -> None:
    blocks = [block.model_dump(mode="json") for block in day.blocks]
    keys = (day.space_id, day.local_date, day.version, day.unit_id, day.square_id)
    await conn.execute(SAVE_DAY, *keys, blocks)


async def unsettled(conn: Any, quarter: dt.datetime, since: dt.date) -> list[tuple[UUID, dt.date]]:
    return [(row["space_id"], row["local_date"]) for row in await conn.fetch(UNSETTLED, quarter, since)]


async def lock_unsettled(conn: Any, quarter: dt.datetime, key: tuple[UUID, dt.date]) -> Day | None:
    """None when somebody else has looked into it meanwhile."""
    row = await conn.fetchrow(UNSETTLED_LOCKED, quarter, *key)
    return _day(row) if row else None


async def settle(conn: Any, day: Day, quarter: dt.datetime, troubles: Sequence[Trouble], *, unsettled: bool) -> None:
    """Looked into in this quarter of an hour; again in the next while it is unsettled."""
    told = [{"block": one.block.model_dump(mode="json"), "code": one.code} for one in troubles]
    await conn.execute(SETTLE, day.space_id, day.local_date, unsettled, quarter, told)


async def unsettle(conn: Any, booking: Booking, quarter: dt.datetime) -> None:
    await conn.execute(UNSETTLE, booking.space_id, booking.local_date, quarter)


async def days_of_unit(
    conn: Any, unit_id: UUID, space_id: UUID | None, dates: tuple[dt.date, dt.date], limit: int
) -> list[Day]:
    return [_day(row) for row in await conn.fetch(DAYS_OF_UNIT, unit_id, space_id, *dates, limit)]


async def bookings(conn: Any, days: Sequence[Day]) -> list[Booking]:
    """Those that are not over, in the order they were made."""
    rows = await conn.fetch(BOOKINGS, [day.space_id for day in days], [day.local_date for day in days])
    return [_booking(row) for row in rows]


async def booking(conn: Any, booking_id: UUID, *, lock: bool = False) -> Booking | None:
    """None for one that is over. `lock`: as it stands once nobody else is at its day."""
    row = await conn.fetchrow(BOOKING, booking_id)
    if row and lock:
        await conn.execute(LOCK_DAY, row["space_id"], row["local_date"])
        row = await conn.fetchrow(BOOKING, booking_id)
    return _booking(row) if row else None


async def last_number(conn: Any, day: Day) -> int:
    return int(await conn.fetchval(LAST_NUMBER, day.space_id, day.local_date))


async def save_booking(conn: Any, one: Booking) -> None:
    keys = (one.booking_id, one.space_id, one.local_date, one.number)
    await conn.execute(SAVE_BOOKING, *keys, one.block.starts_at, one.block.ends_at)


async def end_booking(conn: Any, booking_id: UUID) -> None:
    await conn.execute(END_BOOKING, booking_id)


def _day(row: Any) -> Day:
    return Day(
        space_id=row["space_id"],
        local_date=row["local_date"],
        version=row["version"],
        unit_id=row["unit_id"],
        square_id=row["square_id"],
        blocks=[_block(one) for one in row["blocks"]],
        troubles=[Trouble(_block(one["block"]), one["code"]) for one in row["troubles"]],
    )


def _booking(row: Any) -> Booking:
    block = BusyBlock(starts_at=row["starts_at"], ends_at=row["ends_at"])
    return Booking(row["booking_id"], row["space_id"], row["local_date"], row["number"], block)


def _block(said: dict[str, str]) -> BusyBlock:
    return BusyBlock.model_validate(said)
