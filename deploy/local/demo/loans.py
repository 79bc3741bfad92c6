"""What the demo's libraries lend."""

import datetime as dt
from collections.abc import Iterator, Sequence
from typing import Any

from deploy.local.demo.house import Call, Square, opening, uid


def loan_days(squares: Sequence[Square], days: Sequence[dt.date]) -> Iterator[Call]:
    for square in squares:
        for day in days:
            if opening(square, "library", day):
                yield loan_day(square, day, 1.0)


def loan_day(square: Square, day: dt.date, share: float) -> Call:
    """The day's totals once `share` of it is over."""
    chance = uid("loans", square.key, day).int
    whole = square.said["loans"] * (1.3 if day.isoweekday() == 4 else 1.0) * (0.8 + chance % 40 / 100)
    return "PUT", f"/api/library/loan-days/{square.unit('library')}/{day}", _totals(square, round(whole * share))


def _totals(square: Square, loans: int) -> dict[str, Any]:
    return {
        "square_id": str(square.id),
        "first_loans": loans,
        "renewals": loans // 4,
        "returns": round(loans * 0.95),
        "holds_picked_up": loans // 9,
        "child": round(loans * 0.45),
        "adult": loans - round(loans * 0.45),
    }
