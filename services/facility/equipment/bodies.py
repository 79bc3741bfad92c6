"""What callers send about equipment."""

from typing import Annotated, Any
from uuid import UUID

from pydantic import Field, StrictInt

from shared.types import Body, Code, Id, Minutes, ShortText
from shared.walltime import WrittenTime

MOST = 1000
MOST_STAYS = 400


class PutEquipment(Body):
    """`kind` is what it does for a room, by the names that rooms' features have: projector, piano, hearing_loop.

    It belongs to a unit, or to the square itself. `unit_minutes` is what one way takes to a room of another unit of the
    square, `square_minutes` to another square; a booking takes it for both ways.
    """

    square_id: Id
    unit_id: Id | None = None
    kind: Code
    name: Annotated[ShortText, Field(min_length=1)]
    count: Annotated[StrictInt, Field(ge=1, le=MOST)] = 1
    unit_minutes: Minutes = 0
    square_minutes: Minutes = 0

    def state(self, equipment_id: UUID) -> dict[str, Any]:
        return {**self.model_dump(), "equipment_id": equipment_id}


class Stay(Body):
    """Whole, with setup and teardown."""

    starts_at: WrittenTime
    ends_at: WrittenTime


class FreeDuring(Body):
    """`stays`: all the times it is wanted, as the dates of a series."""

    square_id: Id
    space_ids: Annotated[list[Id], Field(max_length=200)] = []
    stays: Annotated[list[Stay], Field(min_length=1, max_length=MOST_STAYS)]
    without: Id | None = None


class GearIn(Body):
    """What a booking brings along."""

    id: Id
    count: Annotated[StrictInt, Field(ge=1, le=MOST)] = 1
