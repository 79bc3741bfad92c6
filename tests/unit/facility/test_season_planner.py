"""Who gets which weekly time, by examples: one for each part of the rule."""

import datetime as dt
from dataclasses import replace
from uuid import UUID

from services.facility.season.domain import Terms
from services.facility.season.plan import Placing, lots
from tests.unit.facility.season_round import (
    FIRST,
    MONDAY,
    TUESDAY,
    application,
    evening,
    got,
    planned,
    problem,
    room,
    tried,
    wish,
)

HALL = room(1, 50, "piano")


def at(date: dt.date, hour: int) -> int:
    return int(dt.datetime.combine(date, dt.time(hour), dt.UTC).timestamp())


def test_plan__one_application_and_a_free_room__gets_its_first_choice_on_every_date() -> None:
    one = application(1, wish(1, rooms=[HALL]))
    outcomes = planned(problem([HALL], [one]))
    given = got(outcomes, one)
    assert (given.room_id, given.choice, len(given.meetings), given.left_out) == (HALL.id, (0, 0), 10, ())
    assert tried(outcomes, one) == []


def test_plan__kinds__go_in_the_seasons_order_however_few_hours_the_lower_has() -> None:
    business = application(1, wish(1, rooms=[HALL]), kind="business")
    municipal = application(2, wish(1, rooms=[HALL]), kind="municipal")
    voluntary = application(3, wish(1, evening(TUESDAY), rooms=[HALL]), wish(2, rooms=[HALL]))
    outcomes = planned(problem([HALL], [business, municipal, voluntary]))
    assert got(outcomes, voluntary, 2)
    assert (tried(outcomes, municipal), tried(outcomes, business)) == (["priority"], ["priority"])
    assert outcomes[business.id, 1].tried[0].facts == {"mine": "business", "theirs": "voluntary"}
    turned = planned(problem([HALL], [municipal, voluntary], terms=Terms(priority=("municipal", "voluntary"))))
    assert got(turned, municipal)
    assert tried(turned, voluntary, 2) == ["priority"]


def test_plan__kind_the_order_does_not_name__comes_after_all_it_names() -> None:
    resident = application(1, wish(1, rooms=[HALL]), kind="resident")
    business = application(2, wish(1, rooms=[HALL]), kind="business")
    outcomes = planned(problem([HALL], [resident, business]))
    assert got(outcomes, business)
    assert tried(outcomes, resident) == ["priority"]


def test_plan__second_wishes__wait_until_everybody_of_the_kind_had_a_first() -> None:
    eager = application(1, wish(1, evening(TUESDAY), rooms=[HALL]), wish(2, rooms=[HALL]))
    modest = application(2, wish(1, rooms=[HALL]))
    outcomes = planned(problem([HALL], [eager, modest]))
    assert got(outcomes, modest)
    assert tried(outcomes, eager, 2) == ["earlier_round"]


def test_plan__in_a_round__those_with_fewer_hours_go_first() -> None:
    long = application(1, wish(1, evening(TUESDAY, 12, 4), rooms=[HALL]), wish(2, rooms=[HALL]))
    short = application(2, wish(1, evening(TUESDAY, 17, 1), rooms=[HALL]), wish(2, rooms=[HALL]))
    outcomes = planned(problem([HALL], [long, short]))
    assert got(outcomes, short, 2)
    assert outcomes[long.id, 2].tried[0].facts == {"mine": 2400, "theirs": 600}
    assert tried(outcomes, long, 2) == ["fewer_hours"]


def test_plan__equal_hours__free_of_charge_goes_before_paid_unless_the_season_says_otherwise() -> None:
    paid, free = application(1, wish(1, rooms=[HALL]), paid=True), application(2, wish(1, rooms=[HALL]))
    outcomes = planned(problem([HALL], [paid, free]))
    assert tried(outcomes, paid) == ["free_before_paid"]
    seeds = [str(number) for number in range(20)]
    alike = [planned(problem([HALL], [paid, free], terms=Terms(free_before_paid=False), seed=seed)) for seed in seeds]
    assert {bool(got(one, paid)) for one in alike} == {True, False}


def test_plan__all_else_equal__the_published_lot_decides() -> None:
    twins = [application(number, wish(1, rooms=[HALL])) for number in (1, 2)]
    for seed in ("a", "b", "c", "d"):
        drawn = lots(seed, [one.organiser_id for one in twins])
        first, second = sorted(twins, key=lambda one: drawn[one.organiser_id])
        outcomes = planned(problem([HALL], twins, seed=seed))
        assert got(outcomes, first)
        assert outcomes[second.id, 1].tried[0].rule == "lot"
        assert outcomes[second.id, 1].tried[0].facts == {"mine": 2, "theirs": 1}


