"""What the volunteer central does with shifts and those who take them.

Locks are taken in one order: the volunteer, then shifts by their id.
"""

import datetime as dt
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from services.volunteer_central import domain, store
from services.volunteer_central.domain import SignUp, Volunteer
from shared import db, outbox
from shared.contracts.volunteer_central import Shift
from shared.identity import Actor
from shared.policy import require
from shared.problems import Conflict, IdInUse, Message, NotFound, WrongState
from shared.programme import places
from shared.programme.commands import Saved, Unit
from shared.programme.dated import commands as dated
from shared.programme.dated import store as dated_store
from shared.programme.dated.commands import Asker
from shared.programme.dated.store import Kind

SHIFTS = Kind("shift", "shift_id", Shift)
AT_ONCE = 200
UNKNOWN_VOLUNTEER = Message("Den frivillige finnes ikke her.", "There is no such volunteer here.")


@dataclass(frozen=True)
class SignedUp:
    """A sign-up with its shift as it stands."""

    sign_up: SignUp
    shift: Saved
    created: bool = False


async def open_shift(unit: Unit, who: Actor, wanted: Shift, seen: int | None) -> Saved:
    """Opens the shift, or changes it with the version seen. The same again changes nothing."""
    require(who, "shifts.write", square_id=wanted.square_id, unit_id=wanted.unit_id)
    await places.check_unit_on(unit, who, wanted.unit_id, wanted.square_id, wanted.starts_at)
    asker, now = Asker(who, "shifts.write", seen), unit.clock.now()

    def change(known: Shift) -> tuple[Shift, str]:
        return domain.changed(known, wanted, now)

    return await dated.put(unit, asker, SHIFTS, wanted, "opened", change, _check_clearances)


async def complete(
    unit: Unit, who: Actor, shift_id: UUID, seen: int, volunteers: int | None, minutes: int | None
) -> Saved:
    asker, now = Asker(who, "shifts.write", seen), unit.clock.now()
    return await dated.step(
        unit, asker, SHIFTS, shift_id, lambda known: domain.completed(known, volunteers, minutes, now)
    )


async def cancel(unit: Unit, who: Actor, shift_id: UUID, seen: int) -> Saved:
    """Who had signed up stays known, so that they can be told."""
    return await dated.step(unit, Asker(who, "shifts.write", seen), SHIFTS, shift_id, domain.cancelled)


async def sign_up(unit: Unit, who: Actor, wanted: SignUp) -> SignedUp:
    """Raises Conflict with code shift_full, already_signed_up, not_cleared or busy. A repeat changes nothing."""

    async def work() -> SignedUp:
        async with db.transaction(unit.pool) as conn:
            volunteer = await store.volunteer(conn, wanted.volunteer_id, lock=True)
            version, shift = await dated.locked(conn, Asker(who, "shifts.write", None), SHIFTS, wanted.shift_id)
            known = await store.sign_up(conn, wanted.id)
            if known:
                return _same(known, wanted, Saved(version, shift))
            await _check_takes(conn, shift, volunteer, unit.clock.now())
            if not await store.add_sign_up(conn, wanted, unit.clock.now()):
                raise db.Overtaken
            return SignedUp(wanted, await _refill(unit, conn, version, shift, 1), True)

    return await db.retrying(work)


async def withdraw(unit: Unit, who: Actor, shift_id: UUID, sign_up_id: UUID) -> SignedUp:
    async def work() -> SignedUp:
        async with db.transaction(unit.pool) as conn:
            version, shift = await dated.locked(conn, Asker(who, "shifts.write", None), SHIFTS, shift_id)
            known = await store.sign_up(conn, sign_up_id)
            if not known or known.shift_id != shift_id:
                raise NotFound
            if known.withdrawn:
                return SignedUp(known, Saved(version, shift))
            if not domain.can_leave(shift):
                raise WrongState(state=shift.state)
            await store.withdraw(conn, sign_up_id)
            gone = SignUp(known.id, known.shift_id, known.volunteer_id, True)
            return SignedUp(gone, await _refill(unit, conn, version, shift, -1))

    return await db.retrying(work)


async def mark_understaffed(unit: Unit) -> None:
    """Says of every shift that is open 48 hours before it begins that it is understaffed."""
    while await db.retrying(lambda: _mark_some(unit)) == AT_ONCE:
        pass


async def forget(unit: Unit) -> None:
    """Who took a shift is nobody's business a month later; how many is on the shift itself."""
    async with db.transaction(unit.pool) as conn:
        await store.forget_old(conn, unit.clock.now() - domain.KEEP_SIGN_UPS)


async def leave_shifts(unit: Unit, conn: Any, volunteer: Volunteer, cleared_only: bool = False) -> None:
    """Out of all shifts that are not over, or of those that ask for clearance. The volunteer's row is locked."""
    now = unit.clock.now()
    events = []
    for sign_up_id, shift_id in await store.ahead(conn, volunteer.id, now, cleared_only):
        known = await dated_store.one(conn, SHIFTS, shift_id, lock=True)
        if known and domain.can_leave(known[1]):
            await store.withdraw(conn, sign_up_id)
            state, verb = domain.filled(known[1], -1, now)
            events.append(await _save(unit, conn, known[0] + 1, state, verb))
    await outbox.record_many(conn, events)


async def _mark_some(unit: Unit) -> int:
    now = unit.clock.now()
    async with db.transaction(unit.pool) as conn:
        events = []
        due = await store.fallen_due(conn, now + domain.NOTICE, now, AT_ONCE)
        for shift_id in due:
            known = await dated_store.one(conn, SHIFTS, shift_id, lock=True)
            outcome = domain.fallen_due(known[1], now) if known else None
            if known and outcome:
                events.append(await _save(unit, conn, known[0] + 1, *outcome))
        await outbox.record_many(conn, events)
        return len(due) if events else 0


async def _save(unit: Unit, conn: Any, version: int, state: Shift, verb: str) -> Any:
    """The event, which the caller records last. Raises Overtaken."""
    if not await dated_store.save(conn, SHIFTS, version, state):
        raise db.Overtaken
    return dated.event(unit, SHIFTS, version, state, verb)


async def _refill(unit: Unit, conn: Any, version: int, shift: Shift, by: int) -> Saved:
    state, verb = domain.filled(shift, by, unit.clock.now())
    return await dated.save(unit, conn, SHIFTS, version + 1, state, verb)


async def _check_takes(conn: Any, shift: Shift, volunteer: Volunteer | None, now: dt.datetime) -> None:
    if volunteer is None or volunteer.erased_at or volunteer.unit_id != shift.unit_id:
        raise places.refused("volunteer_id", UNKNOWN_VOLUNTEER)
    if await store.is_signed_up(conn, shift.shift_id, volunteer.id):
        raise Conflict(domain.TWICE, code="already_signed_up")
    domain.check_takes(shift, volunteer, now)
    if await store.is_busy(conn, volunteer.id, shift.shift_id, shift.starts_at, shift.ends_at):
        raise Conflict(domain.BUSY, code="busy")


async def _check_clearances(conn: Any, shift: Shift) -> None:
    """A shift cannot begin to ask for what those on it have not shown. Their rows are locked until the end."""
    if shift.requires_clearance and None in await store.clearances(conn, shift.shift_id):
        raise Conflict(domain.NOT_CLEARED, code="not_cleared")


def _same(known: SignUp, wanted: SignUp, shift: Saved) -> SignedUp:
    if (known.shift_id, known.volunteer_id) != (wanted.shift_id, wanted.volunteer_id):
        raise IdInUse
    return SignedUp(known, shift)
