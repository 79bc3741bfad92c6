"""What a space's owner allows, and what that means for one booking. Pure: the instant and all facts are handed in.

A policy is a list of limits; what it does not name it does not limit, and a space without a policy has none at all. A
limit that is not kept is a breach. Three things may come of a booking:

    no breach                                      it may be booked
    only breaches that somebody's yes can heal     it may be requested
    any other breach                               it is refused; it may be requested all the same, and whoever decides
                                                   sees what it breaks and can only agree by way of an exception
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal, Self
from uuid import UUID
from zoneinfo import ZoneInfo

from pydantic import Field, StrictInt, model_validator

from services.facility.policy import sentences
from shared.contracts.facility import OrganiserKind
from shared.policy import Role
from shared.problems import Message
from shared.types import Body, Code, Id

Rule = Literal[
    "exception_not_allowed",
    "must_request",
    "touches_unit",
    "noise",
    "horizon",
    "notice",
    "min_length",
    "max_length",
    "start_grid",
    "purpose_needed",
    "purpose_refused",
    "organiser_needed",
    "quota_bookings",
    "quota_minutes",
    "responsible_role_needed",
]
ASKABLE: frozenset[Rule] = frozenset({"must_request", "touches_unit", "noise"})
Way = Literal["book", "request"]
Why = Literal["noise", "setup_help", "other"]
HOUSE_ROLES: tuple[Role, ...] = ("house_manager", "multi_square_manager", "admin")
_MINUTE = dt.timedelta(minutes=1)
_DAY_MINUTES = 24 * 60
_LONGEST = 60 * _DAY_MINUTES

Limit = Annotated[StrictInt, Field(ge=0, le=_LONGEST)]
Length = Annotated[StrictInt, Field(ge=1, le=_LONGEST)]


class Access(Body):
    """The first of a policy's rules whose conditions all hold decides; an empty list and null hold for everybody.

    `owner`: true for bookings of the unit that owns the room, false for all others.
    """

    may: Way
    roles: Annotated[list[Role], Field(max_length=20)] = []
    owner: bool | None = None
    organiser_kinds: Annotated[list[OrganiserKind], Field(max_length=10)] = []


class Quota(Body):
    """For each organiser and week (Monday to Sunday), in all rooms under this policy together."""

    bookings_per_week: Annotated[StrictInt, Field(ge=1, le=1000)] | None = None
    minutes_per_week: Annotated[StrictInt, Field(ge=1, le=7 * _DAY_MINUTES)] | None = None

    @model_validator(mode="after")
    def _counts_something(self) -> Self:
        if self.bookings_per_week is None and self.minutes_per_week is None:
            raise ValueError("a quota counts bookings, minutes or both")
        return self


class StandIn(Body):
    """Who else may decide once the deadline has passed: a role, the deciders of a unit, or a role there."""

    role: Role | None = None
    unit_id: Id | None = None

    @model_validator(mode="after")
    def _is_somebody(self) -> Self:
        if self.role is None and self.unit_id is None:
            raise ValueError("a stand-in is a role, a unit or both")
        return self


class Touch(Body):
    """Another unit that must agree too. Help with setting up is asked for only where there is something to set up."""

    unit_id: Id
    why: Why = "other"


class Policy(Body):
    access: Annotated[list[Access], Field(max_length=20)] = []
    otherwise: Way = "book"
    horizon_days: Annotated[StrictInt, Field(ge=0, le=1100)] | None = None
    notice_minutes: Limit | None = None
    min_minutes: Length | None = None
    max_minutes: Length | None = None
    grid_minutes: Annotated[StrictInt, Field(ge=1, le=_DAY_MINUTES)] | None = None
    quota: Quota | None = None
    responsible_roles: Annotated[list[Code], Field(max_length=50)] | None = None
    release_unused_after_minutes: Annotated[StrictInt, Field(ge=1, le=_DAY_MINUTES)] | None = None
    refused_purposes: Annotated[list[Code], Field(max_length=50)] = []
    exception_roles: Annotated[list[Role], Field(max_length=20)] = list(HOUSE_ROLES)
    decide_within_hours: Annotated[StrictInt, Field(ge=1, le=60 * 24)] = 48
    stand_in: StandIn | None = None
    touches: Annotated[list[Touch], Field(max_length=20)] = []

    @model_validator(mode="after")
    def _can_be_kept(self) -> Self:
        if self.min_minutes and self.max_minutes and self.min_minutes > self.max_minutes:
            raise ValueError("the shortest length is longer than the longest")
        if self.grid_minutes and _DAY_MINUTES % self.grid_minutes:
            raise ValueError("a grid divides the day into equal parts")
        return self

    @property
    def asks(self) -> bool:
        """Whether there is anybody who has to request."""
        return "request" in (self.otherwise, *(rule.may for rule in self.access))


@dataclass(frozen=True)
class Reason:
    """Why somebody goes beyond a policy, or decides as they do. The text stays here; the code may be told."""

    code: str
    text: str | None = None


@dataclass(frozen=True)
class Terms:
    """How a booking is judged: when it was asked for, whether all who must agree have done so, and who that was.
    `accepts_noise`: whether the reason is one for the noise there will be, too."""

    asked_at: dt.datetime
    approved: bool = False
    agreed: frozenset[UUID] = frozenset()
    reason: Reason | None = None
    accepts_noise: bool = True


@dataclass(frozen=True)
class Used:
    """What the organiser has in the week already, without the booking in question."""

    bookings: int = 0
    minutes: int = 0


@dataclass(frozen=True)
class Asked:
    """The booking in question. `excepted`: a reason is given for going beyond the policy."""

    starts_at: dt.datetime
    ends_at: dt.datetime
    zone: ZoneInfo
    asked_at: dt.datetime
    purpose: str | None = None
    organiser_kind: OrganiserKind | None = None
    organiser_known: bool = True
    of_unit: bool = True
    responsible_role: str | None = None
    buffered: bool = False
    approved: bool = False
    excepted: bool = False

    @property
    def minutes(self) -> float:
        return (self.ends_at - self.starts_at) / _MINUTE


@dataclass(frozen=True)
class Place:
    """One of the named spaces, and what the asker is there."""

    policy: Policy
    roles: frozenset[str] = frozenset()
    decides: bool = False
    owner: bool = False
    staffed: bool = True
    used: Used = field(default_factory=Used)


@dataclass(frozen=True)
class Breach:
    """`more` and the message are for the asker; others who read of it are told `plain`, where that is another."""

    rule: Rule
    message: Message
    space_id: UUID | None = None
    more: Mapping[str, Any] = field(default_factory=dict)
    plain: Message | None = None

    def told(self) -> dict[str, Any]:
        return {**self.more, **self._where(), "message": self.message}

    def kept(self) -> dict[str, Any]:
        """To be read again with `remembered`: the sentence of a refusal does not change with the policy."""
        message = self.plain or self.message
        return {**self._where(), "message": {"nb": message.nb, "en": message.en}}

    def _where(self) -> dict[str, Any]:
        return {"rule": self.rule, **({"space_ids": [str(self.space_id)]} if self.space_id else {})}


@dataclass(frozen=True)
class Touched:
    """A unit, or without one the square itself, that must agree besides the owner, and why."""

    unit_id: UUID | None
    square_id: UUID
    why: Why

    @property
    def party_id(self) -> UUID:
        return self.unit_id or self.square_id


@dataclass(frozen=True)
class Verdict:
    """`set_aside`: rules that an exception went beyond."""

    breaches: tuple[Breach, ...] = ()
    set_aside: tuple[Rule, ...] = ()


def remembered(kept: Mapping[str, Any]) -> dict[str, Any]:
    return {**kept, "message": Message(**kept["message"])}


def decide(asked: Asked, place: Place) -> Verdict:
    """What one space's policy says of a booking."""
    breaches = tuple(Breach(rule, message) for rule, message in _broken(asked, place) if message)
    if not breaches or not asked.excepted:
        return Verdict(breaches)
    if not place.roles & set(place.policy.exception_roles):
        return Verdict((Breach("exception_not_allowed", sentences.EXCEPTION_NOT_ALLOWED), *breaches))
    return Verdict(set_aside=tuple(breach.rule for breach in breaches))


