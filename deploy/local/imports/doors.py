"""What imports of counted doors have in common: a unit that is open while they counted, and the way of readings."""

import datetime as dt
from collections.abc import Sequence
from typing import Any

from deploy.local.imports.house import House, ImportFailed, Progress, why

_BATCH = 1000
_WEEK = dt.timedelta(days=7)


async def open_around_the_clock(house: House, unit: str, name: str, dates: tuple[dt.date, dt.date]) -> None:
    """On the dates counted and no other: a date without a single reading would be one that was never counted."""
    path = f"/api/facility/units/{unit}/hours"
    first, last = dates
    if await _is_open(house, path, first, last):
        house.report.count("opening hours", new=False)
        return
    span = {"full_day": True, "state": "staffed"}
    period = {"name": name, "start_date": str(first), "end_date": str(last), "groups": [{"spans": [span]}]}
    answer = await house.send("PUT", path, json={"periods": [period]})
    if answer.is_error:
        raise ImportFailed(f"opening hours: {why(answer)}")
    house.report.count("opening hours", new=True)


async def _is_open(house: House, path: str, first: dt.date, last: dt.date) -> bool:
    days: dict[str, Any] = {}
    at = first - _WEEK
    while at <= last + _WEEK:  # a window is at most 13 months
        end = min(at + dt.timedelta(days=300), last + _WEEK)
        days |= (await house.get(path, **{"from": str(at), "to": str(end)})).get("days", {})
        at = end + dt.timedelta(days=1)
    wanted = [first + dt.timedelta(days=number) for number in range((last - first).days + 1)]
    return days == {str(date): [["00:00", "24:00", "staffed"]] for date in wanted}


async def send_readings(house: House, readings: Sequence[dict[str, Any]], progress: Progress) -> None:
    """In the order given. What is refused is named by its start."""
    for at in range(0, len(readings), _BATCH):
        some = readings[at : at + _BATCH]
        answer = await house.send("POST", "/api/counters/readings", json={"readings": some})
        if answer.is_error:
            raise ImportFailed(f"readings: {why(answer)}")
        said = answer.json()
        house.report.taken["readings"] += said["accepted"]
        house.report.unchanged["readings"] += said["unchanged"]
        house.report.refused += [(some[one["index"]]["start"], one["code"]) for one in said["rejected"]]
        progress(f"{at + len(some)} of {len(readings)} readings")
