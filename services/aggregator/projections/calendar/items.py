"""From an event to the columns of its row, the item as it is sent among them.

An item is JSON without its closing brace: its times on the square's clock are added when its day is put together.
"""

from typing import Any
from uuid import UUID, uuid5

from pydantic_core import to_json

from services.aggregator.projections import TypedEvent
from shared.contracts.facility import OCCUPYING, Booking, Closure, NoiseConflict
from shared.contracts.health_station import BusyBlock, RoomBusy
from shared.contracts.programme import Attendance, MoveRequest, Occurrence
from shared.contracts.senior_centre import MealServing
from shared.contracts.service_desk import Presence
from shared.contracts.volunteer_central import Shift

OWNER = "occurrence/"
# What the health station's bookings of taken time name as their owner.
BUSY_OWNER = "room_busy/"


def occurrence(event: TypedEvent[Occurrence]) -> tuple[Any, ...]:
    data = event.data
    item = {
        "kind": "occurrence",
        "id": data.occurrence_id,
        "version": event.subjectversion,
        "unit_id": data.unit_id,
        "title": data.title_nb,
        "title_en": data.title_en,
        "state": data.state,
        "space_ids": data.space_ids,
        "setup_minutes": data.setup_minutes,
        "teardown_minutes": data.teardown_minutes,
        "activity_id": data.activity_id,
        "booking_id": data.booking_id,
        "series_id": data.series_id,
        "capacity": data.capacity,
        "attendance": data.attendance and _attendance(data.attendance),
        "previous": data.previous,
        "move_request": data.move_request and _move(data.move_request),
        "reason_code": data.cancel_reason,
        "cohosts": [host for host in data.hosts if host != data.unit_id],
        "off_site": data.off_site or None,
        "meeting_point": data.meeting_point,
        "public": data.public,
        "masked": False,
    }
    spaces = to_json(data.space_ids).decode()
    return (
        data.occurrence_id,
        event.subjectversion,
        data.square_id,
        data.starts_at,
        data.ends_at,
        spaces,
        data.booking_id,
        _open_json(item),
    )


def _move(asked: MoveRequest) -> dict[str, Any]:
    return {
        "state": asked.state,
        "reason_code": asked.reason_code,
        "space_ids": asked.space_ids,
        "starts_at": asked.starts_at,
        "ends_at": asked.ends_at,
    }


def _attendance(attendance: Attendance) -> dict[str, Any]:
    bands = {band.band: band.count for band in attendance.by_band}
    return {"total": attendance.total, "by_band": bands, "revision": attendance.revision}


def booking(event: TypedEvent[Booking]) -> tuple[Any, ...]:
    data = event.data
    item = {
        "kind": "booking",
        "id": data.booking_id,
        "version": event.subjectversion,
        "unit_id": data.unit_id,
        "title": data.title,
        "state": data.state,
        "space_ids": data.space_ids,
        "setup_minutes": data.setup_minutes,
        "teardown_minutes": data.teardown_minutes,
        "booking_id": data.booking_id,
        "series_id": data.series_id,
        "hold_until": data.hold_until,
        "expected_people": data.expected_people,
        "previous": data.previous,
        "reason_code": data.reason_code,
        "masked": False,
    }
    owner = data.owner_ref or ""
    owned = owner.startswith(OWNER)
    return (
        data.booking_id,
        event.subjectversion,
        data.square_id,
        data.starts_at,
        data.ends_at,
        to_json(data.space_ids).decode(),
        data.state in OCCUPYING,
        _uuid(owner.removeprefix(OWNER)) if owned else None,
        _folded(event) if owned else "",
        _open_json(item),
        owner.startswith(BUSY_OWNER),
    )


def _folded(event: TypedEvent[Booking]) -> str:
    data = event.data
    said = {
        "booking_version": event.subjectversion,
        "booking_state": data.state,
        "hold_until": data.hold_until,
        "expected_people": data.expected_people,
    }
    return _open_json(said)[1:]


def closure(event: TypedEvent[Closure]) -> tuple[Any, ...]:
    data = event.data
    ends_at = min((at for at in (data.ends_at, data.lifted_at) if at is not None), default=None)
    item = {
        "kind": "closure",
        "id": data.closure_id,
        "version": event.subjectversion,
        "unit_id": data.unit_id,
        "title": None,
        "state": "lifted" if data.lifted_at else "declared",
        "space_ids": data.space_ids,
        "whole_square": data.whole_square,
        "setup_minutes": 0,
        "teardown_minutes": 0,
        "reason_code": data.reason_code,
        "masked": False,
    }
    return data.closure_id, event.subjectversion, data.square_id, data.starts_at, ends_at, to_json(item).decode()


def noise(event: TypedEvent[NoiseConflict]) -> tuple[Any, ...]:
    return event.data.conflict_id, event.subjectversion, event.data.square_id, event.data.starts_at


def busy(event: TypedEvent[RoomBusy]) -> tuple[Any, ...]:
    """Of each block that the room is taken, and when; whoever reads it sees the same."""
    data = event.data
    blocks = [(block.starts_at, block.ends_at, _open_json(_taken(data, block))) for block in data.blocks]
    return data.space_id, data.local_date, event.subjectversion, data.square_id, to_json(blocks).decode()


def _taken(data: RoomBusy, block: BusyBlock) -> dict[str, Any]:
    return {
        "kind": "busy",
        "id": uuid5(data.space_id, block.starts_at.isoformat()),
        "unit_id": data.unit_id,
        "title": None,
        "state": "busy",
        "space_ids": [data.space_id],
        "setup_minutes": 0,
        "teardown_minutes": 0,
        "masked": True,
    }


def shift(event: TypedEvent[Shift]) -> tuple[Any, ...]:
    data = event.data
    said = {
        "role": data.role,
        "needed": data.needed,
        "confirmed": data.confirmed,
        "requires_clearance": data.requires_clearance,
        "activity_id": data.activity_id,
    }
    return _entry("shift", data.shift_id, event, said)


def meal(event: TypedEvent[MealServing]) -> tuple[Any, ...]:
    data = event.data
    said = {
        "title": data.menu_nb,
        "title_en": data.menu_en,
        "space_ids": data.space_ids,
        "serving": data.kind,
        "portions_planned": data.portions_planned,
        "portions_served": data.portions_served,
        "price_nok": data.price_nok,
    }
    return _entry("meal", data.serving_id, event, said)


def presence(event: TypedEvent[Presence]) -> tuple[Any, ...]:
    return _entry("presence", event.data.presence_id, event, {})


def _entry(kind: str, entry_id: UUID, event: Any, said: dict[str, Any]) -> tuple[Any, ...]:
    data = event.data
    item = {
        "kind": kind,
        "id": entry_id,
        "version": event.subjectversion,
        "unit_id": data.unit_id,
        "title": None,
        "state": data.state,
        "space_ids": [],
        "setup_minutes": 0,
        "teardown_minutes": 0,
        **said,
        "masked": False,
    }
    return kind, entry_id, event.subjectversion, data.square_id, data.starts_at, data.ends_at, _open_json(item)


def _open_json(item: dict[str, Any]) -> str:
    """Without the closing brace, for members to be added; what is not known is absent, but for the title."""
    known = {key: value for key, value in item.items() if value is not None or key == "title"}
    return to_json(known, exclude_none=True)[:-1].decode()


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
