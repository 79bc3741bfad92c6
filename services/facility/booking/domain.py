"""What a booking is and what may happen to it. Pure: the instant and all facts are handed in.

requested --confirm--> confirmed --release--> released          occupying: held (until its expiry instant),
    |  \\--reject--> rejected     \\--cancel--> cancelled                    confirmed, blocked
    \\--cancel--> cancelled
held --confirm--> confirmed       held --expiry--> expired
held, confirmed, blocked --closure--> affected --lift--> what it was before
"""

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal
from uuid import UUID
from zoneinfo import ZoneInfo

from services.facility.booking.free import Range, covers, overlaps
from services.facility.equipment.domain import Lack
from shared.contracts.facility import OCCUPYING, BookingState, Gear, Layout, OrganiserKind
from shared.problems import Message

LONGEST = dt.timedelta(days=60)
LONGEST_HOLD = dt.timedelta(days=30)
DISCREET = "health_station"
DEFAULT_HOLD = dt.timedelta(minutes=15)
UNUSED = "unused"
REPLACED = "moved"  # why a booking is cancelled whose place another has taken
UNNEEDED = "unneeded"  # why a booking is that its owner has no use for
ASKED_ANEW = "asked_anew"  # why a request for a booking's place is: a newer one asks for it
EARLY = dt.timedelta(minutes=30)  # before setup begins: who comes then has come for the booking
Order = Literal["confirm", "cancel", "release", "reject"]
Refusal = Literal["invalid", "outside_hours", "policy", "conflict"]


@dataclass(frozen=True)
class Slot:
    """Named spaces in a bare time with setup before and teardown after it."""

    space_ids: tuple[UUID, ...]
    starts_at: dt.datetime
    ends_at: dt.datetime
    setup_minutes: int = 0
    teardown_minutes: int = 0

    @property
    def bare(self) -> Range:
        return self.starts_at, self.ends_at

    @property
    def occupied(self) -> Range:
        """Setup and teardown are elapsed minutes, also over a change of the clock."""
        return (
            self.starts_at - dt.timedelta(minutes=self.setup_minutes),
            self.ends_at + dt.timedelta(minutes=self.teardown_minutes),
        )


@dataclass(frozen=True)
class About:
    """What a booking is for. Only the policies of its spaces ask about it."""

    title: str | None = None
    unit_id: UUID | None = None
    unit_kind: str | None = None
    owner_ref: str | None = None
    series_id: UUID | None = None
    organiser_kind: OrganiserKind | None = None
    expected_people: int | None = None
    needs: tuple[str, ...] | None = None  # of its rooms; None: nothing was said
    layout: Layout | None = None
    purpose: str | None = None
    responsible_role: str | None = None
    organiser_id: UUID | None = None
    touches: tuple[UUID, ...] = ()
    noise_out: int | None = None  # 0 to 5, as `quiet_need`; None: nothing was said
    quiet_need: int | None = None

    @property
    def discreet_unit(self) -> UUID | None:
        """A health station's bookings are its own business."""
        return self.unit_id if self.unit_kind == DISCREET else None


@dataclass(frozen=True)
class Booking:
    id: UUID
    version: int
    square_id: UUID
    zone: ZoneInfo
    slot: Slot
    state: BookingState
    about: About
    asked: Mapping[str, Any]  # the body that made it: the same body again is the same request
    created_at: dt.datetime
    updated_at: dt.datetime
    hold_until: dt.datetime | None = None
    override: bool = False
    state_before: BookingState | None = None  # what a closure displaced
    closure_id: UUID | None = None
    reason_code: str | None = None
    blocking: tuple[UUID, ...] = ()
    previous: Slot | None = None
    checked_in_at: dt.datetime | None = None
    equipment: tuple[Gear, ...] = ()
    warnings: tuple[Mapping[str, Any], ...] = ()  # for whoever asks just now; never kept

    @property
    def own_state(self) -> BookingState:
        """What it is, or was before a closure displaced it: who may do what with it goes by that."""
        return self.state_before or self.state

    @property
    def replaces(self) -> UUID | None:
        """The booking it was requested instead of."""
        found = self.asked.get("replaces")
        return UUID(found) if found else None

    @property
    def owner_version(self) -> int | None:
        """The version of its owner that asked for it last; None: the owner does not follow its bookings so."""
        found: int | None = self.asked.get("owner_version")
        return found


@dataclass(frozen=True)
class Closure:
    """An emergency: named spaces, a unit's spaces or a whole square, closed at once. No end: unknown."""

    id: UUID
    version: int
    square_id: UUID
    zone: ZoneInfo
    unit_id: UUID | None
    space_ids: tuple[UUID, ...]
    whole_square: bool
    starts_at: dt.datetime
    ends_at: dt.datetime | None
    reason_code: str
    asked: dict[str, Any]
    declared_at: dt.datetime
    lifted_at: dt.datetime | None = None
    affected: tuple[UUID, ...] = ()
    restored: tuple[UUID, ...] = ()
    lost: tuple[UUID, ...] = ()

    def lifted(self, now: dt.datetime, restored: Sequence[UUID], lost: Sequence[UUID]) -> "Closure":
        return replace(self, version=self.version + 1, lifted_at=now, restored=tuple(restored), lost=tuple(lost))


