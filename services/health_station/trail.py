"""What the audit says of appointments: who wrote and who read them. It lies with them, for the unit alone."""

import datetime as dt
from typing import Any
from uuid import UUID

from services.health_station.rights import require_inside
from services.health_station.store import Appointment
from shared import audit, db
from shared.audit import Asked, Entry
from shared.identity import Actor
from shared.programme.commands import Unit


async def wrote(
    conn: Any, who: Actor, what: str, before: Appointment | None, after: Appointment, now: dt.datetime
) -> None:
    about = f"appointment/{after.appointment_id}"
    states = (_state(before) if before else None, _state(after))
    await _note(conn, who, f"appointment.{what}", about, after.unit_id, now, *states)


async def told(conn: Any, unit_id: UUID, token_id: UUID, about: str, count: int, now: dt.datetime) -> None:
    """By the health record, which is known by its token."""
    record = Actor(f"record-token/{token_id}", frozenset())
    await _note(conn, record, "record_day.put", about, unit_id, now, None, {"appointments": count})


async def connected(conn: Any, who: Actor, what: str, token_id: UUID, unit_id: UUID, now: dt.datetime) -> None:
    await _note(conn, who, f"record_token.{what}", f"record-token/{token_id}", unit_id, now)


async def read(conn: Any, unit: Unit, who: Actor, about: str, unit_id: UUID) -> None:
    await _note(conn, who, "appointment.read", about, unit_id, unit.clock.now())


async def page(unit: Unit, who: Actor, unit_id: UUID, below: int | None, limit: int) -> list[dict[str, Any]]:
    """Newest first."""
    require_inside(who, "audit.read", unit_id)
    async with db.connection(unit.pool) as conn:
        rows = await audit.page(conn, Asked(scopes=[unit_id], below=below), limit)
    return [{**row, "at": row["at"].isoformat(), "unit_id": str(row["unit_id"])} for row in map(dict, rows)]


async def _note(
    conn: Any,
    who: Actor,
    action: str,
    about: str,
    unit_id: UUID,
    now: dt.datetime,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
) -> None:
    entry = Entry(at=now, actor=who, action=action, object=about, unit_id=unit_id, before=before, after=after)
    await audit.record(conn, [entry])


def _state(one: Appointment) -> dict[str, Any]:
    return {
        "version": one.version,
        "space_id": str(one.space_id),
        "starts_at": one.starts_at.isoformat(),
        "ends_at": one.ends_at.isoformat(),
        "kind": one.kind,
        "state": one.state,
    }
