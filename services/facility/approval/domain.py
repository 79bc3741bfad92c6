"""Whose yes a request waits for, and who may say it. Pure: the instant and all facts are handed in.

A request has parties: the owners of its rooms, and the units it touches. Where a policy asks for somebody's yes, the
booking itself names units it touches, or noise has to be accepted, these parties bind: it is confirmed when all of them
have agreed, and rejected when one of them says no. Parties that do not bind only find it in their inbox.
"""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal
from uuid import UUID

from services.facility.policy import domain as policy
from services.facility.policy.domain import Policy, StandIn, Touched
from shared.identity import Actor
from shared.policy import allows

Why = Literal["owner", "noise", "setup_help", "other"]


@dataclass(frozen=True)
class Party:
    """`id`: of the unit, or of the square where no unit owns the room."""

    id: UUID
    unit_id: UUID | None
    square_id: UUID
    why: Why
    binding: bool
    deadline: dt.datetime | None = None
    stand_in: StandIn | None = None
    approved_at: dt.datetime | None = None

    def is_overdue(self, now: dt.datetime) -> bool:
        """The stand-in's turn comes at the deadline itself, whether or not a job has run."""
        return self.approved_at is None and self.deadline is not None and self.deadline <= now


@dataclass(frozen=True)
class Owned:
    """A named space: whose it is, and the policy that holds there."""

    square_id: UUID
    owner_id: UUID | None
    policy: Policy | None


def parties(
    owned: Sequence[Owned], touched: Iterable[Touched], asked_at: dt.datetime, starts_at: dt.datetime
) -> list[Party]:
    """One for each unit or square, owners first."""
    found: dict[UUID, Party] = {}
    for space in owned:
        one = _owner(space, asked_at, starts_at)
        found[one.id] = _joined(found[one.id], one) if one.id in found else one
    terms = next((space.policy for space in owned if space.policy), None) or Policy()
    due = policy.deadline(terms, asked_at, starts_at)
    for unit in touched:
        one = Party(unit.party_id, unit.unit_id, unit.square_id, unit.why, True, due, terms.stand_in)
        found[one.id] = _joined(found[one.id], one) if one.id in found else one
    return list(found.values())


def speaks_for(actor: Actor, party: Party, now: dt.datetime) -> bool:
    if allows(actor, "booking.decide", square_id=party.square_id, unit_id=party.unit_id):
        return True
    return party.is_overdue(now) and party.stand_in is not None and _stands_in(actor, party.stand_in, party.square_id)


def missing(found: Iterable[Party], agreeing: Iterable[Party] = ()) -> list[Party]:
    """Those that bind and have not agreed, once `agreeing` have."""
    done = {party.id for party in agreeing}
    return [party for party in found if party.binding and party.approved_at is None and party.id not in done]


def _owner(space: Owned, asked_at: dt.datetime, starts_at: dt.datetime) -> Party:
    due = policy.deadline(space.policy, asked_at, starts_at) if space.policy else None
    return Party(
        id=space.owner_id or space.square_id,
        unit_id=space.owner_id,
        square_id=space.square_id,
        why="owner",
        binding=space.policy is not None and space.policy.asks,
        deadline=due,
        stand_in=space.policy.stand_in if space.policy else None,
    )


def _joined(one: Party, other: Party) -> Party:
    """The earlier deadline, the first stand-in."""
    deadlines = [party.deadline for party in (one, other) if party.deadline]
    return replace(
        one,
        binding=one.binding or other.binding,
        deadline=min(deadlines, default=None),
        stand_in=one.stand_in or other.stand_in,
    )


def _stands_in(actor: Actor, stand_in: StandIn, square_id: UUID) -> bool:
    if stand_in.role is None:
        return allows(actor, "booking.decide", unit_id=stand_in.unit_id)
    scopes = {"*", str(stand_in.unit_id or square_id)}
    return any(role == stand_in.role and scope in scopes for role, scope in actor.roles)
