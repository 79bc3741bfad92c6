"""What may happen to an occurrence, decided without I/O. States:

draft ──schedule──▶ scheduled ──cancel──▶ cancelled
  ▲                  │  ▲   └──count────▶ completed
  └──── no room ─────┘  │
             affected ──┘  (the room was lost or moved: the editor decides)

A draft may have its rooms requested of whoever decides about them:

            ┌──request──▶ pending ──approved──▶ scheduled
draft ──────┤                └──refused──▶ refused ──another room, or cancel
            └──(asked for anew, elsewhere or at another time: the earlier request is withdrawn)

A date that has its place stays there while the move to another is requested:

scheduled, affected ──request──▶ (the same, with a pending move) ──approved──▶ scheduled, there
                                   └──refused──▶ (the same, with a refused move) ──stay, or another move
"""

import datetime as dt
from collections.abc import Sequence
from typing import Any
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

from shared.contracts.facility import Booking, Gear, Slot
from shared.contracts.programme import Activity, Attendance, EarlierCount, MoveRequest, Occurrence, RoomRequest
from shared.problems import Invalid, Message, WrongState
from shared.programme.bodies import PutActivity, PutAttendance, PutOccurrence, Reschedule, SeriesDate, Terms
from shared.workdays import OnHoliday, decided

BOOKINGS = UUID("0f0c4f5e-6a27-5d3c-9d3f-0b7a5f9e6c11")
ALL_HOLIDAYS = Message("Alle datoene er helligdager.", "All the dates are public holidays.")
NO_ROOM = Message("Utstyr hører til et rom. Velg rommet først.", "Equipment goes with a room. Choose the room first.")
NOT_BEGUN = Message("Kan ikke telles før den har begynt.", "It cannot be counted before it has begun.")
NO_MOVE = Message("Det er ikke bedt om noen flytting.", "No move has been requested.")
MOST_BOOKINGS = 50
# So many revisions of a head count travel with the newest.
MOST_EARLIER = 200
HALF_HOUR = dt.timedelta(minutes=30)
# What is asked for anew where a date is to be elsewhere.
PLACE = ("starts_at", "ends_at", "setup_minutes", "teardown_minutes", "space_ids")
ASKED_ANEW = (*PLACE, "purpose", "responsible_role", "equipment")
LOST_BY = {"affected", "cancelled", "expired", "released", "rejected"}


def booking_id_of(occurrence_id: UUID, attempt: int = 0) -> UUID:
    """Derived, so that any step can be repeated after a lost answer; a further attempt after a booking that is over."""
    return uuid5(BOOKINGS, f"{occurrence_id}/{attempt}")


def bookings_of(occurrence_id: UUID) -> list[UUID]:
    """In the order in which they are tried."""
    return [booking_id_of(occurrence_id, attempt) for attempt in range(MOST_BOOKINGS)]


def new_activity(activity_id: UUID, body: PutActivity) -> Activity:
    return Activity.model_validate({"activity_id": activity_id, **body.model_dump()})


def new_occurrence(occurrence_id: UUID, activity: Activity, asked: PutOccurrence, series: UUID | None) -> Occurrence:
    """A draft; `scheduled` follows once the room is held or none is needed."""
    draft = Occurrence(
        occurrence_id=occurrence_id,
        activity_id=activity.activity_id,
        square_id=activity.square_id,
        unit_id=activity.unit_id,
        hosts=activity.hosts,
        title_nb=activity.title_nb,
        title_en=activity.title_en,
        public=activity.public,
        starts_at=asked.starts_at,
        ends_at=asked.ends_at,
        setup_minutes=asked.setup_minutes,
        teardown_minutes=asked.teardown_minutes,
        space_ids=asked.space_ids,
        series_id=series,
        off_site=asked.off_site,
        meeting_point=asked.meeting_point,
        capacity=asked.capacity,
        state="draft",
    )
    return on_terms(draft, asked)


def on_terms(occurrence: Occurrence, terms: Terms) -> Occurrence:
    """With what is said anew of the purpose, of who is responsible and of what is brought along.

    Raises Invalid for equipment without a room to bring it to.
    """
    if terms.equipment and not occurrence.space_ids:
        raise Invalid(NO_ROOM, errors=[{"loc": ["equipment"], "message": NO_ROOM}])
    gear = terms.equipment
    brought = None if gear is None else [Gear(equipment_id=one.id, count=one.count) for one in gear]
    said = {"purpose": terms.purpose, "responsible_role": terms.responsible_role, "equipment": brought}
    return occurrence.model_copy(update={name: value for name, value in said.items() if value is not None})


