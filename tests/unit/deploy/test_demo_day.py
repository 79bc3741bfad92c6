"""A day of the demo that is played, as it is planned before anybody is called."""

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest

from deploy.local.demo import asking, day, house, programme, visits
from deploy.local.demo.acts import Act, Day
from deploy.local.demo.house import Square
from services.counters.domain import ReadingBody
from services.facility.booking.bodies import MoveBooking, PutBooking, PutClosure
from shared.programme.bodies import PutAttendance

SQUARES = house.squares()
HEGGEDAL = SQUARES[0]
THURSDAY, SATURDAY, CHRISTMAS = dt.date(2026, 11, 26), dt.date(2026, 11, 28), dt.date(2026, 12, 25)
WEEK = [dt.date(2026, 11, 23) + dt.timedelta(days=n) for n in range(7)]


def acts(date: dt.date = THURSDAY, seed: int = 1) -> list[Act]:
    return day.acts(SQUARES, date, seed)


def calls(found: list[Act], part: str, last: str = "") -> list[tuple[Act, str, Any]]:
    """(act, path, body) of those whose path has `part` in it and ends with `last`."""
    return [
        (act, act.call[1], act.call[2])
        for act in found
        if act.call and part in act.call[1] and act.call[1].endswith(last)
    ]


def test_acts__same_day_and_seed__are_the_same() -> None:
    assert acts() == acts()


def test_acts__another_seed__are_others() -> None:
    assert acts(seed=1) != acts(seed=2)


@pytest.mark.parametrize("date", [*WEEK, CHRISTMAS])
def test_acts__of_any_day__come_in_order_and_within_it(date: dt.date) -> None:
    found = acts(date)
    begins, ends = day.bounds(date)
    assert found
    assert all(one.at <= other.at for one, other in pairwise(found))
    assert all(begins < act.at < ends for act in found)


def test_acts__of_a_working_day__are_of_every_kind() -> None:
    found = acts()
    for part in ("/readings", "/loan-days/", "/attendance", "/bookings/", "/confirm", "/move", "/cancel", "/lift"):
        assert calls(found, part), part


@pytest.mark.parametrize("seed", range(5))
def test_acts__whatever_the_seed__have_bodies_that_are_taken(seed: int) -> None:
    found = acts(seed=seed)
    for _, _, body in calls(found, "/readings"):
        assert all(ReadingBody.model_validate(one) for one in body["readings"])
    for _, path, body in calls(found, "/api/facility/bookings/"):
        if path.endswith("/move"):
            assert MoveBooking.model_validate(body)
        elif path.count("/") == 4:
            assert PutBooking.model_validate(body)
    for _, _, body in calls(found, "/attendance"):
        assert PutAttendance.model_validate(body)
    assert all(PutClosure.model_validate(body) for _, path, body in calls(found, "/closures/") if "lift" not in path)


def test_readings__of_the_day__are_those_the_demo_would_load_each_once_but_the_late_ones() -> None:
    sent = Counter(
        (one["counter_id"], one["start"], one["in"], one["out"])
        for _, _, body in calls(acts(), "/readings")
        for one in body["readings"]
    )
    begin = Day(HEGGEDAL, THURSDAY, 1).clock("00:00")
    doors = [door for square in SQUARES for door in visits.doors(square)]
    loaded = {
        (one["counter_id"], one["start"], one["in"], one["out"])
        for door in doors
        for one in visits.readings(door, begin, begin + dt.timedelta(days=1))
    }
    quiet = day.silence(Day(HEGGEDAL, THURSDAY, 1))
    assert quiet
    twice = {key for key, times in sent.items() if times == 2}
    assert sent.keys() == loaded
    assert {counter for counter, *_ in twice} == {str(quiet[0].counter_id)}
    assert set(sent.values()) == {1, 2}


def test_silent_counter__while_it_is_silent__sends_nothing_and_then_out_of_order() -> None:
    quiet = day.silence(Day(HEGGEDAL, THURSDAY, 1))
    assert quiet
    door, since, until = quiet
    packages = [
        (act.at, [one["start"] for one in body["readings"] if one["counter_id"] == str(door.counter_id)])
        for act, _, body in calls(acts(), "/readings")
    ]
    within = [starts for at, starts in packages if since + day.PACKAGE < at <= until]
    late = [starts for at, starts in packages if len(starts) > 1]
    assert not any(within)
    assert len(late) == 2
    assert sorted(late[0]) == sorted(late[1])
    assert late[0] != sorted(late[0]) or late[1] != sorted(late[1])


def test_silent_counter__on_a_day_it_would_fail_anyway__is_played_all_the_same() -> None:
    failing = next(one for one in (THURSDAY + dt.timedelta(days=n) for n in range(60)) if visits.fails(one))
    assert [act for act in acts(failing) if "falls silent" in act.say]


def test_head_count__of_an_occurrence__comes_after_its_end_and_not_of_what_was_called_off() -> None:
    found = acts()
    ends = {
        str(line.date_id(THURSDAY)): line.times(THURSDAY)[1]
        for square in SQUARES
        for line in programme.lines(square)
        if line.on(THURSDAY)
    }
    called_off = {path.split("/")[4] for _, path, _ in calls(found, "/occurrences/", "/cancel")}
    counted = [(act.at, path.split("/")[4]) for act, path, _ in calls(found, "/attendance")]
    assert called_off
    assert counted
    assert all(at > ends[one] and one not in called_off for at, one in counted)


