"""What facility says of bookings and closures on Kafka. A health station's booking says only that a room is busy."""

from collections.abc import Sequence
from uuid import UUID

from services.facility.booking.domain import DISCREET, Booking, Closure, Slot
from services.facility.booking.view import coarse
from shared import envelope
from shared.contracts import facility as contract
from shared.envelope import Event
from shared.http import correlation_id


def booking_event(
    booking: Booking,
    verb: str | None = None,
    *,
    leaves: Sequence[UUID] = (),
    awaiting: Sequence[UUID] = (),
    replaced_by: UUID | None = None,
    causation_id: str | None = None,
) -> Event:
    """`verb` where it is not the state itself: moved, restored. `awaiting`: whose yes a request waits for.
    `replaced_by`: the booking that has taken its place."""
    discreet = booking.about.unit_kind == DISCREET
    state = _discreet(booking, leaves) if discreet else _open(booking, leaves, awaiting)
    return envelope.build(
        "facility",
        f"booking.{verb or booking.state}.v1",
        f"booking/{booking.id}",
        booking.version,
        state.model_copy(update={"replaced_by": replaced_by}) if replaced_by else state,
        at=booking.updated_at,
        square_id=booking.square_id,
        unit_id=booking.about.unit_id,
        classification="restricted" if discreet else "internal",
        correlation_id=correlation_id(),
        causation_id=causation_id,
    )


def closure_event(closure: Closure) -> Event:
    known = {name: value for name, value in vars(closure).items() if name in contract.Closure.model_fields}
    return envelope.build(
        "facility",
        f"closure.{'lifted' if closure.lifted_at else 'declared'}.v1",
        f"closure/{closure.id}",
        closure.version,
        contract.Closure(closure_id=closure.id, **known | _lists(closure)),
        at=closure.lifted_at or closure.declared_at,
        square_id=closure.square_id,
        unit_id=closure.unit_id,
        correlation_id=correlation_id(),
    )


def _open(booking: Booking, leaves: Sequence[UUID], awaiting: Sequence[UUID]) -> contract.Booking:
    about, slot = booking.about, booking.slot
    return contract.Booking(
        booking_id=booking.id,
        square_id=booking.square_id,
        space_ids=list(slot.space_ids),
        leaf_ids=list(leaves),
        starts_at=slot.starts_at,
        ends_at=slot.ends_at,
        setup_minutes=slot.setup_minutes,
        teardown_minutes=slot.teardown_minutes,
        state=booking.state,
        hold_until=booking.hold_until,
        title=about.title,
        unit_id=about.unit_id,
        owner_ref=about.owner_ref,
        series_id=about.series_id,
        organiser_kind=about.organiser_kind,
        expected_people=about.expected_people,
        purpose=about.purpose,
        responsible_role=about.responsible_role,
        noise_out=about.noise_out,
        quiet_need=about.quiet_need,
        touches=list(about.touches),
        awaiting=list(awaiting),
        checked_in_at=booking.checked_in_at,
        reason_code=booking.reason_code,
        blocking=list(booking.blocking),
        closure_id=booking.closure_id,
        previous=booking.previous and _slot(booking.previous),
        replaces=booking.replaces,
        equipment=list(booking.equipment),
    )


def _discreet(booking: Booking, leaves: Sequence[UUID]) -> contract.Booking:
    starts_at, ends_at = coarse(booking.slot.occupied)
    return contract.Booking(
        booking_id=booking.id,
        square_id=booking.square_id,
        space_ids=list(booking.slot.space_ids),
        leaf_ids=list(leaves),
        starts_at=starts_at,
        ends_at=ends_at,
        state=booking.state,
        unit_id=booking.about.unit_id,
        owner_ref=booking.about.owner_ref,
        closure_id=booking.closure_id,
    )


def _slot(slot: Slot) -> contract.Slot:
    return contract.Slot(space_ids=list(slot.space_ids), starts_at=slot.starts_at, ends_at=slot.ends_at)


def _lists(closure: Closure) -> dict[str, list[UUID]]:
    return {name: list(getattr(closure, name)) for name in ("space_ids", "affected", "restored", "lost")}
