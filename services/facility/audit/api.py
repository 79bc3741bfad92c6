"""HTTP of the audit: who did what, newest first."""

import datetime as dt
import re
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query, Request

from services.facility.audit import store
from services.facility.booking.bodies import time_of
from services.facility.booking.rights import sees_details
from shared import audit, db
from shared.audit import Asked
from shared.http import CurrentActor
from shared.identity import Actor
from shared.policy import require, scopes
from shared.types import Id, ShortText

router = APIRouter(prefix="/api/facility", tags=["audit"])
_WALL = ZoneInfo("Europe/Oslo")  # of times that are asked for without an offset


@router.get("/audit")
async def list_audit(
    request: Request,
    who: CurrentActor,
    square_id: Id | None = None,
    about: Annotated[ShortText | None, Query(alias="object", pattern=r"^[a-z_]+/[0-9a-z/-]{1,100}$")] = None,
    action: Annotated[str | None, Query(pattern=r"^[a-z]+\.[a-z_]+$", max_length=60)] = None,
    subject: ShortText | None = None,
    start: Annotated[str | None, Query(alias="from")] = None,
    end: Annotated[str | None, Query(alias="to")] = None,
    after: Annotated[int | None, Query(ge=1, lt=2**63)] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> dict[str, Any]:
    """`next` is the `after` of the following page, null on the last."""
    require(who, "audit.read", square_id=square_id)
    asked = Asked(
        scopes=[square_id] if square_id else scopes(who, "audit.read"),
        object=about,
        action=action,
        subject=subject,
        start=_time("from", start),
        end=_time("to", end),
        below=after,
    )
    async with db.connection(request.app.state.pool) as conn:
        rows = await audit.page(conn, asked, limit)
        kinds = await store.kinds(conn, (row["unit_id"] for row in rows))
    entries = [_shown(row, who, kinds.get(row["unit_id"])) for row in rows]
    return {"entries": entries, "next": rows[-1]["id"] if len(rows) == limit else None}


def _shown(row: Any, who: Actor, unit_kind: str | None) -> dict[str, Any]:
    """What a health station changed and why is its own business; that it changed something is not."""
    shown = {
        "id": row["id"],
        "at": row["at"].astimezone(dt.UTC).isoformat(),
        "subject": row["subject"],
        "role": row["role"],
        "action": row["action"],
        "object": row["object"],
        "square_id": _text(row["square_id"]),
        "unit_id": _text(row["unit_id"]),
        "correlation_id": row["correlation_id"],
    }
    if not sees_details(who, row["unit_id"], unit_kind):
        return shown | {"reason_code": None, "before": None, "after": None, "masked": True}
    kept = {name: row[name] for name in ("reason_code", "before", "after")}
    return shown | kept | {"masked": False}


def _time(field: str, written: str | None) -> dt.datetime | None:
    """A plus sign that was not encoded in an address arrives as a space."""
    return time_of(field, re.sub(r" (?=\d\d:\d\d$)", "+", written), _WALL) if written else None


def _text(value: Any) -> str | None:
    return None if value is None else str(value)
