"""What a health record signs in with: a token good for telling one health station's days, and for nothing else."""

import hashlib
import secrets
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from fastapi import Request

from services.health_station import store, trail
from services.health_station.rights import require_inside
from shared import db
from shared.identity import Actor
from shared.problems import IdInUse, NotFound, Unauthenticated
from shared.programme.commands import Unit

FORM = "torg-record-"


@dataclass(frozen=True)
class Caller:
    """A health record, by its token, and the unit it speaks for."""

    token_id: UUID
    unit_id: UUID


async def issue(unit: Unit, who: Actor, token_id: UUID, unit_id: UUID) -> tuple[Any, str | None]:
    """The token as it is known, and its secret, which is told this once and not kept. Repeated, without the secret."""
    require_inside(who, "appointments.connect", unit_id)
    secret = FORM + secrets.token_urlsafe(32)
    async with db.transaction(unit.pool) as conn:
        new = await store.add_token(conn, token_id, unit_id, _digest(secret), unit.clock.now())
        known = await store.token(conn, token_id)
        if known["unit_id"] != unit_id:
            raise IdInUse
        if new:
            await trail.connected(conn, who, "issue", token_id, unit_id, unit.clock.now())
    return known, secret if new else None


async def revoke(unit: Unit, who: Actor, token_id: UUID) -> Any:
    """Good for nothing from now on. Revoking twice answers the same."""
    async with db.transaction(unit.pool) as conn:
        known = await store.token(conn, token_id)
        if known is None:
            raise NotFound
        require_inside(who, "appointments.connect", known["unit_id"])
        if known["revoked_at"] is None:
            await store.revoke_token(conn, token_id, unit.clock.now())
            await trail.connected(conn, who, "revoke", token_id, known["unit_id"], unit.clock.now())
        return await store.token(conn, token_id)


async def listed(unit: Unit, who: Actor, unit_id: UUID) -> list[Any]:
    require_inside(who, "appointments.connect", unit_id)
    async with db.connection(unit.pool) as conn:
        return await store.tokens(conn, unit_id)


async def caller(request: Request) -> Caller:
    """The dependency of the one route a token is good for. Raises Unauthenticated."""
    scheme, _, secret = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not secret.startswith(FORM):
        raise Unauthenticated
    async with db.connection(request.app.state.pool) as conn:
        known = await store.token_by_hash(conn, _digest(secret))
    if known is None:
        raise Unauthenticated
    return Caller(known["token_id"], known["unit_id"])


def shown(known: Any) -> dict[str, Any]:
    return {
        "token_id": str(known["token_id"]),
        "unit_id": str(known["unit_id"]),
        "issued_at": known["issued_at"].isoformat(),
        "revoked_at": known["revoked_at"] and known["revoked_at"].isoformat(),
    }


def _digest(secret: str) -> bytes:
    """Without salt: the secret has 256 bits of chance, and has to be found by what tells it again."""
    return hashlib.sha256(secret.encode()).digest()
