"""What the library does that no other unit does."""

import datetime as dt
from uuid import UUID

from services.library import store
from shared import db, envelope, outbox
from shared.contracts.library import LoanDay
from shared.http import correlation_id
from shared.identity import Actor
from shared.policy import require
from shared.problems import IdInUse
from shared.programme.commands import Saved, Unit


async def put_loan_day(unit: Unit, who: Actor, day: LoanDay) -> Saved:
    """The newest summary of a day counts; the same again changes nothing."""
    require(who, "loans.write", square_id=day.square_id, unit_id=day.unit_id)

    async def work() -> Saved:
        async with db.transaction(unit.pool) as conn:
            known = await store.loan_day(conn, day.unit_id, dt.date.fromisoformat(day.local_date))
            if known and known[1] == day:
                return Saved(*known)
            if known and known[1].square_id != day.square_id:
                require(who, "loans.write", square_id=known[1].square_id, unit_id=day.unit_id)
            version = known[0] + 1 if known else 1
            if not await store.save_loan_day(conn, version, day):
                raise IdInUse
            await outbox.record(conn, _summarised(day, version, unit.clock.now()))
            return Saved(version, day, known is None)

    return await db.retrying(work)


def _summarised(day: LoanDay, version: int, now: dt.datetime) -> envelope.Event:
    return envelope.build(
        "library",
        "loan_day.summarised.v1",
        subject_of(day.unit_id, day.local_date),
        version,
        day,
        at=now,
        square_id=day.square_id,
        unit_id=day.unit_id,
        correlation_id=correlation_id(),
    )


def subject_of(unit_id: UUID, local_date: str) -> str:
    return f"loan_day/{unit_id}/{local_date}"
