"""Every event there is: which type, whose, with which data."""

from importlib import import_module
from importlib.util import find_spec

from shared.contracts import programme
from shared.contracts.platform import PUBLISHERS, Watermark
from shared.types import Contract


def _events_of(service: str) -> dict[str, type[Contract]]:
    """EVENTS of the service's module in this package; a unit without one has only its programme to tell of."""
    module = f"shared.contracts.{service}"
    if not find_spec(module):
        return programme.EVENTS
    events: dict[str, type[Contract]] = import_module(module).EVENTS
    return events


OWNED: dict[str, dict[str, type[Contract]]] = {service: _events_of(service) for service in PUBLISHERS}


def by_type() -> dict[str, type[Contract]]:
    """The wire type, e.g. `library.occurrence.scheduled.v1`, to the model of its data."""
    catalogue: dict[str, type[Contract]] = {}
    for service, events in OWNED.items():
        catalogue[f"{service}.source.watermark.v1"] = Watermark
        catalogue.update({f"{service}.{name}": model for name, model in events.items()})
    return catalogue
