"""Keeps the published blocks taken at facility, so that nobody books over them.

A day whose blocks or bookings changed is looked into: what facility has is compared with what should be there. What it
refuses is kept for the health station to see, and asked for again in the next quarter of an hour; while it does not
answer, it is asked again and again. All of it follows from what was published, and so tells no more than that.
"""

import datetime as dt
from collections.abc import Awaitable
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from services.health_station import domain, room_store, rooms
from services.health_station.domain import Held
from services.health_station.room_store import Booking, Day, Trouble
from services.health_station.rooms import Account
from shared import db, logs
from shared.contracts.health_station import BusyBlock
from shared.failpoints import failpoint
from shared.identity import Actor
from shared.logs import worth_a_line
from shared.problems import Problem
from shared.programme.commands import Unit
from shared.programme.rooms import Refused, Rooms

STANDING = (rooms.BLOCKED, "affected")
AFFECTED = "affected"
# Somebody was there between looking and asking, or an answer was lost: looked at again at once, so many times.
OVERTAKEN = ("stale", "wrong_state", "id_in_use")
ROUNDS = 3
_ONE_DAY = dt.timedelta(days=1)
log = logs.get(__name__)


class Keeper:
    def __init__(self, account: Account) -> None:
        self._account = account
        self._failures = 0

    async def settle_due(self, unit: Unit) -> None:
        """What can be done now; an outage ends it until it is called again."""
        quarter = domain.quarter(unit.clock.now())
        try:
            async with db.connection(unit.pool) as conn:
                due = await room_store.unsettled(conn, quarter, quarter.date() - _ONE_DAY)
            for key in due:
                await self._settle(unit, quarter, key)
            self._failures = 0
        except (Problem, *db.OUTAGE) as error:
            self._failures += 1
            if worth_a_line(self._failures):
                log.warning("rooms_not_kept", error=getattr(error, "code", type(error).__name__), times=self._failures)

    async def _settle(self, unit: Unit, quarter: dt.datetime, key: tuple[UUID, dt.date]) -> None:
        async with db.transaction(unit.pool) as conn:
            day = await room_store.lock_unsettled(conn, quarter, key)
            if day is None:
                return
            work = _Work(conn, unit.rooms, self._account.actor(day.unit_id), day)
            for _ in range(ROUNDS):
                await work.round()
                if not work.overtaken:
                    break
            unsettled = work.overtaken or bool(work.troubles)
            await room_store.settle(conn, day, quarter, work.troubles, unsettled=unsettled)


@dataclass
class _Work:
    """One room's day, locked while facility is asked. A step whose answer was lost is found done the next time."""

    conn: Any
    rooms: Rooms
    who: Actor
    day: Day
    troubles: list[Trouble] = field(default_factory=list)
    overtaken: bool = False
    found: dict[UUID, tuple[Booking, int]] = field(default_factory=dict)

    async def round(self) -> None:
        self.troubles, self.overtaken, self.found = [], False, {}
        held = [await self._look(one) for one in await room_store.bookings(self.conn, [self.day])]
        todo = domain.steps([one for one in held if one], self.day.blocks)
        for booking_id in todo.give_up:
            await self._give_up(*self.found[booking_id])
        for booking_id, block in todo.move:
            booking, version = self.found[booking_id]
            await self._move(replace(booking, block=block), version)
        for block in todo.book:
            await self._book(block)

    async def _look(self, one: Booking) -> Held | None:
        """Where facility has it now; None for one that is over."""
        found = await rooms.find(self.rooms, self.who, one.booking_id)
        if found is None or found["state"] not in STANDING:
            await room_store.end_booking(self.conn, one.booking_id)
            return None
        self.found[one.booking_id] = one, int(found["version"])
        block = rooms.block_of(found, one.space_id)
        if block and found["state"] == AFFECTED:
            self.troubles.append(Trouble(block, AFFECTED))
        return Held(one.booking_id, block)

    async def _give_up(self, booking: Booking, version: int) -> None:
        if await self._done(booking, rooms.give_up(self.rooms, self.who, booking, version)):
            await room_store.end_booking(self.conn, booking.booking_id)

    async def _move(self, wanted: Booking, version: int) -> None:
        if await self._done(wanted, rooms.move(self.rooms, self.who, wanted, version)):
            await room_store.save_booking(self.conn, wanted)

    async def _book(self, block: BusyBlock) -> None:
        """An id that is in use is ours all the same: its answer was lost before it was noted."""
        number = await room_store.last_number(self.conn, self.day) + 1
        booking_id = domain.booking_id_of(self.day.space_id, self.day.local_date, number)
        wanted = Booking(booking_id, self.day.space_id, self.day.local_date, number, block)
        done = await self._done(wanted, rooms.book(self.rooms, self.who, self.day.unit_id, wanted))
        failpoint("busy.booked")
        if done or self.overtaken:
            await room_store.save_booking(self.conn, wanted)

    async def _done(self, wanted: Booking, asked: Awaitable[bool]) -> bool:
        try:
            done = await asked
        except Refused as refusal:
            if refusal.code not in OVERTAKEN:
                self.troubles.append(Trouble(wanted.block, rooms.why(refusal)))
                return False
            done = False
        self.overtaken = self.overtaken or not done
        return done
