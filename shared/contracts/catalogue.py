"""Every event there is: which type, whose, with which data."""

from shared.contracts import (
    counters,
    facility,
    health_station,
    programme,
    senior_centre,
    service_desk,
    volunteer_central,
)
from shared.contracts.platform import Watermark
from shared.types import Contract

OWNED: dict[str, dict[str, type[Contract]]] = {
    "library": programme.LIBRARY_EVENTS,
    "health_station": health_station.EVENTS,
    "senior_centre": senior_centre.EVENTS,
    "service_desk": service_desk.EVENTS,
    "volunteer_central": volunteer_central.EVENTS,
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
