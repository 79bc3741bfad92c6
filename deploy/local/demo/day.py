"""A day of the demo's house, planned: the same date and seed give the same acts. Nothing here calls anybody."""

import datetime as dt
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from deploy.local.demo import consultations, desk, loans, meals, programme, shifts, visits
from deploy.local.demo.acts import Act, Day, command
from deploy.local.demo.asking import askings
from deploy.local.demo.house import Square, local, opening, plan, uid
from deploy.local.demo.programme import Line
from deploy.local.demo.visits import HOURS, Door

BEGINS, ENDS = "06:50", "22:20"
PACKAGE = dt.timedelta(minutes=15)
ON_THE_WAY = dt.timedelta(minutes=1)
COUNTED_AFTER = (10, 40)  # minutes
LONGEST_SILENCE = dt.timedelta(hours=3)


def acts(squares: Sequence[Square], date: dt.date, seed: int) -> list[Act]:
    """In the order of doing."""
    found = [act for square in squares for act in _of_square(Day(square, date, seed))]
    return sorted(found, key=lambda act: act.at)


def bounds(date: dt.date) -> tuple[dt.datetime, dt.datetime]:
    return local(date, BEGINS), local(date, ENDS)


def _of_square(day: Day) -> Iterator[Act]:
    called_off = _called_off(day)
    yield from _packages(day)
    yield from _loans(day)
    yield from _head_counts(day, called_off)
    hit = _hit(day, called_off)
    yield from askings(day, day.square.leaves(hit.said["room"]) if hit else [])
    yield from meals.acts(day)
    yield from shifts.acts(day, called_off)
    yield from desk.acts(day)
    yield from consultations.acts(day)
    if called_off:
        yield _cancelled(day, called_off)
    if hit:
        yield from _closure(day, hit)


def silence(day: Day) -> tuple[Door, dt.datetime, dt.datetime] | None:
    """The counter that falls silent, from when until when: at a door to the street that counts often."""
    candidates = [door for door in visits.doors(day.square) if door.silent]
    if not candidates:
        return None
    chances = day.chances("silence")
    begins = day.clock(f"{chances.choice((10, 11))}:{chances.choice((0, 30)):02}")
    return candidates[0], begins, begins + LONGEST_SILENCE - PACKAGE * chances.randrange(3)


def _packages(day: Day) -> Iterator[Act]:
    """Each door's intervals soon after they end; what the silent one has kept comes late, out of order, and twice."""
    midnight = day.clock("00:00")
    doors = [replace(door, silent=False) for door in visits.doors(day.square)]
    found = [(door, one) for door in doors for one in visits.readings(door, midnight, midnight + dt.timedelta(days=1))]
    quiet, kept, at = silence(day), [], day.clock("07:15")
    while at <= day.clock("22:15"):
        arrived = [(door, one) for door, one in found if at - PACKAGE < _ended(door, one) <= at]
        sent = [_bare(one) for door, one in arrived if not _is_quiet(quiet, door, at)]
        kept += [_bare(one) for door, one in arrived if _is_quiet(quiet, door, at)]
        if sent:
            yield _reported(day, at + ON_THE_WAY, sent, [door for door, _ in arrived])
        at += PACKAGE
    if quiet and kept:
        yield from _sent_late(day, quiet, kept)


def _reported(day: Day, at: dt.datetime, sent: list[dict[str, Any]], doors: Sequence[Door]) -> Act:
    street = {str(door.counter_id) for door in doors if not door.unit}
    through = [one for one in sent if one["counter_id"] in street]
    came, went = (sum(one[way] for one in through) for way in ("in", "out"))
    return Act(at, day.tell(f"{came} came, {went} left"), ("POST", "/api/counters/readings", {"readings": sent}))


def _sent_late(day: Day, quiet: tuple[Door, dt.datetime, dt.datetime], kept: list[dict[str, Any]]) -> Iterator[Act]:
    door, since, until = quiet
    yield Act(since, day.tell(f"the counter {door.key} falls silent"))
    chances = day.chances("late")
    for times, words in enumerate(("sends what it kept", "sends it all again")):
        mixed = chances.sample(kept, len(kept))
        say = day.tell(f"the counter {door.key} {words}, {len(mixed)} intervals out of order")
        at = until + ON_THE_WAY + times * 2 * PACKAGE
        yield Act(at, say, ("POST", "/api/counters/readings", {"readings": mixed}))


def _ended(door: Door, reading: dict[str, Any]) -> dt.datetime:
    return dt.datetime.fromisoformat(reading["start"]) + door.length


