"""What the demo's squares are: who is there, which rooms, when it is open. As the calls that make it so."""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

import holidays
import yaml

from shared.contracts import opening_hours

PLAN = Path(__file__).parent / "house.yaml"
NAMESPACE = UUID("9f0c5f4e-6c1b-4f3a-8b53-4b7d2d6f1a10")
OSLO = ZoneInfo("Europe/Oslo")
# Not public holidays, but nobody is at work.
SHORT_DAYS = ((12, 24), (12, 31))
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

    def leaves(self, key: str) -> list[str]:
        """The rooms that booking this one takes: its parts, or itself."""
        return [part for part, said in self.said["rooms"].items() if said.get("part_of") == key] or [key]


def squares() -> list[Square]:
    return [Square(key, said) for key, said in plan()["squares"].items()]


def roles() -> list[str]:
    """What loading and playing need. A health station's own business is nobody's who has no role in it."""
    inside = [
        f"house_manager@{square.unit('health_station')}" for square in squares() if "consultations" in square.said
    ]
    return ["admin@*", *inside]


@cache
def plan() -> Mapping[str, Any]:
    said: dict[str, Any] = yaml.safe_load(PLAN.read_text(encoding="utf-8"))
    return said


def uid(*names: object) -> UUID:
    return uuid5(NAMESPACE, "/".join(map(str, names)))


def square_calls(of: Sequence[Square]) -> Iterator[Call]:
    for square in of:
        body = {"name": square.said["name"], "time_zone": OSLO.key, "status": square.said["status"]}
        yield "PUT", f"/api/facility/squares/{square.id}", body


def unit_calls(of: Sequence[Square]) -> Iterator[Call]:
    for square in of:
        for kind, said in square.said["units"].items():
            body = {"square_id": str(square.id), "kind": kind, "name": said["name"]}
            yield "PUT", f"/api/facility/units/{square.unit(kind)}", body


def room_calls(of: Sequence[Square], turn: int) -> Iterator[Call]:
    """Whole rooms first, then parts of them, then those that are heard in others: each needs the ones it names."""
    for square in of:
        for position, (key, said) in enumerate(square.said["rooms"].items()):
            if turn == (2 if "heard_in" in said else 1 if "part_of" in said else 0):
                yield "PUT", f"/api/facility/spaces/{square.room(key)}", _room(square, said, position)


def equipment_calls(of: Sequence[Square]) -> Iterator[Call]:
    for square in of:
        for key, said in square.said.get("equipment", {}).items():
            home = square.unit(said["unit"]) if "unit" in said else None
            body = {"square_id": str(square.id), "unit_id": home, "kind": said["kind"], "name": said["name"]}
            more = {"count": said.get("count", 1), "unit_minutes": said.get("way", 0), "square_minutes": 60}
            yield "PUT", f"/api/facility/equipment/{uid('equipment', square.key, key)}", {**body, **more}


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
        "noise_out": said.get("loud"),
        "noise_tolerance": said.get("bears"),
        "neighbours": [
            {"space_id": square.room(heard_in), "attenuation": attenuation}
            for heard_in, attenuation in said.get("heard_in", {}).items()
        ],
    }


def hours_calls(of: Sequence[Square], today: dt.date) -> Iterator[Call]:
    usual = plan()["hours"]
    for square in of:
        for kind, said in square.said["units"].items():
            yield "PUT", f"/api/facility/units/{square.unit(kind)}/hours", {"periods": periods(said, today.year)}
        for key, said in square.said["rooms"].items():
            body = {"periods": [_usual(usual[said.get("hours", "rooms")])]}
            yield "PUT", f"/api/facility/spaces/{square.room(key)}/hours", body


def periods(unit: Mapping[str, Any], year: int) -> list[dict[str, Any]]:
    """The unit's usual weeks, and a one-day override for each day off from the year before to two years on."""
    days = [_off(day, name, unit.get("holidays", "closed")) for day, name in days_off(year).items()]
    return [_usual(unit["hours"]), *days]


@cache
def days_off(year: int) -> dict[dt.date, str]:
    """Public holidays, and the short days on which nobody works, of four years around `year`."""
    years = range(year - 1, year + 3)
    known = dict(holidays.country_holidays("NO", years=years, language="no"))
    known |= {dt.date(one, month, day): "Kort dag" for one in years for month, day in SHORT_DAYS}
    return dict(sorted(known.items()))


def is_off(day: dt.date) -> bool:
    return day in days_off(day.year)


def opening(square: Square, kind: str, day: dt.date) -> Sequence[tuple[str, str, str]]:
    """(from, to, state) of a unit while it is not closed on a date, by the hours the demo gives it."""
    return [piece for piece in _opening(square.key, kind, day.year).pieces(day) if piece[2] != "closed"]


@cache
def _opening(key: str, kind: str, year: int) -> opening_hours.Hours:
    return opening_hours.parse(periods(plan()["squares"][key]["units"][kind], year))


def _usual(lines: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    return {"name": "Vanlige uker", "groups": [_group(line) for line in lines]}


def _group(line: Mapping[str, Any]) -> dict[str, Any]:
    span = {"start": line["from"], "end": line["to"], "state": line.get("state", "staffed")}
    every = {"kind": "every_nth_week", "n": line.get("every"), "anchor": str(line.get("anchor"))}
    return {"spans": [{**span, "weekdays": line.get("days")}], "rules": [every] if "every" in line else []}


def _off(day: dt.date, name: str, state: str) -> dict[str, Any]:
    span: dict[str, Any] = {"full_day": True, "state": state}
    if state == "self_service":
        span = {"start": "10:00", "end": "18:00", "state": state}
    date = day.isoformat()
    return {"name": name, "start_date": date, "end_date": date, "override": True, "groups": [{"spans": [span]}]}


def utc(at: dt.datetime) -> str:
    return at.astimezone(dt.UTC).isoformat()


def local(day: dt.date, clock: str) -> dt.datetime:
    """A clock time of the house on that date, as an instant with the offset of Oslo."""
    return dt.datetime.combine(day, dt.time.fromisoformat(clock), OSLO)
