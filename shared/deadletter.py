"""Dead letters: records a consumer could not use, kept in its own schema with the reason, to be replayed or dropped.

Only poison comes here (undecodable, invalid, refused by a rule); an outage is waited out by the consumer.
"""

import base64
import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response

from shared import db, metrics
from shared.envelope import LARGEST_RECORD
from shared.http import CurrentActor
from shared.kafka import Record
from shared.policy import require
from shared.problems import Conflict, Message, NotFound, Problem

# What is cut could not be decoded anyway: no event of ours is larger.
LARGEST_VALUE = LARGEST_RECORD
LARGEST_KEY = 1024
MOST_HEADERS, LARGEST_HEADER = 32, 1024
PAGE = 500

# Sorted by the caller's order; a record that was put aside before stays as it is.
INSERT = """
insert into dead_letter (consumer, topic, partition, record_offset, key, value, value_size, headers, code, reason,
                         put_aside_at)
select consumer, topic, partition, record_offset, key, value, value_size, headers::jsonb, code, reason, put_aside_at
from unnest($1::text[], $2::text[], $3::integer[], $4::bigint[], $5::bytea[], $6::bytea[], $7::integer[],
            $8::text[], $9::text[], $10::text[], $11::timestamptz[])
     as put_aside (consumer, topic, partition, record_offset, key, value, value_size, headers, code, reason,
                   put_aside_at)
on conflict (consumer, topic, partition, record_offset) do nothing
"""

# What a person needs to decide; the value itself is shown one letter at a time.
LIST = """
select id, consumer, topic, partition, record_offset, value_size, code, reason, put_aside_at
from dead_letter where id > $1 order by id limit $2
"""

# Locked, so that two people cannot replay the same letter.
GET = """
select id, consumer, topic, partition, record_offset, key, value, value_size, headers, code, reason, put_aside_at
from dead_letter where id = $1 for update
"""

DELETE = "delete from dead_letter where id = $1"
COUNT = "select count(*) from dead_letter"


@dataclass(frozen=True)
class Letter:
    """`value` is None for a tombstone; `value_size` is its real size, larger than what is kept when it was cut."""

    consumer: str
    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    value_size: int
    headers: list[list[str | None]]
    code: str
    reason: str
    put_aside_at: datetime

    @property
    def cut(self) -> bool:
        return self.value is not None and len(self.value) < self.value_size


# Handles a letter again in the given transaction. Raises a Problem when it is refused once more. What it holds may be
# older than the present state: a handler that replaces state compares versions.
Replay = Callable[[Any, Letter], Awaitable[None]]
LetterId = Annotated[int, Path(ge=1, lt=2**63)]


def letter_of(record: Record, consumer: str, code: str, reason: str, now: datetime) -> Letter:
    """`reason` must hold no value from the record: see envelope.reason."""
    value = record.value
    return Letter(
        consumer=consumer,
        topic=record.topic,
        partition=record.partition,
        offset=record.offset,
        key=record.key[:LARGEST_KEY] if record.key is not None else None,
        value=value[:LARGEST_VALUE] if value is not None else None,
        value_size=len(value or b""),
        headers=[_header(name, content) for name, content in record.headers[:MOST_HEADERS]],
        code=code,
        reason=reason.replace("\0", "")[:500],
        put_aside_at=now,
    )


def _header(name: str, content: bytes | None) -> list[str | None]:
    """Base64, because a header may hold any bytes, or none; PostgreSQL takes no NUL in a name."""
    shown = name.replace("\0", "\ufffd")[:200]
    return [shown, base64.b64encode(content[:LARGEST_HEADER]).decode() if content is not None else None]


async def insert(conn: Any, letters: Sequence[Letter]) -> None:
    """In the caller's transaction, beside the position that passes these records."""
    if not letters:
        return
    rows = [
        (
            *(one.consumer, one.topic, one.partition, one.offset, one.key, one.value, one.value_size),
            *(json.dumps(one.headers), one.code, one.reason, one.put_aside_at),
        )
        for one in letters
    ]
    await conn.execute(INSERT, *(list(column) for column in zip(*rows, strict=True)))
    for one in letters:
        metrics.DEAD_LETTERS.labels(one.topic).inc()


async def count(conn: Any) -> int:
    return int(await conn.fetchval(COUNT))


