"""Two bookings that disturb each other: what is told of them, when it is told anew, and what was decided about them."""

import datetime as dt
from dataclasses import replace
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.facility.approval.domain import Party
from services.facility.approval.store import Decision
from services.facility.booking.domain import About, Blocker, Booking, Slot
from services.facility.finding.domain import Surroundings
from services.facility.noise import pairs
from services.facility.noise.domain import Sound, conflicts
from services.facility.noise.listening import Heard, Neighbour
from services.facility.noise.pairs import Acceptance, Meeting, Pair
from tests.unit.facility.test_finding_domain import room

NINE = dt.datetime(2026, 12, 3, 9, tzinfo=dt.UTC)
NOW = NINE - dt.timedelta(days=1)
GYM, QUIET, FAR, SQUARE = (UUID(int=number) for number in (1, 2, 3, 9))
LOUD, MEETING, LIBRARY, CENTRE = (UUID(int=number) for number in (101, 102, 201, 202))
ROOMS = {one.id: one for one in (room(1, noise_out=4, neighbours=((QUIET, 2),)), room(2, noise_tolerance=0), room(3))}
SAID = Meeting(pairs.pair_id(LOUD, MEETING), SQUARE, LOUD, MEETING, GYM, QUIET, NINE, NINE + dt.timedelta(hours=1), 2)
YES = Acceptance("exception", "house_manager", "noise_accepted", "Avtalt")


def booking(number: UUID, space: UUID, start: int = 0, end: int = 60, **more: Any) -> Booking:
    about = About(
        **{name: more.pop(name) for name in ("unit_id", "unit_kind", "noise_out", "quiet_need") if name in more}
    )
    slot = Slot((space,), NINE + dt.timedelta(minutes=start), NINE + dt.timedelta(minutes=end))
    made = Booking(number, 1, SQUARE, ZoneInfo("Europe/Oslo"), slot, "confirmed", about, {}, NOW, NOW)
    return replace(made, **more)


def heard_by(wish: Booking, other: Booking) -> list[Meeting]:
    """What is told of the two when `wish` is the one that was looked at."""
    around = Surroundings(ROOMS.values())

    def sound(one: Booking) -> Sound:
        about = one.about
        return Sound(one.slot.space_ids, about.noise_out, about.quiet_need, id=one.id, time=one.slot.occupied)

    about, time = other.about, other.slot.occupied
    blocker = Blocker(other.id, "booking", *time, about.unit_id, about.unit_kind)
    neighbour = Neighbour(sound(other), blocker, SQUARE, None)
    named = ROOMS[wish.slot.space_ids[0]]
    return [
        pairs.meeting_of(wish, Heard(one, neighbour, named, "", ""), ROOMS)
        for one in conflicts(sound(wish), [sound(other)], around)
    ]


def test_meeting__of_two__is_told_the_same_from_either_side() -> None:
    loud = booking(LOUD, GYM, 15, 90, noise_out=4, unit_id=LIBRARY)
    quiet = booking(MEETING, QUIET, 0, 60, quiet_need=5, unit_id=CENTRE)
    [told] = heard_by(loud, quiet)
    assert heard_by(quiet, loud) == [told]
    assert (told.loud_id, told.quiet_id, told.source, told.heard_in) == (LOUD, MEETING, GYM, QUIET)
    assert (told.starts_at, told.ends_at) == (NINE + dt.timedelta(minutes=15), NINE + dt.timedelta(hours=1))
    assert (told.severity, told.unit_ids, told.discreet) == (2, (LIBRARY, CENTRE), False)


@pytest.mark.parametrize("discreet_first", [True, False])
def test_meeting__with_a_health_station__tells_half_hours_and_whether_it_is_serious(discreet_first: bool) -> None:
    loud = booking(LOUD, GYM, 5, 90, noise_out=5, unit_id=LIBRARY)
    test = booking(MEETING, QUIET, 10, 25, quiet_need=5, unit_id=CENTRE, unit_kind="health_station")
    [told] = heard_by(test, loud) if discreet_first else heard_by(loud, test)
    assert (told.starts_at, told.ends_at) == (NINE + dt.timedelta(minutes=5), NINE + dt.timedelta(minutes=30))
    assert (told.severity, told.discreet) == (2, True)


@given(st.integers(0, 29), st.integers(31, 60))
def test_meeting__with_a_health_station__is_the_same_whatever_lies_inside_its_half_hours(start: int, end: int) -> None:
    loud = booking(LOUD, GYM, 0, 60, noise_out=3)
    told = [
        heard_by(loud, booking(MEETING, QUIET, *time, unit_kind="health_station")) for time in ((0, 60), (start, end))
    ]
    assert told[0] == told[1] != []


def test_worst__of_both_ways__is_one_for_the_pair() -> None:
    back = replace(SAID, loud_id=MEETING, quiet_id=LOUD, severity=3)
    assert pairs.worst([SAID, back]) == pairs.worst([back, SAID]) == {SAID.id: back}
    assert pairs.pair_id(LOUD, MEETING) == pairs.pair_id(MEETING, LOUD)


