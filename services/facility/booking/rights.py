"""Who may do and see what with a booking."""

from collections.abc import Iterable
from uuid import UUID

from services.facility.booking.domain import DISCREET, Booking, Order
from shared.identity import Actor
from shared.policy import Action, allows, is_id, require, roles_with
from shared.problems import Forbidden, Message

NO_OVERRIDE = Message(
    "Du har ikke rett til å booke utenfor åpningstiden.", "You have no right to book outside the opening hours."
)


def check_read(actor: Actor, square_id: UUID, unit_id: UUID | None) -> None:
    require(actor, "booking.read", square_id=square_id, unit_id=unit_id)


def may_read(actor: Actor, booking: Booking) -> bool:
    return allows(actor, "booking.read", square_id=booking.square_id, unit_id=booking.about.unit_id)


def check_write(actor: Actor, squares: Iterable[UUID], unit_id: UUID | None, state: str, override: bool) -> None:
    """Raises NotFound, Forbidden, or Forbidden `override_not_allowed`; in every square the spaces belong to."""
    action: Action = "booking.block" if state == "blocked" else "booking.write"
    for square in squares:
        require(actor, action, square_id=square, unit_id=unit_id)
        if override and not allows(actor, "booking.override", square_id=square, unit_id=unit_id):
            raise no_override()


def no_override() -> Forbidden:
    reason = {
        "rule": "override_not_allowed",
        "message": NO_OVERRIDE,
        "accepted": {"roles": roles_with("booking.override")},
    }
    return Forbidden(NO_OVERRIDE, code="override_not_allowed", reasons=[reason])


def check_order(actor: Actor, booking: Booking, order: Order) -> None:
    if order == "reject":
        require(actor, "booking.reject", square_id=booking.square_id, unit_id=booking.about.unit_id)
    else:
        check_write(actor, [booking.square_id], booking.about.unit_id, booking.own_state, override=False)


def sees_details(actor: Actor, unit_id: UUID | None, unit_kind: str | None) -> bool:
    """A health station's bookings are its own business: a role in all squares is no role in the unit."""
    return unit_kind != DISCREET or any(scope == str(unit_id) for _, scope in actor.roles)


def sees_exact_times(actor: Actor, square_id: UUID, unit_id: UUID | None, unit_kind: str | None) -> bool:
    return sees_details(actor, unit_id, unit_kind) or sees_all_times(actor, square_id)


def sees_all_times(actor: Actor, square_id: UUID) -> bool:
    """Whoever decides about the house must know when a room is taken, though not by what."""
    return allows(actor, "booking.block", square_id=square_id)


def own_units(actor: Actor) -> list[UUID]:
    """The scopes of the actor's roles, among them the units whose business is the actor's own."""
    return [UUID(scope) for _, scope in sorted(actor.roles) if is_id(scope)]
