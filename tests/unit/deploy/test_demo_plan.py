"""The demo's house makes sense before anybody is asked to take it."""

import datetime as dt
from collections import defaultdict
from itertools import pairwise
from uuid import UUID

import pytest

from deploy.local import demo_house
from deploy.local.demo_house import Square
from deploy.local.demo_visits import OSLO, Door, readings

TODAY = dt.date(2026, 11, 24)
SQUARES = [Square(key, said) for key, said in demo_house.plan()["squares"].items()]
DOOR = Door(UUID(int=7), entries=270, minutes=15)


def planned(today: dt.date) -> list[tuple[str, dt.datetime, dt.datetime]]:
    """(room, start, end) of everything in the calendar, set-up and tidy-up included; a divided room by its parts."""
    found = []
    for square in SQUARES:
        parts = defaultdict(list)
        for key, said in square.said["rooms"].items():
            parts[square.room(said.get("part_of", key))].append(square.room(key))
        calls = [
            *demo_house.series(list(demo_house.items(square, today))),
            *demo_house.single_bookings([square], today),
        ]
        for _, _, body in calls:
            before, after = (dt.timedelta(minutes=body.get(f"{name}_minutes", 0)) for name in ("setup", "teardown"))
            for date in body.get("occurrences", [body]):
                start, end = (dt.datetime.fromisoformat(date[name]) for name in ("starts_at", "ends_at"))
                room = body["space_ids"][0]
                leaves = [one for one in parts.get(room, []) if one != room] or [room]
                found += [(leaf, start - before, end + after) for leaf in leaves]
    return found


@pytest.mark.parametrize("today", [TODAY, dt.date(2026, 12, 30), dt.date(2027, 3, 28)])
def test_plan_no_room_is_taken_twice(today: dt.date) -> None:
    taken = sorted(planned(today))
    clashes = [(one, other) for one, other in pairwise(taken) if one[0] == other[0] and other[1] < one[2]]
    assert taken
    assert clashes == []


def test_plan_today_has_something_on_every_weekday() -> None:
    for offset in range(7):
        day = TODAY + dt.timedelta(days=offset)
        assert any(start.astimezone(OSLO).date() == day for _, start, _ in planned(day))


def test_plan_asks_for_the_same_series_on_a_later_day() -> None:
    def bodies(today: dt.date) -> dict[str, object]:
        items = [item for square in SQUARES for item in demo_house.items(square, today)]
        return {path: body for _, path, body in demo_house.series(items)}

    now, later = bodies(TODAY), bodies(TODAY + dt.timedelta(days=40))
    shared = now.keys() & later.keys()
    assert shared
    assert all(now[path] == later[path] for path in shared)


def test_plan_every_host_and_room_is_known() -> None:
    for square in SQUARES:
        for said in [*square.said["programme"], *square.said["once"]]:
            assert said["host"] in square.said["units"]
            assert said["room"] in square.said["rooms"]


def test_readings_are_the_same_each_time_and_end_with_now() -> None:
    now = dt.datetime(2026, 11, 24, 11, 20, tzinfo=dt.UTC)
    first = list(readings(DOOR, TODAY - dt.timedelta(days=7), now))
    assert first == list(readings(DOOR, TODAY - dt.timedelta(days=7), now))
    assert max(one["start"] for one in first) == "2026-11-24T11:00:00+00:00"


def test_readings_of_the_autumn_night_lie_on_the_grid_once() -> None:
    found = list(readings(DOOR, dt.date(2026, 10, 24), dt.datetime(2026, 10, 27, tzinfo=dt.UTC)))
    starts = [dt.datetime.fromisoformat(one["start"]) for one in found]
    assert len(set(starts)) == len(starts)
    assert all(start.minute % 15 == 0 for start in starts)


def test_readings_of_a_week_are_about_what_was_planned() -> None:
    found = readings(DOOR, dt.date(2026, 11, 9), dt.datetime(2026, 11, 15, 23, tzinfo=dt.UTC))
    entries = sum(one["in"] for one in found)
    assert 0.8 < entries / (DOOR.entries * 6 * 1.1) < 1.2


def test_readings_a_door_that_fails_is_silent_for_whole_days() -> None:
    silent = Door(UUID(int=8), entries=90, minutes=30, silent=True)
    found = readings(silent, dt.date(2026, 10, 1), dt.datetime(2026, 11, 24, tzinfo=dt.UTC))
    seen = {dt.datetime.fromisoformat(one["start"]).astimezone(OSLO).date() for one in found}
    missing = {dt.date(2026, 10, 1) + dt.timedelta(days=n) for n in range(54)} - seen
    assert missing
    assert all(day.isoweekday() == 3 for day in missing)
