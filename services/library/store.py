"""All SQL that is the library's own."""

import datetime as dt
from typing import Any
from uuid import UUID

from shared.contracts.library import LoanDay

LOAN_DAY_LOCKED = "select version, state from loan_day where unit_id = $1 and local_date = $2 for update"
LOAN_DAYS = """
select version, state from loan_day where square_id = $1 and local_date between $2 and $3 order by local_date, unit_id
"""
SAVE_LOAN_DAY = """
insert into loan_day (unit_id, local_date, version, square_id, state) values ($1, $2, $3, $4, $5)
on conflict (unit_id, local_date) do update set version = excluded.version, state = excluded.state
where loan_day.version = excluded.version - 1
returning version
"""


async def loan_day(conn: Any, unit_id: UUID, date: dt.date) -> tuple[int, LoanDay] | None:
    """Locked: the caller decides about it in this transaction."""
    row = await conn.fetchrow(LOAN_DAY_LOCKED, unit_id, date)
    return (row["version"], LoanDay.model_validate(row["state"])) if row else None


async def loan_days(conn: Any, square_id: UUID, first: dt.date, last: dt.date) -> list[tuple[int, LoanDay]]:
    rows = await conn.fetch(LOAN_DAYS, square_id, first, last)
    return [(row["version"], LoanDay.model_validate(row["state"])) for row in rows]


async def save_loan_day(conn: Any, version: int, day: LoanDay) -> bool:
    """False when somebody else saved this version first."""
    date = dt.date.fromisoformat(day.local_date)
    saved = await conn.fetchval(SAVE_LOAN_DAY, day.unit_id, date, version, day.square_id, day.model_dump(mode="json"))
    return bool(saved)
