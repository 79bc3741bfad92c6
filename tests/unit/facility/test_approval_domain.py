"""Whose yes a request waits for, and who may say it."""

import datetime as dt
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.facility.approval.domain import Owned, Party, missing, parties, speaks_for
from services.facility.policy.domain import Policy, StandIn, Touched
from shared.identity import Actor

NOW = dt.datetime(2026, 11, 24, 8, tzinfo=dt.UTC)
START = NOW + dt.timedelta(days=10)
SQUARE, LIBRARY, SENIOR, DESK, ELSEWHERE = (UUID(int=n) for n in range(1, 6))
ASKS = Policy(otherwise="request", decide_within_hours=24)
UNITS = [LIBRARY, SENIOR, DESK]


def actor(role: str, scope: object = "*") -> Actor:
    return Actor("somebody", frozenset({(role, str(scope))}))


def party(**more: object) -> Party:
    values = {"id": LIBRARY, "unit_id": LIBRARY, "square_id": SQUARE, "why": "owner", "binding": True, **more}
    return Party(**values)  # type: ignore[arg-type]  # a shorthand of this test


def test_parties__of_a_room_without_a_policy__stand_in_the_inbox_and_bind_nobody() -> None:
    (owner,) = parties([Owned(SQUARE, LIBRARY, None)], [], NOW, START)

    assert (owner.id, owner.binding, owner.deadline) == (LIBRARY, False, None)
    assert missing([owner]) == []


def test_parties__of_a_room_nobody_owns__is_the_square() -> None:
    (owner,) = parties([Owned(SQUARE, None, ASKS)], [], NOW, START)

    assert (owner.id, owner.unit_id, owner.binding) == (SQUARE, None, True)


def test_parties__of_a_policy_that_lets_everybody_book__do_not_bind() -> None:
    assert not parties([Owned(SQUARE, LIBRARY, Policy(horizon_days=3))], [], NOW, START)[0].binding


def test_parties__of_several_rooms_and_units__are_each_one_and_the_owner_stays_an_owner() -> None:
    touched = [Touched(LIBRARY, SQUARE, "noise"), Touched(SENIOR, SQUARE, "noise")]
    owned = [Owned(SQUARE, LIBRARY, None), Owned(SQUARE, LIBRARY, ASKS), Owned(SQUARE, DESK, None)]

    found = parties(owned, touched, NOW, START)

    assert [(one.id, one.why, one.binding) for one in found] == [
        (LIBRARY, "owner", True),
        (DESK, "owner", False),
        (SENIOR, "noise", True),
    ]
    assert found[0].deadline == NOW + dt.timedelta(hours=24)


def test_missing__after_some_have_agreed__is_the_rest() -> None:
    library, senior = party(), party(id=SENIOR, unit_id=SENIOR, why="noise")

    assert missing([library, senior]) == [library, senior]
    assert missing([library, senior], [library]) == [senior]
    assert missing([party(approved_at=NOW), senior], [senior]) == []


@pytest.mark.parametrize(
    ("who", "may"),
    [
        (actor("unit_editor", LIBRARY), True),
        (actor("unit_editor", SQUARE), True),
        (actor("house_manager"), True),
        (actor("unit_editor", SENIOR), False),
        (actor("front_line", LIBRARY), False),
        (actor("front_line"), False),
        (actor("auditor"), False),
        (Actor("nobody", frozenset()), False),
    ],
)
def test_speaks_for__a_unit__its_editors_and_whoever_stands_over_the_square(who: Actor, may: bool) -> None:
    assert speaks_for(who, party(), NOW) == may


STAND_INS: list[tuple[StandIn, Actor, bool]] = [
    (StandIn(role="front_line"), actor("front_line", SQUARE), True),
    (StandIn(role="front_line"), actor("front_line", ELSEWHERE), False),
    (StandIn(role="front_line", unit_id=SENIOR), actor("front_line", SENIOR), True),
    (StandIn(role="front_line", unit_id=SENIOR), actor("front_line", SQUARE), False),
    (StandIn(unit_id=SENIOR), actor("unit_editor", SENIOR), True),
    (StandIn(unit_id=SENIOR), actor("front_line", SENIOR), False),
]


@pytest.mark.parametrize(("stand_in", "who", "may"), STAND_INS)
def test_speaks_for__a_stand_in__has_its_turn_at_the_deadline_and_not_before(
    stand_in: StandIn, who: Actor, may: bool
) -> None:
    one = party(deadline=NOW, stand_in=stand_in)

    assert not speaks_for(who, one, NOW - dt.timedelta(microseconds=1))
    assert speaks_for(who, one, NOW) == may
    assert not speaks_for(who, party(deadline=NOW, stand_in=stand_in, approved_at=NOW), NOW)


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.tuples(st.none() | st.sampled_from(UNITS), st.sampled_from([None, Policy(), ASKS])), min_size=1),
    st.lists(st.sampled_from(UNITS), unique=True),
)
def test_parties__whatever_is_asked_for__are_the_owners_and_the_touched_once_each(
    rooms: list[tuple[UUID | None, Policy | None]], touched: list[UUID]
) -> None:
    owned = [Owned(SQUARE, owner, policy) for owner, policy in rooms]
    found = parties(owned, [Touched(unit, SQUARE, "noise") for unit in touched], NOW, START)

    assert [one.id for one in found] == list(dict.fromkeys([*(owner or SQUARE for owner, _ in rooms), *touched]))
    asking = {owner or SQUARE for owner, policy in rooms if policy == ASKS}
    assert {one.id for one in missing(found)} == asking | set(touched)
    assert all(one.deadline is None or NOW <= one.deadline <= START for one in found)
