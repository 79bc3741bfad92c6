"""Who is in the house on a date: each unit with its opening hours, desk, shifts and meals, and its state just now."""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from services.aggregator import reading
from services.aggregator.reading import Square, Unit
from shared.contracts.opening_hours import Hours
from shared.walltime import local_fields

_ONE_DAY = dt.timedelta(days=1)
_LONGEST = dt.timedelta(days=60)
_LISTS = {"presence": "presence", "shift": "shifts", "meal": "meals"}
# Under which an entry's own id stands in its event.
_IDS = {"presence": "presence_id", "shift": "shift_id", "meal": "serving_id"}
_OVER = frozenset({"cancelled", "completed"})

_LIVE = "generation = (select generation from projection where name = 'presence')"
ENTRIES = f"""
select kind, id, version, unit_id, starts_at, ends_at, entry from presence_entry
where {_LIVE} and square_id = $1 and starts_at >= $4 and starts_at < $3 and ends_at > $2
order by starts_at, kind, id
"""  # noqa: S608 -- constant
# Where else the same desks are on that date.
ELSEWHERE = f"""
select e.unit_id, e.square_id, s.name, s.time_zone, e.starts_at, e.ends_at
from presence_entry as e
join resource_square as s
    on s.generation = (select generation from projection where name = 'resources') and s.square_id = e.square_id
where e.{_LIVE} and e.kind = 'presence' and e.unit_id = any($5::uuid[]) and e.square_id <> $1
    and e.starts_at >= $4 and e.starts_at < $3 and e.ends_at > $2 and e.entry ->> 'state' = 'scheduled'
order by e.starts_at, e.id
"""  # noqa: S608 -- constant


async def presence(
    conn: Any, where: Square, units: Sequence[Unit], date: dt.date, now: dt.datetime
) -> list[dict[str, Any]]:
    """The units that belong to the square on that date. `state_now` is null on any other date than today."""
    here = [unit for unit in units if unit.belongs(date)]
    begin, end = reading.midnight(date, where.zone), reading.midnight(date + _ONE_DAY, where.zone)
    window = where.square_id, begin, end, begin - _LONGEST
    entries = await conn.fetch(ENTRIES, *window)
    elsewhere = await conn.fetch(ELSEWHERE, *window, [unit.unit_id for unit in here])
    hours, closures = await reading.hours(conn, here), await reading.closures(conn, where, date)
    at = now if begin <= now < end else None
    return [
        {
            "unit_id": unit.unit_id,
            "kind": unit.kind,
            "name": unit.name,
            "openings": hours[unit.unit_id].pieces(date) if unit.unit_id in hours else [],
            "state_now": at and _state(unit, hours, closures, entries, at, where),
            "closures": [one for one in closures if _closes(one, unit)],
            **{name: [_shown(row, where) for row in entries if _is(row, unit, kind)] for kind, name in _LISTS.items()},
            "elsewhere": [_other_square(row) for row in elsewhere if row["unit_id"] == unit.unit_id],
        }
        for unit in here
    ]


def _state(
    unit: Unit,
    hours: Mapping[UUID, Hours],
    closures: Sequence[Mapping[str, Any]],
    entries: Sequence[Mapping[str, Any]],
    at: dt.datetime,
    where: Square,
) -> str:
    """An emergency closure closes whatever the hours say; a desk that is there is staffed whatever they say."""
    if any(_closes(one, unit) and _covers(one, at) for one in closures):
        return "closed"
    desk = (row for row in entries if _is(row, unit, "presence") and row["entry"]["state"] == "scheduled")
    if any(row["starts_at"] <= at < row["ends_at"] for row in desk):
        return "staffed"
    return hours[unit.unit_id].state_at(at, where.zone) if unit.unit_id in hours else "closed"


def _closes(closure: Mapping[str, Any], unit: Unit) -> bool:
    """Closing single spaces closes no unit."""
    return bool(closure["whole_square"]) or closure.get("unit_id") == str(unit.unit_id)


def _covers(closure: Mapping[str, Any], at: dt.datetime) -> bool:
    end = closure["ends_at"]
    return dt.datetime.fromisoformat(closure["starts_at"]) <= at and (
        end is None or at < dt.datetime.fromisoformat(end)
    )


def _is(row: Mapping[str, Any], unit: Unit, kind: str) -> bool:
    return bool(row["kind"] == kind and row["unit_id"] == unit.unit_id)


def _shown(row: Mapping[str, Any], where: Square) -> dict[str, Any]:
    entry = {key: value for key, value in row["entry"].items() if key != _IDS[row["kind"]]}
    if row["kind"] == "shift":
        entry["missing"] = 0 if entry["state"] in _OVER else max(0, entry["needed"] - entry["confirmed"])
    times = local_fields(row["starts_at"], row["ends_at"], where.zone)
    return {"id": row["id"], "version": row["version"], **entry, **times}


def _other_square(row: Mapping[str, Any]) -> dict[str, Any]:
    zone = Square(row["square_id"], row["name"], row["time_zone"], "").zone
    return {
        "square_id": row["square_id"],
        "name": row["name"],
        **local_fields(row["starts_at"], row["ends_at"], zone),
    }
