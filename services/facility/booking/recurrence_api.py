"""HTTP of recurrence: what a rule gives, before anybody books by it."""

import datetime as dt
import re
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from fastapi import APIRouter
from pydantic import Field, StrictStr, WithJsonSchema

from services.facility.booking.by_rule import worked_out
from shared.http import CurrentActor
from shared.policy import require
from shared.problems import Message
from shared.recurrence.faults import RuleFault
from shared.recurrence.written import WrittenRecurrence, parse, read, refused, schema_of
from shared.sentences import explain_value
from shared.walltime import ASKED_FROM, instant

router = APIRouter(prefix="/api/facility", tags=["recurrence"])
DEFAULT_ZONE = "Europe/Oslo"
LONGEST = dt.timedelta(days=397)
_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_TOO_WIDE = Message(
    "from og to: velg et tidsrom på høyst 13 måneder, med to etter from.",
    "from and to: choose a range of at most 13 months, with to after from.",
)


class Preview(WrittenRecurrence):
    """`from` and `to` are times, with offset or on the clock of `tz`; or dates, both inside."""

    since: Annotated[StrictStr, Field(alias="from", max_length=40)]
    until: Annotated[StrictStr, Field(alias="to", max_length=40)]


# Read by hand, so that a fault of form is told under the same code as one of the rule.
RawPreview = Annotated[dict[str, Any], WithJsonSchema(schema_of(Preview))]


@router.post("/recurrence/preview")
async def preview(body: RawPreview, who: CurrentActor) -> dict[str, Any]:
    """The dates that start in the window. Saves nothing; the limits of a series do not hold here."""
    require(who, "registry.read")
    asked: Preview = parse(body, Preview)
    recurrence = read(asked, ZoneInfo(DEFAULT_ZONE))
    since = _time("from", asked.since, recurrence.zone)
    until = _time("to", asked.until, recurrence.zone, days=1)
    if not since < until <= since + LONGEST:
        raise refused(RuleFault("to", _TOO_WIDE))
    found = await worked_out(recurrence, since, until)
    return {"occurrences": [{"starts_at": _utc(date.starts_at), "ends_at": _utc(date.ends_at)} for date in found]}


def _time(field: str, text: str, zone: dt.tzinfo, days: int = 0) -> dt.datetime:
    """A date is its midnight, `days` later."""
    try:
        if not _DATE.fullmatch(text):
            return instant(text, zone, ASKED_FROM)
        date = dt.date.fromisoformat(text) + dt.timedelta(days=days)
        return instant(f"{date.isoformat()}T00:00", zone, ASKED_FROM)
    except (ValueError, OverflowError) as error:
        told = explain_value(str(error))
        raise refused(RuleFault(field, Message(f"{field}: {told.nb}", f"{field}: {told.en}"))) from None


def _utc(at: dt.datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")
