"""What a season of allocation is and what may happen to it. Pure: the instant and all facts are handed in.

draft --open--> open --close--> closed --plan--> proposed --decide--> decided --allocate--> allocated
                 applications      |  late ones, with a reason  |  plan again as often as wanted
                 until the deadline
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal
from uuid import UUID
from zoneinfo import ZoneInfo

from shared.contracts.facility import OrganiserKind, SeasonState
from shared.problems import Message

Step = Literal["open", "close", "plan", "decide", "allocate"]
Weeks = Literal["every", "odd", "even"]
LateCounts = Literal["last", "as_in_time"]
LONGEST = dt.timedelta(days=400)
STANDARD_PRIORITY: tuple[OrganiserKind, ...] = ("voluntary", "municipal", "business")


@dataclass(frozen=True)
class Break:
    """Dates on which nothing is allocated, both inside: a school holiday, or when the house is closed."""

    name: str
    first: dt.date
    last: dt.date


@dataclass(frozen=True)
class Terms:
    """What is published before anybody applies, and decides the plan. `space_ids` None: every room that is for booking.

    Organisers of a kind that `priority` does not name come after all that it names.
    """

    space_ids: tuple[UUID, ...] | None = None
    priority: tuple[OrganiserKind, ...] = STANDARD_PRIORITY
    free_before_paid: bool = True
    least_percent: int = 75
    most_weekly_minutes: int | None = None
    skip_holidays: bool = True
    breaks: tuple[Break, ...] = ()
    complaint_weeks: int = 3
    complaint_to: Message | None = None


@dataclass(frozen=True)
class Season:
    """`inputs` counts what a plan is made from: it rises with every application and every change by hand."""

    id: UUID
    version: int
    square_ids: tuple[UUID, ...]
    zone: ZoneInfo
    name: str
    first: dt.date
    last: dt.date
    deadline: dt.datetime
    terms: Terms
    asked: dict[str, Any]
    state: SeasonState
    inputs: int
    seed: str | None
    run: int
    updated_at: dt.datetime
    decided_at: dt.datetime | None = None
    allocated_at: dt.datetime | None = None


@dataclass(frozen=True)
class Time:
    """A weekly time in minutes from the midnight its date begins at; the end may lie past 1440."""

    weekday: int
    start: int
    end: int
    weeks: Weeks = "every"

    @property
    def load(self) -> int:
        """Minutes in two weeks: a time of odd or even weeks weighs half."""
        return (self.end - self.start) * (2 if self.weeks == "every" else 1)


@dataclass(frozen=True)
class Wish:
    """`times`: the one wished for, then others that would do, in order. `space_ids` in order; none: any that fits."""

    number: int
    times: tuple[Time, ...]
    space_ids: tuple[UUID, ...] = ()
    square_ids: tuple[UUID, ...] = ()
    features: frozenset[str] = frozenset()
    setup: int = 0
    teardown: int = 0
    noise_out: int | None = None  # 0 to 5, as `quiet_need`; None: nothing was said
    quiet_need: int | None = None


@dataclass(frozen=True)
class Application:
    """Who applies is an id that another system knows; nothing here tells who that is."""

    id: UUID
    season_id: UUID
    version: int
    organiser_id: UUID
    organiser_kind: OrganiserKind
    title: str
    unit_id: UUID | None
    paid: bool
    people: int
    skip_holidays: bool | None
    wishes: tuple[Wish, ...]
    state: Literal["registered", "withdrawn"]
    asked: dict[str, Any]
    registered_at: dt.datetime
    state_reason: str | None = None
    late_reason: str | None = None
    late_counts: LateCounts = "last"

    @property
    def comes_last(self) -> bool:
        return self.late_reason is not None and self.late_counts == "last"


@dataclass(frozen=True)
class Change:
    """Somebody's decision on one wish, which the plan follows: a place for it, or none. The newest counts."""

    id: UUID
    season_id: UUID
    application_id: UUID
    wish: int
    space_id: UUID | None
    time: Time | None
    reason: str
    asked: dict[str, Any]
    made_at: dt.datetime
    made_by: str
    withdrawn_at: dt.datetime | None = None
    withdrawn_because: str | None = None


@dataclass(frozen=True)
class Fault:
    """One thing wrong with a request, whatever the state of the house."""

    rule: str
    message: Message


_FITS: dict[Step, frozenset[SeasonState]] = {
    "open": frozenset({"draft"}),
    "close": frozenset({"open"}),
    "plan": frozenset({"closed", "proposed"}),
    "decide": frozenset({"proposed"}),
    "allocate": frozenset({"decided"}),
}
_BECOMES: dict[Step, SeasonState] = {
    "open": "open",
    "close": "closed",
    "plan": "proposed",
    "decide": "decided",
    "allocate": "allocated",
}


