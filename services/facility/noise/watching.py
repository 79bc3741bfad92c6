"""Looks for bookings that have begun to disturb each other, and for those that no longer do, after the fact.

What is looked at is what events of bookings were written about since the last time, and everything loud when another
room hears another. Nobody who books has to think of it, and nothing is forgotten when a process dies: how far it has
come is written in the transaction of what was found. Safe to run at any time, by any number of processes.
"""

import datetime as dt
import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any
from uuid import UUID

from services.facility.approval import store as approvals
from services.facility.booking import store as bookings
from services.facility.booking.desk import Desk, again
from services.facility.booking.domain import Booking, state_at
from services.facility.finding import store as finding
from services.facility.finding.store import Rooms
from services.facility.noise import pair_store, pairs, ruling
from services.facility.noise.events import noise_event
from services.facility.noise.listening import house_of, listen
from services.facility.noise.pair_store import Look
from services.facility.noise.pairs import Acceptance, Meeting, Pair
from shared import db, outbox
from shared.contracts.facility import OCCUPYING, NoiseResolution

_EVENTS_AT_ONCE = 1000
_AT_ONCE = 100
_BOOKING = "booking/"
_FIRST = UUID(int=0)


async def watch(desk: Desk) -> None:
    while await again(lambda: _watch(desk)):
        pass


async def _watch(desk: Desk) -> bool:
    """Whether there is more to look at."""
    async with db.transaction(desk.pool) as conn:
        newest = await pair_store.newest(conn)
        found = await pair_store.look(conn)
        if found is None:
            return False
        look, oldest, own = found
        rooms = await finding.rooms(conn)
        changed, look, more = await _changed(conn, look, newest, oldest, own)
        first = look.surroundings is None
        swept, look = await _sweep(conn, look, rooms, desk.clock.now())
        ids = await pair_store.concerned(conn, [*changed, *swept], _with_neighbours(rooms))
        said: list[Pair] = []
        for start in range(0, len(ids), _AT_ONCE):
            part = ids[start : start + _AT_ONCE]
            said += await _settle(conn, desk, rooms, part, part if first else changed)
        past = await _over(conn, desk.clock.now())
        said += past
        if look != found[0]:
            await pair_store.save_look(conn, look)
        await outbox.record_many(conn, [noise_event(one) for one in said])
    return look.sweeping is not None or more or len(past) == _AT_ONCE


async def _changed(conn: Any, look: Look, newest: int, oldest: int, own: int) -> tuple[set[UUID], Look, bool]:
    """The bookings of which something was said, and whether there is more that was not read.

    Ids of events are given before they are committed, so what was read up to an id is not all there will be of it: it
    is read again, until nobody is at work any more who might have had an id as small. That can wait for the next time:
    where much is booked there is always somebody at work, and looking for them at once would never end.
    """
    if newest <= look.low:
        return set(), look, False
    rows = await pair_store.said_after(conn, look.low, _EVENTS_AT_ONCE)
    ids = {UUID(subject.removeprefix(_BOOKING)) for _, subject in rows if subject.startswith(_BOOKING)}
    before, full = look.low, len(rows) == _EVENTS_AT_ONCE
    if look.horizon is not None and look.horizon <= oldest:
        look = replace(look, low=min(rows[-1][0], look.high) if full else look.high)
    if look.horizon is None or look.horizon > own or look.low >= look.high:
        look = replace(look, high=newest, horizon=own if newest > look.low else None)
    return ids, look, full and look.low > before


async def _sweep(conn: Any, look: Look, rooms: Rooms, now: dt.datetime) -> tuple[list[UUID], Look]:
    """Some of all that is loud, as long as it has not all been looked at under the present surroundings."""
    present = _digest(rooms)
    if present != (look.sweeping or look.surroundings):
        look = replace(look, sweeping=present, swept_after=_FIRST)
    if look.swept_after is None:
        return [], look
    found = await pair_store.loud(conn, look.swept_after, now, _AT_ONCE)
    if len(found) == _AT_ONCE:
        return found, replace(look, swept_after=found[-1])
    return found, replace(look, surroundings=look.sweeping, sweeping=None, swept_after=None)


