"""A shift's states, each at the border where one becomes another."""

import datetime as dt
from uuid import UUID

import pytest

from services.volunteer_central import domain
from shared.contracts.volunteer_central import Shift

START = dt.datetime(2026, 12, 3, 15, tzinfo=dt.UTC)
NOTICE = START - dt.timedelta(hours=48)
MOMENT = dt.timedelta(microseconds=1)


def shift(**more: object) -> Shift:
    usual = {"shift_id": UUID(int=1), "square_id": UUID(int=2), "unit_id": UUID(int=3), "role": "host", "needed": 2}
    times = {"starts_at": START, "ends_at": START + dt.timedelta(hours=4), "state": "open"}
    return Shift.model_validate(usual | times | more)


@pytest.mark.parametrize(
    ("state", "confirmed", "by", "now", "told"),
    [
        ("open", 0, 1, NOTICE - MOMENT, ("open", "changed")),
        ("open", 1, 1, NOTICE - MOMENT, ("staffed", "staffed")),
        ("open", 0, 1, NOTICE, ("understaffed", "understaffed")),
        ("understaffed", 0, 1, NOTICE, ("understaffed", "changed")),
        ("understaffed", 1, 1, NOTICE, ("staffed", "staffed")),
        ("staffed", 2, -1, NOTICE - MOMENT, ("open", "changed")),
        ("staffed", 2, -1, NOTICE, ("understaffed", "understaffed")),
        ("staffed", 3, -1, NOTICE, ("staffed", "changed")),
    ],
)
def test_filled__by_one__is_told_by_what_it_became(
    state: str, confirmed: int, by: int, now: dt.datetime, told: tuple[str, str]
) -> None:
    after, verb = domain.filled(shift(state=state, confirmed=confirmed), by, now)

    assert (after.state, verb) == told
    assert after.confirmed == confirmed + by


def test_changed__to_a_later_date__is_open_again() -> None:
    later = shift(starts_at=START + dt.timedelta(days=7), ends_at=START + dt.timedelta(days=7, hours=2))

    after, verb = domain.changed(shift(state="understaffed", confirmed=1), later, NOTICE)

    assert (after.state, after.confirmed, verb) == ("open", 1, "changed")


@pytest.mark.parametrize("state", ["staffed", "understaffed", "completed", "cancelled"])
def test_fallen_due__what_is_not_open__stays_as_it_is(state: str) -> None:
    assert domain.fallen_due(shift(state=state), START) is None


def test_volunteer__in_words__has_no_name() -> None:
    one = domain.Volunteer(UUID(int=1), 1, UUID(int=2), UUID(int=3), "Oddny Prøvesen", "400 00 123")

    assert "Oddny" not in repr(one)
    assert "400 00 123" not in repr(one)
