"""The dates of a series that is given by a rule, and what limits them beyond the rule itself."""

import asyncio
import datetime as dt
from typing import Any
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

from dateutil.relativedelta import relativedelta

from services.facility.booking.bodies import MOST_DATES
from shared.problems import Message
from shared.recurrence.expansion import Date, Recurrence, expand
from shared.recurrence.faults import RuleFault
from shared.recurrence.written import WrittenRecurrence, read, refused
from shared.types import LATEST
from shared.walltime import ASKED_FROM

FARTHEST = relativedelta(years=2)
_ENDLESS = Message(
    "RRULE trenger COUNT eller UNTIL: en serie som booker rom, må ha en slutt.",
    "RRULE needs COUNT or UNTIL: a series that books rooms must have an end.",
)
_NOTHING = Message("RRULE gir ingen datoer.", "RRULE gives no dates.")
_TOO_MANY = Message(f"En serie har høyst {MOST_DATES} datoer.", f"A series has at most {MOST_DATES} dates.")
_TOO_FAR = Message("En serie når høyst to år frem i tid.", "A series reaches at most two years ahead.")


async def dates(series_id: UUID, written: WrittenRecurrence, zone: ZoneInfo, now: dt.datetime) -> list[dict[str, Any]]:
    """As a caller would have sent them one by one, in order. `zone` counts where the rule names none.

    Raises InvalidRule. Ids follow from the series and the clock time the rule gives, so a moved date keeps its own.
    """
    recurrence = read(written, zone)
    if recurrence.rule and not recurrence.rule.ends:
        raise refused(RuleFault("rrule", _ENDLESS))
    # A date too old to be kept is among them: it is refused by itself.
    found = await worked_out(recurrence, ASKED_FROM, LATEST, most=MOST_DATES)
    fault = _fault(found, now.astimezone(recurrence.zone))
    if fault:
        raise refused(RuleFault("rrule", fault))
    return [_as_sent(series_id, date) for date in found]


async def worked_out(
    recurrence: Recurrence, since: dt.datetime, until: dt.datetime, most: int | None = None
) -> list[Date]:
    """As `expand`, beside the event loop: it is work for the processor. Raises InvalidRule."""
    try:
        return await asyncio.to_thread(expand, recurrence, since, until, most=most)
    except RuleFault as fault:
        raise refused(fault) from None


def _fault(found: list[Date], now: dt.datetime) -> Message | None:
    if not found:
        return _NOTHING
    if len(found) > MOST_DATES:
        return _TOO_MANY
    return _TOO_FAR if found[-1].starts_at > now + FARTHEST else None


def _as_sent(series_id: UUID, date: Date) -> dict[str, Any]:
    return {
        "id": str(uuid5(series_id, date.recurrence_id.isoformat())),
        "starts_at": date.starts_at.isoformat(),
        "ends_at": date.ends_at.isoformat(),
    }