def test_head_count__of_the_first_time__is_what_the_demo_would_load() -> None:
    first: dict[str, Any] = {}
    for _, path, body in calls(acts(), "/attendance"):
        first.setdefault(path, body)
    for square in SQUARES:
        for line in programme.lines(square):
            path = f"/api/{line.host}/occurrences/{line.date_id(THURSDAY)}/attendance"
            assert path not in first or first[path] == programme.head_count(line, line.date_id(THURSDAY))


def spans(square: Square, seed: int) -> Iterator[tuple[str, str, str]]:
    """(room, start, end) of what is booked in the end and not refused on purpose."""
    final: dict[str, Any] = {}
    for act, path, body in calls(day.acts([square], THURSDAY, seed), "/api/facility/bookings/"):
        if "is wanted where" not in act.say and body.get("space_ids"):
            final["/".join(path.split("/")[:5])] = body
    for body in final.values():
        yield body["space_ids"][0], body["starts_at"], body["ends_at"]


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("square", SQUARES, ids=lambda square: square.key)
def test_bookings__asked_for__meet_neither_the_programme_nor_each_other(square: Square, seed: int) -> None:
    taken = defaultdict(list)
    for part in ("programme", "once"):
        for line in programme.lines(square, part):
            if line.on(THURSDAY):
                for leaf in (leaf for room in line.rooms for leaf in square.leaves(room)):
                    taken[square.room(leaf)].append(line.occupied(THURSDAY))
    for room, start, end in spans(square, seed):
        taken[room].append((dt.datetime.fromisoformat(start), dt.datetime.fromisoformat(end)))
    for one in taken.values():
        assert all(earlier[1] <= later[0] for earlier, later in pairwise(sorted(one)))


@pytest.mark.parametrize("square", SQUARES, ids=lambda square: square.key)
@pytest.mark.parametrize("date", [THURSDAY + dt.timedelta(days=n) for n in range(14)], ids=str)
def test_rooms__through_any_day__are_refused_to_nobody_but_who_wants_the_programmes(
    square: Square, date: dt.date
) -> None:
    for seed in range(4):
        house_now = Occupied(square, date)
        for act in day.acts([square], date, seed):
            assert house_now.takes(act) is ("is wanted where" not in act.say), act.say


class Occupied:
    """Which rooms are taken, as the acts of a day go by."""

    def __init__(self, square: Square, date: dt.date) -> None:
        self.taken: dict[str, tuple[list[str], dt.datetime, dt.datetime]] = {}
        self.leaves = {square.room(key): list(map(square.room, square.leaves(key))) for key in square.said["rooms"]}
        for part in ("programme", "once"):
            for line in programme.lines(square, part):
                if line.on(date) and line.rooms:
                    leaves = [square.room(leaf) for room in line.rooms for leaf in square.leaves(room)]
                    self.taken[str(line.date_id(date))] = (leaves, *line.occupied(date))

    def takes(self, act: Act) -> bool:
        """Whether facility would take it, which then has it."""
        _, path, body = act.call or ("", "", None)
        thing = "/".join(path.split("/")[:5])
        if path.endswith(("/lift", "/cancel")):
            self.taken.pop(thing, None)
        elif "/closures/" in path:
            rooms = self.leaves[body["space_ids"][0]]
            self.taken[thing] = (rooms, dt.datetime.fromisoformat(body["starts_at"]), day.bounds(act.at.date())[1])
        elif "/facility/bookings/" in path and "space_ids" in body:
            times = (dt.datetime.fromisoformat(body[name]) for name in ("starts_at", "ends_at"))
            wanted = (self.leaves[body["space_ids"][0]], *times)
            others = [one for key, one in self.taken.items() if key != thing]
            if any(set(wanted[0]) & set(one[0]) and wanted[1] < one[2] and one[1] < wanted[2] for one in others):
                return False
            self.taken[thing] = wanted
        return True


def test_bookings__that_need_a_version__look_where_they_act() -> None:
    for act in acts():
        if act.call and act.call[1].endswith(("/confirm", "/move", "/cancel")):
            assert act.look == act.call[1].rpartition("/")[0]


def test_booking__held__is_confirmed_before_its_quarter_of_an_hour_is_over() -> None:
    found = acts(seed=3)
    held = {path: act.at for act, path, body in calls(found, "/bookings/") if body.get("state") == "held"}
    confirmed = {path.removesuffix("/confirm"): act.at for act, path, _ in calls(found, "/bookings/", "/confirm")}
    assert held
    assert held.keys() == confirmed.keys()
    assert all(held[path] < at < held[path] + dt.timedelta(minutes=15) for path, at in confirmed.items())


def test_booking__wanted_where_the_programme_is__is_planned_once_a_square() -> None:
    wanted = [act for act in acts() if "is wanted where" in act.say]
    assert len(wanted) == len(SQUARES)


def test_closure__of_a_room__has_something_in_it_and_is_lifted() -> None:
    found = acts()
    ((act, path, body),) = [one for one in calls(found, "/closures/") if not one[1].endswith("lift")]
    ((lifted, lift_path, _),) = calls(found, "/closures/", "/lift")
    lines = [line for line in programme.lines(HEGGEDAL) if line.on(THURSDAY) and body["space_ids"][0] in where(line)]
    assert lift_path == f"{path}/lift"
    assert any(line.times(THURSDAY)[0] < lifted.at and act.at < line.times(THURSDAY)[1] for line in lines)


def where(line: programme.Line) -> list[str]:
    return [line.square.room(room) for room in line.rooms]


def test_wishes__on_a_day_without_anything_free__are_fewer_not_wrong() -> None:
    full = Day(HEGGEDAL, THURSDAY, 1)
    taken = {room: [(full.clock("07:00"), full.clock("23:00"))] for room in HEGGEDAL.said["rooms"]}
    assert list(asking.wishes(full, taken)) == []
