"""What is decided about equipment, each in one transaction with its event."""

import datetime as dt
from typing import Any
from uuid import UUID

from services.facility.equipment import domain, store
from services.facility.equipment.bodies import PutEquipment
from services.facility.registry import store as registry
from services.facility.registry.saving import (
    UNKNOWN,
    FirstTwice,
    Saved,
    audit,
    event,
    next_version,
    refused,
    saving,
    shown,
)
from shared import db, outbox
from shared.clock import Clock
from shared.contracts.facility import Equipment
from shared.identity import Actor
from shared.policy import require
from shared.problems import Conflict, Message, NotFound, Stale
from shared.types import LATEST

OUT = Message("Utstyret er booket fram i tid.", "The equipment is booked ahead.")
TOO_FEW = Message("Så mange er booket på en gang fram i tid.", "As many are booked at once ahead.")
OTHER_SQUARE = Message("Enheten hører til et annet torg.", "The unit belongs to another square.")


async def put(pool: Any, clock: Clock, who: Actor, equipment_id: UUID, body: PutEquipment, seen: int | None) -> Saved:
    """Raises Conflict when fewer are left than are booked at once ahead."""
    require(who, "equipment.write", square_id=body.square_id)
    wanted = Equipment(**body.state(equipment_id))

    async def work() -> Saved:
        async with db.transaction(pool) as conn:
            known = await store.one(conn, equipment_id, lock=True)
            if known:
                require(who, "equipment.write", square_id=known[1].square_id)
            if known and known[1] == wanted:
                return Saved(known[0], shown(*known), False)
            version = next_version(seen, known[0] if known else 0, shown(*known) if known else {})
            await _check(conn, wanted)
            if known and wanted.count < domain.most_away(await _ahead(conn, equipment_id, clock.now())):
                raise Conflict(TOO_FEW, code="in_use")
            return await _save(conn, who, version, wanted, clock.now(), known)

    return await saving(work)


async def withdraw(pool: Any, clock: Clock, who: Actor, equipment_id: UUID, seen: int | None) -> Saved:
    """Out of use for good. Raises Conflict while it is booked ahead."""

    async def work() -> Saved:
        async with db.transaction(pool) as conn:
            known = await store.one(conn, equipment_id, lock=True)
            if not known:
                raise NotFound
            version, thing = known
            require(who, "equipment.write", square_id=thing.square_id)
            if thing.withdrawn:
                return Saved(version, shown(*known), False)
            if seen is not None and seen != version:
                raise Stale(shown(*known))
            if await _ahead(conn, equipment_id, clock.now()):
                raise Conflict(OUT, code="in_use")
            gone = thing.model_copy(update={"withdrawn": True})
            return await _save(conn, who, version + 1, gone, clock.now(), known)

    return await db.retrying(work)


async def _check(conn: Any, wanted: Equipment) -> None:
    if not await registry.square(conn, wanted.square_id):
        raise refused("square_id", UNKNOWN)
    unit = await registry.unit(conn, wanted.unit_id) if wanted.unit_id else None
    if wanted.unit_id and not unit:
        raise refused("unit_id", UNKNOWN)
    if unit and unit[1].square_id != wanted.square_id:
        raise refused("unit_id", OTHER_SQUARE)


async def _ahead(conn: Any, equipment_id: UUID, now: dt.datetime) -> list[domain.Use]:
    return await store.uses(conn, [equipment_id], (now, LATEST), now=now)


async def _save(
    conn: Any, who: Actor, version: int, thing: Equipment, now: dt.datetime, known: tuple[int, Equipment] | None
) -> Saved:
    if not await store.save(conn, version, thing):
        raise FirstTwice
    subject, what = f"equipment/{thing.equipment_id}", "equipment.withdraw" if thing.withdrawn else "equipment.put"
    await audit(conn, who, what, subject, known, (version, thing), now, thing.unit_id)
    said = event("equipment.changed.v1", subject, version, thing, thing.square_id, now, thing.unit_id)
    await outbox.record(conn, said)
    return Saved(version, shown(version, thing), known is None)
