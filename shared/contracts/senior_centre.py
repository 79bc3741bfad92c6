"""What the senior centre says beside its programme: the meals it serves."""

from typing import Literal

from shared.contracts import programme
from shared.types import Contract, Id, ShortText, SmallCount


class MealServing(programme.Dated):
    """One serving: portions planned and, once it is over, served. Who eats, and what they cannot eat, stays inside."""

    serving_id: Id
    kind: Literal["cafe", "dinner"]
    menu_nb: ShortText
    menu_en: ShortText | None = None
    space_ids: list[Id] = []
    portions_planned: SmallCount
    portions_served: SmallCount | None = None
    price_nok: SmallCount = 0
    state: Literal["planned", "served", "cancelled"]


EVENTS: dict[str, type[Contract]] = {
    **programme.EVENTS,
    **{f"meal_serving.{verb}.v1": MealServing for verb in ("planned", "changed", "summarised", "cancelled")},
}
