"""Deciding on opening hours, and answering about them."""

import datetime as dt
import json
from typing import Any, NamedTuple
from uuid import UUID

from services.facility.audit import trail
from services.facility.hours import store
from services.facility.hours.bodies import dump
from services.facility.hours.store import Decision, Owner, OwnerKind
from shared import audit, db, envelope, outbox
from shared.clock import Clock
from shared.contracts.facility import Hours as HoursDecided
from shared.contracts.opening_hours import Hours, Period, parse
from shared.http import correlation_id
from shared.identity import Actor
from shared.policy import require
from shared.problems import NotFound, PreconditionRequired, Stale

# A space without hours up to the root is always open; the span that says so where days are listed.
ALWAYS: list[dict[str, Any]] = [{"groups": [{"spans": [{"full_day": True, "state": "staffed"}]}]}]


class Found(NamedTuple):
    """The hours that hold for an owner, whose they are, and its own newest decision, if it has one."""

    owner: Owner
    hours: Hours
    own: Decision | None
    source: UUID | None


async def put(
    pool: Any, clock: Clock, who: Actor, kind: OwnerKind, owner_id: UUID, periods: list[Period] | None, seen: int | None
) -> tuple[Decision, bool]:
    """The decision that now counts, and whether it is the owner's first. The same periods again decide nothing.

    `periods` None: none of its own any more. Raises PreconditionRequired for a change of hours that are there,
    without the version seen; Stale when that is not the present one.
    """
    wanted = None if periods is None else dump(periods)

    async def work() -> tuple[Decision, bool]:
        async with db.transaction(pool) as conn:
            owner = await _owner(conn, kind, owner_id)
            require(who, "hours.write", square_id=owner.square_id, unit_id=owner.unit_id)
            await store.lock_owner(conn, kind, owner_id)
            known = await store.newest(conn, kind, owner_id)
            if known and known.periods == wanted:
                return known, False
            if known is None and wanted is None:
                return Decision(0, clock.now(), None), False
            if known and known.periods is not None and wanted is not None and seen is None:
                raise PreconditionRequired
            if seen is not None and seen != (known.number if known else 0):
                raise Stale(shown(known) if known else None)
            decision = Decision(known.number + 1 if known else 1, clock.now(), wanted)
            await store.decide(conn, kind, owner_id, decision)
            await _audit(conn, who, f"hours/{kind}/{owner_id}", owner, known, decision)
            await outbox.record(conn, _event(kind, owner_id, owner, decision))
            return decision, known is None or known.periods is None

    return await db.retrying(work)


async def find(pool: Any, who: Actor, kind: OwnerKind, owner_id: UUID) -> Found:
    """A space without hours of its own takes those of its nearest ancestor; a unit without any is closed."""
    async with db.connection(pool) as conn:
        owner = await _owner(conn, kind, owner_id)
        require(who, "registry.read", square_id=owner.square_id, unit_id=owner.unit_id)
        own = await store.newest(conn, kind, owner_id)
        if kind == "unit":
            periods = own.periods if own else None
            return Found(owner, parse(periods or []), own, owner_id if periods is not None else None)
        source, held = await store.effective_of(conn, owner_id)
    return Found(owner, held or parse(ALWAYS), own, source)


async def _owner(conn: Any, kind: OwnerKind, owner_id: UUID) -> Owner:
    found = await store.owner(conn, kind, owner_id)
    if not found:
        raise NotFound
    return found


def shown(decision: Decision) -> dict[str, Any]:
    return {
        "periods": decision.periods,
        "version": decision.number,
        "decided_at": decision.decided_at.astimezone(dt.UTC).isoformat(),
    }


async def _audit(conn: Any, who: Actor, subject: str, owner: Owner, known: Decision | None, decision: Decision) -> None:
    """The periods themselves are kept with each decision; here stands which, and what they amount to."""
    before, after = (one and {"decision": one.number, "periods": _digest(one)} for one in (known, decision))
    place, at = (owner.square_id, owner.unit_id), decision.decided_at
    await trail.changed(conn, who, "hours.decide", subject, *place, at=at, before=before, after=after)


def _digest(decision: Decision) -> str | None:
    return None if decision.periods is None else audit.digest(json.dumps(decision.periods, sort_keys=True))


def _event(kind: OwnerKind, owner_id: UUID, owner: Owner, decision: Decision) -> envelope.Event:
    state = HoursDecided(
        owner_kind=kind,
        owner_id=owner_id,
        square_id=owner.square_id,
        decision=decision.number,
        decided_at=decision.decided_at,
        periods=decision.periods,
    )
    return envelope.build(
        "facility",
        "hours.decided.v1",
        f"hours/{kind}/{owner_id}/{decision.number}",
        1,
        state,
        at=decision.decided_at,
        square_id=owner.square_id,
        unit_id=owner.unit_id,
        classification="open",
        correlation_id=correlation_id(),
    )
