from uuid import UUID

from shared.contracts import library
from shared.envelope import Event
from tests.contracts.invented import DAY, SQUARE, event_of


def events(unit_id: UUID) -> list[tuple[str, Event]]:
    return [_loan_day(unit_id)]


def _loan_day(unit_id: UUID) -> tuple[str, Event]:
    day = library.LoanDay(
        unit_id=unit_id,
        square_id=SQUARE,
        local_date=DAY.isoformat(),
        first_loans=96,
        renewals=41,
        returns=88,
        holds_picked_up=12,
        child=60,
        adult=36,
    )
    return event_of("library", "loan_day.summarised.v1", f"loan_day/{unit_id}/{DAY}", day, unit_id=unit_id)
