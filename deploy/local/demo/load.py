"""Loads the demo through the real interfaces, as a municipality would enter its own house.

Every id follows from a name and every figure from its id, so loading again changes nothing that is there. The weeks
around today are filled; loading on a later day adds the weeks that have come nearer.
"""

import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

from deploy.local.demo import consultations, desk, house, loans, meals, programme, shifts, visits
from deploy.local.demo.caller import Caller
from deploy.local.demo.house import OSLO, Square
from shared.clock import SystemClock

READINGS_AT_ONCE = 4000
# Heads are counted in the evening, and the evening's the next day.
COUNTED_AFTER = dt.timedelta(hours=20)
LISTED_AT_ONCE = dt.timedelta(weeks=4)
QUARTER = dt.timedelta(minutes=15)
Progress = Callable[[str], None]


def load(base_url: str, token: str, progress: Progress, now: dt.datetime | None = None) -> None:
    """`token` holds `house.roles()`. Raises DemoFailed; a second call repairs what a broken first left out."""
    now = now or SystemClock().now()
    today, squares = now.astimezone(OSLO).date(), house.squares()
    with Caller(base_url, token) as caller:
        progress("demo: squares, units, rooms and opening hours")
        _registry(caller, squares, today)
        progress("demo: nine weeks of visitors, programme and bookings")
        first = dt.datetime.combine(today - visits.BACK, dt.time(), OSLO)
        caller.all(door.call(first) for square in squares for door in visits.doors(square))
        with ThreadPoolExecutor(1) as beside:  # few and large, where all else is many and small
            counted = beside.submit(_visits, caller, squares, first, now)
            _programme(caller, squares, today)
            progress("demo: what each unit does")
            _of_units(caller, squares, now - programme.BACK, now)
            counted.result()
        progress("demo: loans, enquiries and attendance")
        _figures(caller, squares, now - programme.BACK, now)


def catch_up(caller: Caller, since: dt.datetime, now: dt.datetime) -> None:
    """What a house that was loaded at `since` lacks at `now`."""
    squares = house.squares()
    _programme(caller, squares, now.astimezone(OSLO).date())
    _visits(caller, squares, since, now)
    _of_units(caller, squares, since, now)
    _figures(caller, squares, since - COUNTED_AFTER, now)


def pass_a_quarter(base_url: str, token: str) -> None:
    """The health station says which half hours are taken by the quarter of the clock: a new house need not wait for
    that. Its clock is set to the quarter before and released. Where it cannot be set, there is nothing to wait for."""
    with Caller(base_url, token) as caller:
        before = SystemClock().now() - QUARTER
        if caller.ask("PUT", "/test/clock", {"now": before.isoformat()}).is_success:
            caller.call("PUT", "/test/clock", {"now": None})


def _registry(caller: Caller, squares: Sequence[Square], today: dt.date) -> None:
    """One after the other, since each needs the one before."""
    caller.all(house.square_calls(squares))
    caller.all(house.unit_calls(squares))
    for turn in range(3):
        caller.all(house.room_calls(squares, turn))
    caller.all(house.equipment_calls(squares))
    caller.all(house.hours_calls(squares, today))


def _visits(caller: Caller, squares: Sequence[Square], since: dt.datetime, now: dt.datetime) -> None:
    doors = [door for square in squares for door in visits.doors(square)]
    found = [reading for door in doors for reading in visits.readings(door, since, now)]
    for at in range(0, len(found), READINGS_AT_ONCE):
        caller.call("POST", "/api/counters/readings", {"readings": found[at : at + READINGS_AT_ONCE]})


def _programme(caller: Caller, squares: Sequence[Square], today: dt.date) -> None:
    caller.all(programme.activities(squares))
    caller.all(programme.series(squares, today))
    caller.all(programme.single_bookings(squares, today))


def _of_units(caller: Caller, squares: Sequence[Square], since: dt.datetime, now: dt.datetime) -> None:
    caller.make(meals.servings(squares, _days(since, now + meals.AHEAD), now))
    caller.make(shifts.volunteers(squares))
    caller.make(shifts.shifts(squares, _days(since, now + shifts.AHEAD), now))
    caller.all(desk.presence(squares, _days(since, now + desk.AHEAD)))
    told = _days(max(since, now - consultations.BACK), now + consultations.AHEAD)
    with consultations.record(caller, squares):
        caller.all(consultations.days(squares, told, now))


def _figures(caller: Caller, squares: Sequence[Square], since: dt.datetime, now: dt.datetime) -> None:
    past = _days(since, now)[:-1]
    caller.all(loans.loan_days(squares, past))
    caller.all(visits.by_hand(squares, past))
    caller.all(desk.hours(squares, past))
    for square in squares:
        for service in square.said["units"]:
            for begin, end in _windows(since, now - COUNTED_AFTER):
                asked = {"square_id": str(square.id), "from": house.utc(begin), "to": house.utc(end)}
                found = caller.call("GET", f"/api/{service}/occurrences", params={**asked, "uncounted": True})
                caller.all(programme.head_counts(service, found.get("occurrences", [])))


def _days(first: dt.datetime, last: dt.datetime) -> list[dt.date]:
    """Both inside."""
    begin, end = first.astimezone(OSLO).date(), last.astimezone(OSLO).date()
    return [begin + dt.timedelta(days=day) for day in range((end - begin).days + 1)]


def _windows(since: dt.datetime, until: dt.datetime) -> Iterator[tuple[dt.datetime, dt.datetime]]:
    """Short enough that no list of one is cut off."""
    while since < until:
        yield since, min(since + LISTED_AT_ONCE, until)
        since += LISTED_AT_ONCE