@dataclass(frozen=True)
class Blocker:
    """An occupying booking, or a closure in force, that stands in the way; or a booking that has the equipment."""

    id: UUID
    kind: Literal["booking", "closure", "equipment"]
    starts_at: dt.datetime
    ends_at: dt.datetime | None
    unit_id: UUID | None = None
    unit_kind: str | None = None
    title: str | None = None
    reason_code: str | None = None
    lack: Lack | None = None


@dataclass(frozen=True)
class Fault:
    """One thing wrong with a request, whatever the state of the house, and what would be accepted."""

    rule: str
    message: Message
    accepted: Mapping[str, Any] = field(default_factory=dict)


BACKWARDS = Fault("ends_after_start", Message("Slutten må være etter starten.", "The end must be after the start."))
TOO_LONG = Fault(
    "longest",
    Message(
        "En booking varer høyst 60 dager, rigging og rydding medregnet.",
        "A booking lasts at most 60 days, setup and teardown included.",
    ),
    {"most_minutes": LONGEST // dt.timedelta(minutes=1)},
)
UNREADABLE = Fault("unreadable", Message("Datoen kan ikke leses.", "The date cannot be read."))
ID_TAKEN = Fault("id_in_use", Message("Id-en er brukt til noe annet.", "The id is in use for something else."))
FAULTS = {fault.rule: fault for fault in (BACKWARDS, TOO_LONG, UNREADABLE, ID_TAKEN)}
_HOLD = Message(
    "En reservasjon må utløpe etter nå og innen 30 dager.", "A hold must expire after now and within 30 days."
)


def themselves(bookings: Sequence[Booking]) -> list[UUID]:
    """They, and what those that are requested are to take the place of: nothing of it stands in their way."""
    asked = (one.replaces for one in bookings if one.state == "requested" and one.replaces)
    return [*(one.id for one in bookings), *asked]


def faults(slot: Slot) -> list[Fault]:
    if not slot.starts_at < slot.ends_at:
        return [BACKWARDS]
    occupied = slot.occupied
    return [TOO_LONG] if occupied[1] - occupied[0] > LONGEST else []


def hold_faults(hold_until: dt.datetime, now: dt.datetime) -> list[Fault]:
    if now < hold_until <= now + LONGEST_HOLD:
        return []
    return [Fault("hold_until", _HOLD, {"after": now.isoformat(), "until": (now + LONGEST_HOLD).isoformat()})]


def decide(
    bare: Range, hours: Sequence[Sequence[Range] | None], blockers: Sequence[Blocker], *, breaks_policy: bool = False
) -> Refusal | None:
    """The order of refusals for a slot without faults. `hours`: open spans of each named space, None always open.

    An override is asked for by handing in no hours.
    """
    if not all(covers(spans, *bare) for spans in hours):
        return "outside_hours"
    if breaks_policy:
        return "policy"
    return "conflict" if blockers else None


def state_at(booking: Booking, now: dt.datetime) -> BookingState:
    """The state that counts: a hold is gone at its expiry instant, whether or not a job has written it down."""
    return "expired" if hold_ran_out(booking, now) else booking.state


def hold_ran_out(booking: Booking, now: dt.datetime) -> bool:
    is_hold = booking.state == "held" or (booking.state == "affected" and booking.state_before == "held")
    return is_hold and booking.hold_until is not None and booking.hold_until <= now


def kept_as(states: Collection[BookingState]) -> list[BookingState]:
    """As what bookings in one of the states may be written down: a hold that ran out may stand as one still."""
    ran_out: tuple[BookingState, ...] = ("held", "affected") if "expired" in states else ()
    return sorted({*states, *ran_out})


_FITS: dict[Order, frozenset[BookingState]] = {
    "confirm": frozenset({"held", "requested"}),
    "cancel": frozenset({"requested", "held", "confirmed", "blocked", "affected"}),
    "release": frozenset({"held", "confirmed"}),
    "reject": frozenset({"requested"}),
}
_BECOMES: dict[Order, BookingState] = {
    "confirm": "confirmed",
    "cancel": "cancelled",
    "release": "released",
    "reject": "rejected",
}


def orders_for(state: BookingState) -> list[Order]:
    """What may be done with a booking in this state, as long as its time is not over."""
    return [order for order, states in _FITS.items() if state in states]


def fits(order: Order, booking: Booking, now: dt.datetime) -> bool:
    """Releasing is for time that is not over yet."""
    return state_at(booking, now) in _FITS[order] and (order != "release" or now < booking.slot.ends_at)


def obey(order: Order, booking: Booking, now: dt.datetime, reason_code: str | None) -> Booking:
    """The booking after an order that fits it."""
    return _next(
        booking,
        now,
        state=_BECOMES[order],
        hold_until=None if order == "confirm" else booking.hold_until,
        reason_code=reason_code,
        state_before=None,
    )


def agree(booking: Booking, now: dt.datetime) -> Booking:
    """One of those who must has agreed; it waits for another."""
    return _next(booking, now)


def check_in_window(slot: Slot) -> Range:
    return slot.occupied[0] - EARLY, slot.ends_at


def may_check_in(booking: Booking, now: dt.datetime) -> bool:
    """Never to a health station's: whether somebody came to an appointment is nobody else's business."""
    start, end = check_in_window(booking.slot)
    return booking.state == "confirmed" and booking.about.discreet_unit is None and start <= now < end


def check_in(booking: Booking, now: dt.datetime) -> Booking:
    return _next(booking, now, checked_in_at=now)


def unused_at(booking: Booking, minutes: int) -> dt.datetime | None:
    """When it is given up if nobody comes: so long after its start, or after its last change, for who books late is not
    late. None when it never is."""
    at = max(booking.slot.starts_at, booking.updated_at) + dt.timedelta(minutes=minutes)
    waits = booking.state == "confirmed" and booking.checked_in_at is None and booking.about.discreet_unit is None
    return at if waits and at < booking.slot.ends_at else None


def is_unused(booking: Booking, now: dt.datetime, minutes: int) -> bool:
    at = unused_at(booking, minutes)
    return at is not None and at <= now < booking.slot.ends_at


def give_up(booking: Booking, now: dt.datetime) -> Booking:
    return _next(booking, now, state="released", reason_code=UNUSED)


def can_move(booking: Booking, now: dt.datetime) -> bool:
    """Also what a closure displaced may be moved: that is how its owner saves it."""
    state = state_at(booking, now)
    return state in OCCUPYING or state == "affected"


def move(booking: Booking, wanted: Booking, now: dt.datetime, square_id: UUID, zone: ZoneInfo) -> Booking:
    """The booking at the time and in the spaces of `wanted`, with what that brings along."""
    return _next(
        booking,
        now,
        square_id=square_id,
        zone=zone,
        slot=wanted.slot,
        about=wanted.about,
        equipment=wanted.equipment,
        state=booking.own_state,
        state_before=None,
        closure_id=None,
        override=wanted.override,
        previous=booking.slot,
        checked_in_at=_still_here(booking, wanted.slot),
    )


def _still_here(booking: Booking, slot: Slot) -> dt.datetime | None:
    """Who made a running booking longer need not come again."""
    start, end = check_in_window(slot)
    at = booking.checked_in_at
    return at if at and start <= at < end else None


def give_way(former: Booking, wanted: Booking, now: dt.datetime) -> Booking | None:
    """What becomes of the booking that another takes the place of; None where it is over already, used or not."""
    if hold_ran_out(former, now):
        return expire(former, now)
    past = former.slot.ends_at <= now and not overlaps(former.slot.occupied, wanted.slot.occupied)
    return None if past or not fits("cancel", former, now) else obey("cancel", former, now, REPLACED)


def is_unneeded(booking: Booking, owner_version: int, now: dt.datetime) -> bool:
    """By a version of the owner that does not name it."""
    asked = booking.owner_version
    return asked is not None and asked < owner_version and fits("cancel", booking, now)


def expire(booking: Booking, now: dt.datetime) -> Booking:
    return _next(booking, now, state="expired", state_before=None)


def displace(booking: Booking, now: dt.datetime, closure_id: UUID, reason_code: str) -> Booking:
    """Displaced twice, it still remembers what it was before the first closure."""
    before = booking.state_before if booking.state == "affected" else booking.state
    return _next(booking, now, state="affected", state_before=before, closure_id=closure_id, reason_code=reason_code)


def restore(booking: Booking, now: dt.datetime) -> Booking:
    return _next(
        booking,
        now,
        state=booking.state_before or "confirmed",
        state_before=None,
        closure_id=None,
        reason_code=None,
    )


def take_again(booking: Booking, now: dt.datetime) -> Booking:
    """A hold that ran out before its owner's word arrived, and whose time is still free."""
    return _next(booking, now, state="confirmed", hold_until=None, state_before=None, reason_code=None)


def offer(booking: Booking, now: dt.datetime) -> Booking:
    """Its time has become free: still refused, until its owner takes it."""
    return _next(booking, now, reason_code="offered", blocking=())


def take_offer(booking: Booking, now: dt.datetime) -> Booking:
    return _next(booking, now, state="confirmed", reason_code=None)


def decline_offer(booking: Booking, now: dt.datetime) -> Booking:
    return _next(booking, now, reason_code="declined")


def lose(booking: Booking, now: dt.datetime, blocking: Sequence[UUID]) -> Booking:
    """The owner counted on a hold that is gone: said again, so that the owner hears it after its own word."""
    return _next(booking, now, state="expired", state_before=None, blocking=tuple(blocking))


def _next(booking: Booking, now: dt.datetime, **changes: Any) -> Booking:
    return replace(booking, version=booking.version + 1, updated_at=now, **changes)
