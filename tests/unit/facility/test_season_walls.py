"""What a plan does about the sound between rooms: another place where there is one, else a reason that names both."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from services.facility.finding.domain import Surroundings
from services.facility.noise.domain import SERIOUS, Voice, severity
from services.facility.season import reasons, view
from services.facility.season.domain import Application, Terms, Time
from services.facility.season.ground import Ground, Room
from services.facility.season.plan import Outcome, Placing, WishKey
from services.facility.season.plan_store import Row
from services.facility.season.planner import Problem
from services.facility.season.walls import Sounding, Walls
from tests.unit.facility import test_finding_domain as finding
from tests.unit.facility.season_round import (
    FIRST,
    OSLO,
    TEN_WEEKS,
    TUESDAY,
    application,
    evening,
    got,
    planned,
    room,
    tried,
    wish,
)

GYM, QUIET, FAR = (
    replace(room(number), name=name) for number, name in ((1, "Gymsalen"), (2, "Stillerommet"), (3, "Avsides"))
)
BOOKING = UUID(int=5)


def leaf(of: Room) -> UUID:
    return of.leaves[0]


def around(attenuation: int = 2) -> Surroundings:
    """The gym is heard in the quiet room, which bears nothing."""
    told = finding.room(1, id=leaf(GYM), leaves=(leaf(GYM),), neighbours=((leaf(QUIET), attenuation),))
    return Surroundings([told, finding.room(2, id=leaf(QUIET), leaves=(leaf(QUIET),), noise_tolerance=0)])


def problem(
    applications: Sequence[Application],
    *,
    booked: Mapping[UUID, Sequence[Sounding]] | None = None,
    by_hand: Sequence[Placing] = (),
    rooms: Sequence[Room] = (GYM, QUIET, FAR),
    terms: Terms = Terms(),
    attenuation: int = 2,
) -> Problem:
    walls = Walls(around(attenuation), booked or {})
    return Problem(terms, "seed", Ground(TEN_WEEKS, rooms, {}, walls), applications, by_hand)


def mondays(of: Room, count: int, voice: Voice) -> dict[UUID, list[Sounding]]:
    """Bookings on the first Mondays of the season, 18 to 20."""
    begin = int(dt.datetime.combine(FIRST, dt.time(18), OSLO).timestamp())
    starts = [begin + week * 7 * 86_400 for week in range(count)]
    return {leaf(of): [(start, start + 7200, UUID(int=BOOKING.int + n), voice) for n, start in enumerate(starts)]}


EXERCISE = application(1, wish(1, rooms=[GYM], noise_out=4))
MEETING = application(2, wish(1, rooms=[QUIET, FAR], quiet_need=5), kind="municipal")


def told(outcomes: dict[WishKey, Outcome], of: Application) -> str:
    first = outcomes[of.id, 1].tried[0]
    return reasons.sentence(first.rule, first.facts).nb


def test_plan__place_beside_one_that_is_too_loud__is_passed_over_for_the_next_room() -> None:
    outcomes = planned(problem([EXERCISE, MEETING]))
    assert (got(outcomes, EXERCISE).room_id, got(outcomes, MEETING).room_id) == (GYM.id, FAR.id)
    assert tried(outcomes, MEETING) == ["noise"]
    assert outcomes[MEETING.id, 1].tried[0].holders == [(EXERCISE.id, 1)]


def test_plan__no_other_room__takes_another_time_that_would_do() -> None:
    meeting = application(2, wish(1, evening(), evening(TUESDAY), rooms=[QUIET], quiet_need=5), kind="municipal")
    given_ = got(planned(problem([EXERCISE, meeting])), meeting)
    assert (given_.room_id, given_.time, given_.choice) == (QUIET.id, evening(TUESDAY), (1, 0))


def test_plan__no_other_place__is_refused_with_both_rooms_and_why_the_other_came_before() -> None:
    meeting = replace(MEETING, wishes=(wish(1, rooms=[QUIET], quiet_need=5),))
    outcomes = planned(problem([EXERCISE, meeting]))
    assert got(outcomes, meeting) is None
    assert told(outcomes, meeting) == (
        "Lyden fra Gymsalen blir for høy i Stillerommet på samme tid. "
        "Tiden gikk til en søker i gruppen frivillig, som går foran gruppen kommunal."
    )


def test_plan__the_quiet_one_came_first__the_loud_one_is_refused_by_the_same_rooms() -> None:
    exercise, meeting = replace(EXERCISE, organiser_kind="business"), replace(MEETING, wishes=(wish(1, rooms=[QUIET]),))
    outcomes = planned(problem([exercise, meeting]))
    assert got(outcomes, meeting).room_id == QUIET.id
    assert tried(outcomes, exercise) == ["noise"]
    assert told(outcomes, exercise).startswith("Lyden fra Gymsalen blir for høy i Stillerommet på samme tid.")


def test_plan__what_is_only_worth_a_warning__is_given() -> None:
    outcomes = planned(problem([EXERCISE, MEETING], attenuation=3))
    assert got(outcomes, MEETING).room_id == QUIET.id


def test_plan__nothing_said_of_noise__makes_none() -> None:
    silent = replace(EXERCISE, wishes=(wish(1, rooms=[GYM]),))
    assert got(planned(problem([silent, MEETING])), MEETING).room_id == QUIET.id


def test_plan__other_evenings_and_other_weeks__disturb_nobody() -> None:
    odd = application(1, wish(1, evening(weeks="odd"), rooms=[GYM], noise_out=5))
    even = application(2, wish(1, evening(weeks="even"), rooms=[QUIET], quiet_need=5))
    later = application(3, wish(1, evening(start=20), rooms=[QUIET], quiet_need=5))
    outcomes = planned(problem([odd, even, later]))
    assert all(got(outcomes, one) for one in (odd, even, later))
    clearing = replace(odd, wishes=(wish(1, evening(weeks="odd"), rooms=[GYM], noise_out=5, teardown=15),))
    outcomes = planned(problem([clearing, later]))
    assert sorted(tried(outcomes, one) for one in (clearing, later)) == [[], ["noise"]]


def test_plan__own_wish_beside__says_so() -> None:
    both = application(1, wish(1, rooms=[GYM], noise_out=4), wish(2, rooms=[QUIET], quiet_need=5))
    outcomes = planned(problem([both]))
    assert tried(outcomes, both, 2) == ["noise"]
    assert outcomes[both.id, 2].tried[0].facts["before"] == "own_wish"


def test_plan__bookings_beside__leave_out_their_dates_while_enough_are_left() -> None:
    listening = Voice((leaf(QUIET),), 1, 5)
    outcomes = planned(problem([EXERCISE], booked=mondays(QUIET, 2, listening)))
    given_ = got(outcomes, EXERCISE)
    assert [(one.why, one.blocking) for one in given_.left_out] == [
        ("noise", (BOOKING,)),
        ("noise", (UUID(int=BOOKING.int + 1),)),
    ]
    assert len(given_.meetings) == 8


def test_plan__bookings_beside_on_most_dates__refuse_it_with_their_number() -> None:
    outcomes = planned(problem([MEETING], booked=mondays(GYM, 6, Voice((leaf(GYM),), 5)), rooms=[QUIET]))
    assert tried(outcomes, MEETING) == ["noise_around"]
    assert outcomes[MEETING.id, 1].tried[0].facts == {"dates": 10, "closed": 0, "occupied": 0, "noisy": 6}
    assert "På 6 av 10 datoer" in told(outcomes, MEETING)


def test_plan__booking_that_nobody_is_in__is_not_disturbed() -> None:
    blocked = Voice((leaf(QUIET),), minds=False)
    assert len(got(planned(problem([EXERCISE], booked=mondays(QUIET, 9, blocked))), EXERCISE).meetings) == 10


def test_plan__place_by_hand_beside_noise__is_given_and_says_what_was_accepted() -> None:
    by_hand = [Placing((EXERCISE.id, 1), GYM.id, None, "Avtalt"), Placing((MEETING.id, 1), QUIET.id, None, "Avtalt")]
    booked = mondays(GYM, 2, Voice((leaf(GYM),), 5))
    outcomes = planned(problem([EXERCISE, MEETING], by_hand=by_hand, booked=booked))
    assert (len(got(outcomes, EXERCISE).meetings), len(got(outcomes, MEETING).meetings)) == (10, 10)
    assert (tried(outcomes, EXERCISE), tried(outcomes, MEETING)) == ([], ["noise_accepted"])
    [accepted] = outcomes[MEETING.id, 1].tried
    assert (accepted.holders, accepted.blocking) == ([(EXERCISE.id, 1)], [BOOKING, UUID(int=BOOKING.int + 1)])


def test_plan__place_by_hand__is_heeded_by_those_who_go_by_the_rule() -> None:
    by_hand = [Placing((MEETING.id, 1), QUIET.id, None, "Avtalt")]
    outcomes = planned(problem([EXERCISE, MEETING], by_hand=by_hand))
    assert tried(outcomes, EXERCISE) == ["noise"]
    assert "etter en særskilt vurdering" in told(outcomes, EXERCISE)


levels = st.sampled_from([None, 0, 2, 4, 5])


@st.composite
def applications(draw: st.DrawFn) -> list[Application]:
    made = []
    for number in range(1, draw(st.integers(2, 7)) + 1):
        wishes = tuple(
            wish(
                at,
                Time(1, 1080 + draw(st.sampled_from([0, 60, 120])), 1200 + draw(st.sampled_from([0, 60]))),
                rooms=draw(st.lists(st.sampled_from([GYM, QUIET, FAR]), max_size=2, unique_by=lambda one: one.id)),
                noise_out=draw(levels),
                quiet_need=draw(levels),
                setup=draw(st.sampled_from([0, 15])),
            )
            for at in range(1, draw(st.integers(1, 3)) + 1)
        )
        made.append(application(number, *wishes, kind=draw(st.sampled_from(["voluntary", "business"]))))
    return made


@settings(max_examples=60, deadline=None)
@given(applications(), st.randoms(use_true_random=False))
def test_plan__any_applications__puts_nobody_beside_what_somebody_must_accept(
    asked: list[Application], rng: object
) -> None:
    outcomes = planned(problem(asked))
    wishes = {(one.id, wish_.number): wish_ for one in asked for wish_ in one.wishes}
    places = [one.given for one in outcomes.values() if one.given]
    for loud in places:
        for quiet in places:
            meet = any(
                a.start - wishes[loud.wish].setup * 60 < b.end and b.start - wishes[quiet.wish].setup * 60 < a.end
                for a in loud.meetings
                for b in quiet.meetings
            )
            if (loud.room_id, quiet.room_id) == (GYM.id, QUIET.id) and meet:
                noise, need = wishes[loud.wish].noise_out or 0, wishes[quiet.wish].quiet_need or 0
                assert noise - 2 - min(0, 5 - need) < SERIOUS
    for one in outcomes.values():
        for verdict in one.tried:
            assert verdict.rule != "noise" or outcomes[verdict.holders[0]].turn < one.turn
    rng.shuffle(asked)  # type: ignore[attr-defined]  # hypothesis types it as object
    assert planned(problem(asked)) == outcomes


def test_severity__of_two_voices__is_that_of_the_worst_wall_and_each_way_its_own() -> None:
    loud, quiet = Voice(GYM.leaves, 4), Voice(QUIET.leaves, None, 5)
    assert severity(loud, quiet, around()) == 2
    assert severity(quiet, loud, around()) == 0


def test_conflicts__of_a_plan__tell_noise_by_its_rule_and_leave_out_what_was_accepted() -> None:
    assert [one["wanted_by"][0]["rule"] for one in conflicts(planned(problem([EXERCISE, MEETING])))] == ["noise"]
    by_hand = [Placing((EXERCISE.id, 1), GYM.id, None, "Avtalt"), Placing((MEETING.id, 1), QUIET.id, None, "Avtalt")]
    assert conflicts(planned(problem([EXERCISE, MEETING], by_hand=by_hand))) == []


def conflicts(outcomes: dict[WishKey, Outcome]) -> list[dict[str, Any]]:
    kept = [view.kept(number, one) for number, one in enumerate(outcomes.values(), 1)]
    return view.conflicts(
        [Row(UUID(one["application_id"]), one["wish"], one["number"], one["outcome"], {}) for one in kept]
    )