def test_compare__what_is_known_and_the_same__is_not_told_again() -> None:
    known = pairs.begin(SAID, None, NOW)
    assert (known.version, known.state) == (1, "open")
    assert pairs.compare([], {SAID.id: SAID}) == ([SAID], [])
    assert pairs.compare([known], {SAID.id: SAID}) == ([], [])
    assert pairs.compare([pairs.accept(known, YES, NOW)], {SAID.id: SAID}) == ([], [])


def test_compare__what_has_become_otherwise__is_a_revision_and_what_is_gone_has_ended() -> None:
    known, louder = pairs.begin(SAID, None, NOW), replace(SAID, severity=3)
    assert pairs.compare([known], {SAID.id: louder}) == ([louder], [])
    assert pairs.compare([known], {}) == ([], [known])
    over = pairs.resolve(known, "moved", NOW)
    assert pairs.compare([over], {}) == ([], [])
    assert pairs.compare([over], {SAID.id: SAID}) == ([SAID], [])
    again = pairs.begin(SAID, over, NOW)
    assert (again.version, again.state, again.resolution, again.acceptance) == (3, "open", None, None)


@pytest.mark.parametrize(
    ("change", "stands"),
    [
        ({"severity": 3}, False),
        ({"severity": 1}, True),
        ({"starts_at": NINE + dt.timedelta(minutes=15)}, True),
        ({"ends_at": NINE + dt.timedelta(minutes=75)}, False),
        ({"heard_in": FAR}, False),
        ({"unit_ids": (LIBRARY,)}, True),
    ],
)
def test_acceptance__of_what_becomes_less__stands_and_of_what_becomes_more_does_not(
    change: dict[str, Any], stands: bool
) -> None:
    accepted = pairs.accept(pairs.begin(SAID, None, NOW), YES, NOW)
    assert pairs.still_accepted(accepted, replace(SAID, **change)) == (YES if stands else None)
    assert pairs.still_accepted(pairs.begin(SAID, None, NOW), SAID) is None


def ended(loud: Booking, quiet: Booking, now: dt.datetime = NOW) -> str:
    return pairs.why_ended(pairs.begin(SAID, None, NOW), (loud, quiet), ROOMS, now)


def test_why_ended__is_told_by_what_became_of_the_two() -> None:
    loud, quiet = booking(LOUD, GYM), booking(MEETING, QUIET)
    assert ended(loud, replace(quiet, state="cancelled")) == "cancelled"
    assert ended(replace(loud, state="released"), quiet) == "released"
    assert ended(replace(loud, state="affected", state_before="confirmed"), quiet) == "displaced"
    assert ended(replace(loud, state="held", hold_until=NOW), quiet) == "expired"
    assert ended(booking(LOUD, GYM, 60, 120), quiet) == "moved"
    assert ended(booking(LOUD, FAR), quiet) == "moved"
    assert ended(loud, quiet) == "quieter"
    assert ended(loud, quiet, NINE + dt.timedelta(hours=1)) == "over"


def decision(verdict: Any, *rules: str, at: dt.datetime = NOW) -> Decision:
    return Decision(LOUD, at, verdict, "house_manager", "noise_accepted", "Avtalt", rules=rules)


HOUSE = Party(SQUARE, None, SQUARE, "noise", binding=True, approved_at=NOW)
OTHER = booking(MEETING, QUIET)


def test_decided__by_an_exception_from_noise__is_accepted_for_who_was_there_by_then() -> None:
    made = [decision("excepted", "noise", "horizon")]
    assert pairs.decided(made, [], frozenset(), OTHER) == Acceptance(
        "exception", "house_manager", "noise_accepted", "Avtalt"
    )
    later = replace(OTHER, updated_at=NOW + dt.timedelta(seconds=1))
    assert pairs.decided(made, [], frozenset(), later) is None
    came = replace(later, checked_in_at=later.updated_at)
    assert pairs.decided(made, [], frozenset(), came) is not None
    assert pairs.decided([decision("excepted", "horizon")], [], frozenset(), OTHER) is None


def test_decided__by_all_who_are_concerned__is_agreed() -> None:
    made, unit = [decision("approved"), decision("confirmed")], replace(HOUSE, id=CENTRE, unit_id=CENTRE)
    found = pairs.decided(made, [HOUSE, unit], frozenset({SQUARE, CENTRE}), OTHER)
    assert found == Acceptance("agreement", "house_manager", "noise_accepted", "Avtalt")
    assert pairs.decided(made, [HOUSE], frozenset({SQUARE, CENTRE}), OTHER) is None
    assert pairs.decided(made, [HOUSE, replace(unit, approved_at=None)], frozenset({SQUARE, CENTRE}), OTHER) is None
    assert pairs.decided(made, [HOUSE, replace(unit, binding=False)], frozenset({CENTRE}), OTHER) is None


def test_pair__needs_acceptance__while_it_is_serious_and_open() -> None:
    known = pairs.begin(SAID, None, NOW)
    assert [one.needs_acceptance for one in (known, pairs.accept(known, YES, NOW))] == [True, False]
    mild: Pair = pairs.begin(replace(SAID, severity=1), None, NOW)
    assert not mild.needs_acceptance
