"""What callers send about squares, units and spaces."""

from decimal import Decimal
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, Field

from shared.contracts.facility import Membership, SquareStatus
from shared.contracts.platform import UnitKind
from shared.types import Body, Flag, Id, LocalDate, ShortText, SmallCount


def _known_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError("no such time zone; write it as Europe/Oslo") from None
    return name


Name = Annotated[ShortText, Field(min_length=1)]
Zone = Annotated[ShortText, AfterValidator(_known_zone)]


class PutSquare(Body):
    name: Name
    time_zone: Zone = "Europe/Oslo"
    status: SquareStatus = "operating"
    staff_share: Annotated[Decimal, Field(ge=0, lt=1, decimal_places=6)] = Decimal(0)


class MembershipIn(Body):
    """Local dates, `valid_to` not included."""

    square_id: Id
    valid_from: LocalDate | None = None
    valid_to: LocalDate | None = None


class PutUnit(Body):
    """Without `memberships` the unit has belonged to its square all along."""

    square_id: Id
    kind: UnitKind
    name: Name
    memberships: Annotated[list[MembershipIn], Field(max_length=50)] | None = None

    def members(self) -> list[Membership]:
        given = self.memberships or [MembershipIn(square_id=self.square_id)]
        return [Membership.model_validate(one.model_dump()) for one in given]


class PutSpace(Body):
    square_id: Id
    name: Name
    parent_id: Id | None = None
    unit_id: Id | None = None
    capacity: SmallCount | None = None
    features: Annotated[list[ShortText], Field(max_length=50)] = []
    floor: ShortText | None = None
    bookable: Flag = True
    position: SmallCount = 0