def test_plan__one_organiser_with_two_applications__has_one_turn_a_round() -> None:
    first = application(1, wish(1, evening(TUESDAY), rooms=[HALL]), organiser=9)
    second = application(2, wish(1, rooms=[HALL]), organiser=9)
    other = application(3, wish(1, rooms=[HALL]))
    outcomes = planned(problem([HALL], [first, second, other]))
    assert got(outcomes, other)
    assert tried(outcomes, second) == ["earlier_round"]


def test_plan__late_application__comes_after_all_in_time_unless_it_counts_as_one() -> None:
    late = application(1, wish(1, rooms=[HALL]), late_reason="Brevet ble liggende hos oss")
    in_time = application(2, wish(1, rooms=[HALL]), kind="business")
    outcomes = planned(problem([HALL], [late, in_time]))
    assert tried(outcomes, late) == ["late_last"]
    forgiven = application(1, wish(1, rooms=[HALL]), late_reason="Vår feil", late_counts="as_in_time")
    assert got(planned(problem([HALL], [forgiven, in_time])), forgiven)


def test_plan__room_taken__tries_the_next_room_and_then_the_next_time() -> None:
    small = room(2, 20)
    first = application(1, wish(1, rooms=[HALL]), wish(2, rooms=[small]), organiser=1)
    second = application(2, wish(1, evening(), evening(TUESDAY), rooms=[HALL, small]), kind="municipal")
    outcomes = planned(problem([HALL, small], [first, second]))
    assert (got(outcomes, second).choice, got(outcomes, second).time.weekday) == ((1, 0), TUESDAY)
    assert tried(outcomes, second) == ["priority"]
    assert outcomes[second.id, 1].tried[0].room_ids == [HALL.id, small.id]


def test_plan__no_room_named__takes_the_smallest_that_fits_people_and_features() -> None:
    large, small, tiny = room(2, 90, "piano"), room(3, 20, "piano"), room(4, 5, "piano")
    one = application(1, wish(1, features=frozenset({"piano"})))
    assert got(planned(problem([large, tiny, HALL, small, room(5, 15)], [one])), one).room_id == small.id
    nowhere = application(2, wish(1, features=frozenset({"stage"})))
    assert tried(planned(problem([HALL], [nowhere])), nowhere) == ["no_room_fits"]


def test_plan__named_room_that_does_not_fit__is_refused_with_what_it_lacks() -> None:
    many = application(1, wish(1, rooms=[HALL]), people=51)
    stage = application(2, wish(1, rooms=[HALL], features=frozenset({"stage"})))
    outcomes = planned(problem([HALL], [many, stage]))
    assert (tried(outcomes, many), tried(outcomes, stage)) == (["too_small"], ["lacks_feature"])


def test_plan__hall_and_its_part__are_never_given_at_once() -> None:
    hall, part, other = room(1, leaves=(11, 12)), room(2, leaves=(11,)), room(3, leaves=(12,))
    whole = application(1, wish(1, rooms=[hall]))
    halves = application(2, wish(1, rooms=[part]), wish(2, rooms=[other]), kind="municipal")
    outcomes = planned(problem([hall, part, other], [whole, halves]))
    assert got(outcomes, whole)
    assert (tried(outcomes, halves, 1), tried(outcomes, halves, 2)) == (["priority"], ["priority"])


def test_plan__setup_and_teardown__keep_neighbours_apart_and_touching_is_fine() -> None:
    first = application(1, wish(1, evening(MONDAY, 18, 2), rooms=[HALL], teardown=15))
    touching = application(2, wish(1, evening(MONDAY, 20, 1), rooms=[HALL]), kind="municipal")
    outcomes = planned(problem([HALL], [first, touching]))
    assert tried(outcomes, touching) == ["priority"]
    tidy = application(1, wish(1, evening(MONDAY, 18, 2), rooms=[HALL]))
    assert got(planned(problem([HALL], [tidy, touching])), touching)


def test_plan__odd_and_even_weeks__share_a_room() -> None:
    odd = application(1, wish(1, evening(weeks="odd"), rooms=[HALL]))
    even = application(2, wish(1, evening(weeks="even"), rooms=[HALL]))
    every = application(3, wish(1, rooms=[HALL]), kind="municipal")
    outcomes = planned(problem([HALL], [odd, even, every]))
    assert len(got(outcomes, odd).meetings) + len(got(outcomes, even).meetings) == 10
    assert set(outcomes[every.id, 1].tried[0].holders) == {(odd.id, 1), (even.id, 1)}


