"""What each batch changed, in commit order: recorded with it, served as a stream that resumes by sequence, pruned."""

import asyncio
import datetime as dt
import json
from collections.abc import AsyncIterator, Sequence
from typing import Any

import asyncpg

from services.aggregator.projections import Change
from shared import db, logs
from shared.clock import Clock
from shared.problems import Message, Problem
from shared.settings import Settings

CHANNEL = "torg_aggregator_change"
KEEP = dt.timedelta(hours=24)
PRUNE_SECONDS = 60.0
# A silent connection may be a dead one: both sides are asked this often.
HEARTBEAT_SECONDS = 10.0
PAGE = 500
# More than this and the reader fetches the whole view again, which is cheaper than the list.
MOST_DATES, MOST_IDS = 62, 200

# Sequences are handed out under a lock held until the commit, so that no smaller one can appear later.
RECORD = f"""
with locked as materialized (select pg_advisory_xact_lock(hashtext('{CHANNEL}'))),
written as (
    insert into change (view, square_id, dates, ids, recorded_at)
    select fresh.view, fresh.square_id, fresh.dates, fresh.ids, $2
    from locked cross join jsonb_to_recordset($1) as fresh (view text, square_id uuid, dates date[], ids text[])
)
select pg_notify('{CHANNEL}', '')
"""  # noqa: S608 -- one constant
SINCE = "select seq, view, square_id, dates, ids from change where seq > $1 order by seq limit $2"
BOUNDS = "select coalesce(min(seq), 0) as first, coalesce(max(seq), 0) as last from change"
# The last one stays, so that whoever has seen it knows that nothing is missing.
PRUNE = "delete from change where recorded_at < $1 and seq < (select max(seq) from change)"

log = logs.get(__name__)


class Gone(Problem):
    status, code = 410, "changes_gone"
    detail = Message(
        "Endringene er ikke lenger bevart. Hent alt på nytt.", "The changes are no longer kept. Fetch anew."
    )


async def record(conn: Any, changes: Sequence[Change], now: dt.datetime) -> None:
    """The last statement of a batch: it takes the lock that orders commits, and wakes those who follow."""
    if changes:
        await conn.execute(RECORD, [_row(one) for one in changes], now)


def _row(change: Change) -> dict[str, Any]:
    dates = sorted(set(change.dates))
    return {
        "view": change.view,
        "square_id": change.square_id and str(change.square_id),
        "dates": [date.isoformat() for date in dates] if len(dates) <= MOST_DATES else [],
        "ids": sorted(set(change.ids)) if len(change.ids) <= MOST_IDS else [],
    }


class Waker:
    """Wakes followers when a batch was committed, over a connection of its own.

    Notifications sent while that connection was away are lost; after each reconnection, and every few seconds anyway,
    followers are woken to read again.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._next = asyncio.Event()

    @property
    def next(self) -> asyncio.Event:
        """Set at the next wake-up. Take it before reading, wait for it after."""
        return self._next

    def wake(self, *_: Any) -> None:
        woken, self._next = self._next, asyncio.Event()
        woken.set()

    async def run(self) -> None:
        """Until cancelled; an error ends it, and the supervisor starts it again."""
        conn = await asyncpg.connect(
            self._settings.database_dsn.get_secret_value(),
            timeout=5,
            command_timeout=5,
            server_settings=db.server_settings(self._settings.service),
        )
        lost = asyncio.Event()
        conn.add_termination_listener(lambda _: lost.set())
        try:
            await conn.add_listener(CHANNEL, self.wake)
            while not lost.is_set():
                self.wake()
                await _within(lost, HEARTBEAT_SECONDS)
                await conn.execute("select 1")
        finally:
            conn.terminate()


async def begin(pool: Any, since: int | None) -> int:
    """Where a follower begins: after `since`, or from now. Raises Gone when what followed `since` is no longer kept."""
    async with db.connection(pool) as conn:
        bounds = await conn.fetchrow(BOUNDS)
    if since is None:
        return int(bounds["last"])
    if not bounds["first"] - 1 <= since <= bounds["last"]:
        raise Gone
    return since


async def follow(pool: Any, waker: Waker, seen: int) -> AsyncIterator[bytes]:
    """Lines of JSON after `seen`, for ever; the first only says where they begin, and silence is empty lines."""
    yield _line({"seq": seen})
    while True:
        event = waker.next
        async with db.connection(pool) as conn:
            rows = await conn.fetch(SINCE, seen, PAGE)
        for row in rows:
            seen = row["seq"]
            yield _line(dict(row))
        if len(rows) < PAGE and not await _within(event, HEARTBEAT_SECONDS):
            yield b"\n"


async def _within(event: asyncio.Event, seconds: float) -> bool:
    """Whether it was set in time."""
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return False
    return True


def _line(row: dict[str, Any]) -> bytes:
    return json.dumps(row, default=str, separators=(",", ":")).encode() + b"\n"


async def prune(pool: Any, clock: Clock) -> None:
    async with db.transaction(pool) as conn:
        await conn.execute(PRUNE, clock.now() - KEEP)
