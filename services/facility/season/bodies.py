"""What callers send about seasons, and how it reads as what is decided with."""

import datetime as dt
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import Field, StrictInt, model_validator

from services.facility.registry.bodies import Feature
from services.facility.season import domain
from services.facility.season.domain import Application, Break, Change, LateCounts, Terms, Time, Weeks
from shared.contracts.facility import NoiseLevel, OrganiserKind
from shared.contracts.opening_hours import ClockTime, Weekday
from shared.problems import Message
from shared.types import Body, Flag, Id, LocalDate, LongText, Minutes, ShortText
from shared.walltime import WrittenTime

MOST_SQUARES, MOST_SPACES, MOST_BREAKS = 50, 500, 50
MOST_WISHES, MOST_ALTERNATIVES, MOST_ROOMS, MOST_FEATURES = 20, 10, 40, 20
_DAY = 24 * 60
Name = Annotated[ShortText, Field(min_length=1)]
Reason = Annotated[LongText, Field(min_length=3)]
Holidays = Literal["skip", "keep"]


class BreakBody(Body):
    name: Name
    first_date: LocalDate
    last_date: LocalDate

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.last_date < self.first_date:
            raise ValueError("the period ends before it starts")
        return self


class TwoTongues(Body):
    nb: Name
    en: Name


class PutSeason(Body):
    square_ids: Annotated[list[Id], Field(min_length=1, max_length=MOST_SQUARES)]
    name: Name
    first_date: LocalDate
    last_date: LocalDate
    application_deadline: WrittenTime
    space_ids: Annotated[list[Id], Field(min_length=1, max_length=MOST_SPACES)] | None = None
    priority: Annotated[list[OrganiserKind], Field(min_length=1)] = list(domain.STANDARD_PRIORITY)
    free_before_paid: Flag = True
    least_dates_percent: Annotated[StrictInt, Field(ge=1, le=100)] = 75
    most_minutes_per_week: Annotated[StrictInt, Field(ge=15, le=7 * _DAY)] | None = None
    holidays: Holidays = "skip"
    breaks: Annotated[list[BreakBody], Field(max_length=MOST_BREAKS)] = []
    complaint_weeks: Annotated[StrictInt, Field(ge=1, le=52)] = 3
    complaint_to: TwoTongues | None = None

    @model_validator(mode="after")
    def _each_kind_once(self) -> Self:
        if len(set(self.priority)) < len(self.priority):
            raise ValueError("each kind of organiser stands in the order once")
        return self

    def terms(self) -> Terms:
        return Terms(
            space_ids=None if self.space_ids is None else tuple(dict.fromkeys(self.space_ids)),
            priority=tuple(self.priority),
            free_before_paid=self.free_before_paid,
            least_percent=self.least_dates_percent,
            most_weekly_minutes=self.most_minutes_per_week,
            skip_holidays=self.holidays == "skip",
            breaks=tuple(Break(one.name, one.first_date, one.last_date) for one in self.breaks),
            complaint_weeks=self.complaint_weeks,
            complaint_to=Message(self.complaint_to.nb, self.complaint_to.en) if self.complaint_to else None,
        )


class TimeBody(Body):
    weekday: Weekday
    start: ClockTime
    end: ClockTime
    end_next_day: Flag = False

    @model_validator(mode="after")
    def _lasts(self) -> Self:
        if not self.end_next_day and self.end <= self.start:
            raise ValueError("a span must last; an end at midnight is 00:00 with end_next_day")
        if self.end_next_day and self.end > self.start:
            raise ValueError("a weekly time lasts at most 24 hours")
        return self

    def time(self, weeks: Weeks) -> Time:
        end = _minute(self.end) + (_DAY if self.end_next_day else 0)
        return Time(self.weekday, _minute(self.start), end, weeks)


