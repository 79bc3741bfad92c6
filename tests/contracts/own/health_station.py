from typing import Any
from uuid import UUID

from shared.contracts import health_station
from shared.envelope import Event
from tests.contracts.invented import DAY, ROOM, SQUARE, at, event_of


def events(unit_id: UUID) -> list[tuple[str, Event]]:
    block = health_station.BusyBlock(starts_at=at(8, 30), ends_at=at(11))
    busy = health_station.RoomBusy(
        space_id=ROOM, square_id=SQUARE, unit_id=unit_id, local_date=DAY, blocks=[block]
    )  # fmt: skip
    said: dict[str, Any] = {"unit_id": unit_id, "classification": "restricted"}
    return [event_of("health_station", "room_busy.published.v1", f"room_busy/{ROOM}/{DAY}", busy, 3, **said)]
