"""What each unit of the demo does by itself: meals, shifts, the desk, the health record."""

import datetime as dt
from collections import Counter
from itertools import pairwise
from typing import Any

import pytest

from deploy.local.demo import consultations, day, desk, house, meals, programme, shifts
from deploy.local.demo.acts import Act, Day
from deploy.local.demo.house import OSLO, Square
from services.health_station.bodies import PutRecordDay
from services.senior_centre.api import PutServing
from services.service_desk.api import PutEnquiry, PutHour, PutPresence
from services.volunteer_central.api import PutShift, PutVolunteer

SQUARES = house.squares()
HEGGEDAL, BORGEN = SQUARES
THURSDAY = dt.date(2026, 11, 26)
NOW = dt.datetime(2026, 11, 26, 12, tzinfo=dt.UTC)
FORTNIGHT = [THURSDAY + dt.timedelta(days=n) for n in range(-7, 7)]
CHRISTMAS = dt.date(2026, 12, 25)
by_key = pytest.mark.parametrize("square", SQUARES, ids=lambda square: square.key)


def acts(square: Square, date: dt.date = THURSDAY, seed: int = 1) -> list[Act]:
    return day.acts([square], date, seed)


def called(found: list[Act], method: str, part: str, last: str = "") -> list[tuple[Act, str, Any]]:
    return [
        (act, act.call[1], act.call[2])
        for act in found
        if act.call and act.call[0] == method and part in act.call[1] and act.call[1].endswith(last)
    ]


def test_servings__over__are_counted_and_the_others_only_planned() -> None:
    things = list(meals.servings(SQUARES, FORTNIGHT, NOW))
    assert all(PutServing.model_validate(thing.put[2]) for thing in things)
    for thing in things:
        over = dt.datetime.fromisoformat(thing.put[2]["ends_at"]) + meals.COUNTED_AFTER <= NOW
        assert bool(thing.then) is over
    assert {bool(thing.then) for thing in things} == {True, False}


def test_servings__of_a_day_that_is_played__are_counted_as_loading_would_count_them() -> None:
    loaded = {
        thing.then[0][1]: thing.then[0][2]
        for thing in meals.servings([HEGGEDAL], [THURSDAY], NOW + dt.timedelta(days=1))
    }
    played = {path: body for _, path, body in called(acts(HEGGEDAL), "POST", "/meal-servings/")}
    assert played
    assert played == loaded


@by_key
def test_crew__of_any_day__is_nobody_twice_at_once_and_nobody_without_what_is_asked(square: Square) -> None:
    for date in FORTNIGHT:
        crew = shifts.crew(square, date)
        for line, numbers in crew.items():
            others = [other for other in crew if other != line and overlap(line, other, date)]
            assert len(set(numbers)) == len(numbers) >= line.said["needed"] - 1
            assert all(not set(numbers) & set(crew[other]) for other in others)
            assert "clearance" not in line.said or all(number % shifts.CLEARED == 0 for number in numbers)


def overlap(one: programme.Line, other: programme.Line, date: dt.date) -> bool:
    return one.times(date)[0] < other.times(date)[1] and other.times(date)[0] < one.times(date)[1]


def test_shifts__one_in_some__are_short_of_one() -> None:
    days = [THURSDAY + dt.timedelta(days=n) for n in range(200)]
    crews = [(line, who) for square in SQUARES for date in days for line, who in shifts.crew(square, date).items()]
    short = sum(len(who) < line.said["needed"] for line, who in crews) / len(crews)
    assert 0.04 < short < 0.12


def test_shifts__loaded__are_closed_when_over_and_taken_when_near() -> None:
    things = list(shifts.shifts(SQUARES, [THURSDAY + dt.timedelta(days=n) for n in range(-7, 28)], NOW))
    assert all(PutShift.model_validate(thing.put[2]) for thing in things)
    for thing in things:
        start, end = (dt.datetime.fromisoformat(thing.put[2][name]) for name in ("starts_at", "ends_at"))
        verbs = {call[1].rpartition("/")[2] == "complete" for call in thing.then}
        if end + shifts.CLOSED_AFTER <= NOW:
            assert verbs == {True}
        elif start > NOW + shifts.SIGNED_UP_AHEAD:
            assert verbs == set()
        else:
            assert True not in verbs


def test_shifts__for_something__name_the_activity_they_help_with() -> None:
    known = {str(line.activity_id) for square in SQUARES for line in programme.lines(square)}
    helped = [thing.put[2]["activity_id"] for thing in shifts.shifts(SQUARES, FORTNIGHT, NOW)]
    assert {one for one in helped if one} <= known
    assert any(helped)


def test_volunteers__of_the_demo__are_numbers_and_nobodys_names() -> None:
    things = list(shifts.volunteers(SQUARES))
    assert all(PutVolunteer.model_validate(thing.put[2]).phone is None for thing in things)
    assert all(thing.put[2]["name"].endswith("(demo)") for thing in things)
    assert {len(thing.then) for thing in things} == {0, 1}


@by_key
@pytest.mark.parametrize("seed", range(5))
def test_volunteer__who_falls_ill__is_one_of_the_shift_and_another_steps_in(square: Square, seed: int) -> None:
    found = acts(square, seed=seed)
    ((ill, gone, _),) = called(found, "DELETE", "/sign-ups/")
    stepped_in = [one for one in called(found, "PUT", "/sign-ups/") if one[1].split("/")[4] == gone.split("/")[4]]
    signed_up = {
        call[1] for thing in shifts.shifts([square], [THURSDAY], day.bounds(THURSDAY)[0]) for call in thing.then
    }
    assert gone in signed_up
    assert [act.at > ill.at and path not in signed_up for act, path, _ in stepped_in] == [True]


