"""When there is too little of a thing, counted in the slowest way too."""

import datetime as dt
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from services.facility.equipment.domain import Use, in_the_way, least_left, most_away, short, way
from shared.contracts.facility import Equipment

HERE, THERE = UUID(int=1), UUID(int=2)
LIBRARY, DESK = UUID(int=3), UUID(int=4)
ZERO = dt.datetime(2026, 12, 1, tzinfo=dt.UTC)


def at(minute: int) -> dt.datetime:
    return ZERO + dt.timedelta(minutes=minute)


def use(start: int, end: int, count: int = 1, booking: int = 0) -> Use:
    return Use(UUID(int=booking), UUID(int=9), count, (at(start), at(end)))


def thing(unit: UUID | None = LIBRARY) -> Equipment:
    return Equipment(
        equipment_id=UUID(int=9),
        square_id=HERE,
        unit_id=unit,
        kind="projector",
        name="P",
        unit_minutes=10,
        square_minutes=45,
    )


def minutes(found: dt.timedelta) -> int:
    return int(found.total_seconds()) // 60


def test_way__by_the_farthest_place__is_none_at_home_some_in_the_house_more_to_another_square() -> None:
    assert minutes(way(thing(), [(HERE, LIBRARY)])) == 0
    assert minutes(way(thing(), [(HERE, LIBRARY), (HERE, DESK)])) == 10
    assert minutes(way(thing(), [(HERE, None)])) == 10
    assert minutes(way(thing(), [(HERE, LIBRARY), (THERE, LIBRARY)])) == 45
    assert minutes(way(thing(None), [(HERE, DESK)])) == 0


def test_short__touching_uses__never_add_up() -> None:
    assert short([use(0, 10), use(10, 20)], 1) == []
    assert short([use(0, 10), use(5, 20)], 1) == [(at(5), at(10))]


def test_in_the_way__only_who_has_it_while_there_is_too_little() -> None:
    uses = [use(0, 10, booking=1), use(8, 20, booking=2), use(30, 40, booking=3)]
    assert in_the_way(uses, 2, use(0, 40)) == uses[:2]
    assert in_the_way(uses, 3, use(0, 40)) == []
    assert in_the_way(uses, 2, use(10, 40)) == []
    assert least_left(uses, 2, use(0, 40)) == 0
    assert least_left(uses, 2, use(10, 40)) == 1


uses = st.lists(
    st.builds(
        lambda start, length, count: use(start, start + length, count),
        st.integers(0, 30),
        st.integers(1, 15),
        st.integers(1, 3),
    ),
    max_size=8,
)
wanted = st.builds(
    lambda start, length, count: use(start, start + length, count),
    st.integers(0, 40),
    st.integers(1, 20),
    st.integers(1, 4),
)


def away(found: list[Use], minute: int) -> int:
    return sum(one.count for one in found if one.time[0] <= at(minute) < one.time[1])


@given(uses, wanted, st.integers(1, 8))
def test_in_the_way__any_uses__are_there_just_when_a_minute_runs_short(found: list[Use], want: Use, there: int) -> None:
    first, last = (int((edge - ZERO).total_seconds()) // 60 for edge in want.time)
    runs_short = any(away(found, minute) + want.count > there for minute in range(first, last))
    hits = in_the_way(found, there, want)
    if want.count <= there:
        assert bool(hits) == runs_short
    assert least_left(found, there, want) == max(0, there - max(away(found, minute) for minute in range(first, last)))
    assert most_away(found) == max(away(found, minute) for minute in range(60))
