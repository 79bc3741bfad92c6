"""What a lift that stands still takes away."""

from uuid import uuid4

from services.facility.outages.domain import Claim, flagged, hit, lost

GROUND, UP, BOTH = uuid4(), uuid4(), uuid4()
ROOMS = {GROUND: ["step_free"], UP: ["lift", "screen"], BOTH: ["lift", "step_free"]}


def test_lost__a_room_that_only_the_lift_reaches__is_no_longer_step_free() -> None:
    assert lost(ROOMS[UP], "lift") == ["lift", "step_free"]


def test_lost__a_room_without_the_feature__loses_nothing() -> None:
    assert lost(ROOMS[GROUND], "lift") == []


def test_flagged__a_room_with_a_way_of_its_own__loses_the_lift_and_stays_step_free() -> None:
    assert flagged(ROOMS, "lift") == {UP: ["lift", "step_free"], BOTH: ["lift"]}


def test_hit__bookings__are_those_that_need_what_their_room_lost() -> None:
    claims = [
        Claim(needs_it := uuid4(), [UP], ["step_free"]),
        Claim(uuid4(), [UP], ["screen"]),
        Claim(uuid4(), [GROUND], ["step_free"]),
        Claim(one_of_two := uuid4(), [GROUND, UP], ["step_free", "hearing_loop"]),
        Claim(uuid4(), [BOTH], ["step_free"]),
    ]

    assert hit(claims, flagged(ROOMS, "lift")) == [needs_it, one_of_two]
