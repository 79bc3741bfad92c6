"""How feeds and their inbox look to whoever asks. An address is shown by its host alone."""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import httpx

from services.facility.booking import explain
from services.facility.booking.domain import About, Booking, Slot
from services.facility.booking.rights import sees_details, sees_exact_times
from services.facility.booking.view import BUSY, coarse
from services.facility.feeds.commands import Inbox, Seen
from services.facility.feeds.domain import FAULTS, Feed, Known
from services.facility.policy.domain import remembered
from shared.identity import Actor
from shared.problems import Message
from shared.walltime import local_fields, written


def show(seen: Seen, actor: Actor, now: dt.datetime) -> dict[str, Any]:
    feed = seen.feed
    return {
        "id": str(feed.id),
        "version": feed.version,
        "square_id": str(feed.square_id),
        "space_id": str(feed.space_id),
        "unit_id": feed.unit_id and str(feed.unit_id),
        "name": feed.name,
        "source": {"kind": feed.kind, "host": httpx.URL(feed.url).host if feed.url else None},
        "refresh_minutes": feed.refresh_minutes,
        "override": feed.override,
        "titles": feed.titles,
        "state": _state(feed),
        "good_at": _at(feed, feed.good_at),
        "age_minutes": feed.good_at and max(0, (now - feed.good_at) // dt.timedelta(minutes=1)),
        "tried_at": _at(feed, feed.tried_at),
        "next_at": _at(feed, feed.next_at),
        "error": _error(feed),
        "booked": seen.booked,
        "conflicts": seen.refused,
        "beyond_limit": feed.beyond,
        "skipped": _skipped(feed, actor),
        "withdrawn_at": _at(feed, feed.withdrawn_at),
    }


def _state(feed: Feed) -> str:
    if feed.withdrawn_at:
        return "withdrawn"
    if feed.fault:
        return "broken"
    return "new" if feed.tried_at is None else "ok"


def _error(feed: Feed) -> dict[str, Any] | None:
    if feed.fault is None or feed.broken_since is None:
        return None
    told = {"code": feed.fault, "message": FAULTS[feed.fault], "since": _at(feed, feed.broken_since)}
    return {**told, "status": feed.fault_status, "failures": feed.failures}


def _skipped(feed: Feed, actor: Actor) -> list[dict[str, Any]]:
    if not sees_details(actor, feed.unit_id, feed.unit_kind):
        return []
    return [{"what": one["what"], "why": Message(**one["why"])} for one in feed.skipped]


def _at(feed: Feed, at: dt.datetime | None) -> str | None:
    return written(at, feed.zone) if at else None


async def conflicts(conn: Any, actor: Actor, inbox: Inbox) -> list[dict[str, Any]]:
    """By start, each with its reasons as the actor may see them now."""
    reasons: dict[UUID, Sequence[Mapping[str, Any]]] = {}
    for feed in inbox.feeds.values():
        reasons |= await _reasons(conn, actor, feed, [one for one in inbox.dates if one.feed_id == feed.id])
    return [_conflict(one, inbox, actor, reasons[one.id]) for one in inbox.dates]


async def _reasons(
    conn: Any, actor: Actor, feed: Feed, dates: Sequence[Known]
) -> dict[UUID, Sequence[Mapping[str, Any]]]:
    told: dict[UUID, Sequence[Mapping[str, Any]]] = {
        one.id: [remembered(reason) for reason in one.reasons] for one in dates
    }
    anew = [one for one in dates if one.reason in ("conflict", "outside_hours")]
    if anew:
        outcomes = [
            {"id": str(one.id), "reason": one.reason, "blocking": [str(other) for other in one.blocking]}
            for one in anew
        ]
        wishes = {str(one.id): _wish(feed, one) for one in anew}
        for row in await explain.dates(conn, actor, [feed.space_id], outcomes, wishes):
            told[UUID(row["id"])] = row["reasons"]
    return told


def _wish(feed: Feed, one: Known) -> Booking:
    """The booking it would be, for whoever words the reasons."""
    slot = Slot((feed.space_id,), one.starts_at, one.ends_at)
    about = About(one.title, feed.unit_id, feed.unit_kind)
    return Booking(one.id, 1, feed.square_id, feed.zone, slot, "rejected", about, {}, one.since, one.tried_at)


def _conflict(one: Known, inbox: Inbox, actor: Actor, reasons: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    feed = inbox.feeds[one.feed_id]
    details = sees_details(actor, feed.unit_id, feed.unit_kind)
    exact = sees_exact_times(actor, feed.square_id, feed.unit_id, feed.unit_kind)
    booking = inbox.bookings.get(one.booking_id) if one.booking_id else None
    booked = booking and (booking.slot.bare if exact else coarse(booking.slot.bare))
    times = (one.starts_at, one.ends_at) if exact else coarse((one.starts_at, one.ends_at))
    return {
        "id": str(one.id),
        "feed_id": str(feed.id),
        "feed_name": feed.name,
        "space_id": str(feed.space_id),
        "unit_id": feed.unit_id and str(feed.unit_id),
        "kind": "move" if booking else "new",
        **local_fields(*times, feed.zone),
        "title": one.title if details else BUSY,
        "masked": not details,
        "reason": one.reason,
        "blocking": [str(other) for other in one.blocking],
        "reasons": list(reasons),
        "booking_id": booking and str(booking.id),
        "booked": booked and local_fields(*booked, feed.zone),
        "since": written(one.since, feed.zone),
        "tried_at": written(one.tried_at, feed.zone),
    }
