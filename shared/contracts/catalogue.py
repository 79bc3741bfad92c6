"""Every event there is: which type, whose, with which data."""

from shared.contracts import counters, facility, programme
from shared.contracts.platform import UNIT_KINDS, Watermark
from shared.types import Contract


def by_type() -> dict[str, type[Contract]]:
    """The wire type, e.g. `library.occurrence.scheduled.v1`, to the model of its data."""
    owned: dict[str, dict[str, type[Contract]]] = {
        **dict.fromkeys(UNIT_KINDS, programme.EVENTS),
        "library": programme.LIBRARY_EVENTS,
        "facility": facility.EVENTS,
        "counters": counters.EVENTS,
    }
    return {
        f"{service}.{name}": model
        for service, events in owned.items()
        for name, model in {**events, "source.watermark.v1": Watermark}.items()
    }
