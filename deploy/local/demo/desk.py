"""What people ask the demo's service desks, each enquiry at a time of its own, and where else the desks are."""

import datetime as dt
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from deploy.local.demo.acts import Act, Day
from deploy.local.demo.house import Call, Square, local, opening, plan, squares, uid
from deploy.local.demo.programme import lines
from deploy.local.demo.visits import luck

AHEAD = dt.timedelta(weeks=4)
RESOLVED = 0.78  # at once
UNIT = "service_desk"


@dataclass(frozen=True)
class Enquiry:
    at: dt.datetime
    channel: str
    topic: str
    resolved: bool


def enquiries(square: Square, day: dt.date) -> list[Enquiry]:
    """In the order of asking; none while the desk is closed."""
    chances = Random(f"desk {square.key} {day}")  # noqa: S311 -- invented questions
    found = []
    for start, end, _ in opening(square, UNIT, day):
        begins, ends = local(day, start), local(day, end)
        asked = round(square.said["contacts"] * luck(square, day) * chances.uniform(0.85, 1.15))
        minutes = sorted(chances.randrange(int((ends - begins).total_seconds()) // 60) for _ in range(asked))
        found += [_enquiry(chances, begins + dt.timedelta(minutes=minute)) for minute in minutes]
    return found


def hours(of: Sequence[Square], days: Sequence[dt.date]) -> Iterator[Call]:
    """As the desk would have them, had it tapped each enquiry in."""
    for square in of:
        for day in days:
            by_hour: dict[int, list[Enquiry]] = {}
            for one in enquiries(square, day):
                by_hour.setdefault(one.at.hour, []).append(one)
            for hour, found in by_hour.items():
                path = f"/api/{UNIT}/desk-hours/{square.id}/{square.unit(UNIT)}/{day}/{hour}"
                yield "PUT", path, {"counts": _counts(found)}


def presence(of: Sequence[Square], days: Sequence[dt.date]) -> Iterator[Call]:
    by_key = {square.key: square for square in squares()}
    for square in of:
        for line in lines(square, "presence"):
            for day in days:
                if line.on(day):
                    body = {"square_id": str(by_key[line.said["at"]].id), "unit_id": square.unit(UNIT)}
                    yield "PUT", f"/api/{UNIT}/presence/{line.date_id(day)}", body | line.written(day)


def acts(day: Day) -> Iterator[Act]:
    for number, one in enumerate(enquiries(day.square, day.date)):
        body = {
            "square_id": str(day.square.id),
            "unit_id": day.square.unit(UNIT),
            "channel": one.channel,
            "topic": one.topic,
            "resolved": one.resolved,
        }
        path = f"/api/{UNIT}/enquiries/{uid('enquiry', day.square.key, day.date, number)}"
        yield Act(one.at, day.tell(f"asked at the desk ({one.channel}): {one.topic}"), ("PUT", path, body))


def _enquiry(chances: Random, at: dt.datetime) -> Enquiry:
    said = plan()["enquiries"]
    return Enquiry(at, _drawn(chances, said["channels"]), _drawn(chances, said["topics"]), chances.random() < RESOLVED)


def _drawn(chances: Random, shares: Mapping[str, float]) -> str:
    return chances.choices(list(shares), list(shares.values()))[0]


def _counts(found: Sequence[Enquiry]) -> list[dict[str, Any]]:
    asked = Counter((one.channel, one.topic) for one in found)
    resolved = Counter((one.channel, one.topic) for one in found if one.resolved)
    return [
        {"channel": channel, "topic": topic, "count": count, "resolved": resolved[channel, topic]}
        for (channel, topic), count in sorted(asked.items())
    ]
