"""HTTP of what is the senior centre's own: meal servings."""

from typing import Literal

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from services.senior_centre import commands
from shared.contracts.senior_centre import MealServing
from shared.http import CurrentActor, SeenIfAny, SeenVersion
from shared.programme.api import Mine
from shared.programme.bodies import Ids, Title, WithinADay
from shared.programme.dated.api import add_reads, answer
from shared.types import Body, Id, ShortText, SmallCount

PATH = "/meal-servings"
router = APIRouter(prefix="/api/senior_centre", tags=["meals"])
add_reads(router, commands.SERVINGS, PATH, "meal_servings")


class PutServing(WithinADay):
    square_id: Id
    unit_id: Id
    kind: Literal["cafe", "dinner"]
    menu_nb: Title
    menu_en: ShortText | None = None
    space_ids: Ids = []
    portions_planned: SmallCount
    price_nok: SmallCount = 0


class Summarise(Body):
    portions_served: SmallCount


@router.put(f"{PATH}/{{serving_id}}", status_code=201)
async def put_serving(
    serving_id: Id,
    body: PutServing,
    unit: Mine,
    who: CurrentActor,
    seen: SeenIfAny,
) -> JSONResponse:
    wanted = MealServing(serving_id=serving_id, state="planned", **body.model_dump())
    return await answer(unit, await commands.plan(unit, who, wanted, seen))


@router.post(f"{PATH}/{{serving_id}}/summarise")
async def summarise(serving_id: Id, body: Summarise, unit: Mine, who: CurrentActor, seen: SeenVersion) -> JSONResponse:
    """How many portions were served; again, to correct it."""
    return await answer(unit, await commands.summarise(unit, who, serving_id, seen, body.portions_served))


@router.post(f"{PATH}/{{serving_id}}/cancel")
async def cancel(serving_id: Id, unit: Mine, who: CurrentActor, seen: SeenVersion) -> JSONResponse:
    return await answer(unit, await commands.cancel(unit, who, serving_id, seen))
