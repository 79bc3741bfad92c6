"""What stands beside the doors: newest revisions as known at an instant, small numbers hidden for good."""

import datetime as dt
from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from visitor_house import at, day, facts, rows

from services.aggregator.visitors.facts import Measure, Tally
from services.aggregator.visitors.heads import Beside, Heads
from shared.suppression import Classification, is_small

MONDAY, TUESDAY = "2026-10-05", "2026-10-06"
COUNTED = f"{MONDAY}T20:00"
PUBLISHED = "2026-10-13T02:00"
LATER, LATEST = "2026-10-20T12:00", "2026-10-21T12:00"


def tally(
    *counts: tuple[str, int],
    date: str = MONDAY,
    measure: Measure = "participations",
    classification: Classification = "internal",
) -> Tally:
    return Tally(measure, day(date), classification, [(at(told), count) for told, count in counts])


def beside(*tallies: Tally, now: str = LATEST, **asked: Any) -> Beside:
    (row,) = rows(replace(facts(), tallies=tallies), MONDAY, now=now, **asked)
    found: Beside = row.beside
    return found


def test__measures__are_summed_each_by_itself() -> None:
    found = beside(
        tally((COUNTED, 12)),
        tally((COUNTED, 9)),
        tally((COUNTED, 40), measure="off_site_participations"),
        tally((COUNTED, 5), measure="contacts"),
        tally((COUNTED, 6), date=TUESDAY),
    )
    assert found == Beside(21, 40, 5)


def test__nothing_counted__is_no_figure_and_nobody_came_is_zero() -> None:
    assert beside() == Beside(None, None, None)
    assert beside(tally((COUNTED, 0))).participations == 0


def test__newest_revision__counts_as_far_as_it_was_known() -> None:
    counted = tally((COUNTED, 12), (f"{TUESDAY}T09:00", 14))
    assert beside(counted, now=f"{MONDAY}T19:59").participations is None
    assert beside(counted, now=f"{TUESDAY}T08:59").participations == 12
    assert beside(counted, now=f"{TUESDAY}T09:00").participations == 14


def test__newest_revision__recorded_by_a_clock_that_was_set_back__still_is_the_newest() -> None:
    counted = tally((f"{TUESDAY}T12:00", 12), (f"{TUESDAY}T09:00", 14))
    assert [beside(counted, now=f"{TUESDAY}T{hour}:00").participations for hour in ("10", "13")] == [14, 14]


def test__period__is_the_sum_of_its_days() -> None:
    tallies = tally((COUNTED, 2)), tally((COUNTED, 9), date=TUESDAY), tally((COUNTED, 7), date="2026-10-12")
    assert beside(*tallies, by="week").participations == 11
    assert beside(*tallies).participations == ":"


def test__hours__have_nothing_beside_them() -> None:
    found = rows(replace(facts(), tallies=[tally((COUNTED, 12))]), MONDAY, by="hour")
    assert all(row.beside == Beside() for row in found)


def test__small_count_before_publication__shows_again_once_it_is_none() -> None:
    counted = tally((COUNTED, 2), (f"{TUESDAY}T09:00", 14))
    assert beside(counted, now=COUNTED).participations == ":"
    assert beside(counted, now=f"{TUESDAY}T09:00").participations == 14
    assert beside(counted).participations == 14


def test__small_count_at_publication__stays_hidden_afterwards() -> None:
    counted = tally((COUNTED, 2), (LATER, 30))
    assert [beside(counted, now=now).participations for now in (PUBLISHED, LATER, LATEST)] == [":", ":", ":"]
    at_once = tally((PUBLISHED, 2), (LATER, 30))
    assert beside(at_once, now=LATER).participations == ":"
    in_time = tally((COUNTED, 2), (PUBLISHED, 30))
    assert beside(in_time, now=LATER).participations == 30


def test__count_that_was_small_in_a_later_revision__stays_hidden_in_the_next() -> None:
    counted = tally((COUNTED, 30), ("2026-10-14T12:00", 1), (LATER, 25))
    assert [beside(counted, now=now).participations for now in (PUBLISHED, "2026-10-14T12:00", LATER)] == [30, ":", ":"]


def test__restricted__is_hidden_below_five_also_when_nobody_came() -> None:
    health = [tally((COUNTED, count), classification="restricted") for count in (0, 4, 5)]
    assert [beside(one).participations for one in health] == [":", ":", 5]
    assert beside(tally((COUNTED, 3)), health[0]).participations == ":"
    assert beside(tally((COUNTED, 30)), health[1]).participations == 34
    assert beside(tally((COUNTED, 3))).participations == 3


TIMES = st.integers(0, 12).map(lambda n: n * 10)
TALLIES = st.lists(
    st.builds(
        lambda counts, of: Tally("participations", dt.date(2026, 10, 5), of, counts),
        st.lists(st.tuples(TIMES, st.integers(0, 7)), min_size=1, max_size=4),
        st.sampled_from(["internal", "internal", "restricted"]),
    ),
    max_size=5,
)


@given(tallies=TALLIES, published=TIMES, now=TIMES)
def test__what_is_shown__is_what_looking_again_at_every_instant_shows(
    tallies: list[Tally], published: int, now: int
) -> None:
    def seen(instant: int) -> int | str | None:
        known = [(tally.known(instant), tally.classification) for tally in tallies]
        counts = [(count, of) for count, of in known if count is not None]
        if not counts:
            return None
        of: Classification = "restricted" if any(of == "restricted" for _, of in counts) else "internal"
        total = sum(count for count, _ in counts)
        return ":" if is_small(total, of) else total

    looked = range(published, now + 1) if published <= now else range(now, now + 1)
    shown = [seen(instant) for instant in looked]
    expected = ":" if ":" in shown else shown[-1]
    assert Heads(tallies).beside([dt.date(2026, 10, 5)], published, now).participations == expected
