"""HTTP of equipment: what there is, and who has it when."""

from collections.abc import Sequence
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse

from services.facility.booking import view
from services.facility.booking.api import AtDesk
from services.facility.booking.desk import Desk
from services.facility.equipment import commands, queries, store
from services.facility.equipment.bodies import FreeDuring, PutEquipment
from services.facility.registry.saving import Saved, shown
from shared import db
from shared.contracts.facility import Equipment
from shared.http import CurrentActor, SeenIfAny, etag, in_language, language
from shared.identity import Actor
from shared.policy import Action, allows, require
from shared.problems import NotFound
from shared.types import Id

router = APIRouter(prefix="/api/facility", tags=["equipment"])


@router.put("/equipment/{equipment_id}", status_code=201)
async def put_equipment(
    equipment_id: Id, body: PutEquipment, at: AtDesk, who: CurrentActor, seen: SeenIfAny
) -> JSONResponse:
    return _answer(await commands.put(at.pool, at.clock, who, equipment_id, body, seen))


@router.delete("/equipment/{equipment_id}")
async def withdraw_equipment(equipment_id: Id, at: AtDesk, who: CurrentActor, seen: SeenIfAny) -> JSONResponse:
    return _answer(await commands.withdraw(at.pool, at.clock, who, equipment_id, seen))


@router.get("/equipment/{equipment_id}")
async def get_equipment(equipment_id: Id, at: AtDesk, who: CurrentActor) -> JSONResponse:
    async with db.connection(at.pool) as conn:
        known = await store.one(conn, equipment_id)
    if not known:
        raise NotFound
    require(who, "registry.read", square_id=known[1].square_id, unit_id=known[1].unit_id)
    return _answer(Saved(known[0], shown(*known), False))


@router.get("/equipment")
async def list_equipment(
    at: AtDesk,
    who: CurrentActor,
    square_id: Annotated[list[Id] | None, Query(max_length=200)] = None,
    start: Annotated[str | None, Query(alias="from")] = None,
    end: Annotated[str | None, Query(alias="to")] = None,
    space_id: Annotated[list[Id] | None, Query(max_length=200)] = None,
    without: Id | None = None,
) -> dict[str, list[dict[str, Any]]]:
    """With `from` and `to` each says how many are `free` all that time, the way to the spaces and back included, as it
    would be `without` a booking that is to be changed. Who may not see bookings is not told."""
    may = await _listed(at, who, square_id, "booking.read" if start and end else "registry.read")
    if not (start and end):
        return {"equipment": [shown(*one) for one in may]}
    free = await queries.free(at, [thing for _, thing in may], [(start, end)], space_id or [], without)
    return {"equipment": [{**shown(*one), "free": free[one[1].equipment_id][0]} for one in may]}


@router.post("/equipment/free")
async def free_during(body: FreeDuring, at: AtDesk, who: CurrentActor) -> dict[str, list[dict[str, Any]]]:
    """As the list with `from` and `to`, for several times at once. `free`: how many there are each of these times;
    `fewer`: how many in those of them, counted from 0, in which some are taken. Changes nothing."""
    may = await _listed(at, who, [body.square_id], "booking.read")
    times = [(stay.starts_at, stay.ends_at) for stay in body.stays]
    free = await queries.free(at, [thing for _, thing in may], times, body.space_ids, body.without)
    return {"equipment": [{**shown(*one), **_over_all(one[1], free[one[1].equipment_id])} for one in may]}


async def _listed(at: Desk, who: Actor, squares: Sequence[UUID] | None, right: Action) -> list[tuple[int, Equipment]]:
    async with db.connection(at.pool) as conn:
        found = await store.listed(conn, squares)
    return [one for one in found if allows(who, right, square_id=one[1].square_id, unit_id=one[1].unit_id)]


def _over_all(thing: Equipment, free: Sequence[int]) -> dict[str, Any]:
    fewer = [{"stay": number, "free": left} for number, left in enumerate(free) if left < thing.count]
    return {"free": min(free), "fewer": fewer}


@router.get("/equipment/{equipment_id}/uses")
async def list_uses(
    equipment_id: Id,
    at: AtDesk,
    who: CurrentActor,
    request: Request,
    start: Annotated[str, Query(alias="from")],
    end: Annotated[str, Query(alias="to")],
) -> JSONResponse:
    """The bookings that bring it along, with their own times; the way there and back comes on top."""
    found = await queries.uses(at, who, equipment_id, (start, end))
    now = at.clock.now()
    uses = [{"count": count, "booking": view.show(booking, who, now)} for count, booking in found]
    return JSONResponse(in_language({"uses": uses}, language(request)))


def _answer(saved: Saved) -> JSONResponse:
    return JSONResponse(saved.body, 201 if saved.created else 200, etag(saved.version))