def _is_quiet(quiet: tuple[Door, dt.datetime, dt.datetime] | None, door: Door, at: dt.datetime) -> bool:
    return quiet is not None and door.counter_id == quiet[0].counter_id and quiet[1] < at <= quiet[2]


def _bare(reading: dict[str, Any]) -> dict[str, Any]:
    """Received when it comes."""
    return {name: value for name, value in reading.items() if name != "received_at"}


def _loans(day: Day) -> Iterator[Act]:
    """The day's totals so far, each hour that the library is open."""
    pieces = opening(day.square, "library", day.date)
    for hour in range(8, 22):
        if any(start <= f"{hour:02}:00" < end for start, end, _ in pieces):
            share = sum(HOURS[: hour + 1 - visits.FIRST_HOUR]) / sum(HOURS)
            call = loans.loan_day(day.square, day.date, 1.0 if hour == 21 else share)
            yield Act(day.clock(f"{hour:02}:59"), day.tell(f"{call[2]['first_loans']} lent so far"), call)


def _today(day: Day) -> list[Line]:
    return [line for line in programme.lines(day.square) if line.on(day.date)]


def _head_counts(day: Day, called_off: Line | None) -> Iterator[Act]:
    """What is over is counted, and of one of them more turn out to have come."""
    counted = [
        (line, count)
        for line in _today(day)
        if line != called_off and line.date_id(day.date).int % 10
        if (count := programme.head_count(line, line.date_id(day.date)))
    ]
    for line, count in counted:
        yield _counted(day, line, count, f"{line.said['nb']}, {count['total']} took part")
    if counted:
        line, count = day.chances("recount").choice(counted)
        more = {**count, "total": count["total"] + 2}
        yield _counted(day, line, more, f"{line.said['nb']}, counted again: {more['total']}", later=20)


def _counted(day: Day, line: Line, count: dict[str, Any], words: str, later: int = 0) -> Act:
    date_id = line.date_id(day.date)
    ends = line.times(day.date)[1]
    minutes = COUNTED_AFTER[0] + date_id.int % (COUNTED_AFTER[1] - COUNTED_AFTER[0]) + later
    at = min(ends + dt.timedelta(minutes=minutes), day.clock("22:10") + dt.timedelta(minutes=later // 10))
    return Act(at, day.tell(words), ("POST", f"/api/{line.host}/occurrences/{date_id}/attendance", count))


def _called_off(day: Day) -> Line | None:
    """An evening of somebody who fell ill."""
    evening = [line for line in _today(day) if line.times(day.date)[0] >= day.clock("16:30")]
    return day.chances("illness").choice(evening) if evening else None


def _cancelled(day: Day, line: Line) -> Act:
    at = day.clock("09:05") + dt.timedelta(minutes=day.chances("call").randrange(120))
    path = f"/api/{line.host}/occurrences/{line.date_id(day.date)}"
    return command(at, day.tell(f"{line.said['nb']} is called off"), path, "cancel", {"reason_code": "illness"})


def _hit(day: Day, called_off: Line | None) -> Line | None:
    """What a closure befalls: something in a room that is little used, so that few of the weeks ahead are troubled."""
    on = [line for line in _today(day) if "room" in line.said and line != called_off]
    later = [line for line in on if line.times(day.date)[1] >= day.clock("11:30")]
    if not later or not day.square.said.get("closes"):
        return None
    use = Counter(room for line in programme.lines(day.square) for room in line.rooms)
    return min(later, key=lambda one: (use[one.said["room"]], one.key))


def _closure(day: Day, line: Line) -> Iterator[Act]:
    """A room closes at once and nobody knows for how long; what is on there is affected until it opens again."""
    chances = day.chances("closure")
    begins = max(line.times(day.date)[0] - dt.timedelta(minutes=35), day.clock("08:45"))
    room = day.square.said["rooms"][line.said["room"]]["name"]
    path = f"/api/facility/closures/{uid(day.name('closure'))}"
    reason = chances.choice(plan()["live"]["reasons"])
    body = {"space_ids": [day.square.room(line.said["room"])], "starts_at": begins.isoformat(), "reason_code": reason}
    yield Act(begins, day.tell(f"{room} is closed at once: {reason}"), ("PUT", path, body))
    ends = begins + dt.timedelta(minutes=50 + 5 * chances.randrange(6))
    yield Act(ends, day.tell(f"{room} is open again"), ("POST", f"{path}/lift", {}))
