"""Refusals that explain themselves: each says which rule, in words, and what stands in the way."""

from collections.abc import Sequence
from typing import Any

from services.facility.booking import view
from services.facility.booking.domain import Blocker, Fault, Refusal, Slot
from services.facility.booking.house import House
from shared.identity import Actor
from shared.problems import Conflict, Invalid, Message

MOST_REASONS = 100  # of a year's booking over a busy hall; `blocking` holds all ids
OUTSIDE = Message("Rommet er ikke åpent for booking på denne tiden.", "The room is not open for booking at this time.")
TAKEN = Message("Rommet er opptatt på denne tiden.", "The room is taken at this time.")


def invalid(faults: Sequence[Fault]) -> Invalid:
    return Invalid(faults[0].message, reasons=[{"rule": fault.rule, "message": fault.message} for fault in faults])


def cannot_move() -> Invalid:
    told = Message(
        "Bare en booking som opptar et rom, kan flyttes.", "Only a booking that occupies a room can be moved."
    )
    return Invalid(told, reasons=[{"rule": "not_occupying", "message": told}])


class Refused(Conflict):
    """A time that cannot be had; `slot` is what was asked for."""

    slot: Slot


def refused(refusal: Refusal, blockers: Sequence[Blocker], slot: Slot, place: House, actor: Actor) -> Refused:
    if refusal == "outside_hours":
        told: list[dict[str, Any]] = [{"rule": "outside_hours", "message": OUTSIDE}]
        problem = Refused(OUTSIDE, code="outside_hours", reasons=told)
    else:
        told = [view.reason(blocker, place.square_id, place.zone, actor) for blocker in blockers[:MOST_REASONS]]
        problem = Refused(TAKEN, blocking=ids(blockers), reasons=told)
    problem.slot = slot
    return problem


def ids(blockers: Sequence[Blocker]) -> list[str]:
    """All of them, whoever asks."""
    return [str(blocker.id) for blocker in blockers]
