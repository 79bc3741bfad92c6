"""What may happen to a shift, decided without I/O. States:

  ┌─────too few, 48 hours before──────┐
open ◀──change──▶ staffed ◀──fill──▶ understaffed
  └───────────────┬───────────────────┘
        complete ─┴─ cancel
"""

import datetime as dt
from dataclasses import dataclass, field
from uuid import UUID

from shared.contracts.volunteer_central import Shift, ShiftState
from shared.problems import Conflict, Invalid, Message, WrongState

NOTICE = dt.timedelta(hours=48)
KEEP_SIGN_UPS = dt.timedelta(days=30)
AHEAD = ("open", "staffed", "understaffed")
NOT_BEGUN = Message("Vakten har ikke begynt.", "The shift has not begun.")
OVER = Message("Vakten er over.", "The shift is over.")
FULL = Message("Vakten har nok frivillige.", "The shift has enough volunteers.")
TWICE = Message("Den frivillige er alt påmeldt.", "The volunteer is signed up already.")
BUSY = Message("Den frivillige har en annen vakt da.", "The volunteer has another shift then.")
NOT_CLEARED = Message("Vakten krever fremvist politiattest.", "The shift requires a police certificate that was shown.")
TOO_MANY_MINUTES = Message("Flere minutter enn døgnet har.", "More minutes than the day has.")


@dataclass(frozen=True)
class Volunteer:
    """A person, known to this service alone. Nothing of it goes into events, logs or errors."""

    id: UUID
    version: int
    square_id: UUID
    unit_id: UUID
    name: str | None = field(repr=False)
    phone: str | None = field(repr=False)
    clearance_shown_on: dt.date | None = None
    clearance_seen_by: str | None = None
    erased_at: dt.datetime | None = None

    @property
    def cleared(self) -> bool:
        return self.clearance_shown_on is not None


@dataclass(frozen=True)
class SignUp:
    id: UUID
    shift_id: UUID
    volunteer_id: UUID
    withdrawn: bool = False


def changed(present: Shift, wanted: Shift, now: dt.datetime) -> tuple[Shift, str]:
    """With what is asked for as `wanted` has it; who has signed up stays."""
    own = {name: getattr(present, name) for name in ("state", "confirmed", "volunteers", "minutes")}
    kept = wanted.model_copy(update=own)
    if kept == present:
        return present, "changed"
    _check_ahead(present)
    return _told(present, kept, now)


def filled(shift: Shift, by: int, now: dt.datetime) -> tuple[Shift, str]:
    """With one volunteer more or fewer."""
    return _told(shift, shift.model_copy(update={"confirmed": max(shift.confirmed + by, 0)}), now)


def fallen_due(shift: Shift, now: dt.datetime) -> tuple[Shift, str] | None:
    """What the approach of its beginning makes of it; None: nothing."""
    if shift.state != "open" or _state(shift, now) == "open":
        return None
    return _told(shift, shift, now)


def completed(present: Shift, volunteers: int | None, minutes: int | None, now: dt.datetime) -> tuple[Shift, str]:
    """Nothing said: all who had signed up were there, all the time. Again: corrects what was said."""
    if present.state == "cancelled":
        raise WrongState(state=present.state)
    if now < present.starts_at:
        raise Invalid(NOT_BEGUN)
    came = present.confirmed if volunteers is None else volunteers
    length = int((present.ends_at - present.starts_at).total_seconds()) // 60
    spent = came * length if minutes is None else minutes
    if spent > came * 24 * 60:
        raise Invalid(TOO_MANY_MINUTES, errors=[{"loc": ["minutes"], "message": TOO_MANY_MINUTES}])
    return present.model_copy(update={"state": "completed", "volunteers": came, "minutes": spent}), "completed"


def cancelled(present: Shift) -> tuple[Shift, str]:
    if present.state == "completed":
        raise WrongState(state=present.state)
    return present.model_copy(update={"state": "cancelled"}), "cancelled"


def check_takes(shift: Shift, volunteer: Volunteer, now: dt.datetime) -> None:
    """Raises what speaks against it, but for what the volunteer does elsewhere."""
    _check_ahead(shift)
    if now >= shift.ends_at:
        raise Conflict(OVER, code="wrong_state")
    if shift.requires_clearance and not volunteer.cleared:
        raise Conflict(NOT_CLEARED, code="not_cleared")
    if shift.confirmed >= shift.needed:
        raise Conflict(FULL, code="shift_full")


def can_leave(shift: Shift) -> bool:
    return shift.state in AHEAD


def _check_ahead(shift: Shift) -> None:
    if shift.state not in AHEAD:
        raise WrongState(state=shift.state)


def _told(before: Shift, after: Shift, now: dt.datetime) -> tuple[Shift, str]:
    """In the state it has now, with the verb that says so."""
    settled = after.model_copy(update={"state": _state(after, now)})
    if settled.state in ("staffed", "understaffed") and settled.state != before.state:
        return settled, settled.state
    return settled, "changed"


def _state(shift: Shift, now: dt.datetime) -> ShiftState:
    if shift.confirmed >= shift.needed:
        return "staffed"
    return "understaffed" if shift.starts_at - NOTICE <= now else "open"
