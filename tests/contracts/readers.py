"""Who reads which event, asked of the services themselves."""

from functools import cache
from typing import Any

from services.aggregator.app import PROJECTIONS
from services.facility.booking import reactions as facility_reactions
from services.facility.booking.desk import Desk
from shared.clock import SystemClock
from shared.contracts import catalogue
from shared.programme import reactions as programme_reactions
from shared.programme.commands import Unit
from shared.reaction import Handler

CLOCK = SystemClock()


@cache
def facility_handlers() -> dict[str, Handler]:
    found = facility_reactions.handlers(Desk(None, CLOCK))
    return {name: handler for handlers in found.values() for name, handler in handlers.items()}


@cache
def unit_handlers() -> dict[str, Handler]:
    """The same for all five units; what differs is their database."""
    nowhere: Any = None
    return programme_reactions.handlers(Unit("library", nowhere, CLOCK, nowhere))


def readers_of(name: str) -> list[str]:
    """The aggregator with its views, and the services that react."""
    model = catalogue.by_type()[name]
    seen = [view.name for view in PROJECTIONS if model in view.models]
    views = [f"aggregator ({', '.join(seen)})"] if seen else []
    reacting = ["facility"] if name in facility_handlers() else []
    units = ["every unit"] if name in unit_handlers() else []
    return [*views, *reacting, *units]
