"""What the library says beside its programme: its lending, day by day."""

from typing import Annotated

from pydantic import Field

from shared.contracts import programme
from shared.types import Contract, Id, SmallCount


class LoanDay(Contract):
    """A library's lending on one local date: totals only, no borrower and no title of anything lent."""

    unit_id: Id
    square_id: Id
    local_date: Annotated[str, Field(pattern=r"^\d{4}-\d\d-\d\d$")]
    first_loans: SmallCount = 0
    renewals: SmallCount = 0
    returns: SmallCount = 0
    holds_picked_up: SmallCount = 0
    child: SmallCount = 0
    adult: SmallCount = 0


EVENTS: dict[str, type[Contract]] = {**programme.EVENTS, "loan_day.summarised.v1": LoanDay}
