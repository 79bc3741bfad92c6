"""HTTP of devices: their tokens, and what they push."""

from typing import Annotated, Any

from fastapi import APIRouter, Body, Depends, Request
from fastapi.responses import JSONResponse

from services.counters import devices
from services.counters.adapters.common import Make
from services.counters.devices import Device, PutDeviceToken
from shared.http import CurrentActor, language
from shared.types import Id

router = APIRouter(prefix="/api/counters", tags=["devices"])
Sender = Annotated[Device, Depends(devices.device_of)]


@router.post("/push/{make}")
async def push(make: Make, payload: Annotated[Any, Body()], request: Request, sender: Sender) -> dict[str, Any]:
    """A maker's own message. What fits is kept; `rejected` names what of it does not."""
    state = request.app.state
    taken, faults = await devices.take(state.pool, state.clock, sender, payload)
    rejected = [{**one, "message": one["message"].in_language(language(request))} for one in devices.told(faults)]
    return {"accepted": taken.accepted, "unchanged": taken.unchanged, "rejected": rejected}


@router.put("/device-tokens/{token_id}", status_code=201)
async def put_device_token(token_id: Id, body: PutDeviceToken, request: Request, who: CurrentActor) -> JSONResponse:
    """The token is told in the first answer and never again; a lost one is revoked and another issued."""
    state = request.app.state
    known, secret = await devices.issue(state.pool, state.clock, who, token_id, body)
    return JSONResponse({**devices.shown(known), "token": secret}, 201 if secret else 200)


@router.post("/device-tokens/{token_id}/revoke")
async def revoke_device_token(token_id: Id, request: Request, who: CurrentActor) -> dict[str, Any]:
    state = request.app.state
    return devices.shown(await devices.revoke(state.pool, state.clock, who, token_id))


@router.get("/device-tokens")
async def list_device_tokens(square_id: Id, request: Request, who: CurrentActor) -> dict[str, Any]:
    """Of the square's counters, without their secrets."""
    found = await devices.listed(request.app.state.pool, who, square_id)
    return {"device_tokens": [devices.shown(known) for known in found]}
