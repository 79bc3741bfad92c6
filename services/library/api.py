"""HTTP of what is the library's own: loan days."""

from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi.responses import JSONResponse

from services.library import commands, store
from shared import db
from shared.contracts.library import LoanDay
from shared.http import CurrentActor, etag
from shared.policy import require
from shared.programme.api import Mine, check_dates
from shared.types import Body, Id, LocalDate, SmallCount

MOST_DAYS = 398
router = APIRouter(prefix="/api/library", tags=["loans"])


class PutLoanDay(Body):
    square_id: Id
    first_loans: SmallCount = 0
    renewals: SmallCount = 0
    returns: SmallCount = 0
    holds_picked_up: SmallCount = 0
    child: SmallCount = 0
    adult: SmallCount = 0


@router.put("/loan-days/{unit_id}/{local_date}", status_code=201)
async def put_loan_day(
    unit_id: Id, local_date: LocalDate, body: PutLoanDay, unit: Mine, who: CurrentActor
) -> JSONResponse:
    day = LoanDay(unit_id=unit_id, local_date=local_date.isoformat(), **body.model_dump())
    saved = await commands.put_loan_day(unit, who, day)
    shown = {**saved.state.model_dump(mode="json"), "version": saved.version}
    return JSONResponse(shown, 201 if saved.created else 200, etag(saved.version))


@router.get("/loan-days")
async def list_loan_days(
    square_id: Id,
    first: Annotated[LocalDate, Query(alias="from")],
    last: Annotated[LocalDate, Query(alias="to")],
    unit: Mine,
    who: CurrentActor,
) -> dict[str, list[dict[str, Any]]]:
    """Both dates inside, at most 13 months."""
    require(who, "programme.read", square_id=square_id)
    check_dates(first, last, MOST_DAYS)
    async with db.connection(unit.pool) as conn:
        days = await store.loan_days(conn, square_id, first, last)
    return {"days": [{**day.model_dump(mode="json"), "version": version} for version, day in days]}
