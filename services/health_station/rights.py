"""Who may know of appointments: those with a role in the health station itself."""

from dataclasses import replace
from uuid import UUID

from shared.identity import Actor
from shared.policy import Action, require


def require_inside(who: Actor, action: Action, unit_id: UUID) -> None:
    """Raises NotFound for everybody else, also for who may do anything everywhere; Forbidden for a role too small."""
    own = frozenset((role, scope) for role, scope in who.roles if scope == str(unit_id))
    require(replace(who, roles=own), action, unit_id=unit_id)
