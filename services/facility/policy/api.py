"""HTTP of policies, and of what one would mean for a booking."""

from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from services.facility.booking.api import AtDesk
from services.facility.booking.bodies import PutBooking
from services.facility.policy import commands, preview
from services.facility.policy.domain import Policy
from shared.http import CurrentActor, SeenIfAny, etag, language
from shared.identity import Actor
from shared.policy import Role
from shared.types import Id

router = APIRouter(prefix="/api/facility", tags=["policies"])


class Preview(PutBooking):
    """A booking that is not made. `policy`: try this one instead of what holds; `role`: as somebody with this role."""

    policy: Policy | None = None
    role: Role | None = None


@router.put("/spaces/{space_id}/policy", status_code=201)
async def put_policy(space_id: Id, body: Policy, request: Request, who: CurrentActor, seen: SeenIfAny) -> JSONResponse:
    return await _decide(request, who, space_id, body, seen)


@router.delete("/spaces/{space_id}/policy")
async def delete_policy(space_id: Id, request: Request, who: CurrentActor, seen: SeenIfAny) -> JSONResponse:
    """Back to none of its own: what the nearest space above has holds, or nothing."""
    return await _decide(request, who, space_id, None, seen)


@router.get("/spaces/{space_id}/policy")
async def get_policy(space_id: Id, request: Request, who: CurrentActor) -> JSONResponse:
    """`policy`: the space's own, null when it has none. `effective`: what holds there, null when nothing limits it."""
    found = await commands.find(request.app.state.pool, who, space_id)
    version = found.own.version if found.own else 0
    source = found.effective.source
    body = {
        "policy": found.own.rules if found.own else None,
        "version": version,
        "decided_at": found.own.decided_at.isoformat() if found.own else None,
        "effective": found.effective.rules,
        "inherited_from": str(source) if source and source != space_id else None,
        "owner_unit_id": str(found.effective.owner_id) if found.effective.owner_id else None,
    }
    return JSONResponse(body, headers=etag(version))


@router.post("/policy/preview")
async def preview_policy(body: Preview, at: AtDesk, request: Request, who: CurrentActor) -> dict[str, Any]:
    """What would become of this booking, as far as hours and policies go. Saves nothing."""
    return await preview.of(at, who, body, body.policy, body.role, language(request))


async def _decide(
    request: Request, who: Actor, space_id: UUID, policy: Policy | None, seen: int | None
) -> JSONResponse:
    state = request.app.state
    decision, first = await commands.put(state.pool, state.clock, who, space_id, policy, seen)
    return JSONResponse(commands.shown(decision), 201 if first and policy else 200, etag(decision.version))
