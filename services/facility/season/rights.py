"""Who may do and see what with a season. It may span squares: whoever manages it must manage all of them."""

from collections.abc import Iterable
from uuid import UUID

from services.facility.season.domain import Season
from shared.identity import Actor
from shared.policy import Action, allows, require, sees
from shared.problems import Forbidden, NotFound


def check_manage(actor: Actor, squares: Iterable[UUID]) -> None:
    """Raises NotFound or Forbidden."""
    for square in squares:
        require(actor, "season.write", square_id=square)


def manages(actor: Actor, season: Season) -> bool:
    return all(allows(actor, "season.write", square_id=square) for square in season.square_ids)


def check_read(actor: Actor, season: Season, units: Iterable[UUID]) -> None:
    """Any of its squares or their units will do. A draft is not published yet."""
    if season.state == "draft" and not manages(actor, season):
        raise NotFound
    _anywhere(actor, "season.read", season, units)


def check_apply(actor: Actor, season: Season, units: Iterable[UUID]) -> None:
    _anywhere(actor, "application.write", season, units)


def check_plan(actor: Actor, season: Season) -> None:
    """A proposal is its managers' own until it is decided."""
    if season.state not in ("decided", "allocated"):
        check_manage(actor, season.square_ids)


def _anywhere(actor: Actor, action: Action, season: Season, units: Iterable[UUID]) -> None:
    scopes = [*season.square_ids, *units]
    if any(allows(actor, action, square_id=scope) for scope in scopes):
        return
    if not any(sees(actor, square_id=scope) for scope in scopes):
        raise NotFound
    raise Forbidden(action=action)
