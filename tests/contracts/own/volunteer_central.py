from typing import Any
from uuid import UUID

from shared.contracts import volunteer_central
from shared.envelope import Event
from tests.contracts.invented import ACTIVITY, SQUARE, at, event_of, id_of


def events(unit_id: UUID) -> list[tuple[str, Event]]:
    shift_id = id_of("shift")
    shift = volunteer_central.Shift(
        shift_id=shift_id,
        square_id=SQUARE,
        unit_id=unit_id,
        role="cafe_help",
        starts_at=at(10),
        ends_at=at(13),
        needed=2,
        requires_clearance=True,
        activity_id=ACTIVITY,
        state="open",
    )
    changes: dict[str, dict[str, Any]] = {
        "opened": {},
        "changed": {"needed": 3, "confirmed": 1},
        "staffed": {"state": "staffed", "confirmed": 2},
        "understaffed": {"state": "understaffed", "confirmed": 1},
        "completed": {"state": "completed", "confirmed": 2, "volunteers": 2, "minutes": 360},
        "cancelled": {"state": "cancelled"},
    }
    return [
        event_of(
            "volunteer_central", f"shift.{verb}.v1", f"shift/{shift_id}", shift.model_copy(update=said), unit_id=unit_id
        )
        for verb, said in changes.items()
    ]
