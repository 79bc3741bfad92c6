"""The demo's volunteers and their shifts. The volunteers are numbers: nobody is meant."""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from random import Random
from typing import Any

from deploy.local.demo.acts import Act, Day, command
from deploy.local.demo.caller import Thing
from deploy.local.demo.house import Call, Square, uid
from deploy.local.demo.programme import Line, lines

AHEAD = dt.timedelta(weeks=3)
# Who helps is known so long ahead.
SIGNED_UP_AHEAD = dt.timedelta(days=14)
SHORT = 8  # of a hundred shifts are one short two days before
CLEARED = 3  # every so many has shown a certificate
CLOSED_AFTER = dt.timedelta(minutes=15)
UNIT = "volunteer_central"
Crew = Mapping[Line, Sequence[int]]


def volunteers(of: Sequence[Square]) -> Iterator[Thing]:
    for square in of:
        for number in range(square.said["volunteers"]):
            path = f"/api/{UNIT}/volunteers/{_volunteer(square, number)}"
            body = {"square_id": str(square.id), "unit_id": square.unit(UNIT), "name": f"Frivillig {number + 1} (demo)"}
            shown: tuple[Call, ...] = (("PUT", f"{path}/clearance", {"shown_on": "2026-01-15"}),)
            yield Thing(
                ("PUT", path, body), shown if _cleared(number) else (), lambda one: one.get("clearance") is None
            )


def shifts(of: Sequence[Square], days: Sequence[dt.date], now: dt.datetime) -> Iterator[Thing]:
    """Over: closed with how many came. Near: with those who have signed up."""
    for square in of:
        for day in days:
            for line, numbers in crew(square, day).items():
                put: Call = ("PUT", _path(line, day), _body(line, day))
                if line.times(day)[1] + CLOSED_AFTER <= now:
                    yield Thing(put, (_closing(line, day),), _is_ahead)
                elif line.times(day)[0] <= now + SIGNED_UP_AHEAD:
                    yield Thing(put, tuple(_sign_up(line, day, number) for number in numbers), _is_untaken)
                else:
                    yield Thing(put)


def crew(square: Square, day: dt.date) -> Crew:
    """Who takes which shift of the day, nobody two at once; one shift in some is short of one."""
    return _crew(square.key, day, tuple(line for line in lines(square, "shifts") if line.on(day)))


def acts(day: Day, called_off: Line | None) -> Iterator[Act]:
    """Somebody falls ill and another steps in; places that are empty are taken; what is over is closed. Where what it
    is for is called off, the shift is too."""
    spare = _spare(day)
    off = [one for one in crew(day.square, day.date) if called_off and one.said.get("for") == called_off.said["nb"]]
    yield from _stand_in(day, spare, off)
    yield from _late_sign_ups(day)
    for line in crew(day.square, day.date):
        if line in off:
            say = day.tell(f"the shift for it is called off ({line.said['role']})")
            yield command(day.clock("11:15"), say, _path(line, day.date), "cancel")
        else:
            body = _closing(line, day.date)[2]
            say = day.tell(f"{body['volunteers']} helped as {line.said['role']}")
            yield command(line.times(day.date)[1] + CLOSED_AFTER, say, _path(line, day.date), "complete", body)


def _stand_in(day: Day, spare: list[int], off: Sequence[Line]) -> Iterator[Act]:
    chances = day.chances("stand in")
    helping = [(line, who) for line, who in crew(day.square, day.date).items() if who and "clearance" not in line.said]
    later = [(line, who) for line, who in helping if line.times(day.date)[0] >= day.clock("10:00") and line not in off]
    if not later or not spare:
        return
    line, who = chances.choice(later)
    gone = _sign_up(line, day.date, who[0])[1]
    at = day.clock("08:10") + dt.timedelta(minutes=chances.randrange(60))
    yield Act(at, day.tell(f"a volunteer ({line.said['role']}) is ill"), ("DELETE", gone, None))
    soon = at + dt.timedelta(minutes=20 + chances.randrange(60))
    yield Act(soon, day.tell(f"another takes the shift ({line.said['role']})"), _sign_up(line, day.date, spare.pop()))


