"""All SQL of counters."""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from services.counters.domain import MOST_READINGS_OF_AN_INTERVAL, CounterBody, Interval, Reading

_FIELDS = """counter_id, version, square_id, unit_id, kind, interval_minutes, swapped, valid_from, valid_to,
    max_per_minute, feed, decided_at"""

COUNTER = f"select {_FIELDS} from counter where counter_id = $1"  # noqa: S608 -- a constant list of columns

# Of one square, or of all.
COUNTERS = f"""
select {_FIELDS} from counter where $1::uuid is null or square_id = $1 order by square_id, kind, counter_id
"""  # noqa: S608 -- a constant list of columns

# Taken before the counter is decided on; two first decisions about one id meet at the primary key instead.
LOCK_COUNTER = f"{COUNTER} for update"

SAVE_COUNTER = f"""
insert into counter ({_FIELDS}) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
on conflict (counter_id) do update set
    version = excluded.version, square_id = excluded.square_id, unit_id = excluded.unit_id, kind = excluded.kind,
    interval_minutes = excluded.interval_minutes, swapped = excluded.swapped, valid_from = excluded.valid_from,
    valid_to = excluded.valid_to, max_per_minute = excluded.max_per_minute, feed = excluded.feed,
    decided_at = excluded.decided_at
where counter.version = excluded.version - 1
returning version
"""  # noqa: S608 -- a constant list of columns

# The counters of a batch, locked in id order: batches for one counter follow each other, and its settings stand still.
LOCK_COUNTERS = """
select counter_id, square_id, interval_minutes from counter
where counter_id = any($1::uuid[]) order by counter_id for update
"""

# Intervals that would hold more different readings than an event can carry, if all of the asked were new.
CROWDED = """
select asked.counter_id, asked.start
from unnest($1::uuid[], $2::timestamptz[], $3::int[]) as asked (counter_id, start, more)
where more + (select count(*) from reading where (counter_id, start) = (asked.counter_id, asked.start)) > $4
"""

# Answers only what is new: a reading not seen before, or the same with an earlier arrival.
ADD_READINGS = """
insert into reading as known (counter_id, start, count_in, count_out, sequence, received_at)
select * from unnest($1::uuid[], $2::timestamptz[], $3::bigint[], $4::bigint[], $5::bigint[], $6::timestamptz[])
on conflict (counter_id, start, count_in, count_out, sequence) do update set received_at = excluded.received_at
where excluded.received_at < known.received_at
returning counter_id, start
"""

NEXT_VERSIONS = """
insert into recorded_interval as known (counter_id, start, version)
select counter_id, start, 1 from unnest($1::uuid[], $2::timestamptz[]) as touched (counter_id, start)
on conflict (counter_id, start) do update set version = known.version + 1
returning counter_id, start, version
"""

# Every reading of the given intervals, by arrival.
READINGS_OF = """
select reading.counter_id, start, count_in, count_out, sequence, received_at from reading
join unnest($1::uuid[], $2::timestamptz[]) as touched (counter_id, start) using (counter_id, start)
order by reading.counter_id, start, received_at, sequence, count_in, count_out
"""

# The interval at which a list of so many from `from` ends.
NEXT_INTERVAL = """
select distinct start from reading where counter_id = $1 and start >= $2 and start < $3 order by start offset $4 limit 1
"""

READINGS_BETWEEN = """
select counter_id, start, count_in, count_out, sequence, received_at from reading
where counter_id = $1 and start >= $2 and start < $3 order by start, received_at, sequence, count_in, count_out
"""

# One after the other for what they decide about, so that "the newest" is never two.
TAKE_TURN = "select pg_advisory_xact_lock(hashtextextended($1, 0))"

CORRECTION = "select * from correction where correction_id = $1"

ADD_CORRECTION = """
insert into correction (correction_id, square_id, date, mode, door_visits, reason, decision, decided_at, decided_by)
select $1, $2, $3, $4, $5, $6, coalesce(max(decision), 0) + 1, $7, $8
from correction where square_id = $2 and date = $3 and mode = $4
on conflict do nothing
returning *
"""

MANUAL_COUNT = "select * from manual_count where manual_id = $1"

ADD_MANUAL_COUNT = """
insert into manual_count (manual_id, square_id, unit_id, date, count, decision, decided_at, decided_by)
select $1, $2, $3, $4, $5, coalesce(max(decision), 0) + 1, $6, $7
from manual_count where unit_id = $3 and date = $4
on conflict do nothing
returning *
"""

ISSUED = """
select token_id, make, counters, time_zone, issued_at, revoked_at from device_token where token_id = $1
"""
ISSUE = """
insert into device_token (token_id, make, counters, time_zone, hash, issued_at) values ($1, $2, $3, $4, $5, $6)
on conflict (token_id) do nothing returning token_id
"""
REVOKE = "update device_token set revoked_at = $2 where token_id = $1 and revoked_at is null"
ISSUED_TO = "select make, counters, time_zone from device_token where hash = $1 and revoked_at is null"
# Those that speak for a counter of the square.
ISSUED_IN = """
select token_id, make, counters, time_zone, issued_at, revoked_at from device_token
where exists (
    select from jsonb_array_elements(counters) named
    join counter on counter.counter_id = (named ->> 'counter_id')::uuid
    where counter.square_id = $1
)
order by issued_at, token_id limit 500
"""


