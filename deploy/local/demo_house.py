"""What the demo's house holds, as the calls that make it: (method, path, body)."""

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

import holidays
import yaml

from deploy.local.demo_visits import OSLO, Door

PLAN = Path(__file__).parent / "demo.yaml"
NAMESPACE = UUID("9f0c5f4e-6c1b-4f3a-8b53-4b7d2d6f1a10")
BACK, AHEAD = dt.timedelta(weeks=5), dt.timedelta(weeks=6)
# Weeks are planned in blocks that begin at fixed Mondays: a later load asks for the very same series again.
BLOCK_WEEKS = 8
FIRST_MONDAY = dt.date(2024, 1, 1)
Call = tuple[str, str, Any]


@dataclass(frozen=True)
class Square:
    key: str
    said: Mapping[str, Any]

    @property
    def id(self) -> UUID:
        return uid("square", self.key)

    def unit(self, kind: str) -> str:
        return str(uid("unit", self.key, kind))

    def room(self, key: str) -> str:
        return str(uid("space", self.key, key))


@dataclass(frozen=True)
class Item:
    """A line of the programme with its dates in one block of weeks."""

    square: Square
    said: Mapping[str, Any]
    key: str
    block: int

    @property
    def in_library(self) -> bool:
        return bool(self.said["host"] == "library")

    def dates(self) -> list[dict[str, str]]:
        return [
            {"id": str(uid("date", self.square.key, self.key, day)), **_times(day, self.said["time"])}
            for day in _block_days(self.block)
            if day.isoweekday() in _weekdays(self.said)
            and not (self.said.get("odd_weeks") and day.isocalendar().week % 2 == 0)
        ]

    def where(self) -> dict[str, Any]:
        return {
            "space_ids": [self.square.room(self.said["room"])],
            "setup_minutes": self.said.get("setup", 0),
            "teardown_minutes": self.said.get("teardown", 0),
        }


def units(squares: Sequence[Square]) -> Iterator[Call]:
    for square in squares:
        for kind, said in square.said["units"].items():
            body = {"square_id": str(square.id), "kind": kind, "name": said["name"]}
            yield "PUT", f"/api/facility/units/{square.unit(kind)}", body


def rooms(squares: Sequence[Square], *, parts: bool) -> Iterator[Call]:
    for square in squares:
        for position, (key, said) in enumerate(square.said["rooms"].items()):
            if ("part_of" in said) is parts:
                yield "PUT", f"/api/facility/spaces/{square.room(key)}", _room(square, said, position)


def _room(square: Square, said: Mapping[str, Any], position: int) -> dict[str, Any]:
    return {
        "square_id": str(square.id),
        "name": said["name"],
        "parent_id": square.room(said["part_of"]) if "part_of" in said else None,
        "unit_id": square.unit(said["unit"]) if "unit" in said else None,
        "capacity": said["seats"],
        "features": said["features"],
        "floor": said["floor"],
        "position": position,
    }


def hours(squares: Sequence[Square], today: dt.date) -> Iterator[Call]:
    usual = plan()["hours"]
    for square in squares:
        for kind, said in square.said["units"].items():
            periods = [_period(said["hours"]), *_holidays(today, said.get("holidays", "closed"))]
            yield "PUT", f"/api/facility/units/{square.unit(kind)}/hours", {"periods": periods}
        for key, said in square.said["rooms"].items():
            body = {"periods": [_period(usual[said.get("hours", "rooms")])]}
            yield "PUT", f"/api/facility/spaces/{square.room(key)}/hours", body


