"""What callers send about bookings, and how it is read once the square's zone is known."""

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Any, Literal
from uuid import UUID
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field, StrictInt, StrictStr, WithJsonSchema, model_validator

from services.facility.booking.domain import About, Slot
from services.facility.equipment.bodies import GearIn
from services.facility.policy.domain import Reason, Terms
from services.facility.registry.bodies import Feature
from shared.contracts.facility import Layout, NoiseLevel, OrganiserKind
from shared.problems import Invalid
from shared.recurrence.written import WrittenRecurrence, schema_of
from shared.sentences import explain_value
from shared.types import Body, Code, Flag, Id, ShortText, SmallCount
from shared.walltime import WrittenTime, instant
from shared.workdays import OnHoliday

MOST_SPACES = 200
MOST_DATES = 400
_LONGEST_TEXT = 100
_TIMES = frozenset({"starts_at", "ends_at", "hold_until"})
_OF_THE_ASKER = frozenset({"owner_version"})
_SURROGATE = re.compile("[\ud800-\udfff]")
BufferMinutes = Annotated[StrictInt, Field(ge=0, le=60 * 24 * 60)]


def _plain(date: dict[str, Any]) -> dict[str, Any]:
    """What is no plain text becomes null: it is that date's fault, and the series can be kept all the same."""
    return {_clean(name) or "?": _clean(value) for name, value in date.items()}


def _clean(value: Any) -> str | None:
    usable = (
        isinstance(value, str) and len(value) <= _LONGEST_TEXT and "\0" not in value and not _SURROGATE.search(value)
    )
    return value if usable else None


RawDate = Annotated[dict[str, Any], AfterValidator(_plain)]
SpaceIds = Annotated[list[Id], Field(min_length=1, max_length=MOST_SPACES)]
Needs = Annotated[list[Feature], Field(max_length=50), AfterValidator(lambda found: list(dict.fromkeys(found)))]
Brought = Annotated[list[GearIn], Field(max_length=20)]
Version = Annotated[StrictInt, Field(ge=0, lt=2**31)]
OwnerRef = Annotated[StrictStr, Field(pattern=r"^[a-z_]{1,40}/[0-9a-fA-F-]{36}$")]


class Excuse(Body):
    """Why a room's policy is to be set aside. The text stays in facility; the code may be told."""

    reason_code: Code = "other"
    reason: ShortText | None = None


class Wish(Body):
    """What a booking and every date of a series share. `owner_version`: the version of the owner that asks; a later one
    that does not name the booking has no use for it."""

    space_ids: SpaceIds
    setup_minutes: BufferMinutes = 0
    teardown_minutes: BufferMinutes = 0
    state: Literal["confirmed", "held", "requested", "blocked"] = "confirmed"
    hold_until: WrittenTime | None = None
    override: Flag = False
    title: ShortText | None = None
    unit_id: Id | None = None
    organiser_kind: OrganiserKind | None = None
    expected_people: SmallCount | None = None
    owner_ref: OwnerRef | None = None
    owner_version: Version | None = None
    needs: Needs | None = None
    layout: Layout | None = None
    purpose: Code | None = None
    responsible_role: Code | None = None
    organiser_id: Id | None = None
    noise_out: NoiseLevel | None = None
    quiet_need: NoiseLevel | None = None
    touches: Annotated[list[Id], Field(max_length=20)] = []
    exception: Excuse | None = None
    equipment: Brought = []

    def about(self, unit_kind: str | None, series_id: UUID | None) -> About:
        return About(
            title=self.title,
            unit_id=self.unit_id,
            unit_kind=unit_kind,
            owner_ref=self.owner_ref,
            series_id=series_id,
            organiser_kind=self.organiser_kind,
            expected_people=self.expected_people,
            needs=None if self.needs is None else tuple(self.needs),
            layout=self.layout,
            purpose=self.purpose,
            responsible_role=self.responsible_role,
            organiser_id=self.organiser_id,
            touches=tuple(dict.fromkeys(self.touches)),
            noise_out=self.noise_out,
            quiet_need=self.quiet_need,
        )

    def terms(self, now: dt.datetime) -> Terms:
        return Terms(now, reason=given(self.exception))

    def slot(self, starts_at: dt.datetime, ends_at: dt.datetime) -> Slot:
        spaces = tuple(dict.fromkeys(self.space_ids))
        return Slot(spaces, starts_at, ends_at, self.setup_minutes, self.teardown_minutes)


