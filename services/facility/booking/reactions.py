"""What facility does when a unit says something about its programme: the booking follows its occurrence.

There is no loop: a unit answers a booking's event with a version of its occurrence that names the booking as before, or
with `scheduled`, which changes nothing here where the booking already stands.
"""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

from services.facility.audit import trail
from services.facility.booking import domain, gear, house, owner_store, store, timeline
from services.facility.booking.desk import Desk, Overtaken
from services.facility.booking.domain import Booking
from services.facility.booking.events import booking_event
from shared import audit, outbox
from shared.contracts.facility import Slot
from shared.contracts.platform import UNIT_KINDS
from shared.contracts.programme import EVENTS, Occurrence
from shared.envelope import Event, service_of, topic_of
from shared.problems import Forbidden, Unavailable

Handler = Callable[[Any, Event], Awaitable[None]]


def handlers(desk: Desk) -> dict[str, dict[str, Handler]]:
    """By topic, then by type."""

    first = {"scheduled": confirm_hold, "rescheduled": confirm_hold, "cancelled": cancel_booking}

    def follow(said: str) -> Handler:
        async def react(conn: Any, event: Event) -> None:
            await remember(conn, event)
            if said in first:
                await first[said](conn, desk, event)
            await give_up_unneeded(conn, desk, event)

        return react

    reactions = {said: follow(said.split(".")[1]) for said in EVENTS if said.startswith("occurrence.")}
    return {topic_of(unit): {f"{unit}.{said}": react for said, react in reactions.items()} for unit in UNIT_KINDS}


async def remember(conn: Any, event: Event) -> None:
    """Whoever asks on behalf of an earlier version from now on is told so; who does at this moment is waited for. What
    was refused is offered only as long as it is waited for."""
    occurrence = Occurrence.model_validate(event.data)
    unit_id, version = occurrence.unit_id, event.subjectversion
    await owner_store.hear(conn, _ref(occurrence), unit_id, version, _named(occurrence), _waiting(occurrence))


async def confirm_hold(conn: Any, desk: Desk, event: Event) -> None:
    """Confirms the occurrence's hold. One that ran out meanwhile is taken again if its time is free, else lost."""
    occurrence = Occurrence.model_validate(event.data)
    booking = await _of(conn, occurrence, occurrence.booking_id)
    if booking is None or occurrence.state != "scheduled" or booking.state not in ("held", "expired"):
        return
    spaces = await house.load_any(conn, booking.slot.space_ids)
    leaves = sorted({leaf for space in spaces for leaf in space.leaves})
    brought = await gear.carried(conn, [booking])
    seen = await timeline.survey(conn, desk.clock, leaves, [booking.slot.occupied], ignoring=[booking.id], gear=brought)
    booking = (await store.lock(conn, [booking.id]))[booking.id]
    if booking.state not in ("held", "expired"):
        return
    state = domain.state_at(booking, seen.now)
    gave_way: list[Booking] = []
    if state == "held":
        done = domain.obey("confirm", booking, seen.now, None)
    elif seen.blockers[0] or len(spaces) < len(booking.slot.space_ids) or (await gear.look(conn, booking.equipment))[0]:
        done = domain.lose(booking, seen.now, list(dict.fromkeys(blocker.id for blocker in seen.blockers[0])))
    else:
        gave_way = await timeline.clear_out(conn, seen.ran_out([0]), seen.now)
        done = domain.take_again(booking, seen.now)
    await timeline.save(conn, done)
    if state == "expired" and done.state == "confirmed":
        await _occupy_again(conn, done, leaves)
    await _audit(conn, event, "confirm" if done.state == "confirmed" else "lose", booking, done)
    kept = leaves if done.state == "confirmed" else []
    said = booking_event(done, leaves=kept, causation_id=str(event.id))
    await outbox.record_many(conn, [*map(booking_event, gave_way), said])


async def _occupy_again(conn: Any, booking: Booking, leaves: list[Any]) -> None:
    await store.vacate(conn, [booking.id])
    try:
        await timeline.occupy(conn, [(booking, leaves)])
    except Overtaken:
        raise Unavailable from None


async def cancel_booking(conn: Any, desk: Desk, event: Event) -> None:
    """A cancelled occurrence needs no room, and none that it was to be moved to."""
    occurrence = Occurrence.model_validate(event.data)
    if occurrence.state != "cancelled":
        return
    found = [await _of(conn, occurrence, booking_id) for booking_id in _named(occurrence)]
    for _, booking in sorted((await store.lock(conn, [one.id for one in found if one])).items()):
        if domain.fits("cancel", booking, desk.clock.now()):
            await _cancel(conn, desk, event, booking, occurrence.cancel_reason or "other")


async def give_up_unneeded(conn: Any, desk: Desk, event: Event) -> None:
    """What an earlier version of the occurrence asked for and this one does not name is nobody's: its unit died before
    it had written down that it has it, or given it up."""
    occurrence = Occurrence.model_validate(event.data)
    version = event.subjectversion
    found = await store.unneeded(conn, _ref(occurrence), occurrence.unit_id, version, _named(occurrence))
    for _, booking in sorted((await store.lock(conn, found)).items()):
        if domain.is_unneeded(booking, version, desk.clock.now()):
            await _cancel(conn, desk, event, booking, domain.UNNEEDED)


def _ref(occurrence: Occurrence) -> str:
    return f"occurrence/{occurrence.occurrence_id}"


def _named(occurrence: Occurrence) -> list[UUID]:
    asked = occurrence.move_request
    return [found for found in (occurrence.booking_id, asked and asked.booking_id) if found]


def _waiting(occurrence: Occurrence) -> Slot | None:
    if occurrence.state != "draft" or occurrence.booking_id:
        return None
    return Slot(space_ids=occurrence.space_ids, starts_at=occurrence.starts_at, ends_at=occurrence.ends_at)


async def _cancel(conn: Any, desk: Desk, event: Event, booking: Booking, reason_code: str) -> None:
    done = domain.obey("cancel", booking, desk.clock.now(), reason_code)
    await timeline.save(conn, done)
    await _audit(conn, event, "cancel", booking, done)
    await outbox.record(conn, booking_event(done, causation_id=str(event.id)))


async def _audit(conn: Any, event: Event, what: str, before: Booking, after: Booking) -> None:
    """The unit did it; who asked the unit stands in the unit's own books, under the same correlation id."""
    unit = audit.itself(service_of(event.source), "service")
    await trail.booking(conn, unit, what, before, after, caused_by=event.correlationid or str(event.id))


async def _of(conn: Any, occurrence: Occurrence, booking_id: UUID | None) -> Booking | None:
    """The occurrence's booking. Raises Forbidden when it belongs to somebody else."""
    if booking_id is None:
        return None
    booking = await store.find(conn, booking_id)
    if booking is None:
        return None
    owner = booking.about.owner_ref
    if owner != _ref(occurrence) and booking.about.unit_id != occurrence.unit_id:
        raise Forbidden
    return booking