def check_draft(occurrence: Occurrence) -> None:
    if occurrence.state != "draft":
        raise WrongState(state=occurrence.state)


def scheduled(occurrence: Occurrence, booking_id: UUID | None) -> Occurrence:
    check_draft(occurrence)
    return occurrence.model_copy(update={"state": "scheduled", "booking_id": booking_id, "room_request": None})


def after_asking(draft: Occurrence, booking_id: UUID, booking_state: str, reason_code: str | None = None) -> Occurrence:
    """By the state of the booking that was asked for."""
    if booking_state in ("held", "confirmed"):
        return scheduled(draft, booking_id)
    request = RoomRequest(state="pending") if booking_state == "requested" else _refused(reason_code)
    return draft.model_copy(update={"booking_id": booking_id, "room_request": request})


def without_request(draft: Occurrence) -> Occurrence:
    return draft.model_copy(update={"booking_id": None, "room_request": None})


def perhaps_requested(draft: Occurrence) -> Occurrence:
    """The request was sent and no answer came: should it have arrived, this draft is whose it is."""
    return draft.model_copy(update={"booking_id": booking_id_of(draft.occurrence_id)})


def request_of(draft: Occurrence) -> UUID | None:
    """The request that still waits for an answer."""
    refused = draft.room_request is not None and draft.room_request.state == "refused"
    return None if refused else draft.booking_id


def _refused(reason_code: str | None) -> RoomRequest:
    return RoomRequest(state="refused", reason_code=reason_code)


def is_as_decided(one: Occurrence) -> bool:
    """Whether a date of a series is still as facility's decision about the series left it."""
    if one.state == "draft" and not one.room_request:
        return bool(one.space_ids)
    stands = one.state == "scheduled" or (one.state == "draft" and request_of(one))
    return bool(stands) and one.booking_id == booking_id_of(one.occurrence_id) and not one.previous


def minding_holidays(dates: Sequence[SeriesDate], choice: OnHoliday, zone: ZoneInfo) -> list[SeriesDate]:
    """The dates with those on public holidays kept, left out, or moved to the next working day at the same clock times.

    Raises Invalid when none is left.
    """
    local = [(one.starts_at.astimezone(zone), one.ends_at.astimezone(zone)) for one in dates]
    days = decided([start.date() for start, _ in local], choice)
    found = [
        one.model_copy(update={"starts_at": start + (day - start.date()), "ends_at": end + (day - start.date())})
        for one, (start, end), day in zip(dates, local, days, strict=True)
        if day is not None
    ]
    if not found:
        raise Invalid(ALL_HOLIDAYS)
    return found


def rescheduled(occurrence: Occurrence, asked: Reschedule) -> Occurrence:
    """The new date; the earlier one is kept as `previous`, so that figures can tell moved from cancelled."""
    if occurrence.state not in ("draft", "scheduled", "affected"):
        raise WrongState(state=occurrence.state)
    changes: dict[str, Any] = {"starts_at": asked.starts_at, "ends_at": asked.ends_at, "previous": slot_of(occurrence)}
    changes["move_request"] = None
    for name in ("space_ids", "setup_minutes", "teardown_minutes"):
        if getattr(asked, name) is not None:
            changes[name] = getattr(asked, name)
    if asked.space_ids == []:
        changes["equipment"] = []
    moved = on_terms(occurrence.model_copy(update=changes), asked)
    return moved.model_copy(update={"state": "draft" if occurrence.state == "draft" else "scheduled"})


def after_asking_to_move(present: Occurrence, moved: Occurrence, booking_id: UUID, booking_state: str) -> Occurrence:
    """It stays where it is until the answer. One that has been given already is followed at once."""
    if booking_state != "requested":
        return moved.model_copy(update={"booking_id": booking_id})
    there = {name: getattr(moved, name) for name in ASKED_ANEW}
    request = MoveRequest(state="pending", booking_id=booking_id, **there)
    return present.model_copy(update={"move_request": request})


