"""Who did what, and why: rows written in the transaction that did it, and never changed.

The service's role may add and read rows of `audit` and nothing else; `shared/migrations/0020_audit.sql` sees to that.
"""

import datetime as dt
import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from shared import db
from shared.http import correlation_id
from shared.identity import Actor

_COLUMNS = {
    "at": "timestamptz",
    "subject": "text",
    "role": "text",
    "action": "text",
    "object": "text",
    "square_id": "uuid",
    "unit_id": "uuid",
    "reason_code": "text",
    "before": "jsonb",
    "after": "jsonb",
    "correlation_id": "text",
}
WIDTH = len(_COLUMNS)
# Newest first; $7 is the id after which the page before ended. $1 null: everywhere.
PAGE = """
select * from audit
where ($1::uuid[] is null or square_id = any($1) or unit_id = any($1))
  and ($2::text is null or object = $2) and ($3::text is null or action = $3) and ($4::text is null or subject = $4)
  and ($5::timestamptz is null or at >= $5) and ($6::timestamptz is null or at < $6)
  and ($7::bigint is null or id < $7)
order by id desc limit $8
"""


@dataclass(frozen=True)
class Entry:
    """One act. `before` and `after` hold no free text: what people wrote stands there as `digest` of it."""

    at: dt.datetime
    actor: Actor
    action: str  # "booking.confirm"
    object: str  # "booking/<id>", as the subject of its events
    square_id: UUID | None = None
    unit_id: UUID | None = None
    reason_code: str | None = None
    before: Mapping[str, Any] | None = None
    after: Mapping[str, Any] | None = None
    caused_by: str | None = None  # the request's id when None


@dataclass(frozen=True)
class Asked:
    """Which entries; None does not narrow. `scopes`: in these squares and units."""

    scopes: Collection[UUID] | None = None
    object: str | None = None
    action: str | None = None
    subject: str | None = None
    start: dt.datetime | None = None
    end: dt.datetime | None = None
    below: int | None = None


def itself(service: str, role: str = "job") -> Actor:
    """A service that acts on its own, or on another's event; a role that has no rights."""
    return Actor(f"/services/{service}", frozenset({(role, "*")}))


def digest(text: str | None) -> str | None:
    """Shows that a text changed without keeping it: an audit that is never erased must not hold what people wrote."""
    return None if text is None else f"sha256:{hashlib.sha256(text.encode()).hexdigest()[:16]}"


def insert(first: int = 1) -> str:
    """`columns` are its parameters from `first` on."""
    return db.insert_columns("audit", _COLUMNS, first)


async def record(conn: Any, entries: Sequence[Entry]) -> None:
    if entries:
        await conn.execute(insert(), *columns(entries))


def columns(entries: Sequence[Entry]) -> list[list[Any]]:
    request = correlation_id()
    rows = [
        (
            one.at,
            one.actor.subject,
            one.actor.label(),
            one.action,
            one.object,
            one.square_id,
            one.unit_id,
            one.reason_code,
            one.before,
            one.after,
            one.caused_by or request,
        )
        for one in entries
    ]
    return [[row[at] for row in rows] for at in range(WIDTH)]


async def page(conn: Any, asked: Asked, limit: int) -> list[Any]:
    scopes = None if asked.scopes is None else list(asked.scopes)
    narrowed = (asked.object, asked.action, asked.subject, asked.start, asked.end, asked.below)
    return list(await conn.fetch(PAGE, scopes, *narrowed, limit))
