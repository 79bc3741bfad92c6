"""How loud the demo's programme is for its neighbours: one pair on purpose, and nobody books into the rest of it."""

import datetime as dt
from itertools import combinations
from typing import Any
from uuid import UUID

import pytest

from deploy.local.demo import asking, consultations, house, programme
from deploy.local.demo.acts import Day
from deploy.local.demo.house import Square
from deploy.local.demo.programme import Line
from services.facility.finding.domain import Surroundings
from services.facility.noise.domain import Sound, conflicts
from tests.unit.facility.test_finding_domain import room

SQUARES = house.squares()
HEGGEDAL = SQUARES[0]
MONDAY = dt.date(2026, 11, 23)
THURSDAY = MONDAY + dt.timedelta(days=3)
# Two weeks, since some lines are of odd weeks or of one week of the month only.
DAYS = [MONDAY + dt.timedelta(days=n) for n in range(14)]
PAIR = {"Hørselstreff", "Trim 62+"}


def around(square: Square) -> Surroundings:
    calls = [call for turn in range(3) for call in house.room_calls([square], turn)]
    made = []
    for _, path, body in calls:
        space = UUID(path.rpartition("/")[2])
        heard = tuple((UUID(one["space_id"]), one["attenuation"]) for one in body["neighbours"])
        parent = UUID(body["parent_id"]) if body["parent_id"] else None
        more: dict[str, Any] = {"id": space, "leaves": (space,), "parent_id": parent, "neighbours": heard}
        made.append(room(1, **more, noise_out=body["noise_out"], noise_tolerance=body["noise_tolerance"]))
    return Surroundings(made)


def sound(line: Line, date: dt.date) -> Sound:
    leaves = tuple(UUID(line.square.room(leaf)) for one in line.rooms for leaf in line.square.leaves(one))
    levels = line.said.get("noise"), line.said.get("quiet")
    return Sound(leaves, *levels, id=line.date_id(date), time=line.occupied(date))


def severities(square: Square) -> dict[frozenset[str], int]:
    """Of each pair of lines that disturb each other."""
    found, rooms = {}, around(square)
    for date in DAYS:
        lines = [line for line in programme.lines(square) if line.on(date)]
        for one, other in combinations(lines, 2):
            for conflict in conflicts(sound(one, date), [sound(other, date)], rooms):
                found[frozenset({one.said["nb"], other.said["nb"]})] = conflict.severity
    return found


def test_programme__of_heggedal__has_one_pair_that_somebody_must_accept() -> None:
    found = severities(HEGGEDAL)
    assert {pair: severity for pair, severity in found.items() if severity >= 2} == {frozenset(PAIR): 2}
    assert found[frozenset({"Allsang og lotteri", "Klassebesøk"})] == 1


def test_programme__of_the_other_squares__disturbs_nobody() -> None:
    assert [severities(square) for square in SQUARES[1:]] == [{} for _ in SQUARES[1:]]


def test_series__of_the_pair__come_with_the_reason_and_no_others_do() -> None:
    bodies = [body for _, _, body in programme.series(SQUARES, THURSDAY)]
    accepted = {str(line.activity_id) for line in programme.lines(HEGGEDAL) if line.said["nb"] in PAIR}
    assert {body["activity_id"] for body in bodies if "exception" in body} == accepted
    assert all(body["exception"]["reason"] for body in bodies if "exception" in body)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("date", DAYS)
def test_rooms_asked_for__on_a_day_that_is_played__are_none_that_are_too_loud(date: dt.date, seed: int) -> None:
    rooms, played = around(HEGGEDAL), Day(HEGGEDAL, date, seed)
    loud = [sound(line, date) for line in programme.lines(HEGGEDAL) if line.on(date)]
    wanted = [act.call for act in asking.askings(played) if act.call and "is wanted where" not in act.say]
    for _, _, body in wanted:
        if "space_ids" in body:
            leaves = tuple(UUID(leaf) for leaf in body["space_ids"])
            times = (dt.datetime.fromisoformat(body[name]) for name in ("starts_at", "ends_at"))
            quiet = Sound(leaves, id=house.uid("asked", seed), time=(next(times), next(times)))
            assert not [one for one in conflicts(quiet, loud, rooms) if one.serious]


def test_appointments__where_hearing_is_tested__keep_out_of_the_noise_next_door() -> None:
    line = next(line for line in programme.lines(HEGGEDAL) if line.said["nb"] == "Foreldregruppe")
    assert line.disturbed == ["helse-4", "mote-1"]
    start, end = line.occupied(MONDAY)
    mondays = [MONDAY + dt.timedelta(weeks=week) for week in range(8)]
    told = [one for date in mondays for one in consultations.appointments(HEGGEDAL, "helse-4", date)]
    times = [tuple(dt.datetime.fromisoformat(one[name]) for name in ("starts_at", "ends_at")) for one in told]
    assert times
    assert not [1 for begin, finish in times if begin.time() < end.time() and start.time() < finish.time()]