def fits(step: Step, season: Season) -> bool:
    return season.state in _FITS[step]


def hindrance(step: Step, season: Season, now: dt.datetime, planned_inputs: int | None) -> Fault | None:
    """Why a step that fits the state must wait all the same. `planned_inputs`: what the present plan was made from."""
    if step == "open" and season.deadline <= now:
        return Fault("deadline_passed", Message("Søknadsfristen er gått ut.", "The deadline has passed."))
    if step == "close" and now < season.deadline:
        return Fault("deadline_ahead", Message("Søknadsfristen er ikke gått ut ennå.", "The deadline is still ahead."))
    if step == "decide" and planned_inputs != season.inputs:
        return Fault(
            "plan_outdated",
            Message(
                "Søknader eller endringer er kommet til etter at planen ble laget. Lag planen på nytt først.",
                "Applications or changes have come since the plan was made. Make the plan again first.",
            ),
        )
    return None


def step(season: Season, what: Step, now: dt.datetime, *, seed: str | None = None) -> Season:
    """The season after a step that fits it. `seed` is drawn when it closes, and then stays."""
    return replace(
        season,
        version=season.version + 1,
        state=_BECOMES[what],
        seed=season.seed or seed,
        run=season.run + (what == "plan"),
        updated_at=now,
        decided_at=now if what == "decide" else season.decided_at,
        allocated_at=now if what == "allocate" else season.allocated_at,
    )


def withdrawn(application: Application, reason: str) -> Application:
    return replace(application, version=application.version + 1, state="withdrawn", state_reason=reason)


def takes_changes(season: Season) -> bool:
    return season.state in ("closed", "proposed")


def lateness(season: Season, now: dt.datetime) -> Literal["in_time", "late", "too_early", "too_late"]:
    """The deadline itself is in time, and it counts whether or not anybody has closed the season."""
    if season.state == "draft":
        return "too_early"
    if season.state in ("decided", "allocated"):
        return "too_late"
    return "in_time" if season.state == "open" and now <= season.deadline else "late"


def edits_of(season: Season, now: dt.datetime) -> frozenset[str]:
    """What may still be changed: what has been published stays, but for the name and a deadline that is ahead."""
    if season.state == "draft":
        return frozenset(season.asked)
    return frozenset({"name", "application_deadline"} if season.state == "open" and now <= season.deadline else {})


def fixed(season: Season, now: dt.datetime) -> Message | None:
    """Why not everything of it can be changed; None for a draft."""
    if season.state == "draft":
        return None
    return _PUBLISHED if edits_of(season, now) else _OVER


_PUBLISHED = Message(
    "Sesongen er kunngjort. Nå kan bare navnet og en senere søknadsfrist endres, og det til fristen er ute.",
    "The season is published. Only its name and a later deadline can be changed now, and that until the deadline.",
)
_OVER = Message(
    "Søknadsfristen er ute. Det som ble kunngjort før noen søkte, kan ikke endres.",
    "The deadline has passed. What was published before anybody applied cannot be changed.",
)


def faults(season: Season, midnight: dt.datetime) -> list[Fault]:
    """`midnight` is when the first date begins."""
    found = []
    if season.last < season.first:
        found.append(Fault("dates", Message("Siste dato er før første.", "The last date is before the first.")))
    if season.last - season.first >= LONGEST:
        found.append(Fault("longest", Message("En sesong varer høyst 400 dager.", "A season lasts at most 400 days.")))
    if season.deadline > midnight:
        told = Message("Søknadsfristen må være før sesongen begynner.", "The deadline must be before the season.")
        found.append(Fault("deadline", told))
    return found


def wish_faults(wishes: Sequence[Wish], spaces: frozenset[UUID], squares: Sequence[UUID]) -> list[Fault]:
    """`spaces` are those of the season."""
    found = []
    for wish in wishes:
        if not spaces.issuperset(wish.space_ids):
            found.append(_of_wish(wish, "space_not_in_season", *_NO_ROOM))
        if not set(squares).issuperset(wish.square_ids):
            found.append(_of_wish(wish, "square_not_in_season", *_NO_SQUARE))
    return found


def _of_wish(wish: Wish, rule: str, nb: str, en: str) -> Fault:
    return Fault(rule, Message(f"Ønske {wish.number}: {nb}", f"Wish {wish.number}: {en}"))


_NO_ROOM = ("et av rommene er ikke med i sesongen.", "one of the rooms is not in the season.")
_NO_SQUARE = ("et av torgene er ikke med i sesongen.", "one of the squares is not in the season.")
