"""What counters does, each in one transaction: decide on a counter, take readings, note what people say (E.9, E.10)."""

import asyncio
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from services.counters import store
from services.counters.domain import (
    CorrectionBody,
    CounterBody,
    Interval,
    ManualCountBody,
    Reading,
    ReadingBody,
    Rejection,
    sort_out,
)
from shared import db, envelope, outbox
from shared.clock import Clock
from shared.contracts import counters as contract
from shared.http import correlation_id
from shared.identity import Actor
from shared.policy import allows, require
from shared.problems import IdInUse, PreconditionRequired, Stale
from shared.types import Body

_SLICE = 500  # events built between two looks at the event loop


async def decide_counter(
    pool: Any, clock: Clock, who: Actor, counter_id: UUID, settings: CounterBody, seen: int | None
) -> tuple[dict[str, Any], bool]:
    """The counter as it now stands, and whether it is new. The same settings again change nothing.

    Raises PreconditionRequired or Stale for a change without the present version.
    """
    require(who, "counters.write", square_id=settings.square_id)

    async def work() -> tuple[dict[str, Any], bool]:
        async with db.transaction(pool) as conn:
            present = await store.counter(conn, counter_id, lock=True)
            if present and not _changes(present, settings, who, seen):
                return present, False
            version = present["version"] + 1 if present else 1
            if not await store.save_counter(conn, counter_id, version, settings, clock.now()):
                raise _FirstTwice
            saved = await store.counter(conn, counter_id)
            assert saved is not None  # noqa: S101 -- written above in this transaction
            await outbox.record(conn, _decided(saved))
            return saved, present is None

    try:
        return await db.retrying(work)
    except _FirstTwice:
        return await db.retrying(work)  # now there is one to compare with


class _FirstTwice(Exception):
    """Two first decisions about one id at once, and the other was made."""


def _changes(present: dict[str, Any], settings: CounterBody, who: Actor, seen: int | None) -> bool:
    require(who, "counters.write", square_id=present["square_id"])
    wanted = settings.model_dump()
    if all(present[name] == value for name, value in wanted.items()):
        return False
    if seen is None:
        raise PreconditionRequired
    if seen != present["version"]:
        raise Stale(shown(present))
    return True


def shown(counter: dict[str, Any]) -> dict[str, Any]:
    """A counter as answers show it."""
    state = contract.Counter(**counter, decision=counter["version"]).model_dump(mode="json", exclude={"decision"})
    return {**state, "version": counter["version"]}


def shown_reading(reading: Reading) -> dict[str, Any]:
    return {
        "start": reading.start.isoformat(),
        "in": reading.count_in,
        "out": reading.count_out,
        "sequence": reading.sequence,
        "received_at": reading.received_at.isoformat(),
    }


def _decided(counter: dict[str, Any]) -> envelope.Event:
    version = counter["version"]
    return envelope.build(
        "counters",
        "counter.decided.v1",
        f"counter/{counter['counter_id']}/{version}",
        1,
        contract.Counter(**counter, decision=version),
        at=counter["decided_at"],
        square_id=counter["square_id"],
        unit_id=counter["unit_id"],
        correlation_id=correlation_id(),
    )


@dataclass(frozen=True)
class Taken:
    accepted: int
    unchanged: int
    rejected: list[Rejection]


async def take_readings(pool: Any, clock: Clock, who: Actor, bodies: Sequence[ReadingBody | None]) -> Taken:
    """Keeps what is valid although the rest is not. Safe to send again, in any order and in other batches.

    Counters the sender may not write to are unknown to it.
    """
    require(who, "readings.write")
    asked = {body.counter_id for body in bodies if body}

    async def work() -> Taken:
        async with db.transaction(pool) as conn:
            known = await store.lock_counters(conn, asked)
            mine = [row for row in known if allows(who, "readings.write", square_id=row["square_id"])]
            squares = {row["square_id"] for row in mine}
            backfill = bool(mine) and all(allows(who, "readings.backfill", square_id=square) for square in squares)
            return await _keep(conn, clock, bodies, mine, backfill=backfill)

    return await db.retrying(work)


async def keep_readings(pool: Any, clock: Clock, bodies: Sequence[ReadingBody], counters: Iterable[UUID]) -> Taken:
    """The same for a device, which has been found to speak for these counters: received now."""
    speaks_for = set(counters)

    async def work() -> Taken:
        async with db.transaction(pool) as conn:
            mine = await store.lock_counters(conn, speaks_for)
            return await _keep(conn, clock, bodies, mine, backfill=False)

    return await db.retrying(work)


