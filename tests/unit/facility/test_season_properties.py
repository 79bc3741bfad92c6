"""What holds for every plan, whatever was applied for: held against a reckoning that knows nothing of the planner."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from services.facility.season.domain import Application, Terms, Time, Wish
from services.facility.season.ground import Room
from services.facility.season.plan import Given, Outcome, WishKey
from services.facility.season.planner import Problem
from tests.unit.facility.season_round import FIRST, OSLO, application, planned, problem, room

HALL = room(1, 60, "piano", leaves=(11, 12))
ROOMS = [HALL, room(2, 20, leaves=(11,)), room(3, 30, "piano", leaves=(12,)), room(4, None)]
KINDS = ("voluntary", "municipal", "business", "resident")

times = st.builds(
    lambda weekday, start, length, weeks: Time(weekday, start * 30, (start + length) * 30, weeks),
    st.integers(1, 2), st.integers(34, 42), st.integers(1, 5), st.sampled_from(["every", "odd", "even"]),
)  # fmt: skip
rooms = st.lists(st.sampled_from(ROOMS), max_size=3, unique_by=lambda one: one.id)
wishes = st.builds(
    lambda at, named, needs, setup: Wish(
        0, tuple(at), tuple(one.id for one in named), (), frozenset({"piano"} if needs else ()), setup, 0
    ),
    st.lists(times, min_size=1, max_size=2), rooms, st.booleans(), st.sampled_from([0, 15]),
)  # fmt: skip


def numbered(found: Sequence[Wish]) -> tuple[Wish, ...]:
    return tuple(replace(one, number=number) for number, one in enumerate(found, 1))


@st.composite
def applications(draw: st.DrawFn) -> list[Application]:
    made = []
    for number in range(1, draw(st.integers(1, 8)) + 1):
        asked = numbered(draw(st.lists(wishes, min_size=1, max_size=4)))
        late = draw(st.sampled_from([None, None, None, "for sent"]))
        kind, paid = draw(st.sampled_from(KINDS)), draw(st.booleans())
        people, organiser = draw(st.integers(1, 40)), draw(st.integers(1, 6))
        more = {"kind": kind, "paid": paid, "people": people, "organiser": organiser, "late_reason": late}
        made.append(application(number, *asked, **more))
    return made


def taken() -> dict[UUID, list[tuple[int, int, UUID]]]:
    """Every other Monday evening one leaf is booked already, 18:00 to 19:30."""
    monday = int(dt.datetime.combine(FIRST, dt.time(18), OSLO).timestamp())
    evenings = [(monday + 14 * 86_400 * turn, UUID(int=900 + turn)) for turn in range(5)]
    return {UUID(int=1011): [(start, start + 5400, booking) for start, booking in evenings]}


def made(outcomes: dict[WishKey, Outcome]) -> list[Given]:
    return [one.given for one in outcomes.values() if one.given]


def occupied(found: Given, asked: Problem) -> list[tuple[int, int]]:
    setup = next(
        wish.setup for one in asked.applications if one.id == found.wish[0] for wish in one.wishes
        if wish.number == found.wish[1]
    )  # fmt: skip
    return [(one.start - setup * 60, one.end) for one in found.meetings]


def meet(first: Sequence[tuple[int, int]], second: Sequence[tuple[int, int]]) -> bool:
    return any(a < d and c < b for a, b in first for c, d in second)


def leaves(found: Given) -> set[UUID]:
    return set(next(one for one in ROOMS if one.id == found.room_id).leaves)


@settings(max_examples=50, deadline=None)
@given(applications())
def test_plan__any_applications__never_takes_one_leaf_twice_at_once(asked: list[Application]) -> None:
    whole = problem(ROOMS, asked, taken=taken())
    outcomes = planned(whole)
    given_ = made(outcomes)
    for first, second in combinations(given_, 2):
        if leaves(first) & leaves(second):
            assert not meet(occupied(first, whole), occupied(second, whole))
    for one in given_:
        for leaf in leaves(one):
            booked = [(start, end) for start, end, _ in taken().get(leaf, [])]
            assert not meet(occupied(one, whole), booked)


@settings(max_examples=50, deadline=None)
@given(applications(), st.randoms(use_true_random=False))
def test_plan__same_question_in_any_order__has_the_same_answer(asked: list[Application], rng: object) -> None:
    first = planned(problem(ROOMS, asked, taken=taken()))
    rng.shuffle(asked)  # type: ignore[attr-defined]  # hypothesis types it as object
    assert planned(problem(ROOMS, asked, taken=taken())) == first


@settings(max_examples=50, deadline=None)
@given(applications(), st.integers(0, 3))
def test_plan__what_a_kind_gets__does_not_depend_on_those_behind_it(asked: list[Application], rank: int) -> None:
    """Priority, as one cannot be more strictly: leave out all who come after, and nothing changes for the others."""
    order = ("voluntary", "municipal", "business", "resident")
    ahead = [one for one in asked if not one.comes_last and order.index(one.organiser_kind) <= rank]
    everybody = planned(problem(ROOMS, asked, terms=Terms(priority=order)))
    alone = planned(problem(ROOMS, ahead, terms=Terms(priority=order)))
    relevant = {key: one for key, one in everybody.items() if key in alone}
    assert _places(relevant) == _places(alone)


def _places(outcomes: dict[WishKey, Outcome]) -> dict[WishKey, object]:
    """Lots are numbered among all who apply, so they are left out; their order is what counts."""
    return {key: one.given and (one.given.room_id, one.given.time, one.given.meetings) for key, one in outcomes.items()}


@settings(max_examples=50, deadline=None)
@given(applications())
def test_plan__wish_that_got_nothing__could_not_have_had_any_place_it_named(asked: list[Application]) -> None:
    whole = problem(ROOMS, asked, terms=Terms(least_percent=100))
    outcomes = planned(whole)
    for one in asked:
        for wish in one.wishes:
            if outcomes[one.id, wish.number].given is None:
                assert not any(_free(whole, outcomes, one, wish, space, time) for space, time in _wanted(one, wish))


def _wanted(one: Application, wish: Wish) -> list[tuple[Room, Time]]:
    fitting = [
        space
        for space in ROOMS
        if (not wish.space_ids or space.id in wish.space_ids)
        and wish.features <= space.features
        and (space.capacity is None or space.capacity >= one.people)
    ]
    return [(space, time) for space in fitting for time in wish.times]


def _free(
    whole: Problem, outcomes: dict[WishKey, Outcome], one: Application, wish: Wish, space: Room, time: Time
) -> bool:
    """By itself in an empty house it would get the place on these dates; does anybody now have any of them?"""
    alone = replace(one, wishes=(replace(wish, number=1, times=(time,), space_ids=(space.id,)),))
    empty = problem([space], [alone], terms=Terms(least_percent=1))
    place = planned(empty)[one.id, 1].given
    assert place is not None
    wanted = occupied(place, empty)
    return not any(set(space.leaves) & leaves(got) and meet(wanted, occupied(got, whole)) for got in made(outcomes))


@settings(max_examples=50, deadline=None)
@given(applications())
def test_plan__whoever_has_the_time__came_before_by_the_reason_that_is_given(asked: list[Application]) -> None:
    outcomes = planned(problem(ROOMS, asked, taken=taken()))
    fields = {"late_last": 0, "priority": 1, "earlier_round": 2, "fewer_hours": 3, "free_before_paid": 4, "lot": 5}
    for one in outcomes.values():
        for verdict in one.tried:
            if verdict.rule in fields:
                mine, theirs = one.turn, outcomes[verdict.holders[0]].turn
                at = fields[verdict.rule]
                assert mine is not None
                assert theirs is not None
                assert (mine[:at], theirs[at] < mine[at]) == (theirs[:at], True)


@settings(max_examples=50, deadline=None)
@given(st.lists(times, min_size=1, max_size=5), st.lists(applications(), max_size=1), st.text(max_size=4))
def test_plan__twins_with_the_same_wishes__never_differ_by_more_than_one_wish(
    wanted: list[Time], others: list[list[Application]], seed: str
) -> None:
    """Whoever has less goes first, so nobody of a kind gets ahead of another by more than a single time."""
    asked = numbered([Wish(0, (time,), (ROOMS[0].id,)) for time in wanted])
    twins = [application(number, *asked, organiser=number) for number in (501, 502)]
    outcomes = planned(problem(ROOMS, [*twins, *(others[0] if others else [])], seed=seed))
    minutes = [sum(one.minutes for one in made(outcomes) if one.wish[0] == twin.id) for twin in twins]
    longest = max(10 * (time.end - time.start) for time in wanted)  # at most on the ten dates of the season
    assert abs(minutes[0] - minutes[1]) <= longest
