"""What callers send about outages."""

from typing import Annotated

from pydantic import AfterValidator, Field, StrictStr

from services.facility.registry.features import KNOWN
from shared.types import Body, Code, Id


def _known(feature: str) -> str:
    if feature not in KNOWN:
        raise ValueError(f"is none of {', '.join(sorted(KNOWN))}")
    return feature


class PutOutage(Body):
    """`ends_at` null: unknown. `starts_at` may lie in the past, when it is entered late."""

    square_id: Id
    feature: Annotated[StrictStr, AfterValidator(_known)]
    starts_at: Annotated[StrictStr, Field(max_length=40)]
    ends_at: Annotated[StrictStr, Field(max_length=40)] | None = None
    reason_code: Code = "fault"
