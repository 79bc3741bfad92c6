"""What becomes of an hour's counts and of a presence, decided without I/O."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from shared.contracts.service_desk import Channel, DeskHour, EarlierTotal, HelpCount, Presence
from shared.problems import Conflict, Invalid, Message, WrongState

# So many of an hour's totals travel with the newest.
MOST_EARLIER = 200
AHEAD = Message("Tiden er ikke kommet ennå.", "That time has not come yet.")
SET_SINCE = Message(
    "Timen er ført samlet etter dette. Rett tallet for timen i stedet.",
    "The hour was set as a whole after this. Correct the hour's number instead.",
)


@dataclass(frozen=True)
class Hour:
    """A desk's counts in one clock hour. `set_version`: when it was last set as a whole; 0 when never."""

    version: int
    set_version: int
    state: DeskHour


@dataclass(frozen=True)
class Enquiry:
    """One enquiry. `hour_version`: the version of its hour that it made."""

    id: UUID
    unit_id: UUID
    square_id: UUID
    local_date: dt.date
    hour: int
    channel: Channel
    topic: str
    resolved: bool
    asked: dict[str, Any]
    hour_version: int = 0
    undone: bool = False


def clock_hour(at: dt.datetime, zone: ZoneInfo) -> tuple[dt.date, int]:
    """The local date and hour; the two passes of the autumn hour are one."""
    local = at.astimezone(zone)
    return local.date(), local.hour


def check_has_come(at: tuple[dt.date, int], now: dt.datetime, zone: ZoneInfo, field: str) -> None:
    """Raises Invalid for an hour that has not begun."""
    if at > clock_hour(now, zone):
        raise Invalid(AHEAD, errors=[{"loc": [field], "message": AHEAD}])


def new_hour(unit_id: UUID, square_id: UUID, date: dt.date, hour: int) -> Hour:
    return Hour(0, 0, DeskHour(unit_id=unit_id, square_id=square_id, local_date=date, hour=hour))


def added(hour: Hour, enquiry: Enquiry) -> Hour:
    return _with(hour, enquiry, 1)


def taken_out(hour: Hour, enquiry: Enquiry) -> Hour:
    """Raises Conflict once the hour was set as a whole: nobody knows whether that sum holds the enquiry."""
    if enquiry.hour_version <= hour.set_version:
        raise Conflict(SET_SINCE, code="hour_set")
    return _with(hour, enquiry, -1)


def as_a_whole(hour: Hour, counts: Iterable[HelpCount]) -> Hour:
    """The newest word about the hour, whatever was counted before. Unchanged when it says the same."""
    state = hour.state.model_copy(update={"counts": _tidy(counts)})
    if hour.version and state == hour.state:
        return hour
    return Hour(hour.version + 1, hour.version + 1, state)


def stamped(before: Hour, after: Hour, now: dt.datetime) -> Hour:
    """The new word about an hour with the time it was said, and what was said in earlier hours with its own.

    What was said in the same hour is forgotten: nobody needs to know at which minute somebody asked.
    """
    said = before.state
    earlier = said.earlier
    if before.version and said.summarised_at and _hour_begun(said.summarised_at) != _hour_begun(now):
        earlier = [*earlier, EarlierTotal(total=said.total(), summarised_at=said.summarised_at)][-MOST_EARLIER:]
    return replace(after, state=after.state.model_copy(update={"summarised_at": now, "earlier": earlier}))


def _hour_begun(at: dt.datetime) -> dt.datetime:
    return at.astimezone(dt.UTC).replace(minute=0, second=0, microsecond=0)


def _with(hour: Hour, enquiry: Enquiry, by: int) -> Hour:
    key = (enquiry.channel, enquiry.topic)
    known = {(one.channel, one.topic): one for one in hour.state.counts}
    before = known.get(key, HelpCount(channel=enquiry.channel, topic=enquiry.topic, count=0))
    resolved = before.resolved + (by if enquiry.resolved else 0)
    known[key] = before.model_copy(update={"count": before.count + by, "resolved": resolved})
    state = hour.state.model_copy(update={"counts": _tidy(known.values())})
    return replace(hour, version=hour.version + 1, state=state)


def _tidy(counts: Iterable[HelpCount]) -> list[HelpCount]:
    return sorted((one for one in counts if one.count), key=lambda one: (one.channel, one.topic))


def changed(present: Presence, wanted: Presence) -> tuple[Presence, str]:
    kept = wanted.model_copy(update={"state": present.state})
    if kept != present and present.state == "cancelled":
        raise WrongState(state=present.state)
    return kept, "changed"


def cancelled(present: Presence) -> tuple[Presence, str]:
    return present.model_copy(update={"state": "cancelled"}), "cancelled"
