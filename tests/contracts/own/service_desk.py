from typing import Any
from uuid import UUID

from shared.contracts import service_desk
from shared.envelope import Event
from tests.contracts.invented import DAY, SQUARE, at, event_of, id_of


def events(unit_id: UUID) -> list[tuple[str, Event]]:
    counts = [
        service_desk.HelpCount(channel="counter", topic="digital_forms", count=7, resolved=5),
        service_desk.HelpCount(channel="phone", topic="room_enquiry", count=3, resolved=3),
    ]
    hour = service_desk.DeskHour(
        unit_id=unit_id,
        square_id=SQUARE,
        local_date=DAY,
        hour=13,
        counts=counts,
        summarised_at=at(14, 5),
        earlier=[service_desk.EarlierTotal(total=9, summarised_at=at(13, 50))],
    )
    visit = id_of("presence")
    here = service_desk.Presence(
        presence_id=visit, unit_id=unit_id, square_id=SQUARE, starts_at=at(11), ends_at=at(17)
    )  # fmt: skip
    changes: dict[str, dict[str, Any]] = {
        "scheduled": {},
        "changed": {"ends_at": at(18)},
        "cancelled": {"state": "cancelled"},
    }
    return [
        event_of("service_desk", "desk_hour.summarised.v1", hour.subject(), hour, unit_id=unit_id),
        *(
            event_of(
                "service_desk", f"presence.{verb}.v1", f"presence/{visit}", here.model_copy(update=said),
                unit_id=unit_id, classification="open",
            )
            for verb, said in changes.items()
        ),
    ]  # fmt: skip
