"""What facility says: squares, units, spaces, opening hours as decided, bookings, closures and noise."""

from typing import Annotated, Any, Literal

from pydantic import Field, StrictInt, StrictStr

from shared.contracts.platform import UnitKind
from shared.types import Code, Contract, Flag, Id, Instant, LocalDate, Minutes, ShortText, SmallCount

SquareStatus = Literal["planned", "pilot", "operating", "paused", "closed"]
BookingState = Literal[
    "requested", "held", "confirmed", "blocked", "rejected", "cancelled", "released", "expired", "affected"
]
OCCUPYING: frozenset[BookingState] = frozenset({"held", "confirmed", "blocked"})
OrganiserKind = Literal["municipal", "voluntary", "business", "resident"]
Layout = Literal["seated", "standing", "classroom", "meeting", "banquet", "open_floor"]
NoiseLevel = Annotated[StrictInt, Field(ge=0, le=5)]
SeasonState = Literal["draft", "open", "closed", "proposed", "decided", "allocated"]
NoiseState = Literal["open", "accepted", "resolved"]
NoiseAcceptance = Literal["exception", "agreement"]
NoiseResolution = Literal["moved", "cancelled", "released", "expired", "displaced", "quieter", "over"]


class Square(Contract):
    square_id: Id
    name: ShortText
    time_zone: ShortText
    status: SquareStatus


class Settings(Contract):
    """One decision about how a square's figures are computed; decisions are never taken back, only followed."""

    square_id: Id
    decision: SmallCount
    decided_at: Instant
    staff_share: Annotated[StrictStr, Field(pattern=r"^0(\.[0-9]{1,6})?$")]


class Membership(Contract):
    """Local dates, `valid_to` not included; null leaves that side open."""

    square_id: Id
    valid_from: LocalDate | None = None
    valid_to: LocalDate | None = None


class Unit(Contract):
    unit_id: Id
    square_id: Id
    kind: UnitKind
    name: ShortText
    memberships: list[Membership] = []
    status: SquareStatus = "operating"


class Neighbour(Contract):
    """A room in which this one is heard, as many levels lower as the walls between them take."""

    space_id: Id
    attenuation: NoiseLevel


class Space(Contract):
    """`capacity` is how many fit in any way, `layouts` how many in each. `noise_out` is the loudest that is allowed in
    the room and `noise_tolerance` the loudest it bears from outside, both 0 to 5; null: nothing is said of it.
    `prices` is kroner an hour by kind of organiser; who is not named pays nothing."""

    space_id: Id
    square_id: Id
    parent_id: Id | None = None
    unit_id: Id | None = None
    name: ShortText
    capacity: SmallCount | None = None
    layouts: dict[Layout, SmallCount] = {}
    features: list[ShortText] = []
    floor: ShortText | None = None
    bookable: Flag = True
    position: SmallCount = 0
    noise_out: NoiseLevel | None = None
    noise_tolerance: NoiseLevel | None = None
    neighbours: list[Neighbour] = []
    prices: dict[OrganiserKind, SmallCount] = {}
    withdrawn: Flag = False


class Equipment(Contract):
    """Things that are carried to where they are booked. They belong to a unit, or to the square itself; carrying one to
    a room of another unit or square takes minutes, there and back."""

    equipment_id: Id
    square_id: Id
    unit_id: Id | None = None
    kind: Code
    name: ShortText
    count: Annotated[StrictInt, Field(ge=1, le=1000)] = 1
    unit_minutes: Minutes = 0
    square_minutes: Minutes = 0
    withdrawn: Flag = False


class Gear(Contract):
    """What a booking brings along."""

    equipment_id: Id
    count: Annotated[StrictInt, Field(ge=1, le=1000)] = 1


class Hours(Contract):
    """One decision about the opening hours of a space or unit. `periods` null: none of its own any more.

    What a set of periods means is defined in `shared.contracts.opening_hours`.
    """

    owner_kind: Literal["space", "unit"]
    owner_id: Id
    square_id: Id
    decision: SmallCount
    decided_at: Instant
    periods: list[dict[str, Any]] | None = None


class Slot(Contract):
    space_ids: list[Id]
    starts_at: Instant
    ends_at: Instant


