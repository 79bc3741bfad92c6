"""What the senior centre does that no other unit does: it serves meals."""

from uuid import UUID

from services.senior_centre import domain
from shared.contracts.senior_centre import MealServing
from shared.identity import Actor
from shared.policy import require
from shared.programme import places
from shared.programme.commands import Saved, Unit
from shared.programme.dated import commands as dated
from shared.programme.dated.commands import Asker
from shared.programme.dated.store import Kind

SERVINGS = Kind("meal_serving", "serving_id", MealServing, "open")


async def plan(unit: Unit, who: Actor, wanted: MealServing, seen: int | None) -> Saved:
    """Plans the serving, or changes what is planned with the version seen. The same again changes nothing."""
    require(who, "meals.write", square_id=wanted.square_id, unit_id=wanted.unit_id)
    await places.check_unit_on(unit, who, wanted.unit_id, wanted.square_id, wanted.starts_at)
    asker = Asker(who, "meals.write", seen)
    return await dated.put(unit, asker, SERVINGS, wanted, "planned", lambda known: domain.changed(known, wanted))


async def summarise(unit: Unit, who: Actor, serving_id: UUID, seen: int, portions: int) -> Saved:
    asker, now = Asker(who, "meals.write", seen), unit.clock.now()
    return await dated.step(unit, asker, SERVINGS, serving_id, lambda known: domain.summarised(known, portions, now))


async def cancel(unit: Unit, who: Actor, serving_id: UUID, seen: int) -> Saved:
    return await dated.step(unit, Asker(who, "meals.write", seen), SERVINGS, serving_id, domain.cancelled)
