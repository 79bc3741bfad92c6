"""From the bookings there are to one for each block."""

import datetime as dt
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from services.health_station.domain import Held, Steps, booking_id_of, steps
from shared.contracts.health_station import BusyBlock

MIDNIGHT = dt.datetime(2026, 11, 24, tzinfo=dt.UTC)
GRID = dt.timedelta(minutes=30)


def block(first: int, last: int) -> BusyBlock:
    """Of half hours, counted from midnight; `last` is not in it."""
    return BusyBlock(starts_at=MIDNIGHT + GRID * first, ends_at=MIDNIGHT + GRID * last)


def held(number: int, first: int, last: int) -> Held:
    return Held(UUID(int=number), block(first, last))


@st.composite
def blocks(draw: st.DrawFn) -> list[BusyBlock]:
    """Apart from each other and in order, as they are published."""
    bounds = sorted(draw(st.sets(st.integers(0, 48), max_size=12)))
    return [block(*pair) for pair in zip(bounds[::2], bounds[1::2], strict=False)]


@settings(deadline=None)
@given(blocks(), blocks(), st.sets(st.integers(0, 5)))
def test_steps__from_any_bookings_to_any_blocks__leave_one_booking_for_each_and_never_meet_another(
    before: list[BusyBlock], wanted: list[BusyBlock], elsewhere: set[int]
) -> None:
    there = [Held(UUID(int=n), None if n in elsewhere else one) for n, one in enumerate(before)]
    now = {one.booking_id: one.block for one in there}

    todo = steps(there, wanted)
    for gone in todo.give_up:
        del now[gone]
    for moved, to in todo.move:
        others = [one for booking, one in now.items() if booking != moved and one]
        assert not any(to.starts_at < one.ends_at and one.starts_at < to.ends_at for one in others if one not in wanted)
        now[moved] = to
    after = [*now.values(), *todo.book]

    assert sorted(one.starts_at for one in after if one) == [one.starts_at for one in wanted]
    assert set(after) == set(wanted)


@settings(deadline=None)
@given(blocks())
def test_steps__with_everything_where_it_should_be__are_none(wanted: list[BusyBlock]) -> None:
    assert steps([Held(UUID(int=n), one) for n, one in enumerate(wanted)], wanted) == Steps()


def test_steps__a_block_that_grew__moves_its_booking_and_books_no_other() -> None:
    assert steps([held(1, 18, 20)], [block(18, 21)]) == Steps(move=((UUID(int=1), block(18, 21)),))


def test_steps__two_blocks_that_became_one__give_up_the_second_and_move_the_first() -> None:
    todo = steps([held(1, 18, 20), held(2, 21, 22)], [block(18, 22)])

    assert todo == Steps(give_up=(UUID(int=2),), move=((UUID(int=1), block(18, 22)),))


def test_steps__a_booking_in_the_way_of_another_that_grows__is_given_up_although_it_will_be_wanted() -> None:
    todo = steps([held(1, 0, 2), held(2, 3, 5)], [block(0, 4), block(5, 7)])

    assert todo == Steps(give_up=(UUID(int=2),), move=((UUID(int=1), block(0, 4)),), book=(block(5, 7),))


def test_steps__a_booking_somebody_moved_to_another_room__is_given_up_and_made_anew() -> None:
    todo = steps([Held(UUID(int=1), None)], [block(18, 20)])

    assert todo == Steps(give_up=(UUID(int=1),), book=(block(18, 20),))


def test_booking_id__of_the_same_room_date_and_number__is_the_same_and_of_no_other() -> None:
    room, date = UUID(int=7), dt.date(2026, 11, 24)

    assert booking_id_of(room, date, 1) == booking_id_of(room, date, 1)
    assert len({booking_id_of(room, date, n) for n in range(1, 50)}) == 49
    assert booking_id_of(room, date + dt.timedelta(days=1), 1) != booking_id_of(room, date, 1)