def asks_already(present: Occurrence, asked: Reschedule) -> bool:
    """Whether it waits for this very move: it was asked for by somebody who did not hear the answer."""
    request = present.move_request
    if request is None or request.state != "pending" or present.state not in ("scheduled", "affected"):
        return False
    moved = rescheduled(present, asked)
    return all(getattr(request, name) == getattr(moved, name) for name in ASKED_ANEW)


def taken_up(
    present: Occurrence | None, wanted: Occurrence, booking: Booking, *, coarse: bool = False
) -> tuple[Occurrence, str] | None:
    """What was being asked for when the unit died, instead of what was requested before; None where the booking is of
    another wish than the newest."""
    if booking.state not in ("requested", "confirmed") or not _same_slot(wanted, booking, coarse):
        return None
    if present is None or present.state == "draft":
        waits = booking.state == "requested"
        verb = ("drafted" if present is None else "changed") if waits else "scheduled"
        verb = "rescheduled" if present and _moves(present, wanted) else verb
        return after_asking(wanted, booking.booking_id, booking.state), verb
    verb = "changed" if booking.state == "requested" else "rescheduled"
    return after_asking_to_move(present, wanted, booking.booking_id, booking.state), verb


def gives_way_to_its_own(occurrence: Occurrence, booking: Booking) -> bool:
    """Whether its place, or the move it waits for, gave way to a request of its own, which is to be heard of."""
    had = (occurrence.booking_id, move_asked_for(occurrence))
    return booking.booking_id in had and booking.replaced_by in bookings_of(occurrence.occurrence_id)


def _moves(present: Occurrence, wanted: Occurrence) -> bool:
    return any(getattr(present, name) != getattr(wanted, name) for name in PLACE)


def move_asked_for(occurrence: Occurrence) -> UUID | None:
    """The request for a move that still waits for an answer."""
    asked = occurrence.move_request
    return asked.booking_id if asked and asked.state == "pending" else None


def staying(occurrence: Occurrence) -> Occurrence:
    """Without the move that was asked for or refused."""
    if occurrence.move_request is None or occurrence.state in ("cancelled", "completed"):
        raise WrongState(NO_MOVE, state=occurrence.state)
    return occurrence.model_copy(update={"move_request": None})


def cancelled(occurrence: Occurrence, reason_code: str) -> Occurrence:
    if occurrence.state in ("cancelled", "completed"):
        raise WrongState(state=occurrence.state)
    return occurrence.model_copy(update={"state": "cancelled", "cancel_reason": reason_code, "room_request": None})


def counted(occurrence: Occurrence, count: PutAttendance, now: dt.datetime) -> Occurrence | None:
    """With the new head count as a further revision, or None when it says what the newest says already. What took place
    where it was need not move any more."""
    if occurrence.state in ("cancelled", "draft"):
        raise WrongState(state=occurrence.state)
    if now < occurrence.starts_at:
        raise Invalid(NOT_BEGUN)
    known = occurrence.attendance
    if known and (known.total, known.by_band, known.method) == (count.total, count.bands(), count.method):
        return None
    attendance = Attendance(
        total=count.total,
        by_band=count.bands(),
        method=count.method,
        revision=known.revision + 1 if known else 1,
        recorded_at=now,
        earlier=_earlier(known),
    )
    counted = occurrence.model_copy(update={"attendance": attendance})
    if now < occurrence.ends_at:
        return counted
    return counted.model_copy(update={"state": "completed", "move_request": None})


def _earlier(known: Attendance | None) -> list[EarlierCount]:
    """What was counted before, the oldest left out when there is too much of it for an event."""
    if known is None:
        return []
    last = EarlierCount(total=known.total, revision=known.revision, recorded_at=known.recorded_at)
    return [*known.earlier, last][-MOST_EARLIER:]


