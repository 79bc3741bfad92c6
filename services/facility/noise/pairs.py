"""Two bookings of which one is too loud for the other: what is said of them, and when it is said anew. Pure.

    (nothing) --begin to meet--> open --accept--> accepted        open, accepted --meet otherwise--> open
                                                                  open, accepted --meet no more--> resolved

Each step is a version of the pair's own subject; two that meet again are the same pair. Of a health station's booking
no more is kept than may be told to anybody: its half hours, and whether it is serious.
"""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from uuid import UUID, uuid5

from services.facility.approval.domain import Party
from services.facility.approval.store import Decision
from services.facility.booking.domain import DISCREET, Booking, state_at
from services.facility.booking.free import Range, overlaps
from services.facility.booking.view import coarse
from services.facility.finding.domain import Room
from services.facility.noise.domain import SERIOUS
from services.facility.noise.listening import Heard
from shared.contracts.facility import OCCUPYING, BookingState, NoiseAcceptance, NoiseResolution, NoiseState

_PAIRS = UUID("6f1c3f0e-7d0b-4a55-9d0b-2c1e5a2f8b10")
_ENDED: Mapping[BookingState, NoiseResolution] = {
    "released": "released",
    "expired": "expired",
    "affected": "displaced",
}


@dataclass(frozen=True)
class Meeting:
    """What is told of two bookings that meet. `source` and `heard_in` are leaves; the square is that of `heard_in`."""

    id: UUID
    square_id: UUID
    loud_id: UUID
    quiet_id: UUID
    source: UUID
    heard_in: UUID
    starts_at: dt.datetime
    ends_at: dt.datetime
    severity: int
    unit_ids: tuple[UUID, ...] = ()
    discreet: bool = False

    @property
    def serious(self) -> bool:
        return self.severity >= SERIOUS

    def within(self, other: "Meeting") -> bool:
        """Whether who accepted the other has accepted this: the same rooms, no louder and no longer."""
        same = (self.loud_id, self.source, self.heard_in) == (other.loud_id, other.source, other.heard_in)
        return (
            same
            and self.severity <= other.severity
            and other.starts_at <= self.starts_at
            and self.ends_at <= other.ends_at
        )


@dataclass(frozen=True)
class Acceptance:
    """By a house manager's exception, or since all who are concerned agreed to a request. The text stays here."""

    by: NoiseAcceptance
    role: str
    reason_code: str
    reason: str | None = None


@dataclass(frozen=True)
class Pair:
    """What was last said of two bookings."""

    meeting: Meeting
    version: int
    state: NoiseState
    detected_at: dt.datetime
    acceptance: Acceptance | None = None
    accepted_at: dt.datetime | None = None
    resolution: NoiseResolution | None = None
    resolved_at: dt.datetime | None = None

    @property
    def needs_acceptance(self) -> bool:
        return self.state == "open" and self.meeting.serious


def pair_id(one: UUID, other: UUID) -> UUID:
    return uuid5(_PAIRS, f"{min(one, other)}/{max(one, other)}")


def meeting_of(wish: Booking, heard: Heard, rooms: Mapping[UUID, Room]) -> Meeting:
    conflict, other = heard.conflict, heard.neighbour.blocker
    loud, quiet = (wish.id, other.id) if conflict.way == "out" else (other.id, wish.id)
    about = wish.about
    discreet = DISCREET in (about.unit_kind, other.unit_kind)
    mine, theirs = told_time(wish), _told(heard.neighbour.sound.time, other.unit_kind)
    return Meeting(
        id=pair_id(loud, quiet),
        square_id=rooms[conflict.heard_in].square_id,
        loud_id=loud,
        quiet_id=quiet,
        source=conflict.source,
        heard_in=conflict.heard_in,
        starts_at=max(mine[0], theirs[0]),
        ends_at=min(mine[1], theirs[1]),
        severity=min(conflict.severity, SERIOUS) if discreet else conflict.severity,
        unit_ids=tuple(sorted({unit for unit in (about.unit_id, other.unit_id) if unit})),
        discreet=discreet,
    )


