"""What every publisher says about itself."""

from typing import Literal

from pydantic import Field

from shared.types import Contract, Instant, SmallCount

Service = Literal[
    "library",
    "health_station",
    "senior_centre",
    "service_desk",
    "volunteer_central",
    "facility",
    "counters",
]
UnitKind = Literal["library", "health_station", "senior_centre", "service_desk", "volunteer_central"]
UNIT_KINDS: tuple[UnitKind, ...] = (
    "library",
    "health_station",
    "senior_centre",
    "service_desk",
    "volunteer_central",
)
PUBLISHERS: tuple[Service, ...] = (*UNIT_KINDS, "facility", "counters")


class Watermark(Contract):
    """Every command committed before `complete_until` is on this partition of the publisher's log."""

    service: Service
    partition: SmallCount
    partitions: SmallCount = Field(ge=1)
    complete_until: Instant
