"""Every event there is: which type, whose, with which data."""

from shared.contracts import counters, facility, programme
from shared.contracts.platform import UNIT_KINDS, Watermark
from shared.types import Contract

OWNED: dict[str, dict[str, type[Contract]]] = {
    **dict.fromkeys(UNIT_KINDS, programme.EVENTS),
    "library": programme.LIBRARY_EVENTS,
    "facility": facility.EVENTS,
    "counters": counters.EVENTS,
}


def by_type() -> dict[str, type[Contract]]:
    """The wire type, e.g. `library.occurrence.scheduled.v1`, to the model of its data."""
    catalogue: dict[str, type[Contract]] = {}
    for service, events in OWNED.items():
        catalogue[f"{service}.source.watermark.v1"] = Watermark
        catalogue.update({f"{service}.{name}": model for name, model in events.items()})
    return catalogue
