"""What is done with dated things, each in one transaction that ends with its event."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import UUID

from shared import db, envelope, outbox
from shared.contracts.programme import Dated
from shared.http import correlation_id
from shared.identity import Actor
from shared.policy import Action, require
from shared.problems import Message, NotFound, Problem, Stale
from shared.programme import places
from shared.programme.commands import Saved, Unit, check_seen
from shared.programme.dated import store
from shared.programme.dated.store import Kind

KEEPS_ITS_PLACE = Message(
    "Enhet og torg kan ikke endres. Avlys, og lag en ny.",
    "Unit and square cannot be changed. Cancel it and make another.",
)
T = TypeVar("T", bound=Dated)
Change = Callable[[T], tuple[T, str]]
Check = Callable[[Any, T], Awaitable[None]]


@dataclass(frozen=True)
class Asker:
    """Who asks, by which right, and which version they have seen.

    `home`: the square where the right is asked for, when that is not the thing's own.
    """

    who: Actor
    action: Action
    seen: int | None
    home: UUID | None = None

    def require(self, state: Dated) -> None:
        require(self.who, self.action, square_id=self.home or state.square_id, unit_id=state.unit_id)


async def put(
    unit: Unit,
    asker: Asker,
    kind: Kind[T],
    wanted: T,
    verb: str,
    change: Change[T],
    check: Check[T] | None = None,
) -> Saved:
    """Makes `wanted` and says `verb`, or makes of what is there what `change` does. The same again changes nothing.

    The caller has seen to it that the unit may do so at that square. `check` may refuse a change in its transaction.
    """

    async def work() -> Saved:
        async with db.transaction(unit.pool) as conn:
            known = await store.one(conn, kind, kind.id_of(wanted), lock=True)
            if not known:
                if asker.seen is not None:
                    raise Stale(None)
                return await save(unit, conn, kind, 1, wanted, verb)
            asker.require(known[1])
            _check_same_place(known[1], wanted)
            return await _changed(unit, conn, asker, kind, known, change, check)

    asker.require(wanted)
    return await db.retrying(work)


async def step(unit: Unit, asker: Asker, kind: Kind[T], thing_id: UUID, change: Change[T]) -> Saved:
    """What `change` makes of it. Where that is what it is already, a repeat is answered whichever version was seen."""

    async def work() -> Saved:
        async with db.transaction(unit.pool) as conn:
            known = await locked(conn, asker, kind, thing_id)
            return await _changed(unit, conn, asker, kind, known, change)

    return await db.retrying(work)


async def locked(conn: Any, asker: Asker, kind: Kind[T], thing_id: UUID) -> tuple[int, T]:
    """Its version and state, once the asker may do this."""
    known = await store.one(conn, kind, thing_id, lock=True)
    if not known:
        raise NotFound
    asker.require(known[1])
    return known


async def save(unit: Unit, conn: Any, kind: Kind[T], version: int, state: T, verb: str) -> Saved:
    """Its next version with the event; the transaction's last act. Raises Overtaken."""
    if not await store.save(conn, kind, version, state):
        raise db.Overtaken
    await outbox.record(conn, event(unit, kind, version, state, verb))
    return Saved(version, state, version == 1)


def event(unit: Unit, kind: Kind[T], version: int, state: T, verb: str) -> envelope.Event:
    return envelope.build(
        unit.service,
        f"{kind.name}.{verb}.v1",
        f"{kind.name}/{kind.id_of(state)}",
        version,
        state,
        at=unit.clock.now(),
        square_id=state.square_id,
        unit_id=state.unit_id,
        classification=kind.classification,
        correlation_id=correlation_id(),
    )


def decided(asker: Asker, known: tuple[int, T], change: Change[T]) -> tuple[T, str] | None:
    """None when it is so already: a repeat after a lost answer. Raises Stale rather than refuse what was not seen."""
    version, present = known
    try:
        state, verb = change(present)
    except Problem:
        check_seen(asker.seen, version, present)
        raise
    if state == present:
        return None
    check_seen(asker.seen, version, present)
    return state, verb


async def _changed(
    unit: Unit,
    conn: Any,
    asker: Asker,
    kind: Kind[T],
    known: tuple[int, T],
    change: Change[T],
    check: Check[T] | None = None,
) -> Saved:
    outcome = decided(asker, known, change)
    if outcome is None:
        return Saved(*known)
    if check:
        await check(conn, outcome[0])
    return await save(unit, conn, kind, known[0] + 1, *outcome)


def _check_same_place(known: Dated, wanted: Dated) -> None:
    for field in ("square_id", "unit_id"):
        if getattr(known, field) != getattr(wanted, field):
            raise places.refused(field, KEEPS_ITS_PLACE)
