"""What facility does when a unit says something about its programme: the booking follows its occurrence.

There is no loop: a unit answers a booking's event with its occurrence's `affected`, which is not read here, or with
`scheduled`, which changes nothing here where the booking already stands.
"""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

from services.facility.audit import trail
from services.facility.booking import domain, gear, house, store, timeline
from services.facility.booking.desk import Desk, Overtaken
from services.facility.booking.domain import Booking
from services.facility.booking.events import booking_event
from shared import audit, outbox
from shared.contracts.platform import UNIT_KINDS
from shared.contracts.programme import Occurrence
from shared.envelope import Event, service_of, topic_of
from shared.problems import Forbidden, Unavailable

Handler = Callable[[Any, Event], Awaitable[None]]


def handlers(desk: Desk) -> dict[str, dict[str, Handler]]:
    """By topic, then by type."""

    async def confirm(conn: Any, event: Event) -> None:
        await confirm_hold(conn, desk, event)

    async def cancel(conn: Any, event: Event) -> None:
        await cancel_booking(conn, desk, event)

    return {
        topic_of(unit): {
            f"{unit}.occurrence.scheduled.v1": confirm,
            f"{unit}.occurrence.rescheduled.v1": confirm,
            f"{unit}.occurrence.cancelled.v1": cancel,
        }
        for unit in UNIT_KINDS
    }


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
    asked = occurrence.move_request
    for booking_id in (occurrence.booking_id, asked.booking_id if asked else None):
        booking = await _of(conn, occurrence, booking_id)
        if booking:
            await _cancel(conn, desk, event, occurrence, booking)


async def _cancel(conn: Any, desk: Desk, event: Event, occurrence: Occurrence, booking: Booking) -> None:
    booking = (await store.lock(conn, [booking.id]))[booking.id]
    now = desk.clock.now()
    if not domain.fits("cancel", booking, now):
        return
    done = domain.obey("cancel", booking, now, occurrence.cancel_reason or "other")
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
    if owner != f"occurrence/{occurrence.occurrence_id}" and booking.about.unit_id != occurrence.unit_id:
        raise Forbidden
    return booking
