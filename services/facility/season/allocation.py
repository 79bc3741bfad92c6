"""What was decided becomes series of bookings, by the same authority that decides every other booking."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid5

from services.facility.booking import series
from services.facility.booking.bodies import PutSeries
from services.facility.booking.desk import Desk
from services.facility.policy.domain import Terms
from services.facility.season import reading
from services.facility.season.bodies import read_time
from services.facility.season.dates import Meeting
from services.facility.season.domain import Season
from services.facility.season.plan_store import Allocation, Row
from shared import audit
from shared.identity import Actor
from shared.problems import Problem, Unavailable
from shared.walltime import written

_REASON = 200  # of a change by hand, as much as a booking's decision takes


class _ByTheRule(PutSeries):
    """Nobody has accepted any noise here: what has come to be on around since it was planned refuses a date."""

    def terms(self, now: dt.datetime) -> Terms:
        return replace(super().terms(now), accepts_noise=False)


def authority(season: Season) -> Actor:
    """The decision was made by somebody who manages these squares; the work may go on after a restart without them."""
    return Actor(
        audit.itself("facility").subject, frozenset(("house_manager", str(square)) for square in season.square_ids)
    )


def series_id_of(season: Season, row: Row) -> UUID:
    """The same each time, so that repeating makes nothing twice."""
    return uuid5(season.id, f"{row.application_id}/{row.wish}")


async def make(desk: Desk, season: Season, row: Row) -> Allocation:
    """The series of a granted wish. Dates on which it cannot be had are kept as refused, with what blocks them."""
    series_id = series_id_of(season, row)
    dates = {str(uuid5(series_id, one.date.isoformat())): one for one in _meetings(season, row)}
    given = row.outcome["given"]
    kind = PutSeries if given["by_hand"] else _ByTheRule
    body = kind.model_validate({**_shared(row), "occurrences": list(_occurrences(season, dates))})
    promised = set(given["dates"])
    try:
        outcomes = await series.put(desk, authority(season), series_id, body)
    except Unavailable:
        raise
    except Problem as problem:  # a room that is gone since it was decided refuses the whole series
        outcomes = [{"id": found, "outcome": "rejected", "reason": problem.code, "blocking": []} for found in dates]
    told = [_told(one, dates[one["id"]].date.isoformat(), promised) for one in outcomes]
    return Allocation(row.application_id, row.wish, series_id, told)


def _told(outcome: dict[str, Any], date: str, promised: set[str]) -> dict[str, Any]:
    """What a policy or noise says is kept without any more of other bookings than their rooms; all may read it."""
    kept = {name: outcome[name] for name in ("id", "outcome", "reason", "blocking")}
    breaches = outcome.get("reasons", ()) if outcome["reason"] == "policy" else ()
    said = [{"rule": one["rule"], "message": {"nb": one["message"].nb, "en": one["message"].en}} for one in breaches]
    return {**kept, "date": date, "promised": date in promised, "breaches": said}


def _meetings(season: Season, row: Row) -> tuple[Meeting, ...]:
    """Also the dates that were closed or taken when it was planned: they are asked for, and refused, by name."""
    holidays = row.asked["holidays"]
    skip = season.terms.skip_holidays if holidays is None else holidays == "skip"
    return reading.calendar(season).meetings(read_time(row.outcome["given"]["time"]), skip)[0]


def _shared(row: Row) -> dict[str, Any]:
    asked = row.asked
    wish, given = asked["wishes"][row.wish - 1], row.outcome["given"]
    return {
        "space_ids": [given["space_id"]],
        "setup_minutes": wish["setup_minutes"],
        "teardown_minutes": wish["teardown_minutes"],
        "title": asked["title"],
        "unit_id": asked["unit_id"],
        "organiser_kind": asked["organiser_kind"],
        "expected_people": asked["people"],
        "organiser_id": asked["organiser_id"],
        "needs": wish["features"] or None,
        "noise_out": wish.get("noise_out"),  # applications from before wishes said it have none
        "quiet_need": wish.get("quiet_need"),
        "owner_ref": f"season_application/{row.application_id}",
        # A season reaches further, and gives more, than a room's policy allows those who book day by day.
        "exception": {"reason_code": "season_allocation", "reason": (given["reason"] or "")[:_REASON] or None},
    }


def _occurrences(season: Season, dates: dict[str, Meeting]) -> Iterator[dict[str, Any]]:
    for found, one in dates.items():
        start, end = (dt.datetime.fromtimestamp(at, dt.UTC) for at in (one.start, one.end))
        yield {"id": found, "starts_at": written(start, season.zone), "ends_at": written(end, season.zone)}