def test_plan__dates_that_were_booked_before__fall_away_while_enough_are_left() -> None:
    booking = UUID(int=5)
    monday = FIRST + dt.timedelta(weeks=1)
    taken = {HALL.leaves[0]: [(at(monday, 16), at(monday, 17), booking)]}  # 18 to 19 by the clock in Oslo
    one = application(1, wish(1, rooms=[HALL]))
    given = got(planned(problem([HALL], [one], taken=taken)), one)
    assert [(left.date, left.why, left.blocking) for left in given.left_out] == [
        (monday.isoformat(), "occupied", (booking,))
    ]
    assert len(given.meetings) == 9
    strict = planned(problem([HALL], [one], taken=taken, terms=Terms(least_percent=95)))
    assert tried(strict, one) == ["occupied"]
    assert strict[one.id, 1].tried[0].facts == {"dates": 10, "closed": 0, "occupied": 1}
    assert strict[one.id, 1].tried[0].blocking == [booking]


def test_plan__dates_when_the_room_is_closed__count_before_those_that_are_occupied() -> None:
    closed = replace(HALL, hours=[])
    one = application(1, wish(1, rooms=[HALL]))
    outcomes = planned(problem([closed], [one]))
    assert tried(outcomes, one) == ["outside_hours"]
    assert outcomes[one.id, 1].tried[0].facts == {"dates": 10, "closed": 10, "occupied": 0}


def test_plan__quota_per_week__stops_an_organiser_and_odd_weeks_weigh_half() -> None:
    terms = Terms(most_weekly_minutes=180)
    one = application(
        1,
        wish(1, evening(MONDAY), rooms=[HALL]),
        wish(2, evening(TUESDAY), rooms=[HALL]),
        wish(3, evening(TUESDAY, weeks="odd"), rooms=[HALL]),
    )
    outcomes = planned(problem([HALL], [one], terms=terms))
    assert [bool(got(outcomes, one, number)) for number in (1, 2, 3)] == [True, False, True]
    assert outcomes[one.id, 2].tried[0].facts == {"most": 180, "had": 120}


def test_plan__place_by_hand__goes_before_every_turn_and_counts_as_hours() -> None:
    chosen = application(1, wish(1, evening(TUESDAY), rooms=[HALL]), wish(2, evening(3), rooms=[HALL]), kind="business")
    other = application(2, wish(1, rooms=[HALL]))
    by_hand = [Placing((chosen.id, 1), HALL.id, evening(MONDAY))]
    outcomes = planned(problem([HALL], [chosen, other], by_hand=by_hand))
    assert (got(outcomes, chosen).turn, got(outcomes, chosen).time) == (None, evening(MONDAY))
    assert tried(outcomes, other) == ["placed_by_hand"]
    assert got(outcomes, chosen, 2).turn.minutes == 1200


def test_plan__refused_by_hand__is_not_given_and_leaves_the_time_to_others() -> None:
    one, other = application(1, wish(1, rooms=[HALL])), application(2, wish(1, rooms=[HALL]), kind="business")
    outcomes = planned(problem([HALL], [one, other], by_hand=[Placing((one.id, 1), None, None)]))
    assert tried(outcomes, one) == ["refused_by_hand"]
    assert got(outcomes, other)


def test_plan__two_places_by_hand_that_clash__the_earlier_decision_stands() -> None:
    one, other = application(1, wish(1, rooms=[HALL])), application(2, wish(1, rooms=[HALL]))
    by_hand = [Placing((other.id, 1), HALL.id, None), Placing((one.id, 1), HALL.id, None)]
    outcomes = planned(problem([HALL], [one, other], by_hand=by_hand))
    assert got(outcomes, other)
    assert (tried(outcomes, one), outcomes[one.id, 1].tried[0].holders) == (["placed_by_hand"], [(other.id, 1)])


def test_lots__seed_and_organisers__are_numbers_anybody_can_draw_again() -> None:
    organisers = [UUID(int=number) for number in range(1, 6)]
    drawn = lots("torg", organisers)
    assert sorted(drawn.values()) == [1, 2, 3, 4, 5]
    assert drawn == lots("torg", reversed(organisers))
    assert drawn != lots("another", organisers)