@lru_cache(maxsize=1)
def _digest(rooms: Rooms) -> str:
    """Of all that says which rooms hear which, and what they bear."""
    known = sorted(
        (str(room.id), str(room.parent_id), sorted(map(str, room.leaves)), room.noise_tolerance, str(room.neighbours))
        for room in rooms.all
    )
    return hashlib.sha256(repr(known).encode()).hexdigest()


@lru_cache(maxsize=1)
def _with_neighbours(rooms: Rooms) -> tuple[UUID, ...]:
    around = rooms.surroundings
    in_earshot = {
        room.id for room in rooms.all for one in room.leaves if around.heard_in(one) or around.heard_from(one)
    }
    return tuple(sorted(in_earshot))


async def _settle(conn: Any, desk: Desk, rooms: Rooms, ids: Sequence[UUID], judged: Collection[UUID]) -> list[Pair]:
    """Writes down what has begun and what has ended for these bookings; returns what there is to say of it, in order.

    `judged`: those whose own change may have brought it, so that what was decided about them counts.
    """
    there = await bookings.find_all(conn, ids)
    now = desk.clock.now()
    found = await _meetings(conn, rooms, [one for one in there.values() if _takes_time(one, now)], now)
    known = await pair_store.lock_pairs(conn, ids, list(found))
    begun, ended = pairs.compare(known.values(), found)
    scene = _Scene(rooms, now, there | await _others(conn, there, [*begun, *(pair.meeting for pair in ended)]))
    said = [pairs.resolve(pair, _why_ended(pair, scene), now) for pair in ended]
    for meeting in begun:
        before = known.get(meeting.id)
        said.append(pairs.begin(meeting, before, now))
        accepted = pairs.still_accepted(before, meeting) if meeting.serious else None
        if meeting.serious and accepted is None and {meeting.loud_id, meeting.quiet_id} & set(judged):
            accepted = await _decided(conn, scene, meeting)
        if accepted:
            said.append(pairs.accept(said[-1], accepted, now))
    await pair_store.save(conn, list({one.meeting.id: one for one in said}.values()))
    return said


def _takes_time(booking: Booking, now: dt.datetime) -> bool:
    return state_at(booking, now) in OCCUPYING and pairs.told_time(booking)[1] > now


async def _meetings(conn: Any, rooms: Rooms, live: Sequence[Booking], now: dt.datetime) -> Mapping[UUID, Meeting]:
    noise = await listen(conn, house_of(rooms, live), live, now, each_other=True)
    told = (pairs.meeting_of(one, heard, rooms.by_id) for one in live for heard in noise.heard(one))
    return pairs.worst(meeting for meeting in told if meeting.ends_at > now)


@dataclass(frozen=True)
class _Scene:
    rooms: Rooms
    now: dt.datetime
    bookings: Mapping[UUID, Booking]


async def _others(conn: Any, there: Collection[UUID], meetings: Iterable[Meeting]) -> dict[UUID, Booking]:
    wanted = {one for meeting in meetings for one in (meeting.loud_id, meeting.quiet_id)}
    return await bookings.find_all(conn, sorted(wanted.difference(there)))


def _why_ended(pair: Pair, scene: _Scene) -> NoiseResolution:
    two = scene.bookings[pair.meeting.loud_id], scene.bookings[pair.meeting.quiet_id]
    return pairs.why_ended(pair, two, scene.rooms.by_id, scene.now)


async def _decided(conn: Any, scene: _Scene, meeting: Meeting) -> Acceptance | None:
    """By an exception, or a request to which all concerned agreed, of either of the two."""
    loud, quiet = (scene.bookings[one] for one in (meeting.loud_id, meeting.quiet_id))
    for one, other in ((loud, quiet), (quiet, loud)):
        noise = await listen(conn, house_of(scene.rooms, [one]), [one], scene.now)
        heard = [found for found in noise.heard(one) if found.conflict.other == other.id]
        concerned = frozenset(party.party_id for party in ruling.disturbed(heard, one))
        parties = (await approvals.parties(conn, [one.id])).get(one.id, [])
        accepted = pairs.decided(await approvals.decisions(conn, one.id), parties, concerned, other)
        if accepted:
            return accepted
    return None


async def _over(conn: Any, now: dt.datetime) -> list[Pair]:
    past = [pairs.resolve(pair, "over", now) for pair in await pair_store.over(conn, now, _AT_ONCE)]
    await pair_store.save(conn, past)
    return past
