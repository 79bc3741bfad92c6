"""Feeds are set up, changed, withdrawn and asked about. Reading them is `reading.py`'s."""

import asyncio
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal
from uuid import UUID
from zoneinfo import ZoneInfo

from services.facility.audit import trail
from services.facility.booking import house, rights
from services.facility.booking import store as bookings
from services.facility.booking.desk import Desk, Overtaken, again
from services.facility.booking.domain import Booking
from services.facility.feeds import addresses, calendar, store
from services.facility.feeds.addresses import Networks
from services.facility.feeds.bodies import FileSource, PutFeed
from services.facility.feeds.domain import FAULTS, Broken, Feed, Known
from shared import audit, db
from shared.http import check_version
from shared.identity import Actor
from shared.policy import allows, require
from shared.problems import IdInUse, Invalid, Message, NotFound

FIXED = Message(
    "En kalender hører til ett rom og én enhet. Lag en ny for et annet.",
    "A calendar belongs to one room and one unit. Make another for another.",
)
Outcome = Literal["created", "changed", "same"]
NO_SOURCE = Message("Oppgi source: en fil eller en adresse.", "Name a source: a file or an address.")


@dataclass(frozen=True)
class Seen:
    """A feed with how many of its dates ahead are booked, and how many clash."""

    feed: Feed
    booked: int = 0
    refused: int = 0


@dataclass(frozen=True)
class Source:
    """What a body says of where the calendar comes from, checked."""

    url: str | None = None
    content: bytes | None = None

    @property
    def digest(self) -> str | None:
        return None if self.content is None else hashlib.sha256(self.content).hexdigest()


async def put(
    desk: Desk, allowed: Networks, actor: Actor, feed_id: UUID, body: PutFeed, seen: int | None, shown: Any
) -> tuple[Feed, Outcome]:
    """The feed, and what was done. The same again changes nothing.

    Raises Invalid for an address that may not be read and a file that is no calendar.
    """
    async with db.connection(desk.pool) as conn:
        place = await house.load(conn, [body.space_id])
    require(actor, "feeds.write", square_id=place.square_id, unit_id=body.unit_id)
    source = await _source(body, allowed, place.zone)
    return await again(lambda: _put(desk, actor, feed_id, body, source, seen, shown))


async def _source(body: PutFeed, allowed: Networks, zone: ZoneInfo) -> Source | None:
    if body.source is None:
        return None
    try:
        if isinstance(body.source, FileSource):
            content = body.source.text.get_secret_value().encode("utf-8", "replace")
            await asyncio.to_thread(calendar.check, content, zone)
            return Source(content=content)
        url = addresses.read(body.source.url.get_secret_value())
        addresses.check_written(url, allowed)
    except Broken as broken:
        told = FAULTS[broken.fault]
        raise Invalid(told, reasons=[{"rule": broken.fault, "message": told}]) from None
    return Source(url=str(url))


async def _put(
    desk: Desk, actor: Actor, feed_id: UUID, body: PutFeed, source: Source | None, seen: int | None, shown: Any
) -> tuple[Feed, Outcome]:
    async with db.transaction(desk.pool) as conn:
        place = await house.load(conn, [body.space_id])
        await house.unit(conn, body.unit_id)
        require(actor, "feeds.write", square_id=place.square_id, unit_id=body.unit_id)
        rights.check_write(actor, place.squares, body.unit_id, "confirmed", body.override)
        known = await store.find(conn, feed_id, lock=True)
        if known is None:
            if source is None:
                raise Invalid(NO_SOURCE, reasons=[{"rule": "no_source", "message": NO_SOURCE}])
            feed = await _new(desk, feed_id, body, source, place)
            if not await store.add(conn, feed):
                raise Overtaken
        else:
            _check_mine(known, actor, body)
            feed = _changed(known, body, source)
            if feed == known:
                return known, "same"
            check_version(seen, known.version, lambda: shown(Seen(known)))
            feed = replace(feed, version=known.version + 1, edition=known.edition + 1, next_at=desk.clock.now())
            if source and source.content is not None:
                feed = replace(feed, good_at=desk.clock.now())
            await store.save(conn, feed)
        if source and source.content is not None:
            await store.save_content(conn, feed_id, source.content)
        await _note(conn, desk, actor, "put", known, feed)
        return feed, "changed" if known else "created"


async def _new(desk: Desk, feed_id: UUID, body: PutFeed, source: Source, place: house.House) -> Feed:
    now = desk.clock.now()
    blank = Feed(
        id=feed_id,
        version=1,
        square_id=place.square_id,
        zone=place.zone,
        space_id=body.space_id,
        unit_id=body.unit_id,
        unit_kind=None,
        name=body.name,
        kind="file",
        url=None,
        file_digest=None,
        refresh_minutes=body.refresh_minutes,
        override=body.override,
        titles=body.titles,
        created_at=now,
        next_at=now,
        good_at=None if source.url else now,
    )
    return _changed(blank, body, source)


def _check_mine(known: Feed, actor: Actor, body: PutFeed) -> None:
    require(actor, "feeds.write", square_id=known.square_id, unit_id=known.unit_id)
    if known.withdrawn_at:
        raise IdInUse
    if (known.space_id, known.unit_id) != (body.space_id, body.unit_id):
        raise Invalid(FIXED, reasons=[{"rule": "fixed", "message": FIXED}])


def _changed(known: Feed, body: PutFeed, source: Source | None) -> Feed:
    """What the body makes of it. From another address nothing has been fetched yet."""
    feed = replace(
        known, name=body.name, refresh_minutes=body.refresh_minutes, override=body.override, titles=body.titles
    )
    if source is None or (source.url, source.digest) == (known.url, known.file_digest):
        return feed
    clean = {"etag": None, "modified": None, "tried_at": None, "failures": 0, "retry_at": None}
    if source.content is not None:
        clean |= {"fault": None, "fault_status": None, "broken_since": None}
    kind = "file" if source.url is None else "address"
    return replace(feed, kind=kind, url=source.url, file_digest=source.digest, **clean)  # type: ignore[arg-type]  # a dict of fields of several types