def way(policy: Policy, asked: Asked, place: Place) -> Way:
    """The rules first; then whoever decides about the room need not ask; then what holds for all others."""
    for rule in policy.access:
        if _holds(rule, asked, place):
            return rule.may
    return "book" if place.decides else policy.otherwise


def touched(policy: Policy, asked: Asked) -> list[Touch]:
    """The units this booking touches by the policy's word."""
    return [touch for touch in policy.touches if touch.why != "setup_help" or asked.buffered]


def deadline(policy: Policy, asked_at: dt.datetime, starts_at: dt.datetime) -> dt.datetime:
    """A request that begins earlier has to be decided earlier, but never before it was made."""
    return max(asked_at, min(asked_at + dt.timedelta(hours=policy.decide_within_hours), starts_at))


def week_of(at: dt.datetime, zone: ZoneInfo) -> dt.date:
    """The Monday of its local week."""
    day = at.astimezone(zone).date()
    return day - dt.timedelta(days=day.weekday())


def _holds(rule: Access, asked: Asked, place: Place) -> bool:
    return (
        (not rule.roles or bool(place.roles & set(rule.roles)))
        and rule.owner in (None, place.owner)
        and (not rule.organiser_kinds or asked.organiser_kind in rule.organiser_kinds)
    )


def _broken(asked: Asked, place: Place) -> Sequence[tuple[Rule, Message | None]]:
    """Every rule with its sentence, None where it is kept."""
    policy = place.policy
    return (
        ("must_request", _request(policy, asked, place)),
        ("horizon", _horizon(policy.horizon_days, asked)),
        ("notice", _notice(policy.notice_minutes, asked)),
        ("min_length", _shorter(policy.min_minutes, asked)),
        ("max_length", _longer(policy.max_minutes, asked)),
        ("start_grid", _grid(policy.grid_minutes, asked)),
        ("purpose_needed", _no_purpose(policy, asked)),
        ("purpose_refused", _purpose(policy, asked)),
        ("organiser_needed", _no_organiser(policy.quota, asked)),
        ("quota_bookings", _too_many(policy.quota, asked, place.used)),
        ("quota_minutes", _too_much(policy.quota, asked, place.used)),
        ("responsible_role_needed", _nobody_there(policy.responsible_roles, asked, place)),
    )


