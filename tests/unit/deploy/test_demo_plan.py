"""The demo's house makes sense before anybody is asked to take it."""

import datetime as dt
from collections import defaultdict
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest

from deploy.local.demo import house, loans, programme, visits
from deploy.local.demo.house import OSLO, Square
from deploy.local.demo.visits import Door, readings
from shared.programme.bodies import PutActivity, PutAttendance, PutSeries

TODAY = dt.date(2026, 11, 24)
SQUARES = house.squares()
HEGGEDAL = SQUARES[0]
DOORS = {door.key: door for door in visits.doors(HEGGEDAL)}


def midnight(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(), OSLO)


def of_days(door: Door, first: dt.date, last: dt.date) -> list[dict[str, Any]]:
    return list(readings(door, midnight(first), midnight(last + dt.timedelta(days=1))))


def planned(today: dt.date) -> list[tuple[str, dt.datetime, dt.datetime]]:
    """(room, start, end) of everything in the calendar, set-up and tidy-up included; a divided room by its parts."""
    found = []
    for square in SQUARES:
        parts = defaultdict(list)
        for key, said in square.said["rooms"].items():
            parts[square.room(said.get("part_of", key))].append(square.room(key))
        for _, _, body in [*programme.series([square], today), *programme.single_bookings([square], today)]:
            before, after = (dt.timedelta(minutes=body.get(f"{name}_minutes", 0)) for name in ("setup", "teardown"))
            for date in body.get("occurrences", [body]):
                start, end = (dt.datetime.fromisoformat(date[name]) for name in ("starts_at", "ends_at"))
                for room in body["space_ids"]:
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
        return {path: body for _, path, body in programme.series(SQUARES, today)}

    now, later = bodies(TODAY), bodies(TODAY + dt.timedelta(days=40))
    shared = now.keys() & later.keys()
    assert shared
    assert all(now[path] == later[path] for path in shared)


def test_plan_every_host_room_and_band_is_known() -> None:
    bands = house.plan()["bands"]
    for square in SQUARES:
        for said in [*square.said["programme"], *square.said["once"]]:
            assert {said["host"], *said.get("with", [])} <= square.said["units"].keys()
            assert {*said.get("rooms", []), *[said[key] for key in ("room",) if key in said]} <= square.said[
                "rooms"
            ].keys()
            assert said.get("who") is None or said["who"] in bands


def test_plan_every_unit_has_a_programme_of_its_own() -> None:
    for square in SQUARES:
        hosts = {line.host for line in programme.lines(square)}
        assert hosts == square.said["units"].keys()


def test_plan_bodies_are_what_the_units_take() -> None:
    for _, _, body in programme.activities(SQUARES):
        assert PutActivity.model_validate(body).title_en
    for _, path, body in programme.series(SQUARES, TODAY):
        if "/api/facility/" not in path:
            assert PutSeries.model_validate(body).occurrences


def test_programme_has_no_date_on_a_public_holiday() -> None:
    dates = {start.astimezone(OSLO).date() for _, start, _ in planned(dt.date(2026, 12, 20))}
    assert dt.date(2026, 12, 22) in dates
    assert dt.date(2026, 12, 25) not in dates
    assert dt.date(2026, 12, 31) not in dates


def test_programme_of_every_second_wednesday_of_the_month_falls_between_the_8th_and_the_14th() -> None:
    (trip,) = [line for line in programme.lines(HEGGEDAL) if line.said["nb"] == "Busstur"]
    days = [day for day in (TODAY + dt.timedelta(days=n) for n in range(365)) if trip.on(day)]
    assert len(days) == 12
    assert all(8 <= day.day <= 14 for day in days)


def test_head_count_bands_never_exceed_the_total() -> None:
    for square in SQUARES:
        for line in programme.lines(square):
            for day in range(60):
                count = programme.head_count(line, line.date_id(TODAY + dt.timedelta(days=day)))
                assert count is None or PutAttendance.model_validate(count).by_band


def test_health_station_is_not_counted_by_band() -> None:
    lines = [line for square in SQUARES for line in programme.lines(square) if line.host == "health_station"]
    assert lines
    assert all(programme.head_count(line, line.date_id(TODAY)) is None for line in lines)


def test_readings_are_the_same_each_time_and_end_with_now() -> None:
    now = dt.datetime(2026, 11, 24, 11, 20, tzinfo=dt.UTC)
    first = list(readings(DOORS["main"], midnight(TODAY - dt.timedelta(days=7)), now))
    assert first == list(readings(DOORS["main"], midnight(TODAY - dt.timedelta(days=7)), now))
    assert max(one["start"] for one in first) == "2026-11-24T11:00:00+00:00"