def after_booking(
    occurrence: Occurrence, booking: Booking, verb: str, *, coarse: bool = False
) -> tuple[Occurrence, str] | None:
    """What a change of its booking that the unit did not make itself means; None: nothing.

    A move takes the occurrence along, since the room is where it is; what was lost waits for the editor. `coarse`: the
    booking's time is told in half hours, set-up and all, as facility tells the health station's, and nothing is told of
    what it brings along.
    """
    if occurrence.state in ("cancelled", "completed"):
        return None
    if move := _asked_by(occurrence, booking):
        return _after_move_request(occurrence, move, booking, verb)
    if occurrence.booking_id != booking.booking_id or _gives_way(occurrence, booking):
        return None
    if occurrence.state == "draft":
        return _after_request(occurrence, booking, verb)
    if verb in ("moved", "confirmed") and not _as_booked(occurrence, booking, coarse):
        along = {"starts_at": booking.starts_at, "ends_at": booking.ends_at, "space_ids": booking.space_ids}
        buffers = {"setup_minutes": booking.setup_minutes, "teardown_minutes": booking.teardown_minutes}
        brought = {} if coarse else {"equipment": booking.equipment}
        update = {**along, **buffers, **brought, "previous": slot_of(occurrence), "state": "affected"}
        return occurrence.model_copy(update=update), "affected"
    if verb in LOST_BY and occurrence.state != "affected":
        return occurrence.model_copy(update={"state": "affected"}), "affected"
    if verb == "restored" and occurrence.state == "affected":
        return occurrence.model_copy(update={"state": "scheduled"}), "scheduled"
    return None


def _after_request(draft: Occurrence, booking: Booking, verb: str) -> tuple[Occurrence, str] | None:
    """Approved, refused, or withdrawn in facility by somebody who may."""
    if verb == "confirmed":
        return scheduled(draft, booking.booking_id), "scheduled"
    if verb == "rejected":
        refused = draft.model_copy(update={"room_request": _refused(booking.reason_code)})
        return None if refused == draft else (refused, "changed")
    return (without_request(draft), "changed") if verb in LOST_BY else None


def _asked_by(occurrence: Occurrence, booking: Booking) -> MoveRequest | None:
    asked = occurrence.move_request
    return asked if asked and asked.booking_id == booking.booking_id else None


def _gives_way(occurrence: Occurrence, booking: Booking) -> bool:
    """Its place is taken by where the date moves to: the word of that booking is on its way."""
    asked = occurrence.move_request
    return asked is not None and booking.replaced_by == asked.booking_id


def _after_move_request(
    occurrence: Occurrence, asked: MoveRequest, booking: Booking, verb: str
) -> tuple[Occurrence, str] | None:
    if verb == "confirmed":
        update = {name: getattr(asked, name) for name in ASKED_ANEW}
        update |= {"booking_id": booking.booking_id, "move_request": None, "previous": slot_of(occurrence)}
        return occurrence.model_copy(update={**update, "state": "scheduled"}), "rescheduled"
    if verb == "rejected":
        refusal = {"state": "refused", "reason_code": booking.reason_code}
        refused = occurrence.model_copy(update={"move_request": asked.model_copy(update=refusal)})
        return None if refused == occurrence else (refused, "changed")
    return (occurrence.model_copy(update={"move_request": None}), "changed") if verb in LOST_BY else None


def given_room(draft: Occurrence, booking: Booking, *, coarse: bool = False) -> Occurrence | None:
    """A draft whose refused room was offered later, and taken; None where it has moved on meanwhile."""
    return scheduled(draft, booking.booking_id) if _same_slot(draft, booking, coarse) else None


def accepted(occurrence: Occurrence) -> Occurrence:
    """The editor agrees to what befell the room."""
    if occurrence.state != "affected":
        raise WrongState(state=occurrence.state)
    return occurrence.model_copy(update={"state": "scheduled"})


def slot_of(occurrence: Occurrence) -> Slot:
    return Slot(space_ids=occurrence.space_ids, starts_at=occurrence.starts_at, ends_at=occurrence.ends_at)


def _as_booked(occurrence: Occurrence, booking: Booking, coarse: bool) -> bool:
    return _same_slot(occurrence, booking, coarse) and (coarse or occurrence.equipment == booking.equipment)


def _same_slot(occurrence: Occurrence, booking: Booking, coarse: bool) -> bool:
    if sorted(occurrence.space_ids) != sorted(booking.space_ids):
        return False
    if not coarse:
        return (occurrence.starts_at, occurrence.ends_at) == (booking.starts_at, booking.ends_at)
    start = occurrence.starts_at - dt.timedelta(minutes=occurrence.setup_minutes)
    end = occurrence.ends_at + dt.timedelta(minutes=occurrence.teardown_minutes)
    return start - HALF_HOUR < booking.starts_at <= start and end <= booking.ends_at < end + HALF_HOUR
