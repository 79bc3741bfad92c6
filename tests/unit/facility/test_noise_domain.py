"""Which bookings disturb each other: the rule both ways, over divisible rooms, and against a slow reading of it."""

import datetime as dt
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.facility.finding.domain import Room, Surroundings
from services.facility.noise.domain import Conflict, Sound, conflicts, reach
from tests.unit.facility.test_finding_domain import room

NINE = dt.datetime(2026, 12, 3, 9, tzinfo=dt.UTC)
GYM, QUIET, HALL, LEFT, RIGHT = (UUID(int=number) for number in range(1, 6))


def hours(start: float, end: float) -> tuple[dt.datetime, dt.datetime]:
    return NINE + dt.timedelta(hours=start), NINE + dt.timedelta(hours=end)


def sound(number: int, *leaves: UUID, start: float = 0, end: float = 1, **more: Any) -> Sound:
    return Sound(leaves, **more, id=UUID(int=100 + number), time=hours(start, end))


def house(attenuation: int = 2, tolerance: int | None = 0) -> Surroundings:
    """A gym that is heard in a quiet room."""
    return Surroundings(
        [room(1, noise_out=4, neighbours=((QUIET, attenuation),)), room(2, noise_tolerance=tolerance)],
    )


def found(wish: Sound, *others: Sound, around: Surroundings | None = None) -> list[tuple[str, int]]:
    return [(one.way, one.severity) for one in conflicts(wish, others, around or house())]


def test_conflicts__exercise_beside_the_hard_of_hearing__are_severe_from_either_side() -> None:
    exercise, meeting = sound(1, GYM, noise_out=4), sound(2, QUIET, noise_out=1, quiet_need=5)
    assert conflicts(exercise, [meeting], house()) == [Conflict(meeting.id, "out", GYM, QUIET, 2)]
    assert conflicts(meeting, [exercise], house()) == [Conflict(exercise.id, "in", GYM, QUIET, 2)]
    assert conflicts(exercise, [meeting], house())[0].serious


@pytest.mark.parametrize(
    ("noise", "attenuation", "tolerance", "need", "severity"),
    [
        (4, 2, 2, None, 0),
        (4, 2, 1, None, 1),
        (4, 2, 1, 3, 1),
        (4, 2, 5, 4, 1),
        (4, 2, 5, 5, 2),
        (5, 0, 0, None, 5),
        (None, 0, 0, 5, 0),
        (0, 0, 0, 5, 0),
        (5, 5, 0, 5, 0),
        (5, 0, None, 5, 0),
    ],
)
def test_conflicts__of_a_loud_booking__are_what_the_room_and_the_other_do_not_bear(
    noise: int | None, attenuation: int, tolerance: int | None, need: int | None, severity: int
) -> None:
    around = house(attenuation, tolerance)
    told = found(sound(1, GYM, noise_out=noise), sound(2, QUIET, quiet_need=need), around=around)
    assert told == ([("out", severity)] if severity else [])


def test_conflicts__the_quiet_room_is_loud__does_nothing_to_the_gym_which_does_not_hear_it() -> None:
    assert found(sound(2, QUIET, noise_out=5), sound(1, GYM, quiet_need=5)) == []


def test_conflicts__bookings_that_only_touch_in_time__are_none() -> None:
    assert found(sound(1, GYM, noise_out=4), sound(2, QUIET, start=1, end=2)) == []
    assert found(sound(1, GYM, noise_out=4, end=1.25), sound(2, QUIET, start=1, end=2)) == [("out", 2)]


def test_conflicts__with_a_room_where_nobody_is__are_none() -> None:
    assert found(sound(1, GYM, noise_out=4), sound(2, QUIET, minds=False)) == []
    assert found(sound(2, QUIET, minds=False), sound(1, GYM, noise_out=4)) == []


def test_conflicts__of_several__come_worst_first_and_never_with_itself() -> None:
    wish = sound(1, GYM, noise_out=4)
    told = conflicts(wish, [wish, sound(2, QUIET), sound(3, QUIET, quiet_need=5)], house(attenuation=1, tolerance=2))
    assert [(one.other, one.severity) for one in told] == [(UUID(int=103), 3), (UUID(int=102), 1)]


def divisible(**more: Any) -> list[Room]:
    """The gym is heard in a hall of two parts."""
    heard = more.pop("heard", ((HALL, 3),))
    return [
        room(1, neighbours=heard),
        room(3, leaves=(LEFT, RIGHT), noise_tolerance=0),
        room(4, parent_id=HALL, **more),
        room(5, parent_id=HALL),
    ]