def test_readings_of_two_halves_are_those_of_the_whole() -> None:
    begin, middle, end = (dt.datetime(2026, 11, day, 11, 7, tzinfo=dt.UTC) for day in (17, 20, 24))
    halves = [*readings(DOORS["main"], begin, middle), *readings(DOORS["main"], middle, end)]
    assert halves == list(readings(DOORS["main"], begin, end))


def test_readings_of_the_autumn_night_lie_on_the_grid_once() -> None:
    found = of_days(DOORS["main"], dt.date(2026, 10, 24), dt.date(2026, 10, 26))
    starts = [dt.datetime.fromisoformat(one["start"]) for one in found]
    assert len(set(starts)) == len(starts)
    assert all(start.minute % 15 == 0 for start in starts)


@pytest.mark.parametrize("key", ["main", "library", "cafe"])
def test_readings_of_working_days_are_about_what_was_planned(key: str) -> None:
    door = DOORS[key]
    weeks = [dt.date(2026, 11, 2), dt.date(2026, 11, 9), dt.date(2026, 11, 16)]
    entries = sum(one["in"] for monday in weeks for one in of_days(door, monday, monday + dt.timedelta(days=4)))
    assert 0.85 < entries / (door.entries * 15 * visits.MONTH[10]) < 1.15


def test_readings_fewer_leave_than_enter_by_two_to_six_of_a_hundred() -> None:
    found = of_days(DOORS["main"], dt.date(2026, 11, 2), dt.date(2026, 11, 20))
    entries, exits = (sum(one[way] for one in found) for way in ("in", "out"))
    assert 0.02 <= (entries - exits) / entries <= 0.06


def test_readings_of_a_unit_are_nothing_while_it_is_closed() -> None:
    found = of_days(DOORS["senior_centre"], dt.date(2026, 11, 16), dt.date(2026, 11, 22))
    open_hours = [dt.datetime.fromisoformat(one["start"]).astimezone(OSLO) for one in found if one["in"]]
    assert open_hours
    assert all(start.isoweekday() <= 5 and 9 <= start.hour < 15 for start in open_hours)


def test_readings_on_a_holiday_are_those_of_a_sunday_or_fewer() -> None:
    christmas = sum(one["in"] for one in of_days(DOORS["main"], dt.date(2026, 12, 25), dt.date(2026, 12, 25)))
    friday = sum(one["in"] for one in of_days(DOORS["main"], dt.date(2026, 12, 18), dt.date(2026, 12, 18)))
    assert christmas < friday / 2


def test_readings_of_the_sensor_that_drops_packages_miss_one_in_two_hundred() -> None:
    dropping = DOORS["main"]
    days = dt.date(2026, 9, 1), dt.date(2026, 11, 20)
    sure = replace(dropping, drops=False)
    lost = 1 - len(of_days(dropping, *days)) / len(of_days(sure, *days))
    assert 0.002 < lost < 0.009
    assert [door.key for door in visits.doors(HEGGEDAL) if door.drops] == ["main"]


def test_readings_a_door_that_fails_is_silent_for_whole_days() -> None:
    found = of_days(DOORS["terrace"], dt.date(2026, 10, 1), dt.date(2026, 11, 23))
    seen = {dt.datetime.fromisoformat(one["start"]).astimezone(OSLO).date() for one in found}
    missing = {dt.date(2026, 10, 1) + dt.timedelta(days=n) for n in range(54)} - seen
    assert missing
    assert all(day.isoweekday() == 3 for day in missing)


def test_loans_grow_through_the_day_to_the_days_total() -> None:
    shares = [loans.loan_day(HEGGEDAL, TODAY, share)[2]["first_loans"] for share in (0.1, 0.5, 1.0)]
    ((_, _, whole),) = loans.loan_days([HEGGEDAL], [TODAY])
    assert shares == sorted(shares)
    assert shares[-1] == whole["first_loans"]


def test_counts_by_hand_are_of_open_days() -> None:
    borgen: Square = SQUARES[1]
    days = [dt.date(2026, 12, 21) + dt.timedelta(days=n) for n in range(14)]
    counted = {body["date"] for _, _, body in visits.by_hand([borgen], days)}
    assert "2026-12-22" in counted
    assert not counted & {"2026-12-25", "2026-12-26", "2026-12-27", "2027-01-01"}
