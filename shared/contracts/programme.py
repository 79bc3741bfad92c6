"""What all units say of their programme, each under its own name (`library.occurrence.scheduled.v1`)."""

from typing import Annotated, Literal, Self

from pydantic import Field, StrictInt, model_validator

from shared.contracts.facility import Gear, OrganiserKind, Slot
from shared.types import Code, Contract, Flag, Id, Instant, Minutes, ShortText, SmallCount, check_range

ActivityKind = Literal[
    "lecture",
    "course",
    "hobby",
    "group_training",
    "open_house",
    "meal",
    "trip",
    "party",
    "drop_in",
    "meeting",
    "civic",
    "class_visit",
    "exhibition",
    "other",
]
Purpose = Literal["culture", "health_promotion", "secondary_prevention", "social", "learning", "civic"]
AgeBand = Literal["0-5", "6-12", "13-17", "18-61", "62-66", "67-79", "80-89", "90+", "unknown"]
Level = Annotated[StrictInt, Field(ge=0, le=5)]


class Price(Contract):
    kind: Literal["free", "fixed", "voluntary"] = "free"
    amount_nok: SmallCount = 0


class Activity(Contract):
    """A programme item; what happens on a date is an Occurrence."""

    activity_id: Id
    square_id: Id
    unit_id: Id
    hosts: list[Id] = []
    title_nb: ShortText
    title_en: ShortText | None = None
    kind: ActivityKind = "other"
    purposes: list[Purpose] = []
    organiser_kind: OrganiserKind = "municipal"
    price: Price = Price()
    noise_out: Level = 0
    quiet_need: Level = 0
    access_needs: list[Code] = []
    min_age: SmallCount | None = None
    max_age: SmallCount | None = None
    public: Flag = True
    withdrawn: Flag = False


class BandCount(Contract):
    band: AgeBand
    count: SmallCount


class EarlierCount(Contract):
    """What a head count was before it was counted again."""

    total: SmallCount
    revision: SmallCount
    recorded_at: Instant


class Attendance(Contract):
    """The newest head count; `revision` counts up from 1. Nobody came is 0, not missing.

    The revisions before it travel along, oldest first: figures are asked for as they were known at some instant.
    """

    total: SmallCount
    by_band: list[BandCount] = []
    method: Literal["counted", "estimated", "registered"] = "counted"
    revision: SmallCount
    recorded_at: Instant
    earlier: list[EarlierCount] = []


class RoomRequest(Contract):
    """A draft's rooms have been requested of whoever decides about them; `reason_code` says why they were refused."""

    state: Literal["pending", "refused"]
    reason_code: Code | None = None


class MoveRequest(RoomRequest):
    """Where a date that has its place is to be instead, once whoever decides about those rooms agrees. Until then, and
    when they refuse, it stays where it is."""

    booking_id: Id
    starts_at: Instant
    ends_at: Instant
    setup_minutes: Minutes = 0
    teardown_minutes: Minutes = 0
    space_ids: list[Id] = []
    purpose: Code | None = None
    responsible_role: Code | None = None
    equipment: list[Gear] = []


class Occurrence(Contract):
    """One date of an activity, with its room's booking and its newest head count.

    `purpose`, `responsible_role` and `equipment` are what its rooms are asked for with. Of a draft, `booking_id` is the
    request's. A cancelled date keeps the `move_request` it had: nobody needs that booking any more.
    """

    occurrence_id: Id
    activity_id: Id
    square_id: Id
    unit_id: Id
    hosts: list[Id] = []
    title_nb: ShortText
    title_en: ShortText | None = None
    starts_at: Instant
    ends_at: Instant
    setup_minutes: Minutes = 0
    teardown_minutes: Minutes = 0
    space_ids: list[Id] = []
    booking_id: Id | None = None
    purpose: Code | None = None
    responsible_role: Code | None = None
    equipment: list[Gear] = []
    room_request: RoomRequest | None = None
    move_request: MoveRequest | None = None
    series_id: Id | None = None
    off_site: Flag = False
    meeting_point: ShortText | None = None
    state: Literal["draft", "scheduled", "cancelled", "completed", "affected"]
    capacity: SmallCount | None = None
    public: Flag = True
    cancel_reason: Code | None = None
    previous: Slot | None = None
    attendance: Attendance | None = None


class Dated(Contract):
    """What takes place at a square beside the programme: the base of what each kind of unit has of its own."""

    square_id: Id
    unit_id: Id
    starts_at: Instant
    ends_at: Instant
    state: str

    @model_validator(mode="after")
    def _lasts(self) -> Self:
        check_range(self.starts_at, self.ends_at)
        return self


EVENTS: dict[str, type[Contract]] = {
    **{f"activity.{verb}.v1": Activity for verb in ("published", "changed", "withdrawn")},
    **{
        f"occurrence.{verb}.v1": Occurrence
        for verb in (
            "drafted",
            "scheduled",
            "changed",
            "rescheduled",
            "cancelled",
            "completed",
            "affected",
            "attendance_recorded",
        )
    },
}
