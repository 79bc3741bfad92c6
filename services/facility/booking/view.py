"""How bookings and closures look to whoever asks: what may not be seen is absent, not hidden. Pure."""

import datetime as dt
from collections.abc import Sequence
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from services.facility.booking import sentences
from services.facility.booking.domain import Blocker, Booking, Closure, Slot, state_at
from services.facility.booking.free import Range
from services.facility.booking.house import Space
from services.facility.booking.rights import sees_details, sees_exact_times
from services.facility.equipment.domain import Lack
from shared.identity import Actor
from shared.policy import allows
from shared.problems import Message
from shared.walltime import local_fields, written

BUSY = Message("Opptatt", "Busy")
_GRID = 30


def show(booking: Booking, actor: Actor, now: dt.datetime) -> dict[str, Any]:
    about = booking.about
    common = {
        "id": str(booking.id),
        "version": booking.version,
        "square_id": str(booking.square_id),
        "space_ids": [str(space) for space in booking.slot.space_ids],
        "state": state_at(booking, now),
    }
    if not sees_details(actor, about.unit_id, about.unit_kind):
        exact = sees_exact_times(actor, booking.square_id, about.unit_id, about.unit_kind)
        return common | _masked(booking.slot, booking.zone, exact)
    return {
        **common,
        **local_fields(booking.slot.starts_at, booking.slot.ends_at, booking.zone),
        "setup_minutes": booking.slot.setup_minutes,
        "teardown_minutes": booking.slot.teardown_minutes,
        "hold_until": booking.hold_until and written(booking.hold_until, booking.zone),
        "override": booking.override,
        "title": about.title,
        "unit_id": _text(about.unit_id),
        "owner_ref": about.owner_ref,
        "series_id": _text(about.series_id),
        "organiser_kind": about.organiser_kind,
        "expected_people": about.expected_people,
        "needs": None if about.needs is None else list(about.needs),
        "layout": about.layout,
        "purpose": about.purpose,
        "responsible_role": about.responsible_role,
        "organiser_id": _text(about.organiser_id),
        "touches": [str(unit) for unit in about.touches],
        "noise_out": about.noise_out,
        "quiet_need": about.quiet_need,
        "checked_in_at": booking.checked_in_at and written(booking.checked_in_at, booking.zone),
        "equipment": [{"id": str(one.equipment_id), "count": one.count} for one in booking.equipment],
        "reason_code": booking.reason_code,
        "closure_id": _text(booking.closure_id),
        "blocking": [str(other) for other in booking.blocking],
        "previous": booking.previous and _slot(booking.previous, booking.zone),
        "masked": False,
        **({"replaces": str(booking.replaces)} if booking.replaces else {}),
        **({"warnings": list(booking.warnings)} if booking.warnings else {}),
    }


def _masked(slot: Slot, zone: ZoneInfo, exact: bool) -> dict[str, Any]:
    starts_at, ends_at = slot.bare if exact else coarse(slot.occupied)
    setup, teardown = (slot.setup_minutes, slot.teardown_minutes) if exact else (0, 0)
    return {
        **local_fields(starts_at, ends_at, zone),
        "setup_minutes": setup,
        "teardown_minutes": teardown,
        "title": BUSY,
        "masked": True,
    }


def coarse(time: Range) -> Range:
    """On a grid of half hours, so that the length of an appointment tells nothing of its kind."""
    start, end = time
    first = start.replace(minute=start.minute // _GRID * _GRID, second=0, microsecond=0)
    last = end.replace(minute=end.minute // _GRID * _GRID, second=0, microsecond=0)
    return first, last if last == end else last + dt.timedelta(minutes=_GRID)


def reason(
    blocker: Blocker, asked: Slot, where: Sequence[Space], square_id: UUID, zone: ZoneInfo, actor: Actor
) -> dict[str, Any]:
    """Why a time is taken, and in which of the spaces asked for, as far as it is known.

    The id is always told; time, title and owner as far as the asker may see them.
    """
    names = [space.name for space in where]
    reading = asked.starts_at.astimezone(zone).date()
    about = {"blocking_id": str(blocker.id), "space_ids": [str(space.id) for space in where]}
    if blocker.kind == "closure":
        end = sentences.span((blocker.starts_at, blocker.ends_at), zone, reading) if blocker.ends_at else None
        told = {"rule": "closed", "message": sentences.closed(names, end), "reason_code": blocker.reason_code}
        return {**told, **about, **_closed(blocker, zone)}
    time, more = seen(blocker, square_id, actor)
    if blocker.lack:
        fields = local_fields(*time, zone) if time else {}
        return {"rule": "equipment", **_lack(blocker.lack), "blocking_id": str(blocker.id), **fields, **more}
    said = time and sentences.span(time, zone, reading)
    fields = local_fields(*time, zone) if time else {}
    return {"rule": "occupied", "message": sentences.occupied(names, said), **about, **fields, **more}


def _lack(lack: Lack) -> dict[str, Any]:
    thing = lack.thing
    told = sentences.too_few(thing.name, lack.wanted, lack.free, thing.count)
    return {"message": told, "equipment_id": str(thing.equipment_id), "wanted": lack.wanted, "free": lack.free}


def seen(blocker: Blocker, square_id: UUID, actor: Actor) -> tuple[Range | None, dict[str, Any]]:
    """The time and what else of a booking the actor may see."""
    if blocker.ends_at is None or not allows(actor, "booking.read", square_id=square_id, unit_id=blocker.unit_id):
        return None, {}
    time = (blocker.starts_at, blocker.ends_at)
    if sees_details(actor, blocker.unit_id, blocker.unit_kind):
        return time, {"title": blocker.title, "unit_id": _text(blocker.unit_id)}
    exact = sees_exact_times(actor, square_id, blocker.unit_id, blocker.unit_kind)
    return time if exact else coarse(time), {"title": BUSY}


def _closed(blocker: Blocker, zone: ZoneInfo) -> dict[str, str]:
    if blocker.ends_at is None:
        return {"starts_at": written(blocker.starts_at, zone)}
    return local_fields(blocker.starts_at, blocker.ends_at, zone)


def show_closure(closure: Closure) -> dict[str, Any]:
    return {
        "id": str(closure.id),
        "version": closure.version,
        "square_id": str(closure.square_id),
        "unit_id": _text(closure.unit_id),
        "space_ids": [str(space) for space in closure.space_ids],
        "whole_square": closure.whole_square,
        "starts_at": written(closure.starts_at, closure.zone),
        "ends_at": closure.ends_at and written(closure.ends_at, closure.zone),
        "reason_code": closure.reason_code,
        "state": "lifted" if closure.lifted_at else "in_force",
        "lifted_at": closure.lifted_at and written(closure.lifted_at, closure.zone),
        "affected": [str(booking) for booking in closure.affected],
        "restored": [str(booking) for booking in closure.restored],
        "lost": [str(booking) for booking in closure.lost],
    }


def _slot(slot: Slot, zone: ZoneInfo) -> dict[str, Any]:
    return {
        "space_ids": [str(space) for space in slot.space_ids],
        "starts_at": written(slot.starts_at, zone),
        "ends_at": written(slot.ends_at, zone),
    }


def _text(value: Any) -> str | None:
    return None if value is None else str(value)
