from typing import Any
from uuid import UUID

from shared.contracts import senior_centre
from shared.envelope import Event
from tests.contracts.invented import HALL, SQUARE, at, event_of, id_of


def events(unit_id: UUID) -> list[tuple[str, Event]]:
    serving = id_of("serving")
    meal = senior_centre.MealServing(
        serving_id=serving,
        square_id=SQUARE,
        unit_id=unit_id,
        kind="dinner",
        menu_nb="Fiskesuppe",
        menu_en="Fish soup",
        starts_at=at(12),
        ends_at=at(13),
        space_ids=[HALL],
        portions_planned=42,
        price_nok=130,
        state="planned",
    )
    changes: dict[str, dict[str, Any]] = {
        "planned": {},
        "changed": {"portions_planned": 44},
        "summarised": {"state": "served", "portions_served": 41},
        "cancelled": {"state": "cancelled"},
    }
    return [
        event_of(
            "senior_centre", f"meal_serving.{verb}.v1", f"meal_serving/{serving}", meal.model_copy(update=said),
            unit_id=unit_id, classification="open",
        )
        for verb, said in changes.items()
    ]  # fmt: skip