class Booking(Contract):
    """The whole public state of a booking. A health station's booking has no title here at all.

    `touches`: units that are affected besides the owner; `awaiting`: units and squares a request still waits for.
    `noise_out`: how loud it will be; `quiet_need`: how much quiet it asks for, both 0 to 5; null: nothing was said.
    `replaces`: the booking this one is requested instead of, which goes when this is confirmed; `replaced_by`: by which
    it went.
    """

    booking_id: Id
    square_id: Id
    space_ids: list[Id]
    leaf_ids: list[Id] = []
    starts_at: Instant
    ends_at: Instant
    setup_minutes: SmallCount = 0
    teardown_minutes: SmallCount = 0
    state: BookingState
    hold_until: Instant | None = None
    title: ShortText | None = None
    unit_id: Id | None = None
    owner_ref: ShortText | None = None
    series_id: Id | None = None
    organiser_kind: OrganiserKind | None = None
    expected_people: SmallCount | None = None
    purpose: Code | None = None
    responsible_role: Code | None = None
    noise_out: NoiseLevel | None = None
    quiet_need: NoiseLevel | None = None
    touches: list[Id] = []
    awaiting: list[Id] = []
    checked_in_at: Instant | None = None
    reason_code: Code | None = None
    blocking: list[Id] = []
    closure_id: Id | None = None
    previous: Slot | None = None
    equipment: list[Gear] = []
    replaces: Id | None = None
    replaced_by: Id | None = None


class Closure(Contract):
    """Named spaces, or a unit, or a whole square, closed at once. `ends_at` null: unknown end."""

    closure_id: Id
    square_id: Id
    unit_id: Id | None = None
    space_ids: list[Id] = []
    whole_square: Flag = False
    starts_at: Instant
    ends_at: Instant | None = None
    reason_code: Code
    declared_at: Instant
    lifted_at: Instant | None = None
    affected: list[Id] = []
    restored: list[Id] = []
    lost: list[Id] = []


class Outage(Contract):
    """Something that access to rooms depends on is out of order. `space_ids`: who loses something by it."""

    outage_id: Id
    square_id: Id
    feature: Code
    space_ids: list[Id] = []
    starts_at: Instant
    ends_at: Instant | None = None
    reason_code: Code
    declared_at: Instant
    ended_at: Instant | None = None


class NoiseConflict(Contract):
    """Two bookings of which one is louder than the other bears, by `excess_level`: 1 is worth a warning, from 2 on
    somebody has to accept it. The time is that in which they meet, setup and teardown included.

    A health station's booking is an id here: its time is told in half hours, and of the excess only whether it is 1 or
    more. `unit_ids`: whose bookings they are.
    """

    conflict_id: Id
    square_id: Id
    loud_booking_id: Id
    quiet_booking_id: Id
    from_space_id: Id
    in_space_id: Id
    starts_at: Instant
    ends_at: Instant
    excess_level: Annotated[StrictInt, Field(ge=1, le=5)]
    unit_ids: list[Id] = []
    state: NoiseState
    detected_at: Instant
    accepted_at: Instant | None = None
    accepted_by: NoiseAcceptance | None = None
    reason_code: Code | None = None
    resolved_at: Instant | None = None
    resolution: NoiseResolution | None = None


class Season(Contract):
    """A round of allocating weekly times. Who applied for what stays with facility; here are only numbers of it."""

    season_id: Id
    square_ids: list[Id]
    name: ShortText
    first_date: LocalDate
    last_date: LocalDate
    application_deadline: Instant
    priority: list[OrganiserKind]
    free_before_paid: Flag
    state: SeasonState
    applications: SmallCount
    wishes: SmallCount
    granted: SmallCount


EVENTS: dict[str, type[Contract]] = {
    "square.changed.v1": Square,
    "settings.decided.v1": Settings,
    "unit.changed.v1": Unit,
    "space.changed.v1": Space,
    "equipment.changed.v1": Equipment,
    "hours.decided.v1": Hours,
    **{
        f"booking.{verb}.v1": Booking
        for verb in (
            "requested",
            "held",
            "confirmed",
            "blocked",
            "rejected",
            "cancelled",
            "released",
            "expired",
            "moved",
            "affected",
            "restored",
            "offered",
            "checked_in",
        )
    },
    "closure.declared.v1": Closure,
    "closure.lifted.v1": Closure,
    "outage.declared.v1": Outage,
    "outage.ended.v1": Outage,
    "noise.conflict_detected.v1": NoiseConflict,
    "noise.conflict_accepted.v1": NoiseConflict,
    "noise.conflict_resolved.v1": NoiseConflict,
    "season.changed.v1": Season,
}
