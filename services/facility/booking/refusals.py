"""Refusals that explain themselves: which rule, in words, what stands in the way, and what would be accepted."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any
from uuid import UUID

from services.facility.booking import view
from services.facility.booking.domain import Blocker, Booking, Fault, Order, Refusal, check_in_window, orders_for
from services.facility.booking.house import House, Space
from services.facility.policy.rulebook import Ruling
from shared.contracts.facility import BookingState
from shared.identity import Actor
from shared.problems import Conflict, Invalid, Message, WrongState
from shared.walltime import written

MOST_REASONS = 100  # of a year's booking over a busy hall; `blocking` holds all ids
OUTSIDE = Message("Rommet er ikke åpent for booking på denne tiden.", "The room is not open for booking at this time.")
TAKEN = Message("Rommet er opptatt på denne tiden.", "The room is taken at this time.")
CANNOT_MOVE = Message(
    "Bare en booking som opptar et rom, kan flyttes.", "Only a booking that occupies a room can be moved."
)
CHECK_IN = Message("Det er for tidlig eller for sent å sjekke inn.", "It is too early or too late to check in.")
CHECK_IN_TO_NOTHING = Message("Bare en bekreftet booking kan sjekkes inn.", "Only a confirmed booking is checked in.")
NO_CHECK_IN = Message(
    "Helsestasjonens bookinger sjekkes ikke inn: det ville fortalt hvem som kom.",
    "The health station's bookings are not checked in: it would tell who came.",
)
STATES: dict[BookingState, Message] = {
    "requested": Message("forespurt", "requested"),
    "held": Message("reservert", "held"),
    "confirmed": Message("bekreftet", "confirmed"),
    "blocked": Message("sperret", "blocked"),
    "rejected": Message("avslått", "rejected"),
    "cancelled": Message("avlyst", "cancelled"),
    "released": Message("frigitt", "released"),
    "expired": Message("utløpt", "expired"),
    "affected": Message("berørt av en stenging", "affected by a closure"),
}


class Refused(Conflict):
    """A time that cannot be had, with what was wanted and what is known of why."""

    wanted: Booking
    place: House
    blockers: Sequence[Blocker]
    where: Mapping[UUID, Collection[UUID]] | None = None  # the leaves on which each of them lies, where that is known
    kept: Sequence[dict[str, Any]] = ()  # reasons that may be told to others than the asker

    @property
    def is_told(self) -> bool:
        """Whether it says what could be had instead, if only that there is nothing."""
        return "alternatives" in self.extra


def against_policy(ruling: Ruling, wanted: Booking, place: House) -> Refused:
    """`request_possible`: the same booking may be sent with state `requested`, for somebody to decide."""
    told = [breach.told() for breach in ruling.breaches]
    problem = Refused(ruling.breaches[0].message, code="policy", reasons=told, request_possible=True)
    problem.wanted, problem.place, problem.blockers = wanted, place, ()
    problem.kept = [breach.kept() for breach in ruling.breaches]
    return problem


def refused(refusal: Refusal, blockers: Sequence[Blocker], wanted: Booking, place: House, actor: Actor) -> Refused:
    if refusal == "outside_hours":
        problem = Refused(OUTSIDE, code="outside_hours", reasons=[outside()])
    else:
        where = place.spaces if len(place.spaces) == 1 else ()
        told = [reason_why(blocker, wanted, where, place, actor) for blocker in blockers[:MOST_REASONS]]
        problem = Refused(TAKEN, blocking=ids(blockers), reasons=told)
    problem.wanted, problem.place, problem.blockers = wanted, place, blockers
    return problem


def reason_why(blocker: Blocker, wanted: Booking, where: Sequence[Space], place: House, actor: Actor) -> dict[str, Any]:
    square_id = where[0].square_id if where else place.square_id
    return view.reason(blocker, wanted.slot, where, square_id, place.zone, actor)


def outside() -> dict[str, Any]:
    """All that can be said without asking for the hours, or when they have changed since."""
    return {"rule": "outside_hours", "message": OUTSIDE}


def ids(blockers: Sequence[Blocker]) -> list[str]:
    """All of them, whoever asks. Who has both the room and the equipment is told once."""
    return list(dict.fromkeys(str(blocker.id) for blocker in blockers))


def invalid(faults: Sequence[Fault]) -> Invalid:
    return Invalid(faults[0].message, reasons=[reason_of(fault) for fault in faults])


def reason_of(fault: Fault) -> dict[str, Any]:
    told = {"rule": fault.rule, "message": fault.message}
    return {**told, "accepted": dict(fault.accepted)} if fault.accepted else told


def cannot_move(state: BookingState | None = None) -> Invalid:
    """`state` None: there is no such booking."""
    reason: dict[str, Any] = {"rule": "not_occupying", "message": CANNOT_MOVE}
    if state:
        reason |= {"state": state, "accepted": {"states": ["held", "confirmed", "blocked", "affected"]}}
    return Invalid(CANNOT_MOVE, reasons=[reason])


def wrong_state(what: Order, state: BookingState) -> WrongState:
    """With what would fit the state as it is."""
    told = STATES[state]
    message = Message(
        f"Bookingen er {told.nb}, og da går ikke dette.", f"The booking is {told.en}, which rules this out."
    )
    reason = {"rule": "wrong_state", "message": message, "order": what, "accepted": {"orders": orders_for(state)}}
    return WrongState(message, state=state, reasons=[reason])


def over() -> Fault:
    return Fault("over", Message("Tiden er over.", "The time is over."))


def no_check_in(booking: Booking, state: BookingState) -> WrongState:
    """With when there would be something to check in to."""
    if booking.about.discreet_unit:
        return WrongState(NO_CHECK_IN, state=state, reasons=[{"rule": "check_in", "message": NO_CHECK_IN}])
    start, end = (written(at, booking.zone) for at in check_in_window(booking.slot))
    told = CHECK_IN if state == "confirmed" else CHECK_IN_TO_NOTHING
    accepted = {"states": ["confirmed"], "from": start, "until": end}
    return WrongState(told, state=state, reasons=[{"rule": "check_in", "message": told, "accepted": accepted}])