def told_time(booking: Booking) -> Range:
    """When it is heard, and hears, as far as anybody is told."""
    return _told(booking.slot.occupied, booking.about.unit_kind)


def _told(time: Range, unit_kind: str | None) -> Range:
    return coarse(time) if unit_kind == DISCREET else time


def worst(meetings: Iterable[Meeting]) -> dict[UUID, Meeting]:
    """One for each pair, whichever of the two it was heard from."""
    found: dict[UUID, Meeting] = {}
    for one in meetings:
        known = found.get(one.id)
        if known is None or (one.severity, one.loud_id) > (known.severity, known.loud_id):
            found[one.id] = one
    return found


def compare(pairs: Iterable[Pair], found: Mapping[UUID, Meeting]) -> tuple[list[Meeting], list[Pair]]:
    """What has begun or is otherwise than was said, and what has ended, of bookings that were all looked at."""
    standing = {pair.meeting.id: pair for pair in pairs if pair.state != "resolved"}
    begun = [one for one in found.values() if one.id not in standing or standing[one.id].meeting != one]
    ended = [pair for pair in standing.values() if pair.meeting.id not in found]
    return begun, ended


def begin(meeting: Meeting, known: Pair | None, now: dt.datetime) -> Pair:
    return Pair(meeting, known.version + 1 if known else 1, "open", now)


def accept(pair: Pair, acceptance: Acceptance, now: dt.datetime) -> Pair:
    return replace(pair, version=pair.version + 1, state="accepted", acceptance=acceptance, accepted_at=now)


def resolve(pair: Pair, resolution: NoiseResolution, now: dt.datetime) -> Pair:
    return replace(pair, version=pair.version + 1, state="resolved", resolution=resolution, resolved_at=now)


def still_accepted(pair: Pair | None, meeting: Meeting) -> Acceptance | None:
    """What was accepted of the pair stays so when it becomes less."""
    if pair is None or pair.state != "accepted" or not meeting.within(pair.meeting):
        return None
    return pair.acceptance


def why_ended(
    pair: Pair, bookings: tuple[Booking, Booking], rooms: Mapping[UUID, Room], now: dt.datetime
) -> NoiseResolution:
    """`bookings`: the two as they are now."""
    for booking in bookings:
        state = state_at(booking, now)
        if state not in OCCUPYING:
            return _ENDED.get(state, "cancelled")
    if any(end <= now for end in (pair.meeting.ends_at, *(told_time(booking)[1] for booking in bookings))):
        return "over"
    one, other = (booking.slot for booking in bookings)
    leaves = {leaf for space in (*one.space_ids, *other.space_ids) if space in rooms for leaf in rooms[space].leaves}
    there = {pair.meeting.source, pair.meeting.heard_in} <= leaves
    return "quieter" if there and overlaps(one.occupied, other.occupied) else "moved"


def decided(
    decisions: Sequence[Decision], parties: Iterable[Party], concerned: frozenset[UUID], other: Booking
) -> Acceptance | None:
    """What was decided about a booking when the other was there already, as far as it bears on the two.

    An exception from `noise` sets aside all that is serious at the time; a request is confirmed beside noise when all
    who are concerned by it have agreed.
    """
    agreed = {party.id for party in parties if party.binding and party.approved_at}
    for one in reversed(decisions):
        if one.at < _came(other):
            return None
        if one.verdict == "excepted" and "noise" in one.rules:
            return Acceptance("exception", one.role, one.reason_code, one.reason)
        if one.verdict == "confirmed" and concerned and concerned <= agreed:
            return Acceptance("agreement", one.role, one.reason_code, one.reason)
    return None


def _came(booking: Booking) -> dt.datetime:
    """When it last changed, as far as that may bear on noise."""
    return booking.created_at if booking.updated_at == booking.checked_in_at else booking.updated_at