def _late_sign_ups(day: Day) -> Iterator[Act]:
    """For the next day's shifts that are short."""
    date = day.date + dt.timedelta(days=1)
    for line, number in _fillers(day.square, date).items():
        at = day.clock("10:00") + dt.timedelta(minutes=day.chances(line.key).randrange(8 * 60))
        say = day.tell(f"a volunteer signs up for {date:%A} ({line.said['role']})")
        yield Act(at, say, _sign_up(line, date, number))


def _fillers(square: Square, date: dt.date) -> dict[Line, int]:
    """Who takes the place that was empty in the end: the same whichever day is played."""
    short = [line for line in crew(square, date) if _is_short(line, date) and "clearance" not in line.said]
    return dict(zip(short, _free(square, date), strict=False))


def _spare(day: Day) -> list[int]:
    """Who has nothing to do on the day, and may step in."""
    free = _free(day.square, day.date)[len(_fillers(day.square, day.date)) :]
    return day.chances("spare").sample(free, len(free))


def _free(square: Square, date: dt.date) -> list[int]:
    taken = {number for numbers in crew(square, date).values() for number in numbers}
    free = [number for number in range(square.said["volunteers"]) if number not in taken]
    return Random(f"free {square.key} {date}").sample(free, len(free))  # noqa: S311 -- an invented order


@cache
def _crew(key: str, day: dt.date, of: tuple[Line, ...]) -> Crew:
    chances = Random(f"crew {key} {day}")  # noqa: S311 -- an invented crew
    found: dict[Line, list[int]] = {}
    for line in of:
        everybody = range(line.square.said["volunteers"])
        busy = {number for other in found if _overlap(line, other, day) for number in found[other]}
        able = [one for one in everybody if one not in busy and (_cleared(one) or "clearance" not in line.said)]
        found[line] = chances.sample(able, line.said["needed"] - _is_short(line, day))
    return found


def _overlap(one: Line, other: Line, day: dt.date) -> bool:
    (start, end), (begin, finish) = one.times(day), other.times(day)
    return start < finish and begin < end


def _body(line: Line, day: dt.date) -> dict[str, Any]:
    said = line.said
    helped = [one for one in lines(line.square) if one.said["nb"] == said.get("for") and one.on(day)]
    return {
        "square_id": str(line.square.id),
        "unit_id": line.square.unit(UNIT),
        "role": said["role"],
        "needed": said["needed"],
        "requires_clearance": said.get("clearance", False),
        "activity_id": str(helped[0].activity_id) if helped else None,
        **line.written(day),
    }


def _path(line: Line, day: dt.date) -> str:
    return f"/api/{UNIT}/shifts/{line.date_id(day)}"


def _sign_up(line: Line, day: dt.date, number: int) -> Call:
    sign_up = uid("sign-up", line.date_id(day), number)
    return "PUT", f"{_path(line, day)}/sign-ups/{sign_up}", {"volunteer_id": str(_volunteer(line.square, number))}


def _closing(line: Line, day: dt.date) -> Call:
    return "POST", f"{_path(line, day)}/complete", {"volunteers": len(crew(line.square, day)[line])}


def _volunteer(square: Square, number: int) -> Any:
    return uid("volunteer", square.key, number)


def _cleared(number: int) -> bool:
    return number % CLEARED == 0


def _is_short(line: Line, day: dt.date) -> bool:
    return line.date_id(day).int % 100 < SHORT


def _is_uncleared(answer: dict[str, Any]) -> bool:
    return answer.get("clearance") is None


def _is_ahead(answer: dict[str, Any]) -> bool:
    return answer.get("state") in ("open", "staffed", "understaffed")


def _is_untaken(answer: dict[str, Any]) -> bool:
    return _is_ahead(answer) and answer.get("confirmed") == 0
