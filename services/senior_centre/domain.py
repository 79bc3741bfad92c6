"""What may happen to a serving, decided without I/O. States:

planned ──summarise──▶ served ──summarise──▶ served (counted again)
   └────────cancel───▶ cancelled
"""

import datetime as dt

from shared.contracts.senior_centre import MealServing
from shared.problems import Invalid, Message, WrongState

NOT_BEGUN = Message(
    "Porsjonene kan ikke telles før serveringen har begynt.", "Portions cannot be counted before the serving has begun."
)
Outcome = tuple[MealServing, str]


def changed(present: MealServing, wanted: MealServing) -> Outcome:
    """With what is planned as `wanted` has it; what was counted stays."""
    kept = wanted.model_copy(update={"portions_served": present.portions_served, "state": present.state})
    if kept != present and present.state != "planned":
        raise WrongState(state=present.state)
    return kept, "changed"


def summarised(present: MealServing, portions: int, now: dt.datetime) -> Outcome:
    """More may be served than was planned; counting again corrects."""
    if present.state == "cancelled":
        raise WrongState(state=present.state)
    if now < present.starts_at:
        raise Invalid(NOT_BEGUN)
    return present.model_copy(update={"portions_served": portions, "state": "served"}), "summarised"


def cancelled(present: MealServing) -> Outcome:
    if present.state == "served":
        raise WrongState(state=present.state)
    return present.model_copy(update={"state": "cancelled"}), "cancelled"
