"""The entries of a calendar as activities of a unit, and their dates as occurrences, some at once."""

import asyncio
import datetime as dt
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from deploy.local.imports.house import House, id_of, why
from shared.icalendar_in.entry import Entry, Happening
from shared.recurrence.faults import RuleFault

NAME = "calendar"
_MOVABLE = ("draft", "scheduled", "affected")
_AT_ONCE = 6


class _Refused(Exception):
    """(what, why), for the report."""


_Done = tuple[str, bool] | _Refused  # (what was done in a word, whether anything was)


@dataclass(frozen=True)
class Target:
    """Whose programme it becomes."""

    unit_id: str
    square_id: str
    service: str
    spaces: tuple[str, ...]

    def path(self, kind: str, thing: str) -> str:
        return f"/api/{self.service}/{kind}/{thing}"

    def activity(self, entry: Entry) -> str:
        return id_of(NAME, self.unit_id, entry.key)

    def occurrence(self, entry: Entry, date: Happening) -> str:
        return id_of(NAME, self.unit_id, entry.key, date.id)


async def take_entry(house: House, target: Target, entry: Entry, since: dt.datetime, until: dt.datetime) -> set[str]:
    """The ids of its dates that stand in the programme."""
    title = entry.title or "an entry without title"
    if entry.cancelled:
        house.report.refused.append((title, "the whole entry is cancelled in the file"))
        return set()
    try:
        dates = entry.happenings(since, until)
    except RuleFault as fault:
        house.report.refused.append((title, fault.message.en))
        return set()
    counted: Counter[str] = Counter()
    if dates and await _put_activity(house, target, entry):
        for done in await _take_dates(house, target, entry, dates):
            counted[_told(house, done)] += 1
    told = ", ".join(f"{number} {what}" for what, number in counted.items()) or "no dates in the window"
    house.report.entries.append((title, "; ".join([told, *(note.en for note in entry.notes)])))
    return {target.occurrence(entry, date) for date in dates if not date.cancelled}


async def _put_activity(house: House, target: Target, entry: Entry) -> bool:
    """Whether it is there; with the title of this edition of the file."""
    body = {
        "square_id": target.square_id,
        "unit_id": target.unit_id,
        "title_nb": "Opptatt" if entry.confidential else entry.title or "Uten tittel",
        "public": not entry.confidential,
    }
    path = target.path("activities", target.activity(entry))
    answer = await house.send("PUT", path, json=body)
    if answer.status_code == 428:
        version = (await house.get(path))["version"]
        answer = await house.send("PUT", path, json=body, headers=_seen(version))
    if answer.is_error:
        house.report.refused.append((entry.title, why(answer)))
        return False
    house.report.count("activities", answer.status_code == 201)
    return True


async def _take_dates(house: House, target: Target, entry: Entry, dates: Sequence[Happening]) -> list[_Done]:
    """What became of each, in their order."""
    turns = asyncio.Semaphore(_AT_ONCE)

    async def one(date: Happening) -> _Done:
        async with turns:
            try:
                return await _take_date(house, target, entry, date)
            except _Refused as refused:
                return refused

    return await asyncio.gather(*map(one, dates))


def _told(house: House, done: _Done) -> str:
    """In a word, with the rest in the report."""
    if isinstance(done, _Refused):
        house.report.refused.append((done.args[0], done.args[1]))
        return "refused"
    changed, new = done
    house.report.count(f"dates {changed}" if changed else "dates", new)
    return changed or ("new" if new else "unchanged")


async def _take_date(house: House, target: Target, entry: Entry, date: Happening) -> tuple[str, bool]:
    starts_at, ends_at = date.planned or (date.starts_at, date.ends_at)
    body: dict[str, Any] = {
        "activity_id": target.activity(entry),
        **_times(starts_at, ends_at),
        "meeting_point": None if entry.confidential else entry.place or None,
        "space_ids": list(target.spaces),
    }
    path = target.path("occurrences", target.occurrence(entry, date))
    answer = await house.send("PUT", path, json=body)
    new = answer.status_code == 201
    if answer.status_code == 409 and answer.json().get("code") == "id_in_use":  # another edition of the file
        answer = await house.send("GET", path)
    if answer.is_error:
        raise _Refused(f"{entry.title}, {_shown(starts_at, entry)}", why(answer))
    changed = await _bring_up_to_date(house, path, answer.json(), date)
    return changed, new or bool(changed)


async def _bring_up_to_date(house: House, path: str, present: dict[str, Any], date: Happening) -> str:
    """Cancels or moves it where the file says so and the programme does not yet; what was done, in a word."""
    if present["state"] not in _MOVABLE:
        return ""
    at = tuple(dt.datetime.fromisoformat(present[name]) for name in ("starts_at", "ends_at"))
    if date.cancelled:
        step, done, body = "cancel", "cancelled", {}
    elif at != (date.starts_at, date.ends_at):
        step, done, body = "reschedule", "moved", _times(date.starts_at, date.ends_at)
    else:
        return ""
    answer = await house.send("POST", f"{path}/{step}", json=body, headers=_seen(present["version"]))
    if answer.is_error:
        raise _Refused(f"{present['title_nb']}, {present['starts_at']}, to be {done}", why(answer))
    return done


def _times(starts_at: dt.datetime, ends_at: dt.datetime) -> dict[str, str]:
    return {"starts_at": starts_at.isoformat(), "ends_at": ends_at.isoformat()}


def _shown(at: dt.datetime, entry: Entry) -> str:
    return at.astimezone(entry.recurrence.zone).strftime("%Y-%m-%d %H:%M")


def _seen(version: int) -> dict[str, str]:
    return {"If-Match": f'"{version}"'}
