"""What may happen to a booking, decided without a database."""

import datetime as dt
from dataclasses import replace
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import pytest

from services.facility.booking import domain
from services.facility.booking.domain import About, Blocker, Booking, Slot

NOW = dt.datetime(2026, 11, 24, 9, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)
ROOM = uuid4()


def slot(start: float = 1, hours: float = 1, setup: int = 0, teardown: int = 0) -> Slot:
    starts_at = NOW + start * HOUR
    return Slot((ROOM,), starts_at, starts_at + hours * HOUR, setup, teardown)


def booking(state: domain.BookingState = "confirmed", **more: object) -> Booking:
    made = Booking(
        id=uuid4(),
        version=1,
        square_id=uuid4(),
        zone=ZoneInfo("Europe/Oslo"),
        slot=slot(),
        state=state,
        about=About(),
        asked={},
        created_at=NOW,
        updated_at=NOW,
    )
    return replace(made, **more)  # type: ignore[arg-type]  # the fields a test sets


def blocker() -> Blocker:
    return Blocker(uuid4(), "booking", NOW, NOW + HOUR)


def test_slot_occupied_adds_elapsed_minutes_on_both_sides() -> None:
    assert slot(1, 1, 15, 30).occupied == (NOW + HOUR - HOUR / 4, NOW + 2 * HOUR + HOUR / 2)


@pytest.mark.parametrize("hours", [0, -1])
def test_faults_end_not_after_start_is_one(hours: float) -> None:
    assert [fault.rule for fault in domain.faults(slot(hours=hours))] == ["ends_after_start"]


def test_faults_sixty_days_with_buffers_is_the_longest() -> None:
    assert domain.faults(slot(hours=60 * 24)) == []
    assert [fault.rule for fault in domain.faults(slot(hours=60 * 24, setup=1))] == ["longest"]


@pytest.mark.parametrize(("ahead", "accepted"), [(0, False), (1, True), (30 * 24, True), (30 * 24 + 1, False)])
def test_hold_faults_must_end_after_now_and_within_thirty_days(ahead: float, accepted: bool) -> None:
    assert (domain.hold_faults(NOW + ahead * HOUR, NOW) == []) is accepted


def test_decide_outside_hours_comes_before_conflict() -> None:
    spans = [(NOW, NOW + HOUR)]
    assert domain.decide(slot(1).bare, [spans], [blocker()]) == "outside_hours"


def test_decide_every_named_space_must_be_open() -> None:
    open_room, shut_room = [(NOW, NOW + 5 * HOUR)], [(NOW, NOW)]
    assert domain.decide(slot(1).bare, [open_room, None], []) is None
    assert domain.decide(slot(1).bare, [open_room, shut_room], []) == "outside_hours"


def test_decide_touching_spans_are_one() -> None:
    spans = [(NOW + 1.5 * HOUR, NOW + 3 * HOUR), (NOW, NOW + 1.5 * HOUR)]
    assert domain.decide(slot(1).bare, [spans], []) is None


def test_decide_without_hours_conflict_remains() -> None:
    assert domain.decide(slot(1).bare, [], [blocker()]) == "conflict"


def test_state_at_hold_is_gone_at_its_expiry_instant_and_back_when_time_goes_back() -> None:
    hold = booking("held", hold_until=NOW + HOUR)
    assert domain.state_at(hold, NOW + HOUR - dt.timedelta(microseconds=1)) == "held"
    assert domain.state_at(hold, NOW + HOUR) == "expired"
    assert domain.state_at(hold, NOW) == "held"


def test_state_at_displaced_hold_runs_out_too() -> None:
    hold = domain.displace(booking("held", hold_until=NOW + HOUR), NOW, uuid4(), "power")
    assert domain.state_at(hold, NOW) == "affected"
    assert domain.state_at(hold, NOW + HOUR) == "expired"


ALLOWED: dict[domain.Order, set[str]] = {
    "confirm": {"held", "requested"},
    "cancel": {"requested", "held", "confirmed", "blocked", "affected"},
    "release": {"held", "confirmed"},
    "reject": {"requested"},
}
STATES: list[domain.BookingState] = [
    "requested", "held", "confirmed", "blocked", "rejected", "cancelled", "released", "expired", "affected",
]  # fmt: skip


@pytest.mark.parametrize("order", ALLOWED)
@pytest.mark.parametrize("state", STATES)
def test_fits_order_and_state(order: domain.Order, state: domain.BookingState) -> None:
    hold_until = NOW + HOUR if state == "held" else None
    assert domain.fits(order, booking(state, hold_until=hold_until), NOW) is (state in ALLOWED[order])


def test_fits_release_only_before_the_end() -> None:
    over = booking().slot.ends_at
    assert domain.fits("release", booking(), over - dt.timedelta(seconds=1))
    assert not domain.fits("release", booking(), over)


def test_fits_hold_that_ran_out_takes_no_order() -> None:
    hold = booking("held", hold_until=NOW)
    assert not any(domain.fits(order, hold, NOW) for order in ALLOWED)


def test_obey_confirm_makes_the_next_version_without_an_expiry() -> None:
    done = domain.obey("confirm", booking("held", hold_until=NOW + HOUR), NOW, None)
    assert (done.state, done.version, done.hold_until) == ("confirmed", 2, None)


@pytest.mark.parametrize("state", STATES)
def test_can_move_only_what_occupies_or_was_displaced(state: domain.BookingState) -> None:
    hold_until = NOW + HOUR if state == "held" else None
    expected = state in {"held", "confirmed", "blocked", "affected"}
    assert domain.can_move(booking(state, hold_until=hold_until), NOW) is expected


def test_move_remembers_where_it_was_and_keeps_its_state() -> None:
    held = booking("held", hold_until=NOW + HOUR)
    moved = domain.move(held, replace(held, slot=slot(5)), NOW, held.square_id, held.zone)
    assert (moved.state, moved.previous, moved.slot, moved.hold_until) == ("held", held.slot, slot(5), NOW + HOUR)


def test_move_of_a_displaced_booking_takes_up_its_former_state() -> None:
    displaced = domain.displace(booking("blocked"), NOW, uuid4(), "water")
    moved = domain.move(displaced, replace(displaced, slot=slot(5)), NOW, displaced.square_id, displaced.zone)
    assert (moved.state, moved.state_before, moved.closure_id) == ("blocked", None, None)


def test_displace_twice_still_restores_to_what_it_was_first() -> None:
    first, second = uuid4(), uuid4()
    hit = domain.displace(domain.displace(booking("held"), NOW, first, "power"), NOW, second, "water")
    assert (hit.state, hit.closure_id, hit.version) == ("affected", second, 3)
    assert domain.restore(hit, NOW).state == "held"


def test_take_again_and_lose_are_new_versions_of_an_expired_hold() -> None:
    gone, rival = domain.expire(booking("held", hold_until=NOW), NOW), UUID(int=7)
    assert domain.take_again(gone, NOW).state == "confirmed"
    lost = domain.lose(gone, NOW, [rival])
    assert (lost.state, lost.version, lost.blocking) == ("expired", 3, (rival,))
