"""What is decided about squares, units and spaces, each in one transaction with its event."""

import datetime as dt
from typing import Any
from uuid import UUID

from services.facility.audit import trail
from services.facility.registry import store
from services.facility.registry.bodies import PutSpace, PutSquare, PutUnit
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
from shared.contracts.facility import Settings, Space, Square, Unit
from shared.identity import Actor
from shared.policy import require
from shared.problems import (
    Conflict,
    Message,
    NotFound,
    Stale,
)

IN_USE = Message("Rommet er booket eller stengt.", "The room is booked or closed.")
AHEAD = Message("Rommet har bookinger fram i tid.", "The room has bookings ahead.")
KEEPS_KIND = Message("En enhet bytter ikke type.", "A unit does not change its kind.")
HAS_PARTS = Message("Rommet har deler som må fjernes først.", "The room has parts that must go first.")
CYCLE = Message("Et rom kan ikke være en del av seg selv.", "A room cannot be part of itself.")
NO_NEIGHBOUR = Message("Et rom er ikke sin egen nabo.", "A room is not its own neighbour.")
OTHER_SQUARE = Message("Det hører til et annet torg.", "It belongs to another square.")


async def put_square(pool: Any, clock: Clock, who: Actor, square_id: UUID, body: PutSquare, seen: int | None) -> Saved:
    """A changed staff_share is a decision of its own, since figures depend on when it was made."""
    require(who, "registry.write", square_id=square_id)
    wanted = Square(square_id=square_id, name=body.name, time_zone=body.time_zone, status=body.status)

    async def work() -> Saved:
        async with db.transaction(pool) as conn:
            row, known = await store.square(conn, square_id, lock=True) or (None, None)
            share = _share(body, row)
            if row and known == wanted and row["staff_share"] == share:
                return Saved(row["version"], shown_square(row, wanted), False)
            version = next_version(
                seen, row["version"] if row else 0, shown_square(row, known) if row and known else {}
            )
            decided = row is None or row["staff_share"] != share
            decision = (row["settings_decision"] if row else 0) + (1 if decided else 0)
            if not await store.save_square(conn, version, wanted, share, decision):
                raise FirstTwice
            now = clock.now()
            events = [event("square.changed.v1", f"square/{square_id}", version, wanted, square_id, now)]
            if decided:
                settings = Settings(square_id=square_id, decision=decision, decided_at=now, staff_share=share)
                subject = f"settings/{square_id}/{decision}"
                events.append(event("settings.decided.v1", subject, 1, settings, square_id, now))
            before = shown_square(row, known) if row and known else None
            after = shown_square({"version": version, "staff_share": share}, wanted)
            subject = f"square/{square_id}"
            await trail.changed(conn, who, "square.put", subject, square_id, at=now, before=before, after=after)
            await outbox.record_many(conn, events)
            return Saved(version, after, row is None)

    return await saving(work)


def _share(body: PutSquare, row: Any) -> str:
    if body.staff_share is None:
        return str(row["staff_share"]) if row else "0"
    return format(body.staff_share.normalize(), "f")


async def put_unit(pool: Any, clock: Clock, who: Actor, unit_id: UUID, body: PutUnit, seen: int | None) -> Saved:
    require(who, "registry.write", square_id=body.square_id)
    wanted = Unit(
        unit_id=unit_id,
        square_id=body.square_id,
        kind=body.kind,
        name=body.name,
        memberships=body.members(),
        status=body.status,
    )

    async def work() -> Saved:
        async with db.transaction(pool) as conn:
            for member in {body.square_id, *(one.square_id for one in wanted.memberships)}:
                if not await store.square(conn, member):
                    raise refused("square_id", UNKNOWN)
            known = await store.unit(conn, unit_id, lock=True)
            if known:
                require(who, "registry.write", square_id=known[1].square_id)
            if known and known[1] == wanted:
                return Saved(known[0], shown(*known), False)
            version = next_version(seen, known[0] if known else 0, shown(*known) if known else {})
            if known and known[1].kind != wanted.kind:  # what others may see of its bookings hangs on it
                raise refused("kind", KEEPS_KIND)
            if not await store.save_unit(conn, version, wanted):
                raise FirstTwice
            now = clock.now()
            await audit(conn, who, "unit.put", f"unit/{unit_id}", known, (version, wanted), now, unit_id)
            said = event("unit.changed.v1", f"unit/{unit_id}", version, wanted, body.square_id, now, unit_id)
            await outbox.record(conn, said)
            return Saved(version, shown(version, wanted), known is None)

    return await saving(work)


