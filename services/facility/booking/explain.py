"""A refusal told whole: where it is taken or not open, what would be accepted, and what is free instead.

It is read without locks after the refused command's transaction is over, so it costs nobody who waits for those rooms.
"""

import datetime as dt
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, TypeVar
from uuid import UUID

from services.facility.booking import alternatives, closure_store, house, refusals, rights, sentences, store, timeline
from services.facility.booking.desk import Desk, again
from services.facility.booking.domain import FAULTS, UNREADABLE, Blocker, Booking, Slot
from services.facility.booking.free import Range, covers, merge
from services.facility.booking.house import House, Space
from services.facility.booking.refusals import MOST_REASONS, Refused
from services.facility.booking.view import coarse
from services.facility.booking.warned import heard_now, warns
from services.facility.equipment import store as equipment
from services.facility.equipment.domain import Lack
from services.facility.hours import store as hours
from services.facility.noise.ruling import warnings
from services.facility.policy import domain as policy
from shared import db
from shared.contracts.facility import OCCUPYING, Equipment
from shared.contracts.opening_hours import Hours
from shared.identity import Actor
from shared.problems import NotFound, Unavailable
from shared.walltime import local_fields

T = TypeVar("T")
_LOOK_AHEAD = 62
MOST_OF_A_DATE = 20  # reasons of one date of a series; `blocking` holds all ids
NOT_TOLD = ("fault", "lacking", "breaches", "warnings")  # what is kept of a date for its reasons, or once was
_ONE_DAY = dt.timedelta(days=1)


async def explaining(desk: Desk, actor: Actor, work: Callable[[], Awaitable[T]]) -> T:
    """Runs a whole transaction, again where another was first; a refusal leaves here with all there is to say of it."""
    try:
        return await again(work)
    except Refused as refusal:
        if not refusal.is_told:
            await _tell(desk, actor, refusal)
        raise


async def _tell(desk: Desk, actor: Actor, refusal: Refused) -> None:
    try:
        async with db.connection(desk.pool) as conn:
            await tell(conn, desk, actor, refusal)
    except Unavailable:
        refusal.extra.setdefault("alternatives", [])


async def tell(conn: Any, desk: Desk, actor: Actor, refusal: Refused) -> None:
    """Adds what there is to say of it and to offer instead. What can be said without the database has been said: an
    outage now leaves it at that."""
    wanted, place = refusal.wanted, refusal.place
    try:
        if refusal.code == "outside_hours":
            reasons, hit = await _not_open(conn, wanted.slot, place)
        elif refusal.code == "policy":
            reasons, hit = _limited(refusal)
        else:
            reasons, hit = await _taken(conn, actor, refusal)
        offered = await alternatives.offers(conn, desk, actor, wanted, place, hit)
        refusal.extra["reasons"] = reasons
        refusal.extra["alternatives"] = _instead(offered) if refusal.code == "policy" else offered
    except (Unavailable, *db.OUTAGE):
        refusal.extra.setdefault("alternatives", [])


def _limited(refusal: Refused) -> tuple[list[dict[str, Any]], set[UUID]]:
    """The reasons stand already; (they, spaces whose policy it breaks)."""
    reasons: list[dict[str, Any]] = refusal.extra["reasons"]
    return reasons, {UUID(space) for reason in reasons for space in reason.get("space_ids", ())}


