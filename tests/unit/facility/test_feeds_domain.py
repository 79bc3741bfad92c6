"""What the next edition of a calendar changes, and when it is read again."""

import datetime as dt
from dataclasses import replace
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import pytest

from services.facility.feeds.domain import (
    LONGEST_PAUSE,
    Broken,
    Feed,
    Known,
    Plan,
    Step,
    Wanted,
    after_pass,
    booking_id,
    date_id,
    plan,
)

NOW = dt.datetime(2026, 11, 24, 8, tzinfo=dt.UTC)
UNTIL = NOW + dt.timedelta(days=396)
HOUR = dt.timedelta(hours=1)
MINUTE = dt.timedelta(minutes=1)
FEED = Feed(
    id=UUID(int=1), version=1, square_id=UUID(int=2), zone=ZoneInfo("Europe/Oslo"), space_id=UUID(int=3), unit_id=None,
    unit_kind=None, name="Koret", kind="address", url="https://calendar.example.org/a.ics", file_digest=None,
    refresh_minutes=60, override=False, titles="shown", created_at=NOW,
)  # fmt: skip


def wanted(number: int, hours: int = 24) -> Wanted:
    return Wanted(UUID(int=number), NOW + hours * HOUR, NOW + (hours + 1) * HOUR, "Øving")


def known(one: Wanted, **more: object) -> Known:
    made = Known(one.id, FEED.id, one.starts_at, one.ends_at, one.title, "booked", NOW, NOW, one.id, 1)
    return replace(made, **more)  # type: ignore[arg-type]


def planned(now: list[Wanted], *before: Known, live: set[UUID] | None = None, most: int = 400) -> Plan:
    there = {one.booking_id for one in before if one.booking_id} if live is None else live
    return plan(now, {one.id: one for one in before}, there, NOW, UNTIL, most)


def done(made: Plan) -> list[tuple[str, int]]:
    return [(step.do, (step.wanted or step.known).id.int) for step in made.steps if step.wanted or step.known]


def test_plan__first_edition__books_every_date() -> None:
    assert done(planned([wanted(1), wanted(2, 48)])) == [("book", 1), ("book", 2)]


def test_plan__same_edition_again__does_nothing() -> None:
    assert planned([wanted(1)], known(wanted(1))) == Plan([], 0)


def test_plan__changed_vanished_and_new_dates__frees_before_it_moves_and_moves_before_it_books() -> None:
    before = [known(wanted(1)), known(wanted(2))]
    assert done(planned([wanted(3, 1), wanted(1, 30)], *before)) == [("drop", 2), ("move", 1), ("book", 3)]


@pytest.mark.parametrize("at", [-5, 24 * 500])
def test_plan__vanished_date_that_is_over_or_beyond_the_window__is_left_alone(at: int) -> None:
    assert planned([], known(wanted(1, at))) == Plan([], 0)


def test_plan__date_that_clashed__is_tried_again_at_the_same_time() -> None:
    refused = known(wanted(1), state="refused", booking_id=None, made=0)
    assert done(planned([wanted(1)], refused)) == [("book", 1)]


def test_plan__moved_date_that_clashed__is_still_to_be_moved() -> None:
    assert done(planned([wanted(1)], known(wanted(1), state="refused"))) == [("move", 1)]


def test_plan__booking_cancelled_by_hand__is_not_made_again_until_the_calendar_moves_it() -> None:
    assert planned([wanted(1)], known(wanted(1)), live=set()) == Plan([], 0)
    assert done(planned([wanted(1, 30)], known(wanted(1)), live=set())) == [("book", 1)]


def test_plan__dismissed_clash__stays_away_until_the_calendar_moves_it() -> None:
    dismissed = known(wanted(1), state="dismissed", booking_id=None)
    assert planned([wanted(1)], dismissed) == Plan([], 0)
    assert done(planned([wanted(1, 30)], dismissed)) == [("book", 1)]


def test_plan__date_that_came_back__is_booked_under_another_id() -> None:
    gone = known(wanted(1), state="gone", booking_id=None, made=1)
    assert done(planned([wanted(1)], gone)) == [("book", 1)]
    assert booking_id(gone.id, gone.made) != booking_id(gone.id, 0) == gone.id


def test_plan__more_dates_than_allowed__takes_the_earliest_and_tells_how_many_are_left() -> None:
    dates = [wanted(number, number) for number in range(1, 6)]
    made = planned(dates, known(dates[4]), most=3)
    assert done(made) == [("book", 1), ("book", 2)]
    assert made.beyond == 2


def test_ids__of_feed_key_and_date__are_stable_and_never_run_together() -> None:
    feed = uuid4()
    assert date_id(feed, "a", "b") == date_id(feed, "a", "b")
    assert (
        len({date_id(feed, "a", "b"), date_id(feed, "a/b", ""), date_id(feed, "", "a/b"), date_id(feed, "a", "")}) == 4
    )


def moving(number: int) -> Step:
    return Step("move", wanted(number, 30), known(wanted(number)))


def test_after_pass__what_a_moved_booking_blocked__is_tried_again() -> None:
    waits = Step("book", wanted(3), None)
    assert after_pass([(waits, [UUID(int=1)])], [UUID(int=1)]) == ([waits], None)


def test_after_pass__dates_that_change_places__one_is_freed() -> None:
    ring = [(moving(1), [UUID(int=2)]), (moving(2), [UUID(int=1)])]
    again, free = after_pass(ring, [])
    assert again == []
    assert free is not None
    assert (free.do, free.known) == ("free", ring[0][0].known)


def test_after_pass__date_that_somebody_else_blocks__waits() -> None:
    assert after_pass([(moving(1), [UUID(int=9)])], []) == ([], None)


@pytest.mark.parametrize(("failures", "hours"), [(0, 1), (1, 2), (2, 4), (3, 8), (4, 16), (5, 24), (500, 24)])
def test_next_reading__after_so_many_failures__is_further_away_up_to_a_day(failures: int, hours: int) -> None:
    feed = replace(FEED, tried_at=NOW, failures=failures)
    assert feed.planned_at == NOW + hours * HOUR


def test_next_reading__that_was_to_be_rarer_than_the_longest_pause__is_not_hurried_by_a_failure() -> None:
    feed = replace(FEED, tried_at=NOW, failures=1, refresh_minutes=60 * 48)
    assert feed.planned_at == NOW + 48 * HOUR


def test_broken_feed__keeps_its_last_good_time_and_obeys_retry_after_up_to_a_day() -> None:
    good = FEED.good(NOW)
    broken = good.broke(NOW + HOUR, Broken("status", status=503, retry_after=10**8))
    assert (broken.good_at, broken.broken_since, broken.fault, broken.fault_status) == (NOW, NOW + HOUR, "status", 503)
    assert broken.planned_at == NOW + HOUR + LONGEST_PAUSE
    again = broken.broke(NOW + 2 * HOUR, Broken("timeout"))
    assert (again.broken_since, again.failures, again.fault) == (NOW + HOUR, 2, "timeout")
    assert again.good(NOW + 3 * HOUR).fault is None


def test_fetching_by_hand__is_possible_a_few_minutes_after_the_last_time_and_after_a_clock_set_back() -> None:
    feed = FEED.good(NOW)
    assert not feed.may_fetch(NOW + 4 * MINUTE)
    assert feed.may_fetch(NOW + 5 * MINUTE)
    assert feed.may_fetch(NOW - HOUR)


def test_file__gone_through_again__is_as_old_as_its_upload() -> None:
    file = replace(FEED, kind="file", url=None, file_digest="x", good_at=NOW)
    assert file.good(NOW + HOUR).good_at == NOW
