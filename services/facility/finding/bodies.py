"""What a search may ask for, as it is written in an address."""

from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from services.facility.booking.bodies import MOST_DATES
from services.facility.finding.domain import LOUDEST, QUIETEST, Needs
from shared.contracts.facility import Layout, OrganiserKind
from shared.contracts.opening_hours import Hours, parse
from shared.types import Body, Id, ShortText
from shared.walltime import WrittenTime

MOST_FOUND = 500
MOST_FOR_DATES = 20
_Minutes = Annotated[int, Field(ge=0, le=86_400)]
_Level = Annotated[int, Field(ge=QUIETEST, le=LOUDEST)]
_Number = Annotated[int, Field(ge=0, lt=2**31)]
_Ids = Annotated[list[Id], Field(max_length=200)]
_Names = Annotated[list[Annotated[ShortText, Field(min_length=1)]], Field(max_length=50)]
_Clock = Annotated[str, Field(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]


class Sought(BaseModel):
    """What a room is sought for. What is left out is not asked for.

    `access` and `kitchen` are features too; they have names of their own since people ask for them. `equipment` is what
    the room has of its own or what can be fetched. `quiet_need` is `max_noise` from the other end, as activities have
    it.
    """

    model_config = ConfigDict(populate_by_name=True)

    setup_minutes: _Minutes = 0
    teardown_minutes: _Minutes = 0
    space_id: _Ids = []
    square_id: _Ids = []
    unit_id: _Ids = []
    people: _Number = 0
    layout: Layout | None = None
    features: _Names = []
    access: _Names = []
    equipment: _Names = []
    kitchen: bool = False
    max_noise: _Level = LOUDEST
    quiet_need: _Level = QUIETEST
    noise_out: _Level = QUIETEST
    organiser_kind: OrganiserKind | None = None
    max_price: _Number | None = None

    def needs(self) -> Needs:
        features = [*self.features, *self.access, *(["kitchen"] if self.kitchen else [])]
        return Needs(
            people=self.people,
            layout=self.layout,
            features=tuple(dict.fromkeys(features)),
            equipment=tuple(dict.fromkeys(self.equipment)),
            max_noise=self.loudest_around(),
            noise_out=self.noise_out,
            organiser=self.organiser_kind,
            max_price=self.max_price,
        )

    def loudest_around(self) -> int:
        return min(self.max_noise, LOUDEST - self.quiet_need)


class Search(Sought):
    """Times are read on the clock of the first space's square.

    `weekday`, `day_from` and `day_to` narrow the range to some hours of some days: Tuesdays from 18:00 to 21:00.
    """

    start: str = Field(alias="from")
    end: str = Field(alias="to")
    minutes: Annotated[int, Field(ge=1, le=86_400)]
    together: bool = False
    weekday: Annotated[list[Annotated[int, Field(ge=1, le=7)]], Field(max_length=7)] = []
    day_from: _Clock = "00:00"
    day_to: _Clock = "00:00"

    @model_validator(mode="after")
    def _together_by_name(self) -> Self:
        if self.together and not self.space_id:
            raise ValueError("`together` is for spaces that are named")
        if self.day_to != "00:00" and self.day_to <= self.day_from:
            raise ValueError("`day_to` is after `day_from`; 00:00 is the end of the day")
        return self

    def hours(self) -> list[Hours]:
        """The hours of the day that are asked for; none when it is all of every day."""
        if not self.weekday and (self.day_from, self.day_to) == ("00:00", "00:00"):
            return []
        span = {
            "start": self.day_from,
            "end": self.day_to,
            "end_next_day": self.day_to == "00:00",
            "weekdays": self.weekday or None,
            "state": "staffed",
        }
        return [parse([{"groups": [{"spans": [span]}]}])]


class Find(Search):
    """`near_space_id` is the room that others are compared with: its square, its floor, its owner."""

    near_space_id: Id | None = None
    times: Annotated[int, Field(ge=1, le=50)] = 3
    limit: Annotated[int, Field(ge=1, le=MOST_FOUND)] = 50


class Date(Body):
    """A booking that would move, at its own time; or a time for which there is none."""

    booking_id: Id | None = None
    starts_at: WrittenTime | None = None
    ends_at: WrittenTime | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if [self.starts_at is None, self.ends_at is None] != [self.booking_id is not None] * 2:
            raise ValueError("a date is a booking, or has a start and an end")
        return self


class FindForDates(Sought):
    """One room for many dates. `for_unit_id`: whose dates they are where no booking says so; the buffers, the noise and
    the quiet are for those too. What is heard is told of each date by who is there then: only `max_noise` leaves out
    rooms for what might be heard in them.
    """

    model_config = ConfigDict(extra="forbid")

    dates: Annotated[list[Date], Field(min_length=1, max_length=MOST_DATES)]
    for_unit_id: Id | None = None
    near_space_id: Id | None = None
    limit: Annotated[int, Field(ge=1, le=MOST_FOR_DATES)] = 10

    def loudest_around(self) -> int:
        return self.max_noise
