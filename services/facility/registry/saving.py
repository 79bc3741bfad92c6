"""What saving anything of the house has in common: versions, the answer, the audit and the event."""

import datetime as dt
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from services.facility.audit import trail
from shared import db, envelope
from shared.contracts.facility import Equipment, Space, Unit
from shared.http import correlation_id
from shared.identity import Actor
from shared.problems import Invalid, Message, PreconditionRequired, Stale
from shared.types import Contract

Placed = Unit | Space | Equipment
UNKNOWN = Message("Finnes ikke.", "There is no such thing.")


@dataclass(frozen=True)
class Saved:
    version: int
    body: dict[str, Any]
    created: bool


async def audit(
    conn: Any,
    who: Actor,
    what: str,
    subject: str,
    known: tuple[int, Placed] | None,
    saved: tuple[int, Placed],
    now: dt.datetime,
    unit_id: UUID | None,
) -> None:
    before, square_id = shown(*known) if known else None, saved[1].square_id
    await trail.changed(conn, who, what, subject, square_id, unit_id, at=now, before=before, after=shown(*saved))


class FirstTwice(Exception):
    """Two first decisions about one id at once, and the other was made."""


async def saving(work: Callable[[], Awaitable[Saved]]) -> Saved:
    try:
        return await db.retrying(work)
    except FirstTwice:
        return await db.retrying(work)  # now there is one to compare with


def shown(version: int, state: Contract, **more: Any) -> dict[str, Any]:
    return {**state.model_dump(mode="json"), **more, "id": _id_of(state), "version": version}


def _id_of(state: Contract) -> str:
    name = next(iter(type(state).model_fields))
    return str(getattr(state, name))


def next_version(seen: int | None, present: int, current: dict[str, Any]) -> int:
    """The next version, once the caller has seen the present one. A first one needs no If-Match."""
    if present and seen is None:
        raise PreconditionRequired
    if seen is not None and seen != present:
        raise Stale(current or None)
    return present + 1


def refused(field: str, why: Message) -> Invalid:
    return Invalid(why, errors=[{"loc": [field], "message": why}])


def event(
    kind: str, subject: str, version: int, state: Contract, square: UUID, now: dt.datetime, unit: UUID | None = None
) -> envelope.Event:
    return envelope.build(
        "facility",
        kind,
        subject,
        version,
        state,
        at=now,
        square_id=square,
        unit_id=unit,
        classification="open",
        correlation_id=correlation_id(),
    )