async def put_space(pool: Any, clock: Clock, who: Actor, space_id: UUID, body: PutSpace, seen: int | None) -> Saved:
    require(who, "rooms.write", square_id=body.square_id)
    wanted = Space(**body.state(space_id))

    async def work() -> Saved:
        async with db.transaction(pool) as conn:
            touched = [space_id, *([body.parent_id] if body.parent_id else [])]
            await store.lock_forest(conn, body.square_id)
            await store.lock_spaces(conn, touched)
            known = await store.space(conn, space_id)
            if known:
                require(who, "rooms.write", square_id=known[1].square_id)
            if known and known[1] == wanted:
                return Saved(known[0], shown(*known), False)
            version = next_version(seen, known[0] if known else 0, shown(*known) if known else {})
            await _check_space(conn, known[1] if known else None, wanted, clock.now())
            saved = await _save_space(conn, who, version, wanted, clock.now(), known)
            if not known or known[1].withdrawn:
                await store.close_with(conn, space_id, body.square_id)
            return saved

    return await saving(work)


async def withdraw_space(pool: Any, clock: Clock, who: Actor, space_id: UUID, seen: int | None) -> Saved:
    """Out of use for good; what happened in it stays known. Raises Conflict while it has parts or bookings ahead."""

    async def work() -> Saved:
        async with db.transaction(pool) as conn:
            known = await store.space(conn, space_id)
            if not known:
                raise NotFound
            await store.lock_forest(conn, known[1].square_id)
            await store.lock_spaces(conn, [space_id])
            known = await store.space(conn, space_id) or known
            version, space = known
            require(who, "rooms.write", square_id=space.square_id)
            if space.withdrawn:
                return Saved(version, shown(*known), False)
            if seen is not None and seen != version:
                raise Stale(shown(*known))
            if await store.has_children(conn, space_id):
                raise Conflict(HAS_PARTS, code="in_use")
            if await store.in_use(conn, [space_id], clock.now()):
                raise Conflict(AHEAD, code="in_use")
            gone = space.model_copy(update={"withdrawn": True})
            return await _save_space(conn, who, version + 1, gone, clock.now(), known)

    return await db.retrying(work)


async def _check_space(conn: Any, known: Space | None, wanted: Space, now: dt.datetime) -> None:
    """Raises Invalid for what cannot be, Conflict for what would tear a booking apart."""
    if known and known.square_id != wanted.square_id:
        raise refused("square_id", OTHER_SQUARE)
    if not await store.square(conn, wanted.square_id):
        raise refused("square_id", UNKNOWN)
    if wanted.unit_id and not await store.unit(conn, wanted.unit_id):
        raise refused("unit_id", UNKNOWN)
    if wanted.parent_id:
        parent = await store.space(conn, wanted.parent_id)
        if wanted.parent_id == wanted.space_id:
            raise refused("parent_id", CYCLE)
        if not parent or parent[1].withdrawn:
            raise refused("parent_id", UNKNOWN)
        if parent[1].square_id != wanted.square_id:
            raise refused("parent_id", OTHER_SQUARE)
        if wanted.space_id in await store.above(conn, wanted.parent_id):
            raise refused("parent_id", CYCLE)
    await _check_neighbours(conn, wanted)
    if not known or known.withdrawn or known.parent_id != wanted.parent_id:
        await _check_forest(conn, known, wanted, now)


async def _check_neighbours(conn: Any, wanted: Space) -> None:
    heard = {one.space_id for one in wanted.neighbours}
    if wanted.space_id in heard:
        raise refused("neighbours", NO_NEIGHBOUR)
    if heard - await store.there(conn, sorted(heard), wanted.square_id):
        raise refused("neighbours", UNKNOWN)


async def _check_forest(conn: Any, known: Space | None, wanted: Space, now: dt.datetime) -> None:
    """Past bookings count too: what they took lies on the leaves they had, and would be free again elsewhere."""
    moved = known is not None and known.parent_id != wanted.parent_id
    if moved and await store.in_use(conn, await store.under(conn, wanted.space_id), now, ever=True):
        raise Conflict(IN_USE, code="in_use")
    if wanted.parent_id and await store.taken_whole(conn, wanted.parent_id, now):
        raise Conflict(IN_USE, code="in_use")


async def _save_space(
    conn: Any, who: Actor, version: int, space: Space, now: dt.datetime, known: tuple[int, Space] | None
) -> Saved:
    if not await store.save_space(conn, version, space):
        raise FirstTwice
    subject, what = f"space/{space.space_id}", "space.withdraw" if space.withdrawn else "space.put"
    await audit(conn, who, what, subject, known, (version, space), now, space.unit_id)
    await outbox.record(conn, event("space.changed.v1", subject, version, space, space.square_id, now, space.unit_id))
    return Saved(version, shown(version, space), known is None)


def shown_square(row: Any, square: Square) -> dict[str, Any]:
    return shown(row["version"], square, staff_share=float(row["staff_share"]))