def _period(lines: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    return {"name": "Vanlige uker", "groups": [_group(line) for line in lines]}


def _group(line: Mapping[str, Any]) -> dict[str, Any]:
    span = {"start": line["from"], "end": line["to"], "state": line.get("state", "staffed")}
    every = {"kind": "every_nth_week", "n": line.get("every"), "anchor": str(line.get("anchor"))}
    return {"spans": [{**span, "weekdays": line.get("days")}], "rules": [every] if "every" in line else []}


def _holidays(today: dt.date, state: str) -> Iterator[dict[str, Any]]:
    """One-day overrides for this year and the next."""
    known = holidays.country_holidays("NO", years=(today.year, today.year + 1), language="no")
    for day, name in sorted(known.items()):
        span = {"full_day": True, "state": state}
        if state == "self_service":
            span = {"start": "10:00", "end": "18:00", "state": state}
        date = day.isoformat()
        yield {"name": name, "start_date": date, "end_date": date, "override": True, "groups": [{"spans": [span]}]}


def doors(square: Square) -> list[Door]:
    return [
        Door(uid("counter", square.key, key), said["entries"], said["minutes"], said.get("silent", False))
        for key, said in square.said["counters"].items()
    ]


def items(square: Square, today: dt.date) -> Iterator[Item]:
    for said in square.said["programme"]:
        key = f"{said['nb']} {said['host']} {said['room']} {said['time']} {_weekdays(said)}"
        for block in range(_block_of(today - BACK), _block_of(today + AHEAD) + 1):
            yield Item(square, said, key, block)


def activities(items: Iterable[Item]) -> Iterator[Call]:
    for item in {item.key: item for item in items if item.in_library}.values():
        body = {
            "square_id": str(item.square.id),
            "unit_id": item.square.unit("library"),
            "title_nb": item.said["nb"],
            "title_en": item.said["en"],
            "kind": item.said["kind"],
            "purposes": [item.said["purpose"]],
        }
        yield "PUT", f"/api/library/activities/{_activity(item)}", body


def series(items: Iterable[Item]) -> Iterator[Call]:
    for item in items:
        series = uid("series", item.square.key, item.key, item.block)
        body = {**item.where(), "occurrences": item.dates()}
        if item.in_library:
            about = {"activity_id": str(_activity(item)), "capacity": item.said["people"]}
            yield "PUT", f"/api/library/series/{series}", body | about
        else:
            yield "PUT", f"/api/facility/series/{series}", body | _about(item.square, item.said)


def single_bookings(squares: Sequence[Square], today: dt.date) -> Iterator[Call]:
    """Of this week and the last."""
    this_monday = today - dt.timedelta(days=today.weekday())
    for square in squares:
        for monday in (this_monday - dt.timedelta(weeks=1), this_monday):
            yield from (_single(square, said, monday) for said in square.said["once"])


def _single(square: Square, said: Mapping[str, Any], monday: dt.date) -> Call:
    day = monday + dt.timedelta(days=said["day"] - 1)
    body = {"space_ids": [square.room(said["room"])], "state": said["state"], **_times(day, said["time"])}
    if said["state"] == "held":
        body["hold_until"] = _times(monday + dt.timedelta(days=20), "12:00-13:00")["starts_at"]
    return "PUT", f"/api/facility/bookings/{uid('once', square.key, said['nb'], day)}", body | _about(square, said)


def loan_days(squares: Sequence[Square], today: dt.date) -> Iterator[Call]:
    for square in squares:
        for back in range(1, BACK.days + 1):
            day = today - dt.timedelta(days=back)
            chance = uid("loans", square.key, day).int
            loans = round(square.said["loans"] * (1.3 if day.isoweekday() == 4 else 1.0) * (0.8 + chance % 40 / 100))
            body = {
                "square_id": str(square.id),
                "first_loans": loans,
                "renewals": loans // 4,
                "returns": round(loans * 0.95),
                "holds_picked_up": loans // 9,
                "child": round(loans * 0.45),
                "adult": loans - round(loans * 0.45),
            }
            yield "PUT", f"/api/library/loan-days/{square.unit('library')}/{day}", body


def head_counts(occurrences: Iterable[Mapping[str, Any]]) -> Iterator[Call]:
    """Most dates are counted; one in ten waits for its head count, as in life."""
    for one in occurrences:
        chance = UUID(one["occurrence_id"]).int
        if one["state"] != "scheduled" or one.get("attendance") or chance % 10 == 0:
            continue
        total = round((one.get("capacity") or 12) * (0.6 + chance % 50 / 100))
        yield "POST", f"/api/library/occurrences/{one['occurrence_id']}/attendance", {"total": total}


def _activity(item: Item) -> UUID:
    return uid("activity", item.square.key, item.key)


def _about(square: Square, said: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "title": said["nb"],
        "unit_id": square.unit(said["host"]),
        "organiser_kind": said.get("organiser", "municipal"),
        "expected_people": said.get("people"),
    }


def _weekdays(said: Mapping[str, Any]) -> list[int]:
    return list(said["days"]) if "days" in said else [said["day"]]


def _block_of(day: dt.date) -> int:
    return (day - FIRST_MONDAY).days // (7 * BLOCK_WEEKS)


def _block_days(block: int) -> list[dt.date]:
    first = FIRST_MONDAY + dt.timedelta(weeks=block * BLOCK_WEEKS)
    return [first + dt.timedelta(days=offset) for offset in range(7 * BLOCK_WEEKS)]


def _times(day: dt.date, written: str) -> dict[str, str]:
    """ "10:30-11:15" on that date, as instants with the offset of Oslo."""
    start, end = (dt.datetime.combine(day, dt.time.fromisoformat(part), OSLO) for part in written.split("-"))
    return {"starts_at": start.isoformat(), "ends_at": end.isoformat()}


def utc(at: dt.datetime) -> str:
    return at.astimezone(dt.UTC).isoformat()


def plan() -> dict[str, Any]:
    said: dict[str, Any] = yaml.safe_load(PLAN.read_text(encoding="utf-8"))
    return said


def uid(*names: object) -> UUID:
    return uuid5(NAMESPACE, "/".join(map(str, names)))
