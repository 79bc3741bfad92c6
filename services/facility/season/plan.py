"""What a plan is made of: turns, places, what was given, and why other places were not. Pure."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple
from uuid import UUID

from services.facility.season.dates import Meeting
from services.facility.season.domain import Time

WishKey = tuple[UUID, int]  # the application, and the number of the wish in it
Rule = Literal[
    # another has the place: by which part of the rule it came before
    "late_last", "priority", "earlier_round", "fewer_hours", "free_before_paid", "lot", "own_wish", "placed_by_hand",
    # another has the place beside it, and the sound goes through the wall; `before` says by which part of the rule
    "noise",
    # it was given by hand all the same
    "noise_accepted",
    # the place will not do
    "too_small", "lacks_feature", "outside_hours", "occupied", "no_dates", "no_room_fits", "quota", "refused_by_hand",
    "noise_around",
]  # fmt: skip
Facts = Mapping[str, int | str]
MOST_NAMED = 20


class Turn(NamedTuple):
    """When a wish is tried. Turns compare as the rule says."""

    late: bool
    rank: int
    round: int
    minutes: int
    paid: bool
    lot: int


@dataclass(frozen=True)
class Placing:
    """Somebody's decision on a wish, with the reason: this place, or none."""

    wish: WishKey
    room_id: UUID | None
    time: Time | None
    reason: str = ""


@dataclass(frozen=True)
class LeftOut:
    """A date on which a place cannot be had."""

    date: str
    why: Literal["holiday", "break", "outside_hours", "occupied", "noise"]
    name: Mapping[str, str] | None = None
    blocking: tuple[UUID, ...] = ()


@dataclass(frozen=True)
class Given:
    """A place for the whole season. `choice`: which of the times and rooms, from 0. Without a turn it was placed by
    hand, for `reason`."""

    wish: WishKey
    organiser_id: UUID
    kind: str
    room_id: UUID
    time: Time
    meetings: tuple[Meeting, ...]
    left_out: tuple[LeftOut, ...]
    turn: Turn | None
    choice: tuple[int, int]
    reason: str | None = None

    @property
    def minutes(self) -> int:
        return sum(one.end - one.start for one in self.meetings) // 60


@dataclass
class Verdict:
    """Why a time in one or more rooms did not become the wish's: `holders` have it, or `blocking` stand in the way."""

    rule: Rule
    time: Time
    choice: int
    room_ids: list[UUID]
    facts: Facts
    holders: list[WishKey] = field(default_factory=list)
    blocking: list[UUID] = field(default_factory=list)


@dataclass(frozen=True)
class Outcome:
    """What became of a wish, and what was tried before that, in order. `turn` None: decided by hand."""

    wish: WishKey
    turn: Turn | None
    given: Given | None
    tried: tuple[Verdict, ...]


def lots(seed: str, organisers: Iterable[UUID]) -> dict[UUID, int]:
    """Each organiser's number, from 1: in the order of SHA-256 over the seed, a colon and the organiser's id."""
    drawn = sorted(set(organisers), key=lambda one: (hashlib.sha256(f"{seed}:{one}".encode()).digest(), one))
    return {organiser: number for number, organiser in enumerate(drawn, 1)}


def note(tried: list[Verdict], verdict: Verdict) -> None:
    """Rooms that are out for one and the same reason are told of together."""
    for known in tried:
        if (known.rule, known.choice, known.facts) == (verdict.rule, verdict.choice, verdict.facts):
            known.room_ids += verdict.room_ids
            known.holders = list(dict.fromkeys([*known.holders, *verdict.holders]))[:MOST_NAMED]
            known.blocking = list(dict.fromkeys([*known.blocking, *verdict.blocking]))[:MOST_NAMED]
            return
    tried.append(verdict)


def why(turn: Turn, organiser_id: UUID, kind: str, holder: Given) -> tuple[Rule, Facts]:
    """The first thing in which the one who has the place came before."""
    theirs = holder.turn
    if holder.organiser_id == organiser_id:
        return "own_wish", {}
    if theirs is None:
        return "placed_by_hand", {}
    if theirs.late != turn.late:
        return "late_last", {}
    if theirs.rank != turn.rank:
        return "priority", {"mine": kind, "theirs": holder.kind}
    if theirs.round != turn.round:
        return "earlier_round", {"mine": turn.round, "theirs": theirs.round}
    if theirs.minutes != turn.minutes:
        return "fewer_hours", {"mine": turn.minutes, "theirs": theirs.minutes}
    if theirs.paid != turn.paid:
        return "free_before_paid", {}
    return "lot", {"mine": turn.lot, "theirs": theirs.lot}
