"""Reading periods as callers send them: every fault is one code, with where it is and what would be accepted."""

import datetime as dt
from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import AfterValidator, TypeAdapter, ValidationError

from shared.contracts.opening_hours import Period, Periods
from shared.contracts.opening_rules import AnyDate
from shared.problems import Invalid, Message
from shared.sentences import explain
from shared.types import LATEST, Body
from shared.walltime import ASKED_FROM

WRONG = Message("Åpningstidene kan ikke brukes slik.", "The opening hours cannot be used like this.")
WARNINGS: dict[str, Message] = {
    "closing_without_effect": Message(
        "Et stengt tidsrom ligger i åpningstiden og stenger ingenting. Bruk en unntaksperiode i stedet.",
        "A closed span lies inside open hours and closes nothing. Use an exception period instead.",
    ),
    "weeks_from_nowhere": Message(
        "Regelen teller uker, men verken regelen eller perioden sier fra når. Den gir ingen dager.",
        "The rule counts weeks, but neither it nor its period says from when. It gives no days.",
    ),
}
_PERIODS = TypeAdapter(Periods)
LONGEST = dt.timedelta(days=397)


def _in_years(date: dt.date) -> dt.date:
    if not ASKED_FROM.date() <= date < LATEST.date():
        raise ValueError("date must lie in the years 1900 to 2099")
    return date


AskedDate = Annotated[AnyDate, AfterValidator(_in_years)]


class InvalidHours(Invalid):
    code = "invalid_hours"
    detail = WRONG


class PutHours(Body):
    periods: Any


class Preview(Body):
    """`from` and `to`, or `at`."""

    periods: Any
    time_zone: str = "Europe/Oslo"
    at: str | None = None


def read(periods: Any) -> list[Period]:
    """Raises InvalidHours for what rule B.9 refuses, unknown rule kinds and faults of form."""
    try:
        return _PERIODS.validate_python(periods)
    except ValidationError as error:
        found = [{**one, "loc": ("periods", *one["loc"])} for one in error.errors(include_url=False)]
        raise InvalidHours(errors=[_both(one) for one in found[:20]]) from None


def dump(periods: Sequence[Period]) -> list[dict[str, Any]]:
    return [period.model_dump(mode="json") for period in periods]


def check_window(first: dt.date, last: dt.date) -> None:
    """Raises Invalid unless the dates are in order and at most 13 months apart."""
    if not dt.timedelta(0) <= last - first <= LONGEST:
        raise Invalid(Message("Velg et tidsrom på høyst 13 måneder.", "Choose a range of at most 13 months."))


def _both(error: Any) -> dict[str, Any]:
    norwegian, english = explain(error, "nb"), explain(error, "en")
    return {"loc": english["loc"], "message": Message(norwegian["message"], english["message"])}