def _instead(offered: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """What was asked for can be requested as it is; so only what need not be is worth offering."""
    at_once = [one for one in offered if one["way"] == "book"]
    return [{**one, "rank": number} for number, one in enumerate(at_once, 1)]


async def dates(
    conn: Any,
    actor: Actor,
    space_ids: Sequence[UUID],
    outcomes: Sequence[dict[str, Any]],
    bookings: Mapping[str, Booking],
    noise: Mapping[str, Sequence[dict[str, Any]]] = MappingProxyType({}),
) -> list[dict[str, Any]]:
    """The outcomes of a series, each refused one with its reasons as the actor may see them now, and the others with
    what there is of `noise`."""
    place = House(tuple(await house.load_any(conn, space_ids)))
    blocking = {UUID(other) for one in outcomes for other in one["blocking"][:MOST_OF_A_DATE]}
    blockers = await _blockers(conn, blocking)
    held = await hours.effective(conn, list(space_ids))
    lacking = {UUID(lack["equipment_id"]) for one in outcomes for lack in one.get("lacking") or ()}
    things = {str(found): thing for found, thing in (await equipment.find(conn, lacking)).items()}
    told = _Told(actor, place, blockers, held, things, noise)
    return [told.date(one, bookings.get(str(one["id"]))) for one in outcomes]


async def noise(
    conn: Any, now: dt.datetime, actor: Actor, outcomes: Sequence[dict[str, Any]], bookings: Mapping[str, Booking]
) -> dict[str, list[dict[str, Any]]]:
    """By date: of one that was refused for its noise what there is to accept by now, of the others all of it."""
    loud = {str(one["id"]) for one in outcomes if any(map(_is_noise, one.get("breaches", ())))}
    concerned = {found: one for found, one in bookings.items() if found in loud or warns(one, now)}
    heard = await heard_now(conn, now, list(concerned.values()))
    told = {}
    for found, booking in concerned.items():
        meets = [one for one in heard[booking.id] if one.conflict.serious or found not in loud]
        told[found] = [one.told() for one in warnings(meets, booking, actor)]
    return told


def _is_noise(breach: Mapping[str, Any]) -> bool:
    return bool(breach["rule"] == "noise")


async def _blockers(conn: Any, ids: Collection[UUID]) -> dict[UUID, Blocker]:
    bookings = (await store.find_all(conn, sorted(ids))).values()
    closures = await closure_store.blockers(conn, sorted(ids))
    return {one.id: one for one in (*map(timeline.blocker_of, bookings), *closures)}


@dataclass(frozen=True)
class _Told:
    """What the reasons of a series' dates are told with."""

    actor: Actor
    place: House
    blockers: Mapping[UUID, Blocker]
    held: Mapping[UUID, Hours]
    things: Mapping[str, Equipment]
    noise: Mapping[str, Sequence[dict[str, Any]]]

    def date(self, outcome: Mapping[str, Any], booking: Booking | None) -> dict[str, Any]:
        seen = {name: value for name, value in outcome.items() if name not in NOT_TOLD}
        warned = () if outcome["reason"] else self.noise.get(str(outcome["id"]))
        told = {"warnings": warned} if warned else {}
        return {**seen, **told, "reasons": self.reasons(outcome, booking)}

    def reasons(self, outcome: Mapping[str, Any], booking: Booking | None) -> list[dict[str, Any]]:
        if outcome["reason"] == "invalid":
            return [refusals.reason_of(FAULTS.get(outcome.get("fault") or "", UNREADABLE))]
        if outcome["reason"] == "policy":
            return self._limits(outcome)
        if not outcome["reason"] or not booking or not self.place.spaces:
            return []
        if outcome["reason"] == "outside_hours":
            bare = booking.slot.bare
            shut = [space for space in self.place.spaces if not is_open(space, self.held, bare)]
            return [why_not_open(space, self.held[space.id], bare) for space in shut] or [refusals.outside()]
        where = self.place.spaces if len(self.place.spaces) == 1 else ()
        lacking = outcome.get("lacking") or []
        with_gear = {one["blocking_id"] for one in lacking}
        rooms = [other for other in outcome["blocking"][:MOST_OF_A_DATE] if other not in with_gear]
        known = [self.blockers.get(UUID(other)) for other in rooms] + [self._lack(one) for one in lacking]
        told = [one for one in known if one][:MOST_OF_A_DATE]
        return [refusals.reason_why(one, booking, where, self.place, self.actor) for one in told]

    def _limits(self, outcome: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Where the noise is gone by now, what was said of it."""
        noise = self.noise.get(str(outcome["id"]), ())
        kept = [one for one in outcome["breaches"] if not (noise and _is_noise(one))]
        return [*map(policy.remembered, kept), *noise]

    def _lack(self, kept: Mapping[str, Any]) -> Blocker | None:
        found, thing = self.blockers.get(UUID(kept["blocking_id"])), self.things.get(kept["equipment_id"])
        if found is None or thing is None:
            return None
        return replace(found, kind="equipment", lack=Lack(thing, kept["wanted"], kept["free"]))


async def _taken(conn: Any, actor: Actor, refusal: Refused) -> tuple[list[dict[str, Any]], set[UUID]]:
    """(reasons, spaces in which it is taken)."""
    place = refusal.place
    told = refusal.blockers[:MOST_REASONS]
    lies = refusal.where
    if lies is None:
        lies = await closure_store.where(conn, [blocker.id for blocker in refusal.blockers], place.leaves)
    where = {blocker.id: place.with_leaves(lies.get(blocker.id, ())) for blocker in refusal.blockers}
    reasons = [refusals.reason_why(one, refusal.wanted, where[one.id], place, actor) for one in told]
    return reasons, {space.id for spaces in where.values() for space in spaces}


async def _not_open(conn: Any, asked: Slot, place: House) -> tuple[list[dict[str, Any]], set[UUID]]:
    held = await hours.effective(conn, [space.id for space in place.spaces])
    shut = [space for space in place.spaces if not is_open(space, held, asked.bare)]
    return [why_not_open(space, held[space.id], asked.bare) for space in shut], {space.id for space in shut}


async def alternatives_of(desk: Desk, actor: Actor, booking_id: UUID) -> tuple[Booking, list[dict[str, Any]]]:
    """The booking, and where else it could be: for one that is displaced or refused, or whose room is needed."""
    async with db.connection(desk.pool) as conn:
        booking = await store.find(conn, booking_id)
        if booking is None:
            raise NotFound
        rights.check_read(actor, booking.square_id, booking.about.unit_id)
        place = House(tuple(await house.load_any(conn, booking.slot.space_ids)))
        if not place.spaces:  # none of them is left
            return booking, []
        hit = await _hit(conn, place, booking)
        stands = booking.state in OCCUPYING and not hit
        seen = _as_seen(booking, actor)
        return booking, await alternatives.offers(conn, desk, actor, seen, place, hit, moving=stands)


def _as_seen(booking: Booking, actor: Actor) -> Booking:
    """Who may not see its times gets offers for the half hours it is shown as, so that their length tells nothing."""
    about = booking.about
    if rights.sees_exact_times(actor, booking.square_id, about.unit_id, about.unit_kind):
        return booking
    return replace(booking, slot=Slot(booking.slot.space_ids, *coarse(booking.slot.occupied)))


async def _hit(conn: Any, place: House, booking: Booking) -> set[UUID]:
    """The spaces that are taken or closed just now."""
    meetings = await store.in_the_way(conn, place.leaves, [booking.slot.occupied], [booking.id])
    closures = await closure_store.in_the_way(conn, place.leaves, [booking.slot.occupied])
    ids = [*(found for _, found in meetings), *(blocker.id for _, blocker in closures)]
    lies = await closure_store.where(conn, ids, place.leaves)
    return {space.id for leaves in lies.values() for space in place.with_leaves(leaves)}


def is_open(space: Space, held: Mapping[UUID, Hours], bare: Range) -> bool:
    if space.id not in held:
        return True
    first, last = (at.astimezone(space.zone).date() for at in bare)
    return covers(held[space.id].open_ranges(first - _ONE_DAY, last + _ONE_DAY, space.zone), *bare)


def why_not_open(space: Space, held: Hours, bare: Range) -> dict[str, Any]:
    """The hours of the date that was asked for; where there are none, when it opens next."""
    asked = bare[0].astimezone(space.zone).date()
    days = merge(held.open_ranges(asked, asked, space.zone))
    following = None if days else _next(space, held, asked)
    said = [sentences.span(one, space.zone, asked) for one in days]
    message = sentences.outside_hours(space.name, said, following and sentences.span(following, space.zone, asked))
    accepted = {
        "open": [local_fields(*one, space.zone) for one in days],
        "next": following and local_fields(*following, space.zone),
    }
    return {"rule": "outside_hours", "message": message, "space_ids": [str(space.id)], "accepted": accepted}


def _next(space: Space, held: Hours, asked: dt.date) -> Range | None:
    days = (asked + _ONE_DAY * ahead for ahead in range(1, _LOOK_AHEAD + 1))
    found: Sequence[Range] = next(filter(None, (held.open_ranges(day, day, space.zone) for day in days)), [])
    return found[0] if found else None
