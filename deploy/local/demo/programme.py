"""The demo's programme: each unit's activities with their dates, head counts of what is over, and plain bookings."""

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from uuid import UUID

from deploy.local.demo.house import Call, Square, is_off, local, plan, squares, uid

BACK, AHEAD = dt.timedelta(weeks=8), dt.timedelta(weeks=6)
# Weeks are planned in blocks that begin at fixed Mondays: a later load asks for the very same series again.
BLOCK_WEEKS = 8
SERIOUS = 2  # levels too loud
FIRST_MONDAY = dt.date(2024, 1, 1)


@dataclass(frozen=True, eq=False)
class Line:
    """A line of what a square does by the week: programme, meals, shifts. `host` is the unit, and so the service."""

    square: Square
    said: Mapping[str, Any]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Line) and (self.square.key, self.key) == (other.square.key, other.key)

    def __hash__(self) -> int:
        return hash((self.square.key, self.key))

    @cached_property
    def key(self) -> str:
        what = next(self.said[name] for name in ("nb", "role", "kind", "at") if name in self.said)
        return " ".join([what, *(str(self.said.get(name)) for name in ("host", "room", "time", "days", "day", "nth"))])

    @property
    def host(self) -> str:
        return str(self.said["host"])

    @property
    def activity_id(self) -> UUID:
        return uid("activity", self.square.key, self.key)

    def date_id(self, day: dt.date) -> UUID:
        """Of its occurrence, or its booking, on that date."""
        return uid("date", self.square.key, self.key, day)

    def on(self, day: dt.date) -> bool:
        weekdays = self.said["days"] if "days" in self.said else [self.said["day"]]
        return (
            day.isoweekday() in weekdays
            and not is_off(day)
            and not (self.said.get("odd_weeks") and day.isocalendar().week % 2 == 0)
            and self.said.get("nth") in (None, (day.day - 1) // 7 + 1)
        )

    def times(self, day: dt.date) -> tuple[dt.datetime, dt.datetime]:
        start, end = self.said["time"].split("-")
        return local(day, start), local(day, end)

    def written(self, day: dt.date) -> dict[str, str]:
        start, end = self.times(day)
        return {"starts_at": start.isoformat(), "ends_at": end.isoformat()}

    def occupied(self, day: dt.date) -> tuple[dt.datetime, dt.datetime]:
        """With set-up and tidy-up."""
        before, after = (dt.timedelta(minutes=self.said.get(name, 0)) for name in ("setup", "teardown"))
        start, end = self.times(day)
        return start - before, end + after

    @property
    def rooms(self) -> list[str]:
        return self.said.get("rooms") or [self.said[name] for name in ("room",) if name in self.said]

    @property
    def disturbed(self) -> list[str]:
        """The rooms in which it is so loud that nobody goes there while it is on, even who asks for no quiet."""
        rooms = self.square.said["rooms"]
        heard = [(other, taken) for room in self.rooms for other, taken in rooms[room].get("heard_in", {}).items()]
        return [other for other, taken in heard if self.said.get("noise", 0) - taken - rooms[other]["bears"] >= SERIOUS]

    def where(self) -> dict[str, Any]:
        return {
            "space_ids": [self.square.room(room) for room in self.rooms],
            "setup_minutes": self.said.get("setup", 0),
            "teardown_minutes": self.said.get("teardown", 0),
        }


def lines(square: Square, part: str = "programme") -> list[Line]:
    return [Line(square, said) for said in square.said.get(part, [])]


def activities(of: Sequence[Square]) -> Iterator[Call]:
    for square in of:
        for line in lines(square):
            yield "PUT", f"/api/{line.host}/activities/{line.activity_id}", _activity(line)


def _activity(line: Line) -> dict[str, Any]:
    said = line.said
    return {
        "square_id": str(line.square.id),
        "unit_id": line.square.unit(line.host),
        "hosts": [line.square.unit(kind) for kind in (line.host, *said["with"])] if "with" in said else [],
        "title_nb": said["nb"],
        "title_en": said["en"],
        "kind": said["kind"],
        "purposes": said.get("purposes", []),
        "organiser_kind": said.get("organiser", "municipal"),
        "price": _price(said.get("price")),
        "noise_out": said.get("noise", 0),
        "quiet_need": said.get("quiet", 0),
        "access_needs": said.get("access", []),
        "min_age": said.get("min_age"),
        "public": said.get("public", True),
    }


def _price(said: Any) -> dict[str, Any]:
    if said is None:
        return {"kind": "free"}
    return {"kind": "voluntary"} if said == "voluntary" else {"kind": "fixed", "amount_nok": said}


def series(of: Sequence[Square], today: dt.date) -> Iterator[Call]:
    """Each line's dates of each block of weeks, through the unit that hosts it."""
    for square in of:
        for line in lines(square):
            for block in range(_block_of(today - BACK), _block_of(today + AHEAD) + 1):
                if dates := _dates(line, block):
                    series_id = uid("series", square.key, line.key, block)
                    body = line.where() | _asked(line) | {"occurrences": dates}
                    yield "PUT", f"/api/{line.host}/series/{series_id}", body


def _asked(line: Line) -> dict[str, Any]:
    said = line.said
    place = {"off_site": True, "meeting_point": said["meet"]} if "meet" in said else {}
    asked = {"activity_id": str(line.activity_id), "capacity": said.get("seats"), "expected_people": said["people"]}
    accepted = {"exception": {"reason_code": "noise_accepted", "reason": said["accept"]}} if "accept" in said else {}
    return asked | place | accepted


def _dates(line: Line, block: int) -> list[dict[str, str]]:
    return [{"id": str(line.date_id(day)), **line.written(day)} for day in _block_days(block) if line.on(day)]


def single_bookings(of: Sequence[Square], today: dt.date) -> Iterator[Call]:
    """Of this week and the last."""
    this_monday = today - dt.timedelta(days=today.weekday())
    for square in of:
        for monday in (this_monday - dt.timedelta(weeks=1), this_monday):
            yield from (_single(line, monday) for line in lines(square, "once"))


def _single(line: Line, monday: dt.date) -> Call:
    said, day = line.said, monday + dt.timedelta(days=line.said["day"] - 1)
    body = {"space_ids": [line.square.room(said["room"])], "state": said["state"], **line.written(day)}
    if said["state"] == "held":
        body["hold_until"] = local(monday + dt.timedelta(days=20), "12:00").isoformat()
    booking = uid("once", line.square.key, said["nb"], day)
    return "PUT", f"/api/facility/bookings/{booking}", body | about(line.square, said)


def head_counts(service: str, occurrences: Iterable[Mapping[str, Any]]) -> Iterator[Call]:
    """Of what is over. Most dates are counted; one in ten waits for its head count, as in life."""
    known = {str(line.activity_id): line for square in squares() for line in lines(square)}
    for one in occurrences:
        line = known.get(str(one["activity_id"]))
        if line and one["state"] == "scheduled" and UUID(one["occurrence_id"]).int % 10:
            count = head_count(line, UUID(one["occurrence_id"]))
            if count:
                yield "POST", f"/api/{service}/occurrences/{one['occurrence_id']}/attendance", count


def head_count(line: Line, occurrence_id: UUID) -> dict[str, Any] | None:
    """How many came and how old they were; None of what nobody counts."""
    if "who" not in line.said:
        return None
    total = round(line.said["people"] * (0.6 + occurrence_id.int % 41 / 100))
    shares = plan()["bands"][line.said["who"]]
    bands = [{"band": band, "count": int(total * share)} for band, share in shares.items() if int(total * share)]
    return {"total": total, "by_band": bands}


def about(square: Square, said: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "title": said["nb"],
        "unit_id": square.unit(said["host"]),
        "organiser_kind": said.get("organiser", "municipal"),
        "expected_people": said.get("people"),
    }


def _block_of(day: dt.date) -> int:
    return (day - FIRST_MONDAY).days // (7 * BLOCK_WEEKS)


def _block_days(block: int) -> list[dt.date]:
    first = FIRST_MONDAY + dt.timedelta(weeks=block * BLOCK_WEEKS)
    return [first + dt.timedelta(days=offset) for offset in range(7 * BLOCK_WEEKS)]
