"""What a booking is to be, read against the house that it is wanted in."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from services.facility.booking import bodies, domain, gear, house, owner_store, refusals, rights, view
from services.facility.booking.bodies import MoveBooking, PutBooking, time_of
from services.facility.booking.domain import Booking, Slot
from services.facility.booking.house import House
from services.facility.policy.domain import Terms
from shared.clock import Clock
from shared.contracts.facility import Gear
from shared.identity import Actor
from shared.problems import Conflict, Message, Stale

TOO_LATE = Message(
    "Det dette gjelder, er endret siden det ble bedt om. Se på det igjen.",
    "What this is about has changed since it was asked for. Look at it again.",
)


async def read(conn: Any, now: dt.datetime, place: House, booking_id: UUID, body: PutBooking) -> Booking:
    """The booking wanted, at its first version. Raises Invalid."""
    place.check_bookable(body.state)
    unit = await house.unit(conn, body.unit_id, place.mark)
    await house.check_units(conn, body.touches, place.mark)
    starts_at = time_of("starts_at", body.starts_at, place.zone)
    ends_at = time_of("ends_at", body.ends_at, place.zone)
    slot = body.slot(starts_at, ends_at)
    hold_until = hold_end(body, place, now)
    faults = domain.faults(slot) + (domain.hold_faults(hold_until, now) if hold_until else [])
    if faults:
        raise refusals.invalid(faults)
    return Booking(
        id=booking_id,
        version=1,
        square_id=place.square_id,
        zone=place.zone,
        slot=slot,
        state=body.state,
        about=body.about(unit[1] if unit else None, body.series_id),
        asked=bodies.asked(body),
        created_at=now,
        updated_at=now,
        hold_until=hold_until,
        override=body.override,
        equipment=gear.brought(body.equipment),
    )


async def new(conn: Any, clock: Clock, actor: Actor, place: House, booking_id: UUID, body: PutBooking) -> Booking:
    """As `read`, by somebody who may have it. Raises Invalid, NotFound or Forbidden."""
    wanted = await read(conn, clock.now(), place, booking_id, body)
    rights.check_write(actor, place.squares, body.unit_id, body.state, body.override)
    await check_gear(conn, actor, wanted.equipment, body.unit_id)
    return wanted


async def check_owner(conn: Any, wanted: Booking) -> None:
    """Raises Conflict for a request on behalf of a version of its owner that is past: nobody waits for the answer.

    Takes the owner's turn until the transaction ends.
    """
    owner, unit = wanted.about.owner_ref, wanted.about.unit_id
    if wanted.state != "requested" or wanted.owner_version is None or not owner or not unit:
        return
    version, named = await owner_store.latest(conn, owner, unit)
    if wanted.id not in named and domain.is_unneeded(wanted, version, wanted.created_at):
        raise Conflict(TOO_LATE, code=domain.UNNEEDED, reasons=[{"rule": domain.UNNEEDED, "message": TOO_LATE}])


async def check_gear(conn: Any, actor: Actor, brought: Sequence[Gear], unit_id: UUID | None) -> None:
    """Raises Invalid for equipment that there is not, or not so much of; NotFound or Forbidden for another's."""
    rights.check_write(actor, await stock(conn, brought), unit_id, "confirmed", override=False)


async def stock(conn: Any, brought: Sequence[Gear]) -> list[UUID]:
    """The squares it comes from. Raises Invalid."""
    faults, squares = await gear.look(conn, brought) if brought else ([], [])
    if faults:
        raise refusals.invalid(faults)
    return squares


def hold_end(body: bodies.Wish, place: House, now: dt.datetime) -> dt.datetime | None:
    if body.state != "held":
        return None
    return time_of("hold_until", body.hold_until, place.zone) if body.hold_until else now + domain.DEFAULT_HOLD


async def moved(
    conn: Any, clock: Clock, actor: Actor, place: House, booking: Booking, seen: int, body: MoveBooking
) -> Booking:
    """The booking with what is wanted instead, still at its version. Raises Invalid, NotFound, Forbidden or Stale."""
    squares, unit_id = {booking.square_id, *place.squares}, booking.about.unit_id
    rights.check_write(actor, squares, unit_id, booking.own_state, override=False)
    check_version(booking, seen, actor, clock)
    check_movable(booking, clock.now())
    place.check_bookable(booking.own_state)
    slot = _slot(body, place)
    brought = booking.equipment if body.equipment is None else gear.brought(body.equipment)
    rights.check_write(actor, squares, unit_id, booking.own_state, body.override)
    await check_gear(conn, actor, brought, unit_id)
    return replace(booking, slot=slot, about=body.about(booking.about), override=body.override, equipment=brought)


def terms_of_move(booking: Booking, body: MoveBooking, now: dt.datetime) -> Terms:
    """Who was displaced asked in good time: a closure does not make him late."""
    asked_at = booking.created_at if booking.state == "affected" else now
    return Terms(asked_at, reason=bodies.given(body.exception))


def _slot(body: MoveBooking, place: House) -> Slot:
    starts_at = time_of("starts_at", body.starts_at, place.zone)
    ends_at = time_of("ends_at", body.ends_at, place.zone)
    spaces = tuple(dict.fromkeys(body.space_ids))
    slot = Slot(spaces, starts_at, ends_at, body.setup_minutes, body.teardown_minutes)
    faults = domain.faults(slot)
    if faults:
        raise refusals.invalid(faults)
    return slot


def check_version(booking: Booking, seen: int, actor: Actor, clock: Clock) -> None:
    if booking.version != seen:
        raise Stale(view.show(booking, actor, clock.now()))


def check_movable(booking: Booking, now: dt.datetime) -> None:
    if not domain.can_move(booking, now):
        raise refusals.cannot_move(domain.state_at(booking, now))
