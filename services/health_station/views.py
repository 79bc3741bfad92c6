"""How the health station sees what others see of its rooms. Pure."""

import datetime as dt
from collections.abc import Sequence
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from services.health_station import domain
from services.health_station.room_store import Booking, Day
from services.health_station.store import Appointment
from shared.contracts.health_station import BusyBlock
from shared.problems import Invalid, Message
from shared.types import EARLIEST
from shared.walltime import instant, local_fields

TOO_LONG_A_WINDOW = Message("Velg et tidsrom på høyst 13 måneder.", "Choose a range of at most 13 months.")
TOO_LONG_A_RANGE = Message("Velg et tidsrom på høyst 31 dager.", "Choose a range of at most 31 days.")
WHY = {
    "conflict": Message("En annen booking opptar rommet.", "Another booking occupies the room."),
    "affected": Message("Rommet er stengt.", "The room is closed."),
    "unknown_space": Message("Rommet finnes ikke lenger.", "The room does not exist any more."),
}
NO_PAGE = Message("«after» er ikke en side herfra.", '"after" is no page of ours.')
UTC = ZoneInfo("UTC")
OTHER = Message("Romtjenesten tok ikke imot.", "The room service did not accept it.")


def cursor_of(last: Appointment) -> str:
    return f"{last.starts_at.astimezone(dt.UTC):%Y-%m-%dT%H:%M:%S.%fZ}|{last.appointment_id}"


def cursor(after: str | None) -> tuple[dt.datetime, UUID]:
    """Raises Invalid for what is no page of ours."""
    if after is None:
        return EARLIEST - dt.timedelta(days=1), UUID(int=0)
    start, _, found = after.partition("|")
    try:
        return instant(start, UTC), UUID(found)
    except ValueError:
        raise Invalid(NO_PAGE, errors=[{"loc": ["after"], "message": NO_PAGE}]) from None


def room_day(day: Day, bookings: Sequence[Booking], zone: ZoneInfo, tongue: str) -> dict[str, Any]:
    kept = {one.block for one in bookings if (one.space_id, one.local_date) == (day.space_id, day.local_date)}
    troubles = {one.block: one.code for one in day.troubles}
    return {
        "space_id": str(day.space_id),
        "square_id": str(day.square_id),
        "local_date": day.local_date.isoformat(),
        "version": day.version,
        "blocks": [_block(block, troubles.get(block), block in kept, zone, tongue) for block in day.blocks],
    }


def next_publication(now: dt.datetime) -> str:
    return (domain.quarter(now) + domain.CADENCE).isoformat()


def _block(block: BusyBlock, trouble: str | None, kept: bool, zone: ZoneInfo, tongue: str) -> dict[str, Any]:
    """`kept`: facility keeps it taken; `refused`: it does not, and why; `waiting`: it has not answered yet."""
    reason = {"code": trouble, "message": WHY.get(trouble, OTHER).in_language(tongue)} if trouble else None
    return {
        **local_fields(block.starts_at, block.ends_at, zone),
        "room": "refused" if trouble else "kept" if kept else "waiting",
        "reason": reason,
    }
