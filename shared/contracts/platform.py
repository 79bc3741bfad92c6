"""Who publishes, which kinds of unit there are, and what every publisher says about itself.

A further kind of unit is a line in UNITS and a folder in services/; docs/adding-a-unit.md says what goes into it. On
the wire a kind or a service is a code, so that a reader of yesterday takes in one that it does not know yet.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import Field

from shared.problems import Message
from shared.types import Code, Contract, Instant, SmallCount

Service = Code
UnitKind = Code


@dataclass(frozen=True)
class Called:
    """By itself, as on a label, and inside a sentence."""

    label: Message
    the: Message


UNITS: Mapping[str, Called] = {
    "library": Called(Message("Bibliotek", "Library"), Message("Biblioteket", "The library")),
    "health_station": Called(
        Message("Helsestasjon", "Health station"), Message("Helsestasjonen", "The health station")
    ),
    "senior_centre": Called(Message("Seniorsenter", "Senior centre"), Message("Seniorsenteret", "The senior centre")),
    "service_desk": Called(
        Message("Innbyggerservice", "Service desk"), Message("Innbyggerservice", "The service desk")
    ),
    "volunteer_central": Called(
        Message("Frivilligsentral", "Volunteer central"), Message("Frivilligsentralen", "The volunteer central")
    ),
}
UNIT_KINDS: tuple[UnitKind, ...] = tuple(UNITS)
PUBLISHERS: tuple[Service, ...] = (*UNIT_KINDS, "facility", "counters")


class Watermark(Contract):
    """Every command committed before `complete_until` is on this partition of the publisher's log."""

    service: Service
    partition: SmallCount
    partitions: SmallCount = Field(ge=1)
    complete_until: Instant
