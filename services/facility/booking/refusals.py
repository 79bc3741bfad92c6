"""Refusals that explain themselves: each says which rule, in words, and what stands in the way."""

from collections.abc import Sequence
from uuid import UUID
from zoneinfo import ZoneInfo

from services.facility.booking import view
from services.facility.booking.domain import Blocker, Fault, Refusal
from shared.identity import Actor
from shared.problems import Conflict, Invalid, Message, Problem

OUTSIDE = Message("Rommet er ikke åpent for booking på denne tiden.", "The room is not open for booking at this time.")
TAKEN = Message("Rommet er opptatt på denne tiden.", "The room is taken at this time.")


def invalid(faults: Sequence[Fault]) -> Invalid:
    return Invalid(faults[0].message, reasons=[{"rule": fault.rule, "message": fault.message} for fault in faults])


def cannot_move() -> Invalid:
    told = Message(
        "Bare en booking som opptar et rom, kan flyttes.", "Only a booking that occupies a room can be moved."
    )
    return Invalid(told, reasons=[{"rule": "not_occupying", "message": told}])


def refused(refusal: Refusal, blockers: Sequence[Blocker], square_id: UUID, zone: ZoneInfo, actor: Actor) -> Problem:
    if refusal == "outside_hours":
        return Conflict(OUTSIDE, code="outside_hours", reasons=[{"rule": "outside_hours", "message": OUTSIDE}])
    return Conflict(
        TAKEN,
        blocking=ids(blockers),
        reasons=[view.reason(blocker, square_id, zone, actor) for blocker in blockers],
    )


def ids(blockers: Sequence[Blocker]) -> list[str]:
    """All of them, whoever asks."""
    return [str(blocker.id) for blocker in blockers]
