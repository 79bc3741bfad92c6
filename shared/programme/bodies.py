"""What callers send about the programme."""

import datetime as dt
from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import Field, StrictInt, model_validator

from shared import audit
from shared.contracts.facility import OrganiserKind
from shared.contracts.programme import ActivityKind, AgeBand, BandCount, Level, Price, Purpose
from shared.types import Body, Code, Flag, Id, Instant, Minutes, ShortText, SmallCount, check_range
from shared.workdays import OnHoliday

MOST_DATES = 400
Ids = Annotated[list[Id], Field(max_length=20)]
Title = Annotated[ShortText, Field(min_length=1)]


class PutActivity(Body):
    square_id: Id
    unit_id: Id
    hosts: Ids = []
    title_nb: Title
    title_en: ShortText | None = None
    kind: ActivityKind = "other"
    purposes: Annotated[list[Purpose], Field(max_length=6)] = []
    organiser_kind: OrganiserKind = "municipal"
    price: Price = Price()
    noise_out: Level = 0
    quiet_need: Level = 0
    access_needs: Annotated[list[Code], Field(max_length=20)] = []
    min_age: SmallCount | None = None
    max_age: SmallCount | None = None
    public: Flag = True


class When(Body):
    starts_at: Instant
    ends_at: Instant

    @model_validator(mode="after")
    def _lasts(self) -> Self:
        check_range(self.starts_at, self.ends_at)
        return self


class WithinADay(When):
    @model_validator(mode="after")
    def _is_short(self) -> Self:
        if self.ends_at - self.starts_at > dt.timedelta(days=1):
            raise ValueError("it lasts at most 24 hours")
        return self


class Excuse(Body):
    """Why a room's policy is to be set aside. Facility knows who may; the text goes there, and no further."""

    reason_code: Code = "other"
    reason: ShortText | None = None


class GearIn(Body):
    """What is brought along to the rooms, as facility takes it."""

    id: Id
    count: Annotated[StrictInt, Field(ge=1, le=1000)] = 1


class Terms(Body):
    """On which terms rooms are asked for. `request`: whoever decides about them has to agree; till then a new date is a
    draft, and one that has its place keeps it. What it does not say of purpose, responsible role and equipment stays as
    it was said before."""

    purpose: Code | None = None
    responsible_role: Code | None = None
    equipment: Annotated[list[GearIn], Field(max_length=20)] | None = None
    exception: Excuse | None = None
    request: Flag = False
    override: Flag = False


class Where(Terms):
    """`space_ids` empty: no room of ours; then `off_site` or a meeting point says where."""

    space_ids: Ids = []
    setup_minutes: Minutes = 0
    teardown_minutes: Minutes = 0
    off_site: Flag = False
    meeting_point: ShortText | None = None
    capacity: SmallCount | None = None
    expected_people: SmallCount | None = None

    @model_validator(mode="after")
    def _requests_a_room(self) -> Self:
        if self.request and not self.space_ids:
            raise ValueError("a request names the rooms")
        return self


class PutOccurrence(When, Where):
    """`draft` keeps the wish without asking for the room."""

    activity_id: Id
    draft: Flag = False

    @model_validator(mode="after")
    def _asks_or_waits(self) -> Self:
        if self.request and self.draft:
            raise ValueError("either the room is requested or the wish is only kept")
        return self


class Reschedule(When, Terms):
    space_ids: Ids | None = None
    setup_minutes: Minutes | None = None
    teardown_minutes: Minutes | None = None


class Cancel(Body):
    reason_code: Code = "other"


class BandIn(Body):
    band: AgeBand
    count: SmallCount


class PutAttendance(Body):
    """The total is required, bands may be left out; bands may not exceed the total."""

    total: SmallCount
    by_band: Annotated[list[BandIn], Field(max_length=9)] = []
    method: Literal["counted", "estimated", "registered"] = "counted"

    @model_validator(mode="after")
    def _bands_fit(self) -> Self:
        if len({row.band for row in self.by_band}) != len(self.by_band):
            raise ValueError("an age band is given twice")
        if sum(row.count for row in self.by_band) > self.total:
            raise ValueError("the age bands hold more than the total")
        return self

    def bands(self) -> list[BandCount]:
        return [BandCount(band=row.band, count=row.count) for row in self.by_band]


class SeriesDate(When):
    id: Id


class PutSeries(Where):
    activity_id: Id
    occurrences: Annotated[list[SeriesDate], Field(min_length=1, max_length=MOST_DATES)]
    on_holidays: OnHoliday = "keep"


def asked(body: Body) -> dict[str, Any]:
    """The body as it is kept, to tell the same request sent again from another one: of a text only its digest."""
    kept = body.model_dump(mode="json")
    if kept.get("exception"):
        kept["exception"]["reason"] = audit.digest(kept["exception"]["reason"])
    return kept


def same(kept: Mapping[str, Any], sent: Mapping[str, Any]) -> bool:
    """Whether two bodies ask for the same. A field that says nothing may be younger than what is kept."""
    return _said(kept) == _said(sent)


def _said(body: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in body.items() if value is not None and value is not False and value != []}