async def withdraw(desk: Desk, actor: Actor, feed_id: UUID, seen: int, *, keep: bool, shown: Any) -> Feed:
    """No more is read. Its bookings ahead are cancelled by the reading that follows, unless they are kept."""

    async def work() -> Feed:
        async with db.transaction(desk.pool) as conn:
            known = await _locked(conn, actor, feed_id)
            check_version(seen, known.version, lambda: shown(Seen(known)))
            now = desk.clock.now()
            feed = replace(
                known, version=known.version + 1, edition=known.edition + 1, withdrawn_at=now, keep_bookings=keep,
                next_at=now,
            )  # fmt: skip
            await store.save(conn, feed)
            await store.drop_content(conn, feed_id)
            await _note(conn, desk, actor, "withdraw", known, feed)
            return feed

    return await again(work)


async def note_refresh(desk: Desk, actor: Actor, feed_id: UUID) -> Feed:
    """Somebody may have it read now, and did."""

    async def work() -> Feed:
        async with db.transaction(desk.pool) as conn:
            known = await _locked(conn, actor, feed_id)
            await _note(conn, desk, actor, "refresh", None, known)
            return known

    return await again(work)


async def dismiss(desk: Desk, actor: Actor, feed_id: UUID, date_id: UUID) -> None:
    """Out of the inbox, until the calendar says another time. Doing it twice changes nothing."""

    async def work() -> None:
        async with db.transaction(desk.pool) as conn:
            feed = await _locked(conn, actor, feed_id)
            date = await store.date(conn, feed_id, date_id)
            if date is None:
                raise NotFound
            if date.state == "refused":
                await store.save_date(conn, replace(date, state="dismissed", reason=None, blocking=(), reasons=()))
                await trail.changed(
                    conn, actor, "feed.dismiss", f"feed/{feed_id}", feed.square_id, feed.unit_id, at=desk.clock.now(),
                    after={"date_id": date_id, "starts_at": date.starts_at, "reason": date.reason},
                )  # fmt: skip

    await again(work)


async def _locked(conn: Any, actor: Actor, feed_id: UUID) -> Feed:
    known = await store.find(conn, feed_id, lock=True)
    if known is None or known.withdrawn_at:
        raise NotFound
    require(actor, "feeds.write", square_id=known.square_id, unit_id=known.unit_id)
    return known


async def _note(conn: Any, desk: Desk, actor: Actor, verb: str, before: Feed | None, after: Feed) -> None:
    await trail.changed(
        conn, actor, f"feed.{verb}", f"feed/{after.id}", after.square_id, after.unit_id, at=desk.clock.now(),
        before=_told(before) if before else None, after=_told(after),
    )  # fmt: skip


def _told(feed: Feed) -> dict[str, Any]:
    """Whether the address changed can be seen; the address itself is a secret."""
    names = ("version", "space_id", "name", "kind", "file_digest", "refresh_minutes", "override", "titles")
    told = {name: getattr(feed, name) for name in (*names, "withdrawn_at", "keep_bookings")}
    return {**told, "url": audit.digest(feed.url)}


async def find(desk: Desk, actor: Actor, feed_id: UUID) -> Seen:
    async with db.connection(desk.pool) as conn:
        feed = await store.find(conn, feed_id)
        if feed is None or feed.withdrawn_at:
            raise NotFound
        require(actor, "booking.read", square_id=feed.square_id, unit_id=feed.unit_id)
        return (await _counted(conn, desk, [feed]))[0]


async def listed(desk: Desk, actor: Actor, square_id: UUID) -> list[Seen]:
    async with db.connection(desk.pool) as conn:
        await house.zone_of(conn, square_id)
        require(actor, "booking.read", square_id=square_id)
        return await _counted(conn, desk, await store.of_square(conn, square_id))


async def _counted(conn: Any, desk: Desk, feeds: Sequence[Feed]) -> list[Seen]:
    counts = await store.counts(conn, [feed.id for feed in feeds], desk.clock.now())
    return [Seen(feed, *counts.get(feed.id, (0, 0))) for feed in feeds]


@dataclass(frozen=True)
class Inbox:
    """What clashes, with the feeds it comes from and the bookings that wait to be moved."""

    feeds: dict[UUID, Feed]
    dates: list[Known]
    bookings: dict[UUID, Booking]


async def inbox(
    conn: Any, desk: Desk, actor: Actor, *, feed_id: UUID | None = None, square_id: UUID | None = None
) -> Inbox:
    """Of one feed, or of all in the square that the actor may read."""
    if feed_id:
        feed = await store.find(conn, feed_id)
        found = [feed] if feed and not feed.withdrawn_at else []
        if not found:
            raise NotFound
    else:
        await house.zone_of(conn, square_id or UUID(int=0))
        found = await store.of_square(conn, square_id or UUID(int=0))
        require(actor, "booking.read", square_id=square_id)
    if feed_id:
        require(actor, "booking.read", square_id=found[0].square_id, unit_id=found[0].unit_id)
    feeds = {
        one.id: one for one in found if allows(actor, "booking.read", square_id=one.square_id, unit_id=one.unit_id)
    }
    dates = [one for one in await store.conflicts(conn, feed_id, square_id, desk.clock.now()) if one.feed_id in feeds]
    there = await bookings.find_all(conn, [one.booking_id for one in dates if one.booking_id])
    return Inbox(feeds, dates, there)