def test_shift__for_what_is_called_off__is_called_off_too() -> None:
    for seed in range(30):
        found = acts(BORGEN, seed=seed)
        off = {path.split("/")[4] for _, path, _ in called(found, "POST", "/occurrences/", "/cancel")}
        lines = [line for line in programme.lines(BORGEN) if str(line.date_id(THURSDAY)) in off]
        helping = [line for line in programme.lines(BORGEN, "shifts") if line.on(THURSDAY)]
        theirs = {
            str(one.date_id(THURSDAY)) for one in helping for line in lines if one.said.get("for") == line.said["nb"]
        }
        cancelled = {path.split("/")[4] for _, path, _ in called(found, "POST", "/shifts/", "/cancel")}
        completed = {path.split("/")[4] for _, path, _ in called(found, "POST", "/shifts/", "/complete")}
        assert cancelled == theirs
        assert not completed & theirs
        if theirs:
            return
    pytest.fail("nothing with a shift was ever called off")


def test_enquiries__of_a_closed_desk__are_none() -> None:
    assert desk.enquiries(HEGGEDAL, dt.date(2026, 11, 24)) == []  # a Tuesday
    assert desk.enquiries(HEGGEDAL, CHRISTMAS) == []


def test_enquiries__of_open_days__are_about_what_was_planned() -> None:
    weeks = [dt.date(2026, 9, 7) + dt.timedelta(days=n) for n in range(70)]
    asked = [len(desk.enquiries(HEGGEDAL, date)) for date in weeks if date.isoweekday() in (1, 3, 4)]
    assert 0.85 < sum(asked) / len(asked) / HEGGEDAL.said["contacts"] < 1.15


def test_enquiries__tapped_in_on_a_day_that_is_played__make_the_hours_that_would_be_loaded() -> None:
    hours = {path: body for _, path, body in desk.hours([HEGGEDAL], [THURSDAY])}
    tapped: dict[str, Counter[tuple[str, str]]] = {}
    for act, _, body in called(acts(HEGGEDAL), "PUT", "/enquiries/"):
        assert PutEnquiry.model_validate(body)
        hour = str(act.at.astimezone(OSLO).hour)
        tapped.setdefault(hour, Counter())[body["channel"], body["topic"]] += 1
    loaded = {
        path.rpartition("/")[2]: Counter({(one["channel"], one["topic"]): one["count"] for one in body["counts"]})
        for path, body in hours.items()
    }
    assert all(PutHour.model_validate(body) for body in hours.values())
    assert tapped
    assert tapped == loaded


def test_presence__of_the_desk__is_at_another_square_where_it_says() -> None:
    found = list(desk.presence(SQUARES, FORTNIGHT))
    assert all(PutPresence.model_validate(body) for _, _, body in found)
    assert {body["square_id"] for _, _, body in found} == {str(BORGEN.id)}
    assert {body["unit_id"] for _, _, body in found} == {HEGGEDAL.unit("service_desk")}


def test_appointments__of_a_room__neither_meet_each_other_nor_the_programme() -> None:
    used = 0
    for room in HEGGEDAL.said["consultations"]:
        for date in FORTNIGHT:
            spans = [span(one) for one in consultations.appointments(HEGGEDAL, room, date)]
            here = [line for line in programme.lines(HEGGEDAL) if room in line.rooms and line.on(date)]
            used += len(spans)
            spans += [line.occupied(date) for line in here]
            assert all(one[1] <= other[0] for one, other in pairwise(sorted(spans)))
    assert used > 100


def span(one: dict[str, str]) -> tuple[dt.datetime, dt.datetime]:
    return dt.datetime.fromisoformat(one["starts_at"]), dt.datetime.fromisoformat(one["ends_at"])


def test_appointments__told__have_no_more_than_a_time_and_a_kind() -> None:
    for _, _, body in consultations.days(SQUARES, FORTNIGHT, NOW):
        assert PutRecordDay.model_validate(body)
        assert {name for one in body["appointments"] for name in one} == {"starts_at", "ends_at", "kind"}


def test_record__on_a_day_that_is_played__tells_a_day_anew_each_time_it_changed() -> None:
    found = called(acts(HEGGEDAL), "PUT", "/appointments/record/")
    assert found
    known = {path: body["appointments"] for _, path, body in consultations.days([HEGGEDAL], [THURSDAY], NOW)}
    for act, path, body in found:
        assert body["as_of"] == act.at.isoformat()
        assert len(body["appointments"]) == len(known[path]) - 1
        known[path] = body["appointments"]


def test_roles__for_loading__are_of_the_health_station_too() -> None:
    assert house.roles() == ["admin@*", f"house_manager@{HEGGEDAL.unit('health_station')}"]


def test_enquiries__of_a_day__are_the_same_whatever_else_is_planned() -> None:
    """Each part draws from chances of its own, so that whoever adds to one moves no other."""
    alone = list(desk.acts(Day(HEGGEDAL, THURSDAY, 1)))
    whole = [act for act in acts(HEGGEDAL) if act.call and "/enquiries/" in act.call[1]]
    assert alone
    assert alone == whole
