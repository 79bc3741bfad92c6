"""What a series does on public holidays."""

import datetime as dt

from hypothesis import given
from hypothesis import strategies as st

from shared.workdays import decided, easter, is_public_holiday

MAY = [dt.date(2027, 5, day) for day in (10, 17, 24)]


def test_decided__kept__is_what_it_was() -> None:
    assert decided(MAY, "keep") == MAY


def test_decided__skipped__passes_over_the_double_holiday_once() -> None:
    assert decided(MAY, "skip") == [MAY[0], None, MAY[2]]


def test_decided__moved__goes_to_the_next_day_that_is_free() -> None:
    assert decided(MAY, "move") == [MAY[0], dt.date(2027, 5, 18), MAY[2]]
    assert decided([*MAY, dt.date(2027, 5, 18)], "move")[1] == dt.date(2027, 5, 19)


def test_decided__moved_from_good_friday__passes_easter() -> None:
    assert decided([dt.date(2027, 3, 26)], "move") == [dt.date(2027, 3, 27)]
    assert decided([dt.date(2027, 3, 28)], "move") == [dt.date(2027, 3, 30)]


def test_easter__of_years__is_easter_day() -> None:
    assert [easter(year) for year in (2026, 2027, 2028)] == [
        dt.date(2026, 4, 5),
        dt.date(2027, 3, 28),
        dt.date(2028, 4, 16),
    ]


@given(st.lists(st.dates(dt.date(2026, 1, 1), dt.date(2029, 12, 31)), unique=True, max_size=60))
def test_decided__moved__never_ends_on_a_holiday_or_on_another_date(days: list[dt.date]) -> None:
    found = decided(days, "move")

    there = [day for day in found if day is not None]
    assert len(found) == len(days)
    assert not any(is_public_holiday(day) for day in there)
    assert len(set(there)) == len(there)
    assert all(now == before for now, before in zip(found, days, strict=True) if not is_public_holiday(before))
