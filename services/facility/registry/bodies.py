"""What callers send about squares, units and spaces."""

import datetime as dt
from decimal import Decimal
from itertools import pairwise
from typing import Annotated, Any, Self
from uuid import UUID
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema, model_validator
from pydantic_core import PydanticCustomError

from shared.contracts.facility import Layout, Membership, NoiseLevel, OrganiserKind, SquareStatus
from shared.contracts.platform import UNIT_KINDS, UnitKind
from shared.types import Body, Flag, Id, LocalDate, ShortText, SmallCount


def _known_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError("no such time zone; write it as Europe/Oslo") from None
    return name


def _known_kind(kind: str) -> str:
    if kind not in UNIT_KINDS:
        expected = " or ".join(repr(one) for one in UNIT_KINDS)
        raise PydanticCustomError("literal_error", "Input should be {expected}", {"expected": expected})
    return kind


Kind = Annotated[UnitKind, AfterValidator(_known_kind), WithJsonSchema({"type": "string", "enum": list(UNIT_KINDS)})]
Name = Annotated[ShortText, Field(min_length=1)]
Feature = Annotated[ShortText, Field(min_length=1, max_length=60)]
Features = Annotated[
    list[Feature],
    Field(max_length=50),
    BeforeValidator(lambda value: [] if value is None else value),
    AfterValidator(lambda found: list(dict.fromkeys(found))),
]
Zone = Annotated[ShortText, AfterValidator(_known_zone)]


class PutSquare(Body):
    """`staff_share` left out stays as it is, since figures depend on it; it is 0 until somebody decides otherwise."""

    name: Name
    time_zone: Zone = "Europe/Oslo"
    status: SquareStatus = "operating"
    staff_share: Annotated[Decimal, Field(ge=0, lt=1, decimal_places=6)] | None = None


class MembershipIn(Body):
    """Local dates, `valid_to` not included."""

    square_id: Id
    valid_from: LocalDate | None = None
    valid_to: LocalDate | None = None

    @property
    def stretch(self) -> tuple[dt.date, dt.date]:
        return self.valid_from or dt.date.min, self.valid_to or dt.date.max


class PutUnit(Body):
    """`square_id` is the square it belongs to now. Without `memberships` it belongs there from `valid_from` to
    `valid_to`, all along where these are left out too."""

    square_id: Id
    kind: Kind
    name: Name
    status: SquareStatus = "operating"
    valid_from: LocalDate | None = None
    valid_to: LocalDate | None = None
    memberships: Annotated[list[MembershipIn], Field(max_length=50)] | None = None

    @model_validator(mode="after")
    def _one_square_at_a_time(self) -> Self:
        if self.memberships and (self.valid_from or self.valid_to):
            raise ValueError("dates are given with the memberships or by themselves, not both")
        stretches = sorted(one.stretch for one in self._given())
        if any(start >= end for start, end in stretches):
            raise ValueError("the end must be after the start")
        if any(one[1] > other[0] for one, other in pairwise(stretches)):
            raise ValueError("a unit belongs to one square at a time")
        if self.square_id not in {one.square_id for one in self._given()}:
            raise ValueError("the unit's square is one of its memberships")
        return self

    def members(self) -> list[Membership]:
        return [Membership.model_validate(one.model_dump()) for one in self._given()]

    def _given(self) -> list[MembershipIn]:
        alone = MembershipIn(square_id=self.square_id, valid_from=self.valid_from, valid_to=self.valid_to)
        return self.memberships or [alone]


class NeighbourIn(Body):
    space_id: Id
    attenuation: NoiseLevel


class PutSpace(Body):
    """Without a name it is called by the beginning of its id."""

    square_id: Id
    name: Name | None = None
    parent_id: Id | None = None
    unit_id: Id | None = None
    capacity: SmallCount | None = None
    layouts: dict[Layout, SmallCount] = {}
    features: Features = []
    floor: ShortText | None = None
    bookable: Flag = True
    position: SmallCount = 0
    noise_out: NoiseLevel | None = None
    noise_tolerance: NoiseLevel | None = None
    neighbours: Annotated[list[NeighbourIn], Field(max_length=50)] = []
    prices: dict[OrganiserKind, SmallCount] = {}

    @model_validator(mode="after")
    def _heard_once_in_each(self) -> Self:
        heard = [one.space_id for one in self.neighbours]
        if len(set(heard)) != len(heard):
            raise ValueError("each neighbour is named once")
        return self

    def state(self, space_id: UUID) -> dict[str, Any]:
        return {**self.model_dump(), "space_id": space_id, "name": self.name or f"Rom {str(space_id)[:4]}"}
