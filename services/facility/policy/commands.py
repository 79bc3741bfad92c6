"""Deciding on a space's policy, and answering about it."""

from typing import Any, NamedTuple
from uuid import UUID

from services.facility.audit import trail
from services.facility.policy import store
from services.facility.policy.domain import Policy
from services.facility.policy.store import Decision, Effective
from shared import db
from shared.clock import Clock
from shared.identity import Actor
from shared.policy import require
from shared.problems import Invalid, Message, NotFound, PreconditionRequired, Stale

UNKNOWN_UNIT = Message("Enheten finnes ikke.", "The unit does not exist.")


class Found(NamedTuple):
    """The space's own newest decision, if it has one, and what holds there."""

    own: Decision | None
    effective: Effective


async def put(
    pool: Any, clock: Clock, who: Actor, space_id: UUID, policy: Policy | None, seen: int | None
) -> tuple[Decision, bool]:
    """The decision that now counts, and whether there was none before. The same policy again decides nothing.

    `policy` None: none of its own any more. Raises PreconditionRequired for a change of one that is there without the
    version seen, Stale when that is not the present one.
    """
    rules = None if policy is None else policy.model_dump(mode="json")

    async def work() -> tuple[Decision, bool]:
        async with db.transaction(pool) as conn:
            square_id, unit_id = await _space(conn, space_id)
            require(who, "policy.write", square_id=square_id, unit_id=unit_id)
            if policy is not None:
                await _check_units(conn, policy)
            await store.lock(conn, f"policy/{space_id}")
            known = await store.newest(conn, space_id)
            if (known.rules if known else None) == rules:
                return known or Decision(0, clock.now(), None), False
            _check_seen(known, seen)
            decision = Decision(known.version + 1 if known else 1, clock.now(), rules)
            await store.decide(conn, space_id, decision)
            before = {"version": known.version, "rules": known.rules} if known else None
            after = {"version": decision.version, "rules": rules}
            what, at = "policy.put" if rules is not None else "policy.delete", decision.decided_at
            subject = f"policy/{space_id}"
            await trail.changed(conn, who, what, subject, square_id, unit_id, at=at, before=before, after=after)
            return decision, known is None or known.rules is None

    return await db.retrying(work)


async def find(pool: Any, who: Actor, space_id: UUID) -> Found:
    async with db.connection(pool) as conn:
        square_id, unit_id = await _space(conn, space_id)
        require(who, "registry.read", square_id=square_id, unit_id=unit_id)
        own = await store.newest(conn, space_id)
        return Found(own, (await store.effective(conn, [space_id]))[space_id])


async def _space(conn: Any, space_id: UUID) -> tuple[UUID, UUID | None]:
    found = await store.space(conn, space_id)
    if not found:
        raise NotFound
    return found


async def _check_units(conn: Any, policy: Policy) -> None:
    named = [touch.unit_id for touch in policy.touches]
    if policy.stand_in and policy.stand_in.unit_id:
        named.append(policy.stand_in.unit_id)
    known = await store.units(conn, named)
    if missing := [str(unit) for unit in named if unit not in known]:
        raise Invalid(UNKNOWN_UNIT, errors=[{"loc": ["policy"], "message": UNKNOWN_UNIT, "unit_ids": missing}])


def _check_seen(known: Decision | None, seen: int | None) -> None:
    if known and known.rules is not None and seen is None:
        raise PreconditionRequired
    if seen is not None and seen != (known.version if known else 0):
        raise Stale(shown(known) if known else None)


def shown(decision: Decision) -> dict[str, Any]:
    return {"policy": decision.rules, "version": decision.version, "decided_at": decision.decided_at.isoformat()}
