from dataclasses import replace
from typing import Any

from visitor_house import (
    DOOR,
    LIBRARY,
    ZONE,
    at,
    day,
    door,
    facts,
    hours,
    periods,
    reading,
    row,
    rows,
    share,
    span,
    with_readings,
)

from services.aggregator.visitors.facts import Closure, Correction, Facts

MONDAY = "2026-10-05"
PUBLISHED = "2026-10-13T02:00"
LATER = "2026-10-20T12:00"
OPEN = span("10:00", "12:00")
TEN, ELEVEN = f"{MONDAY}T10:00", f"{MONDAY}T11:00"


def counted(*more: Any, base: Facts | None = None) -> Facts:
    return with_readings(base or facts(OPEN), [reading(TEN, 5), reading(ELEVEN, 3), *more])


def corrected(value: int | None, when: str, n: int = 1, mode: Any = "staffed") -> Correction:
    return Correction(n, at(when), day(MONDAY), mode, value)


def test__day__until_two_at_night_eight_days_later__is_provisional() -> None:
    assert row(counted(), MONDAY, now="2026-10-13T01:59:59").revision == 0
    assert row(counted(), MONDAY, now=PUBLISHED).revision == 1


def test__reading__received_at_the_instant_of_publication__is_in_the_first_revision() -> None:
    base = counted(reading(TEN, 9, received=PUBLISHED))
    found = row(base, MONDAY, now=LATER)

    assert (found.revision, found.cause, found.staffed) == (1, None, 12)


def test__late_reading__that_changes_the_figure__is_a_revision() -> None:
    base = counted(reading(TEN, 9, received=LATER))

    assert row(base, MONDAY, now="2026-10-20T11:59").staffed == 8
    after = row(base, MONDAY, now=LATER)
    assert (after.revision, after.cause, after.staffed) == (2, "late_readings", 12)


def test__late_reading__that_changes_nothing__is_no_revision() -> None:
    base = counted(reading(TEN, 5, 4, received=LATER), reading(f"{MONDAY}T20:00", 7, received=LATER))

    assert row(base, MONDAY, now=LATER).revision == 1


def test__late_readings__at_one_instant__are_one_revision() -> None:
    base = counted(reading(TEN, 9, received=LATER), reading(ELEVEN, 9, received=LATER))

    assert row(base, MONDAY, now=LATER).revision == 2


def test__late_readings__at_two_instants__are_two_whatever_order_they_are_held_in() -> None:
    late = [reading(TEN, 9, received=LATER), reading(ELEVEN, 9, received="2026-10-21T12:00")]

    assert row(counted(*late), MONDAY).revision == 3
    assert row(counted(*reversed(late)), MONDAY).revision == 3


def test__late_reading__of_a_week_before__changes_the_estimate_of_this() -> None:
    weeks = [reading(f"2026-09-{date}T10:00", 10) for date in ("28", "21", "14")]
    late = reading("2026-09-07T10:00", 2, received=LATER)
    base = with_readings(facts(span("10:00", "11:00")), [*weeks, reading("2026-09-28T10:00", 0, received=LATER), late])
    found = row(base, MONDAY)

    assert (found.staffed, found.revision, found.cause) == (6, 2, "late_readings")


def test__correction__replaces_the_figure_as_it_stands() -> None:
    base = replace(counted(), settings=[share("0.5")], corrections=[corrected(100, LATER)])
    found = row(base, MONDAY)

    assert (found.staffed, found.quality, found.revision, found.cause) == (100, "observed", 2, "correction")


def test__correction__withdrawn__gives_the_readings_back() -> None:
    base = replace(
        counted(), corrections=[corrected(100, LATER), corrected(7, LATER, 2), corrected(None, "2026-10-22T08:00")]
    )
    found = row(base, MONDAY)

    assert (found.staffed, found.revision, found.cause) == (8, 3, "correction")
    assert row(base, MONDAY, now="2026-10-21T08:00").staffed == 7


def test__hours_decided_later__are_a_revision_of_the_past() -> None:
    only_ten = hours(LIBRARY, periods(span("10:00", "11:00")), at(LATER), 2)
    base = facts(OPEN)
    found = row(counted(base=replace(base, hours=[*base.hours, only_ten])), MONDAY)

    assert (found.staffed, found.revision, found.cause) == (5, 2, "opening_changed")


def test__closure_declared_later__is_a_revision_of_the_past() -> None:
    closure = Closure(None, at(ELEVEN), at(f"{MONDAY}T12:00"), at(LATER))
    found = row(counted(base=replace(facts(OPEN), closures=[closure])), MONDAY)

    assert (found.staffed, found.revision, found.cause) == (5, 2, "opening_changed")


def test__counter_swapped_later__holds_for_all_its_readings() -> None:
    base = facts(OPEN, counters=[door(), door(DOOR, when=at(LATER), n=2, swapped=True)])
    readings = [reading(TEN, 5, 50), reading(ELEVEN, 3, 30)]
    found = row(with_readings(base, readings), MONDAY)

    assert (found.staffed, found.revision, found.cause) == (80, 2, "counter_changed")


def test__zone_counter_decided_later__is_no_revision() -> None:
    base = facts(OPEN, counters=[door(), door(ZONE, when=at(LATER), kind="zone", unit_id=LIBRARY)])

    assert row(counted(base=base), MONDAY).revision == 1


def test__staff_share_decided_later__is_a_revision_of_every_day() -> None:
    found = row(counted(base=facts(OPEN, settings=[share("0.5", at(LATER))])), MONDAY)

    assert (found.staffed, found.revision, found.cause) == (4, 2, "settings_changed")


def test__causes__that_coincide__the_first_in_order_is_named() -> None:
    base = facts(OPEN, settings=[share("0.5", at(LATER))], corrections=[corrected(9, LATER)])

    assert row(counted(base=base), MONDAY).cause == "correction"
    assert row(counted(reading(TEN, 6, received=LATER), base=base), MONDAY).cause == "late_readings"


def test__week__changed_before_its_own_publication__is_no_revision_of_the_week() -> None:
    base = counted(reading(TEN, 9, received="2026-10-14T12:00"))
    (week,) = rows(base, MONDAY, by="week")

    assert row(base, MONDAY).revision == 2
    assert (week.revision, week.cause) == (1, None)


def test__week__days_that_cancel_out__are_no_revision() -> None:
    tuesday = reading("2026-10-06T10:00", 5)
    base = with_readings(
        facts(span("10:00", "11:00", weekdays=[1, 2])),
        [
            reading(TEN, 5),
            tuesday,
            reading(TEN, 6, received="2026-11-01T00:00"),
            reading("2026-10-06T10:00", 4, received="2026-11-01T00:00"),
        ],
    )
    (week,) = rows(base, MONDAY, by="week")

    assert [found.revision for found in rows(base, MONDAY, "2026-10-06")] == [2, 2]
    assert week.revision == 1


def test__as_of__answers_with_what_was_known_then() -> None:
    base = counted(reading(TEN, 9, received=LATER))

    assert row(base, MONDAY, now="2026-10-14T00:00").staffed == 8
    assert row(base, MONDAY, now=f"{MONDAY}T11:30").staffed == 5
