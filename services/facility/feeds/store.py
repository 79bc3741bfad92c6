"""All SQL of feeds."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import fields
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from services.facility.feeds.domain import Feed, Known

_READ = """
select f.*, q.time_zone, u.kind as unit_kind
from feed f join square q on q.id = f.square_id left join unit u on u.id = f.unit_id
"""
FIND = f"{_READ} where f.id = $1"
LOCKED = f"{FIND} for no key update of f"
OF_SQUARE = f"{_READ} where f.square_id = $1 and f.withdrawn_at is null order by f.name, f.id limit 500"
# Waits for a step of another reading, and says whether this reading is still the newest.
HOLD = "select edition from feed where id = $1 for no key update"
# A reading begins: the one before it gives up at its next step. Should this one die, another begins at $2.
BEGIN = """
update feed set edition = edition + 1, next_at = $2
where id = $1 and (withdrawn_at is null or next_at is not null) and ($3::timestamptz is null or next_at <= $3)
returning id
"""
DUE = "select id from feed where next_at <= $1 order by next_at, id limit $2"
SAVE = """
insert into feed select * from jsonb_populate_recordset(null::feed, $1::jsonb)
on conflict (id) do update set
    version = excluded.version, name = excluded.name, kind = excluded.kind, url = excluded.url,
    file_digest = excluded.file_digest, refresh_minutes = excluded.refresh_minutes, override = excluded.override,
    titles = excluded.titles, withdrawn_at = excluded.withdrawn_at, keep_bookings = excluded.keep_bookings,
    edition = excluded.edition, next_at = excluded.next_at, tried_at = excluded.tried_at, good_at = excluded.good_at,
    failures = excluded.failures, fault = excluded.fault, fault_status = excluded.fault_status,
    broken_since = excluded.broken_since, retry_at = excluded.retry_at, etag = excluded.etag,
    modified = excluded.modified, skipped = excluded.skipped, beyond = excluded.beyond
"""
ADD = (
    "insert into feed select * from jsonb_populate_recordset(null::feed, $1::jsonb) on conflict do nothing returning id"
)
CONTENT = "select content from feed_content where feed_id = $1"
SAVE_CONTENT = """
insert into feed_content (feed_id, content) values ($1, $2)
on conflict (feed_id) do update set content = excluded.content
"""
DROP_CONTENT = "delete from feed_content where feed_id = $1"
DATES = "select * from feed_date where feed_id = $1 and ends_at > $2"
DATE = "select * from feed_date where feed_id = $1 and id = $2 for no key update"
SAVE_DATE = """
insert into feed_date select * from jsonb_populate_recordset(null::feed_date, $1::jsonb)
on conflict (id) do update set
    starts_at = excluded.starts_at, ends_at = excluded.ends_at, title = excluded.title, state = excluded.state,
    booking_id = excluded.booking_id, made = excluded.made, reason = excluded.reason, blocking = excluded.blocking,
    reasons = excluded.reasons, since = excluded.since, tried_at = excluded.tried_at
"""
# What clashes and is not over, of one feed or of a square, by start.
CONFLICTS = """
select d.* from feed_date d join feed f on f.id = d.feed_id
where ($1::uuid is null or f.id = $1) and ($2::uuid is null or f.square_id = $2)
  and f.withdrawn_at is null and d.state = 'refused' and d.ends_at > $3
order by d.starts_at, d.id limit 500
"""
COUNTS = """
select feed_id, count(*) filter (where state = 'booked') as booked, count(*) filter (where state = 'refused') as refused
from feed_date where feed_id = any($1::uuid[]) and ends_at > $2 group by feed_id
"""
_FEED = [one.name for one in fields(Feed) if one.name not in ("zone", "unit_kind")]
_DATE = [one.name for one in fields(Known)]


async def find(conn: Any, feed_id: UUID, *, lock: bool = False) -> Feed | None:
    row = await conn.fetchrow(LOCKED if lock else FIND, feed_id)
    return _feed(row) if row else None


async def of_square(conn: Any, square_id: UUID) -> list[Feed]:
    return [_feed(row) for row in await conn.fetch(OF_SQUARE, square_id)]


async def add(conn: Any, feed: Feed) -> bool:
    """False when the id is already there."""
    return bool(await conn.fetch(ADD, [_columns(feed, _FEED)]))


async def save(conn: Any, feed: Feed) -> None:
    """The caller holds its lock."""
    await conn.execute(SAVE, [_columns(feed, _FEED)])


async def begin(conn: Any, feed_id: UUID, again_at: dt.datetime, due: dt.datetime | None) -> Feed | None:
    """The feed with its new edition; None when there is nothing to read, or, with `due`, it is not due any more."""
    if await conn.fetchval(BEGIN, feed_id, again_at, due) is None:
        return None
    return await find(conn, feed_id)


async def holds(conn: Any, feed: Feed) -> bool:
    """Whether no later reading has begun; none can until the transaction ends."""
    return bool(await conn.fetchval(HOLD, feed.id) == feed.edition)


async def due(conn: Any, now: dt.datetime, limit: int) -> list[UUID]:
    return [row["id"] for row in await conn.fetch(DUE, now, limit)]


async def content(conn: Any, feed_id: UUID) -> bytes | None:
    found: bytes | None = await conn.fetchval(CONTENT, feed_id)
    return found


async def save_content(conn: Any, feed_id: UUID, new: bytes) -> None:
    await conn.execute(SAVE_CONTENT, feed_id, new)


async def drop_content(conn: Any, feed_id: UUID) -> None:
    await conn.execute(DROP_CONTENT, feed_id)


async def dates(conn: Any, feed_id: UUID, since: dt.datetime) -> dict[UUID, Known]:
    return {row["id"]: _known(row) for row in await conn.fetch(DATES, feed_id, since)}


async def date(conn: Any, feed_id: UUID, date_id: UUID) -> Known | None:
    row = await conn.fetchrow(DATE, feed_id, date_id)
    return _known(row) if row else None


async def save_date(conn: Any, known: Known) -> None:
    await conn.execute(SAVE_DATE, [_columns(known, _DATE)])


async def conflicts(conn: Any, feed_id: UUID | None, square_id: UUID | None, now: dt.datetime) -> list[Known]:
    return [_known(row) for row in await conn.fetch(CONFLICTS, feed_id, square_id, now)]


async def counts(conn: Any, feed_ids: Sequence[UUID], now: dt.datetime) -> dict[UUID, tuple[int, int]]:
    """(booked, refused) of what is not over."""
    rows = await conn.fetch(COUNTS, list(feed_ids), now)
    return {row["feed_id"]: (row["booked"], row["refused"]) for row in rows}


def _columns(one: Any, names: Sequence[str]) -> dict[str, Any]:
    return {name: getattr(one, name) for name in names}


def _feed(row: Any) -> Feed:
    return Feed(**_columns_of(row, _FEED), zone=ZoneInfo(row["time_zone"]), unit_kind=row["unit_kind"])


def _known(row: Any) -> Known:
    return Known(**{**_columns_of(row, _DATE), "blocking": tuple(row["blocking"])})


def _columns_of(row: Any, names: Sequence[str]) -> dict[str, Any]:
    return {name: row[name] for name in names}
