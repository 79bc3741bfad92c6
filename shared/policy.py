"""What a role may do. One table, default deny; the generated matrix in tests/ is the file people read."""

from typing import Literal, get_args
from uuid import UUID

from shared.identity import Actor
from shared.problems import Forbidden, NotFound

Role = Literal[
    "front_line",
    "unit_editor",
    "house_manager",
    "multi_square_manager",
    "statistics_reader",
    "user_council_reader",
    "auditor",
    "admin",
    "unit_service",
]
Action = Literal[
    "registry.read",
    "registry.write",
    "rooms.write",
    "hours.write",
    "equipment.write",
    "booking.read",
    "booking.write",
    "booking.reject",
    "booking.block",
    "booking.override",
    "booking.displace",
    "booking.decide",
    "policy.write",
    "noise.accept",
    "closure.write",
    "feeds.write",
    "season.read",
    "season.write",
    "application.write",
    "calendar.read",
    "programme.read",
    "programme.write",
    "attendance.write",
    "loans.write",
    "appointments.read",
    "appointments.write",
    "appointments.connect",
    "meals.write",
    "desk.write",
    "shifts.write",
    "volunteers.read",
    "counters.read",
    "counters.write",
    "readings.write",
    "readings.backfill",
    "figures.read",
    "figures.correct",
    "status.read",
    "operations.read",
    "operations.write",
    "audit.read",
    "clock.set",
]

_READ_HOUSE: set[Action] = {"registry.read", "calendar.read", "booking.read", "programme.read", "status.read"}
_FRONT_LINE: set[Action] = _READ_HOUSE | {
    "booking.write",
    "season.read",
    "application.write",
    "attendance.write",
    "desk.write",
    "figures.read",
    "counters.read",
}
_EDITOR: set[Action] = _FRONT_LINE | {
    "booking.decide",
    "policy.write",
    "programme.write",
    "loans.write",
    "appointments.read",
    "appointments.write",
    "meals.write",
    "shifts.write",
    "volunteers.read",
}
_MANAGER: set[Action] = _EDITOR | {
    "rooms.write",
    "hours.write",
    "equipment.write",
    "booking.reject",
    "booking.block",
    "booking.override",
    "booking.displace",
    "noise.accept",
    "closure.write",
    "feeds.write",
    "season.write",
    "appointments.connect",
}

RIGHTS: dict[Role, set[Action]] = {
    "front_line": _FRONT_LINE,
    "unit_editor": _EDITOR,
    "house_manager": _MANAGER,
    "multi_square_manager": _MANAGER,
    "statistics_reader": {"registry.read", "figures.read", "counters.read", "status.read", "calendar.read"},
    "user_council_reader": {"registry.read", "calendar.read", "figures.read"},
    "auditor": _READ_HOUSE | {"season.read", "figures.read", "counters.read", "operations.read", "audit.read"},
    "admin": set(get_args(Action)),
    # A unit's own service, when nobody is there to ask in whose name: it keeps the unit's rooms taken.
    "unit_service": {"registry.read", "booking.read", "booking.block", "booking.override"},
}


def allows(
    actor: Actor, action: Action, *, square_id: UUID | str | None = None, unit_id: UUID | str | None = None
) -> bool:
    """True when one of the actor's roles holds `action` in a scope that covers the square or unit.

    Without a square or unit the question is whether the actor may do it anywhere at all.
    """
    asked = {str(scope) for scope in (square_id, unit_id) if scope is not None}
    return any(
        action in RIGHTS.get(role, set()) and (not asked or scope == "*" or scope in asked)  # type: ignore[call-overload]  # a token may name a role we do not know: it has no rights
        for role, scope in actor.roles
    )


def scopes(actor: Actor, action: Action) -> set[UUID] | None:
    """The squares and units in which the actor may do it; None where that is everywhere."""
    held = {scope for role, scope in actor.roles if action in RIGHTS.get(role, set())}  # type: ignore[call-overload]  # as above
    return None if "*" in held else {UUID(scope) for scope in held if is_id(scope)}


def is_id(scope: str) -> bool:
    """A token may name a scope that is nothing of ours."""
    try:
        return bool(UUID(scope))
    except ValueError:
        return False


def roles_with(action: Action) -> list[Role]:
    """Who may be asked to do it."""
    return [role for role, given in RIGHTS.items() if action in given]


def sees(actor: Actor, *, square_id: UUID | str | None = None, unit_id: UUID | str | None = None) -> bool:
    """Whether the actor has any role at all there; a foreign object is answered with 404."""
    asked = {str(scope) for scope in (square_id, unit_id) if scope is not None}
    return any(not asked or scope == "*" or scope in asked for role, scope in actor.roles if role in RIGHTS)


def require(
    actor: Actor, action: Action, *, square_id: UUID | str | None = None, unit_id: UUID | str | None = None
) -> None:
    """Raises Forbidden, or NotFound where the actor has no role at all in that square or unit."""
    if allows(actor, action, square_id=square_id, unit_id=unit_id):
        return
    if (square_id or unit_id) and not sees(actor, square_id=square_id, unit_id=unit_id):
        raise NotFound
    raise Forbidden(action=action)
