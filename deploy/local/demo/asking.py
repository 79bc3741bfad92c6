"""Rooms asked for on a day that is played: booked, held and confirmed, moved, given up, and once refused."""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from deploy.local.demo import programme
from deploy.local.demo.acts import Act, Day, command
from deploy.local.demo.house import plan, uid
from deploy.local.demo.programme import Line

FIRST, LAST = "09:00", "21:00"
GRID = dt.timedelta(minutes=30)
AHEAD = dt.timedelta(minutes=45)  # at the least between asking and using
MOST = 8
Span = tuple[dt.datetime, dt.datetime]


@dataclass(frozen=True)
class Wish:
    said: Mapping[str, Any]
    room: str
    span: Span
    asked_at: dt.datetime

    @property
    def written(self) -> dict[str, str]:
        return {"starts_at": self.span[0].isoformat(), "ends_at": self.span[1].isoformat()}


def askings(day: Day, shut: Sequence[str] = ()) -> Iterator[Act]:
    """In turn: one is simply booked, one held first, one moved to another time, one given up. None in a room that is
    `shut` for a while."""
    taken = _taken(day)
    for room in shut:
        taken[room].append((day.clock(FIRST), day.clock(LAST)))
    for number, wish in enumerate(wishes(day, taken)):
        path = f"/api/facility/bookings/{uid(day.name('booking', number))}"
        yield from _story(day, number, wish, path, taken)
    yield from _refused(day)


def wishes(day: Day, taken: dict[str, list[Span]]) -> Iterator[Wish]:
    """Each in a room that is free then, as far as the plan knows."""
    chances = day.chances("wishes")
    for said in chances.sample(plan()["live"]["bookings"], MOST):
        asked_at = day.clock("08:20") + dt.timedelta(minutes=chances.randrange(9 * 60))
        room = chances.choice(day.square.said["asked_for"])
        length = dt.timedelta(minutes=said["minutes"])
        free = list(_free(day, taken, room, length, asked_at + AHEAD))
        if free:
            span = chances.choice(free[:8])
            taken[room].append(span)
            yield Wish(said, room, span, asked_at)


def _story(day: Day, number: int, wish: Wish, path: str, taken: dict[str, list[Span]]) -> Iterator[Act]:
    what, room = wish.said["nb"], day.square.said["rooms"][wish.room]["name"]
    kind, soon = number % 4, wish.asked_at + dt.timedelta(minutes=20)
    say = f"{what} {'is held' if kind == 1 else 'is booked'} in {room}, {wish.span[0]:%H:%M}–{wish.span[1]:%H:%M}"
    yield Act(wish.asked_at, day.tell(say), ("PUT", path, _body(day, wish, "held" if kind == 1 else "confirmed")))
    if kind == 1:
        minutes = dt.timedelta(minutes=9)  # a hold lasts a quarter of an hour
        yield command(wish.asked_at + minutes, day.tell(f"{what} is confirmed"), path, "confirm")
    if kind == 2:
        yield from _moved(day, wish, path, taken, soon)
    if kind == 3:
        yield command(soon, day.tell(f"{what} is given up"), path, "cancel", {"reason_code": "other"})


def _moved(day: Day, wish: Wish, path: str, taken: dict[str, list[Span]], at: dt.datetime) -> Iterator[Act]:
    length = wish.span[1] - wish.span[0]
    later = next(_free(day, taken, wish.room, length, wish.span[1]), None)
    if later is None:
        return
    taken[wish.room].append(later)
    body = {"space_ids": [day.square.room(wish.room)], **replace(wish, span=later).written}
    yield command(at, day.tell(f"{wish.said['nb']} is moved to {later[0]:%H:%M}"), path, "move", body)


def _refused(day: Day) -> Iterator[Act]:
    """Somebody wants a room that the programme has."""
    lines = [line for line in programme.lines(day.square) if line.on(day.date) and "room" in line.said]
    later = [line for line in lines if line.times(day.date)[0] >= day.clock("11:00")]
    if not later:
        return
    line: Line = day.chances("refusal").choice(later)
    wish = Wish(plan()["live"]["bookings"][0], line.said["room"], line.times(day.date), day.clock("08:40"))
    path = f"/api/facility/bookings/{uid(day.name('refused'))}"
    say = f"{wish.said['nb']} is wanted where {line.said['nb']} is"
    yield Act(wish.asked_at, day.tell(say), ("PUT", path, _body(day, wish, "confirmed")))


def _body(day: Day, wish: Wish, state: str) -> dict[str, Any]:
    about = {"space_ids": [day.square.room(wish.room)], "state": state, **wish.written}
    return about | programme.about(day.square, wish.said)


def _taken(day: Day) -> dict[str, list[Span]]:
    """By room, set-up and tidy-up included; also where it is too loud for anything."""
    found: dict[str, list[Span]] = {room: [] for room in day.square.said["rooms"]}
    for part in ("programme", "once"):
        for line in programme.lines(day.square, part):
            if line.on(day.date):
                for leaf in (leaf for room in (*line.rooms, *line.disturbed) for leaf in day.square.leaves(room)):
                    found[leaf].append(line.occupied(day.date))
    return found


def _free(
    day: Day, taken: dict[str, list[Span]], room: str, length: dt.timedelta, since: dt.datetime
) -> Iterator[Span]:
    start = day.clock(FIRST)
    while start + length <= day.clock(LAST):
        span = (start, start + length)
        if start >= since and not any(span[0] < end and begin < span[1] for begin, end in taken[room]):
            yield span
        start += GRID