async def counter(conn: Any, counter_id: UUID, *, lock: bool = False) -> dict[str, Any] | None:
    row = await conn.fetchrow(LOCK_COUNTER if lock else COUNTER, counter_id)
    return dict(row) if row else None


async def counters(conn: Any, square_id: UUID | None) -> list[dict[str, Any]]:
    return [dict(row) for row in await conn.fetch(COUNTERS, square_id)]


async def save_counter(
    conn: Any, counter_id: UUID, version: int, settings: CounterBody, decided_at: dt.datetime
) -> bool:
    """False when somebody else decided version `version` first."""
    row = await conn.fetchrow(
        SAVE_COUNTER,
        counter_id,
        version,
        settings.square_id,
        settings.unit_id,
        settings.kind,
        settings.interval_minutes,
        settings.swapped,
        settings.valid_from,
        settings.valid_to,
        settings.max_per_minute,
        settings.feed,
        decided_at,
    )
    return row is not None


async def lock_counters(conn: Any, ids: Iterable[UUID]) -> list[Any]:
    return list(await conn.fetch(LOCK_COUNTERS, sorted(ids)))


async def crowded(conn: Any, asked: Mapping[Interval, int]) -> dict[Interval, list[Reading]]:
    """What is kept of each interval that may grow too full by as many readings as asked."""
    rows = await conn.fetch(CROWDED, *_columns(list(asked)), list(asked.values()), MOST_READINGS_OF_AN_INTERVAL)
    found: dict[Interval, list[Reading]] = {(row["counter_id"], row["start"]): [] for row in rows}
    return found | await readings_of(conn, list(found)) if found else {}


async def add_readings(conn: Any, readings: Sequence[Reading]) -> list[Interval]:
    """`readings` in key order. Answers the interval of each reading that changed something, repeated as often."""
    columns: list[Any] = [list(column) for column in zip(*readings, strict=True)]
    return [(row["counter_id"], row["start"]) for row in await conn.fetch(ADD_READINGS, *columns)]


async def next_versions(conn: Any, touched: Sequence[Interval]) -> dict[Interval, int]:
    ids, starts = _columns(touched)
    return {(row[0], row[1]): row[2] for row in await conn.fetch(NEXT_VERSIONS, ids, starts)}


async def readings_of(conn: Any, touched: Sequence[Interval]) -> dict[Interval, list[Reading]]:
    found: dict[Interval, list[Reading]] = {}
    for row in await conn.fetch(READINGS_OF, *_columns(touched)):
        found.setdefault((row[0], row[1]), []).append(Reading(*row))
    return found


async def readings_between(
    conn: Any, counter_id: UUID, since: dt.datetime, until: dt.datetime, intervals: int
) -> tuple[list[Reading], dt.datetime | None]:
    """All readings of at most so many intervals, and where the next list begins."""
    following = await conn.fetchval(NEXT_INTERVAL, counter_id, since, until, intervals)
    rows = await conn.fetch(READINGS_BETWEEN, counter_id, since, following or until)
    return [Reading(*row) for row in rows], following


async def take_turn(conn: Any, subject: str) -> None:
    await conn.execute(TAKE_TURN, subject)


async def correction(conn: Any, correction_id: UUID) -> dict[str, Any] | None:
    row = await conn.fetchrow(CORRECTION, correction_id)
    return dict(row) if row else None


async def add_correction(
    conn: Any, correction_id: UUID, said: dict[str, Any], decided_at: dt.datetime, by: str
) -> dict[str, Any] | None:
    values = [said[name] for name in ("square_id", "date", "mode", "door_visits", "reason")]
    row = await conn.fetchrow(ADD_CORRECTION, correction_id, *values, decided_at, by)
    return dict(row) if row else None


async def manual_count(conn: Any, manual_id: UUID) -> dict[str, Any] | None:
    row = await conn.fetchrow(MANUAL_COUNT, manual_id)
    return dict(row) if row else None


async def add_manual_count(
    conn: Any, manual_id: UUID, said: dict[str, Any], decided_at: dt.datetime, by: str
) -> dict[str, Any] | None:
    values = [said[name] for name in ("square_id", "unit_id", "date", "count")]
    row = await conn.fetchrow(ADD_MANUAL_COUNT, manual_id, *values, decided_at, by)
    return dict(row) if row else None


async def device_token(conn: Any, token_id: UUID) -> Any:
    return await conn.fetchrow(ISSUED, token_id)


async def device_tokens(conn: Any, square_id: UUID) -> list[Any]:
    return list(await conn.fetch(ISSUED_IN, square_id))


async def device_of_token(conn: Any, digest: bytes) -> Any:
    """None for a token that is unknown or revoked."""
    return await conn.fetchrow(ISSUED_TO, digest)


async def add_device_token(conn: Any, token_id: UUID, asked: dict[str, Any], digest: bytes, now: dt.datetime) -> bool:
    """False when the id is known already."""
    values = asked["make"], asked["counters"], asked["time_zone"]
    return bool(await conn.fetchval(ISSUE, token_id, *values, digest, now))


async def revoke_device_token(conn: Any, token_id: UUID, now: dt.datetime) -> None:
    await conn.execute(REVOKE, token_id, now)


def _columns(intervals: Sequence[Interval]) -> tuple[list[UUID], list[dt.datetime]]:
    return [counter_id for counter_id, _ in intervals], [start for _, start in intervals]
