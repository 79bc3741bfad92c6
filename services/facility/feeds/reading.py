"""Reading feeds: fetch, understand, carry out. What fails leaves the feed at its last good state, and is said."""

import asyncio
import datetime as dt
from collections.abc import Mapping
from dataclasses import replace
from uuid import UUID

from services.facility.booking import store as bookings
from services.facility.booking.desk import Desk
from services.facility.feeds import calendar, store
from services.facility.feeds.applying import Gone, carry_out, stands
from services.facility.feeds.calendar import Edition
from services.facility.feeds.domain import Broken, Feed, Known, Plan, Step, plan
from services.facility.feeds.fetching import Fetched, Fetcher
from shared import db, logs

LEASE = dt.timedelta(minutes=5)
WAIT_SECONDS = 12.0
_AT_ONCE = 4
_DUE_AT_ONCE = 100
log = logs.get(__name__)


class Reader:
    """Reads each feed once at a time in this process; other processes are kept apart by the feed's edition."""

    def __init__(self, desk: Desk, fetcher: Fetcher) -> None:
        self.desk = desk
        self.fetcher = fetcher
        self._running: dict[UUID, asyncio.Task[None]] = {}
        self._room = asyncio.Semaphore(_AT_ONCE)

    async def due(self) -> None:
        """Reads everything that is due, and returns when that is done."""
        async with db.connection(self.desk.pool) as conn:
            found = await store.due(conn, self.desk.clock.now(), _DUE_AT_ONCE)
        await asyncio.gather(*(self._start(feed_id, due=True) for feed_id in found))

    async def now(self, feed_id: UUID) -> bool:
        """Reads it at somebody's wish. False when it takes longer than one waits for: it goes on by itself."""
        task = self._start(feed_id, due=False)
        done, _ = await asyncio.wait([task], timeout=WAIT_SECONDS)
        for one in done:
            one.result()
        return bool(done)

    def is_reading(self, feed_id: UUID) -> bool:
        return feed_id in self._running

    async def stop(self) -> None:
        """What is cut off here is taken up again when its lease is over."""
        tasks = list(self._running.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _start(self, feed_id: UUID, *, due: bool) -> "asyncio.Task[None]":
        running = self._running.get(feed_id)
        if running and due:
            return running
        task = asyncio.create_task(self._read(feed_id, due=due), name="feed")
        self._running[feed_id] = task
        task.add_done_callback(lambda done: self._forget(feed_id, done))
        return task

    def _forget(self, feed_id: UUID, done: "asyncio.Task[None]") -> None:
        if self._running.get(feed_id) is done:
            del self._running[feed_id]
        error = None if done.cancelled() else done.exception()
        if error:  # whoever waits hears of it too; it is read again when the lease is over
            log.warning("feed_reading_failed", feed=str(feed_id), error=type(error).__name__)

    async def _read(self, feed_id: UUID, *, due: bool) -> None:
        async with self._room:
            now = self.desk.clock.now()
            async with db.transaction(self.desk.pool) as conn:
                feed = await store.begin(conn, feed_id, now + LEASE, now if due else None)
            if feed is None:
                return
            try:
                await self._work(feed, now, fetch=due or feed.may_fetch(now))
            except Gone:
                log.info("feed_reading_overtaken", feed=str(feed_id))

    async def _work(self, feed: Feed, now: dt.datetime, *, fetch: bool) -> None:
        if feed.withdrawn_at:
            await self._clear(feed, now)
            return
        after, edition, fetched = await self._edition(feed, now, fetch=fetch)
        beyond = feed.beyond
        if edition:
            made = await self._plan(feed, edition, now)
            await carry_out(self.desk, feed, made.steps)
            after, beyond = replace(after, skipped=edition.skipped), made.beyond
        after = replace(after, beyond=beyond)
        await self._save(replace(after, next_at=after.planned_at), fetched)

    async def _edition(
        self, feed: Feed, now: dt.datetime, *, fetch: bool
    ) -> tuple[Feed, Edition | None, Fetched | None]:
        """(the feed as it is after this, its dates if it ever had any, what is to be kept of what came).

        An edition that cannot be had or read leaves the last good one in force: what clashed is tried again with it.
        """
        async with db.connection(self.desk.pool) as conn:
            kept = await store.content(conn, feed.id)
        after, fetched = feed, None
        if fetch or feed.kind == "file":
            try:
                fetched = await self._fetch(feed)
                if fetched.content is not None:
                    edition = await asyncio.to_thread(calendar.edition, feed, fetched.content, now)
                    return feed.good(now), edition, fetched
                after = feed.good(now)
            except Broken as broken:
                log.info("feed_broken", feed=str(feed.id), fault=broken.fault, status=broken.status)
                after, fetched = feed.broke(now, broken), None
        if kept is None:
            return after, None, fetched
        try:
            return after, await asyncio.to_thread(calendar.edition, feed, kept, now), fetched
        except Broken as broken:  # it could be read once, but today's window takes too long
            return feed.broke(now, broken), None, None

    async def _fetch(self, feed: Feed) -> Fetched:
        if feed.url is None:
            return Fetched(None)
        return await self.fetcher.get(feed.url, feed.etag, feed.modified)

    async def _plan(self, feed: Feed, edition: Edition, now: dt.datetime) -> Plan:
        async with db.connection(self.desk.pool) as conn:
            known = await store.dates(conn, feed.id, edition.since)
            there = await bookings.find_all(conn, _bookings(known))
        live = {found for found, booking in there.items() if stands(booking, now)}
        return plan(edition.wanted, known, live, now, edition.until)

    async def _clear(self, feed: Feed, now: dt.datetime) -> None:
        """The feed was withdrawn: its bookings ahead go with it, unless they were to be kept."""
        if not feed.keep_bookings:
            async with db.connection(self.desk.pool) as conn:
                known = await store.dates(conn, feed.id, now)
            ahead = [one for one in known.values() if one.state != "gone" and one.ends_at > now]
            await carry_out(self.desk, feed, [Step("drop", None, one) for one in ahead])
        await self._save(replace(feed, next_at=None), None)

    async def _save(self, after: Feed, fetched: Fetched | None) -> None:
        """The state after a reading. What was set meanwhile by somebody else began another reading, and stays."""

        async def work() -> None:
            async with db.transaction(self.desk.pool) as conn:
                if not await store.holds(conn, after):
                    raise Gone
                if fetched and fetched.content is not None:
                    await store.save_content(conn, after.id, fetched.content)
                    await store.save(conn, replace(after, etag=fetched.etag, modified=fetched.modified))
                else:
                    await store.save(conn, after)

        await db.retrying(work)


def _bookings(known: Mapping[UUID, Known]) -> list[UUID]:
    return [one.booking_id for one in known.values() if one.booking_id]