def test_parts__of_a_hall_that_hears__hear_too_and_bear_what_it_bears_unless_they_say_otherwise() -> None:
    wish = sound(1, GYM, noise_out=5)
    around = Surroundings(divisible(noise_tolerance=1))
    assert found(wish, sound(2, LEFT), around=around) == [("out", 1)]
    assert found(wish, sound(2, RIGHT), around=around) == [("out", 2)]
    assert found(wish, sound(2, LEFT, RIGHT), around=around) == [("out", 2)]


@pytest.mark.parametrize("heard", [((HALL, 3), (RIGHT, 5)), ((RIGHT, 5), (HALL, 3))])
def test_parts__what_is_said_of_one__goes_before_what_is_said_of_the_hall(heard: tuple[tuple[UUID, int], ...]) -> None:
    around = Surroundings(divisible(heard=heard))
    assert around.heard_in(GYM) == {LEFT: 3, RIGHT: 5}


def test_parts__of_a_hall_that_is_heard__are_heard_too_but_not_in_themselves() -> None:
    hall = room(3, leaves=(LEFT, RIGHT), neighbours=((QUIET, 2),))
    left = room(4, parent_id=HALL, neighbours=((QUIET, 4), (RIGHT, 1)))
    around = Surroundings([room(2), hall, left, room(5, parent_id=HALL)])
    assert around.heard_in(LEFT) == {QUIET: 4, RIGHT: 1}
    assert around.heard_in(RIGHT) == {QUIET: 2}
    assert around.heard_from(QUIET) == {LEFT: 4, RIGHT: 2}
    assert around.heard_in(QUIET) == {}


levels = st.integers(0, 5)
said = st.none() | levels
LEAVES = [UUID(int=number) for number in range(1, 5)]
walls = st.dictionaries(st.tuples(*[st.sampled_from(LEAVES)] * 2).filter(lambda way: way[0] != way[1]), levels)
sounds = st.builds(
    lambda number, leaves, start, length, noise, need: sound(
        number, *sorted(leaves), start=start, end=start + length, noise_out=noise, quiet_need=need
    ),
    st.integers(0, 1000),
    st.sets(st.sampled_from(LEAVES), min_size=1, max_size=2),
    st.integers(0, 4),
    st.integers(1, 3),
    said,
    said,
)


def rooms_of(ways: dict[tuple[UUID, UUID], int], bears: dict[UUID, int | None]) -> Surroundings:
    return Surroundings(
        room(leaf.int, noise_tolerance=bears[leaf], neighbours=tuple((to, ways[a, to]) for a, to in ways if a == leaf))
        for leaf in LEAVES
    )


@given(walls, st.fixed_dictionaries(dict.fromkeys(LEAVES, said)), sounds, st.lists(sounds, max_size=5))
def test_conflicts__of_any_house__are_what_is_counted_by_hand(
    ways: dict[tuple[UUID, UUID], int], bears: dict[UUID, int | None], wish: Sound, others: list[Sound]
) -> None:
    others = list({one.id: one for one in others if one.id != wish.id}.values())
    expected = {}
    for other in others:
        for way, loud, quiet in (("out", wish, other), ("in", other, wish)):
            severities = [
                (loud.noise_out or 0) - taken - min(bears[to] or 0, 5 - (quiet.quiet_need or 0))
                for (at, to), taken in ways.items()
                if at in loud.leaves and to in quiet.leaves and bears[to] is not None
            ]
            meet = wish.time[0] < other.time[1] and other.time[0] < wish.time[1]
            if meet and max(severities, default=0) > 0:
                expected[other.id, way] = max(severities)
    around = rooms_of(ways, bears)
    told = conflicts(wish, others, around)
    assert {(one.other, one.way): one.severity for one in told} == expected
    near = reach(wish, around)
    assert all(not near.isdisjoint(other.leaves) for other in others if any(other.id == one.other for one in told))


@given(walls, st.fixed_dictionaries(dict.fromkeys(LEAVES, said)), sounds, sounds)
def test_conflicts__of_two__are_the_same_whoever_is_first(
    ways: dict[tuple[UUID, UUID], int], bears: dict[UUID, int | None], one: Sound, other: Sound
) -> None:
    around, turned = rooms_of(ways, bears), {"out": "in", "in": "out"}
    here = {(found.way, found.severity) for found in conflicts(one, [other], around)}
    there = {(turned[found.way], found.severity) for found in conflicts(other, [one], around)}
    assert here == there