class WishBody(TimeBody):
    """A weekly time. Rooms in order of preference, or none: then any room that fits will do. How loud it will be, and
    how much quiet it needs, is as a booking says it: who says nothing makes no noise."""

    weeks: Weeks = "every"
    alternatives: Annotated[list[TimeBody], Field(max_length=MOST_ALTERNATIVES)] = []
    space_ids: Annotated[list[Id], Field(max_length=MOST_ROOMS)] = []
    square_ids: Annotated[list[Id], Field(max_length=MOST_SQUARES)] = []
    features: Annotated[list[Feature], Field(max_length=MOST_FEATURES)] = []
    setup_minutes: Minutes = 0
    teardown_minutes: Minutes = 0
    noise_out: NoiseLevel | None = None
    quiet_need: NoiseLevel | None = None

    def wish(self, number: int) -> domain.Wish:
        times = [self.time(self.weeks), *(one.time(self.weeks) for one in self.alternatives)]
        return domain.Wish(
            number=number,
            times=tuple(dict.fromkeys(times)),
            space_ids=tuple(dict.fromkeys(self.space_ids)),
            square_ids=tuple(dict.fromkeys(self.square_ids)),
            features=frozenset(self.features),
            setup=self.setup_minutes,
            teardown=self.teardown_minutes,
            noise_out=self.noise_out,
            quiet_need=self.quiet_need,
        )


class PutApplication(Body):
    """`organiser_id` is another system's id of who applies; nothing here tells who that is."""

    organiser_id: Id
    organiser_kind: OrganiserKind
    title: Name
    people: Annotated[StrictInt, Field(ge=1, le=100_000)]
    paid: Flag = False
    unit_id: Id | None = None
    holidays: Holidays | None = None
    wishes: Annotated[list[WishBody], Field(min_length=1, max_length=MOST_WISHES)]
    late_reason: Reason | None = None
    late_counts: LateCounts = "last"

    def application(
        self, application_id: UUID, season_id: UUID, version: int, registered_at: dt.datetime, late: bool, **kept: Any
    ) -> Application:
        """`kept`: what is no part of the body."""
        return Application(
            id=application_id,
            season_id=season_id,
            version=version,
            organiser_id=self.organiser_id,
            organiser_kind=self.organiser_kind,
            title=self.title,
            unit_id=self.unit_id,
            paid=self.paid,
            people=self.people,
            skip_holidays=None if self.holidays is None else self.holidays == "skip",
            wishes=tuple(one.wish(number) for number, one in enumerate(self.wishes, 1)),
            asked=self.model_dump(mode="json"),
            registered_at=registered_at,
            late_reason=self.late_reason if late else None,
            late_counts=self.late_counts if late else "last",
            **kept,
        )


class PutChange(Body):
    """One wish placed by hand, in a room and at a time that need not be wished for, or refused by hand."""

    application_id: Id
    wish: Annotated[StrictInt, Field(ge=1, le=MOST_WISHES)]
    action: Literal["place", "refuse"]
    space_id: Id | None = None
    time: TimeBody | None = None
    weeks: Weeks = "every"
    reason: Reason

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if (self.action == "place") != (self.space_id is not None):
            raise ValueError("a place names its space_id, a refusal names none")
        return self

    def change(self, change_id: UUID, season_id: UUID, made_at: dt.datetime, made_by: str, **kept: Any) -> Change:
        return Change(
            id=change_id,
            season_id=season_id,
            application_id=self.application_id,
            wish=self.wish,
            space_id=self.space_id,
            time=self.time.time(self.weeks) if self.time else None,
            reason=self.reason,
            asked=self.model_dump(mode="json"),
            made_at=made_at,
            made_by=made_by,
            **kept,
        )


class Because(Body):
    reason: Reason


def clock(minute: int) -> str:
    minute %= _DAY
    return f"{minute // 60:02d}:{minute % 60:02d}"


def shown_time(time: Time) -> dict[str, Any]:
    """A weekly time as callers write it."""
    return {
        "weekday": time.weekday,
        "start": clock(time.start),
        "end": clock(time.end),
        "end_next_day": time.end >= _DAY,
        "weeks": time.weeks,
    }


def read_time(shown: dict[str, Any]) -> Time:
    known = {name: shown[name] for name in TimeBody.model_fields}
    weeks: Weeks = shown["weeks"]
    return TimeBody.model_validate(known).time(weeks)


def _minute(clock_time: str) -> int:
    return int(clock_time[:2]) * 60 + int(clock_time[3:])