async def _keep(
    conn: Any, clock: Clock, bodies: Sequence[ReadingBody | None], mine: Sequence[Any], *, backfill: bool
) -> Taken:
    """`mine`: the counters the sender may write to, locked."""
    asked = Counter((body.counter_id, body.start) for body in bodies if body)
    minutes = {row["counter_id"]: row["interval_minutes"] for row in mine}
    batch = sort_out(bodies, minutes, clock.now(), await store.crowded(conn, asked), backfill=backfill)
    changed = await store.add_readings(conn, batch.readings) if batch.readings else []
    touched = sorted(set(changed))
    if touched:
        await _record(conn, clock, touched, {row["counter_id"]: row["square_id"] for row in mine})
    unchanged = batch.repeats + len(batch.readings) - len(changed)
    return Taken(len(changed), unchanged, batch.rejected)


async def _record(conn: Any, clock: Clock, touched: list[Interval], square_of: dict[UUID, UUID]) -> None:
    versions = await store.next_versions(conn, touched)
    readings = await store.readings_of(conn, touched)
    now, request = clock.now(), correlation_id()
    for at in range(0, len(touched), _SLICE):
        events = [
            envelope.build(
                "counters",
                "interval.recorded.v1",
                _subject(interval),
                versions[interval],
                _state(interval, square_of[interval[0]], readings[interval]),
                at=now,
                square_id=square_of[interval[0]],
                correlation_id=request,
            )
            for interval in touched[at : at + _SLICE]
        ]
        await outbox.record_many(conn, events)
        await asyncio.sleep(0)


def _subject(interval: Interval) -> str:
    counter_id, start = interval
    return f"interval/{counter_id}/{start:%Y-%m-%dT%H:%MZ}"


def _state(interval: Interval, square_id: UUID, readings: list[Reading]) -> contract.Interval:
    return contract.Interval(
        counter_id=interval[0],
        square_id=square_id,
        start=interval[1],
        readings=[
            contract.Reading(
                count_in=reading.count_in,
                count_out=reading.count_out,
                sequence=reading.sequence,
                received_at=reading.received_at,
            )
            for reading in readings
        ],
    )


async def correct(pool: Any, clock: Clock, who: Actor, correction_id: UUID, body: CorrectionBody) -> bool:
    """Whether it is new. Raises IdInUse when the id already says something else."""
    require(who, "figures.correct", square_id=body.square_id)

    async def work() -> bool:
        async with db.transaction(pool) as conn:
            await store.take_turn(conn, f"correction {body.square_id} {body.date} {body.mode}")
            present = await store.correction(conn, correction_id)
            if present:
                return _refuse_another(present, body)
            saved = await store.add_correction(conn, correction_id, body.model_dump(), clock.now(), who.label())
            if saved is None:
                raise IdInUse
            await outbox.record(conn, _event("correction", correction_id, contract.Correction(**saved), saved))
            return True

    return await db.retrying(work)


async def count_by_hand(pool: Any, clock: Clock, who: Actor, manual_id: UUID, body: ManualCountBody) -> bool:
    """As `correct`."""
    require(who, "figures.correct", square_id=body.square_id)

    async def work() -> bool:
        async with db.transaction(pool) as conn:
            await store.take_turn(conn, f"manual count {body.unit_id} {body.date}")
            present = await store.manual_count(conn, manual_id)
            if present:
                return _refuse_another(present, body)
            saved = await store.add_manual_count(conn, manual_id, body.model_dump(), clock.now(), who.label())
            if saved is None:
                raise IdInUse
            await outbox.record(conn, _event("manual_count", manual_id, contract.ManualCount(**saved), saved))
            return True

    return await db.retrying(work)


def _refuse_another(present: dict[str, Any], body: Body) -> bool:
    if any(present[name] != value for name, value in body.model_dump().items()):
        raise IdInUse
    return False


def _event(kind: str, record_id: UUID, state: Any, saved: dict[str, Any]) -> envelope.Event:
    return envelope.build(
        "counters",
        f"{kind}.decided.v1",
        f"{kind}/{record_id}",
        1,
        state,
        at=saved["decided_at"],
        square_id=saved["square_id"],
        unit_id=saved.get("unit_id"),
        correlation_id=correlation_id(),
    )