class PutBooking(Wish):
    """`replaces`: a booking that goes as soon as this request is granted; until then it stands."""

    starts_at: WrittenTime
    ends_at: WrittenTime
    series_id: Id | None = None
    replaces: Id | None = None

    @model_validator(mode="after")
    def _waits_for_a_yes(self) -> "PutBooking":
        if self.replaces and self.state != "requested":
            raise ValueError("only a request takes the place of a booking; others are moved")
        return self


class MoveBooking(Body):
    """What it does not say of its equipment, purpose, responsible role, noise and quiet stays as it was."""

    space_ids: SpaceIds
    starts_at: WrittenTime
    ends_at: WrittenTime
    setup_minutes: BufferMinutes = 0
    teardown_minutes: BufferMinutes = 0
    override: Flag = False
    purpose: Code | None = None
    responsible_role: Code | None = None
    exception: Excuse | None = None
    equipment: Brought | None = None
    noise_out: NoiseLevel | None = None
    quiet_need: NoiseLevel | None = None

    def about(self, known: About) -> About:
        names = ("purpose", "responsible_role", "noise_out", "quiet_need")
        said = {name: getattr(self, name) for name in names}
        return replace(known, **{name: value for name, value in said.items() if value is not None})


class Command(Body):
    """`reason` stays in facility. `as_unit_id`: in the name of this unit only, for whoever speaks for several."""

    reason_code: Code | None = None
    reason: ShortText | None = None
    as_unit_id: Id | None = None

    def given(self) -> Reason | None:
        return Reason(self.reason_code or "other", self.reason) if self.reason_code or self.reason else None


class PutSeries(Wish):
    """Dates one by one, or a rule that gives them. Each date is judged by itself: a fault in one does not refuse the
    others. A fault in the rule is one in all of them; it is read later, by rule C."""

    occurrences: Annotated[list[RawDate], Field(min_length=1, max_length=MOST_DATES)] | None = None
    rule: Annotated[dict[str, Any], WithJsonSchema(schema_of(WrittenRecurrence))] | None = None
    on_holidays: OnHoliday | None = None  # null: keeps them

    @model_validator(mode="after")
    def _one_of_both(self) -> "PutSeries":
        if (self.rule is None) == (self.occurrences is None):
            raise ValueError("a series is given either by its occurrences or by a rule")
        return self


class Date(Body):
    """One date of a series as it is read. A unit's series names the occurrence of each date."""

    id: Id
    starts_at: WrittenTime
    ends_at: WrittenTime
    owner_ref: OwnerRef | None = None


class PutClosure(Body):
    space_ids: SpaceIds | None = None
    unit_id: Id | None = None
    square_id: Id | None = None
    starts_at: WrittenTime
    ends_at: WrittenTime | None = None
    reason_code: Code = "other"

    @model_validator(mode="after")
    def _one_scope(self) -> "PutClosure":
        if sum(scope is not None for scope in (self.space_ids, self.unit_id, self.square_id)) != 1:
            raise ValueError("exactly one of space_ids, unit_id and square_id is named")
        return self


def given(excuse: Excuse | None) -> Reason | None:
    return Reason(excuse.reason_code, excuse.reason) if excuse else None


def asked(body: Body) -> dict[str, Any]:
    """The body as it is kept, to tell the same request sent again from another one under the same id."""
    return body.model_dump(mode="json")


def same(kept: Mapping[str, Any], sent: Mapping[str, Any], zone: ZoneInfo) -> bool:
    """Whether two bodies ask for the same: times by the instant they mean, however they are written, and whoever asks.

    A field that says nothing may be younger than what is kept.
    """
    return _said(kept, zone) == _said(sent, zone)


def _said(body: Mapping[str, Any], zone: ZoneInfo) -> dict[str, Any]:
    said = {name: value for name, value in body.items() if value is not None and value != []}
    return {name: _meant(name, value, zone) for name, value in said.items() if name not in _OF_THE_ASKER}


def _meant(name: str, value: Any, zone: ZoneInfo) -> Any:
    if name == "occurrences":
        return [_said(date, zone) for date in value]
    if name not in _TIMES:
        return value
    try:
        return instant(value, zone)
    except ValueError:
        return value  # an unreadable date of a series: the same only when written the same


def time_of(field: str, text: str, zone: ZoneInfo) -> dt.datetime:
    """Raises Invalid that names the field."""
    try:
        return instant(text, zone)
    except ValueError as error:
        raise Invalid(errors=[{"loc": [field], "message": explain_value(str(error))}]) from None