def _request(policy: Policy, asked: Asked, place: Place) -> Message | None:
    return None if asked.approved or way(policy, asked, place) == "book" else sentences.MUST_REQUEST


def _horizon(days: int | None, asked: Asked) -> Message | None:
    if days is None:
        return None
    last = asked.asked_at.astimezone(asked.zone).date() + dt.timedelta(days=days)
    return sentences.horizon(days, last) if asked.starts_at.astimezone(asked.zone).date() > last else None


def _notice(minutes: int | None, asked: Asked) -> Message | None:
    """No notice at all still means: not in the past."""
    if minutes is None or asked.starts_at - asked.asked_at >= minutes * _MINUTE:
        return None
    return sentences.notice(minutes)


def _shorter(minutes: int | None, asked: Asked) -> Message | None:
    return sentences.min_length(minutes) if minutes is not None and asked.minutes < minutes else None


def _longer(minutes: int | None, asked: Asked) -> Message | None:
    return sentences.max_length(minutes) if minutes is not None and asked.minutes > minutes else None


def _grid(minutes: int | None, asked: Asked) -> Message | None:
    """On the clock on the wall, so that a start looks the same on both sides of a change of the clock."""
    if minutes is None:
        return None
    start = asked.starts_at.astimezone(asked.zone)
    on_grid = (start.hour * 60 + start.minute) % minutes == 0 and not (start.second or start.microsecond)
    return None if on_grid else sentences.grid(minutes)


def _no_purpose(policy: Policy, asked: Asked) -> Message | None:
    """A unit's own programme needs no purpose; whoever else books says what for."""
    needed = bool(policy.refused_purposes) and not asked.of_unit and asked.purpose is None
    return sentences.PURPOSE_NEEDED if needed else None


def _purpose(policy: Policy, asked: Asked) -> Message | None:
    return sentences.purpose(asked.purpose) if asked.purpose in policy.refused_purposes and asked.purpose else None


def _no_organiser(quota: Quota | None, asked: Asked) -> Message | None:
    return sentences.ORGANISER_NEEDED if quota and not asked.organiser_known else None


def _too_many(quota: Quota | None, asked: Asked, used: Used) -> Message | None:
    most = quota.bookings_per_week if quota and asked.organiser_known else None
    return sentences.too_many(most) if most is not None and used.bookings + 1 > most else None


def _too_much(quota: Quota | None, asked: Asked, used: Used) -> Message | None:
    most = quota.minutes_per_week if quota and asked.organiser_known else None
    return sentences.too_much(most) if most is not None and used.minutes + asked.minutes > most else None


def _nobody_there(roles: list[str] | None, asked: Asked, place: Place) -> Message | None:
    """`roles` empty: any role will do."""
    if roles is None or place.staffed:
        return None
    named = asked.responsible_role is not None and (not roles or asked.responsible_role in roles)
    return None if named else sentences.responsible(roles)