async def fetch(conn: Any, letter_id: int) -> Letter:
    """Locks the letter until the transaction ends. Raises NotFound."""
    row = await conn.fetchrow(GET, letter_id)
    if row is None:
        raise NotFound
    return Letter(
        row["consumer"], row["topic"], row["partition"], row["record_offset"], row["key"], row["value"],
        row["value_size"], row["headers"], row["code"], row["reason"], row["put_aside_at"],
    )  # fmt: skip


async def replay(pool: Any, letter_id: int, again: Replay) -> None:
    """Handles the letter again and takes it away, in one transaction. Raises Conflict when it is refused once more."""
    async with db.transaction(pool) as conn:
        letter = await fetch(conn, letter_id)
        if letter.cut:
            raise Conflict(
                Message("Bare begynnelsen av meldingen er bevart.", "Only the beginning of the record was kept."),
                code="letter_cut",
            )
        try:
            await again(conn, letter)
        except Problem as problem:
            if problem.status >= 500:
                raise
            raise Conflict(
                Message("Meldingen ble avvist igjen.", "The record was refused again."),
                code="refused_again",
                reasons=[{"rule": problem.code, "message": problem.detail}],
            ) from problem
        await conn.execute(DELETE, letter_id)


async def drop(pool: Any, letter_id: int) -> None:
    """Raises NotFound."""
    async with db.transaction(pool) as conn:
        if await conn.execute(DELETE, letter_id) == "DELETE 0":
            raise NotFound


def router(service: str, again: Callable[[], Replay] | None = None) -> APIRouter:
    """`/api/<service>/dead-letters`; `again` gives the handler for a replay, asked for when one is wanted."""
    routes = APIRouter(prefix=f"/api/{service}/dead-letters", tags=["operations"])

    @routes.get("")
    async def listed(
        request: Request,
        who: CurrentActor,
        after: Annotated[int, Query(ge=0, lt=2**63)] = 0,
        limit: Annotated[int, Query(ge=1, le=PAGE)] = 100,
    ) -> dict[str, Any]:
        require(who, "operations.read")
        async with db.connection(request.app.state.pool) as conn:
            rows = await conn.fetch(LIST, after, limit)
            total = await count(conn)
        letters = [_summary(row) for row in rows]
        return {"dead_letters": letters, "total": total, "next": letters[-1]["id"] if len(rows) == limit else None}

    @routes.get("/{letter_id}")
    async def one(request: Request, who: CurrentActor, letter_id: LetterId) -> dict[str, Any]:
        require(who, "operations.write")  # a record that is none of ours may hold anything
        async with db.transaction(request.app.state.pool) as conn:
            letter = await fetch(conn, letter_id)
        return _whole(letter_id, letter)

    @routes.post("/{letter_id}/replay", status_code=204)
    async def replayed(request: Request, who: CurrentActor, letter_id: LetterId) -> Response:
        require(who, "operations.write")
        if again is None:
            raise NotFound
        await replay(request.app.state.pool, letter_id, again())
        return Response(status_code=204)

    @routes.delete("/{letter_id}", status_code=204)
    async def dropped(request: Request, who: CurrentActor, letter_id: LetterId) -> Response:
        require(who, "operations.write")
        await drop(request.app.state.pool, letter_id)
        return Response(status_code=204)

    return routes


def _summary(row: Any) -> dict[str, Any]:
    return {
        "id": row["id"],
        "consumer": row["consumer"],
        "topic": row["topic"],
        "partition": row["partition"],
        "offset": row["record_offset"],
        "size": row["value_size"],
        "code": row["code"],
        "reason": row["reason"],
        "at": row["put_aside_at"].isoformat(),
    }


def _whole(letter_id: int, letter: Letter) -> dict[str, Any]:
    return {
        "id": letter_id,
        "consumer": letter.consumer,
        "topic": letter.topic,
        "partition": letter.partition,
        "offset": letter.offset,
        "size": letter.value_size,
        "cut": letter.cut,
        "code": letter.code,
        "reason": letter.reason,
        "at": letter.put_aside_at.isoformat(),
        "key": _shown(letter.key),
        "headers": letter.headers,
        "value": _shown(letter.value),
    }


def _shown(content: bytes | None) -> str | None:
    return content.decode(errors="backslashreplace") if content is not None else None
