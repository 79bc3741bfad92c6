"""What facility's answers make of a date whose rooms were asked for: in any order, and told twice."""

import datetime as dt
from uuid import UUID, uuid4

import pytest

from shared.contracts.facility import Booking
from shared.contracts.programme import Occurrence, RoomRequest
from shared.problems import WrongState
from shared.programme import bodies, domain
from shared.programme.bodies import PutOccurrence, Reschedule, Terms

START = dt.datetime(2031, 3, 3, 10, 10, tzinfo=dt.UTC)
END = START + dt.timedelta(minutes=40)
ROOM, BOOKING = uuid4(), uuid4()
PENDING = RoomRequest(state="pending")


def date(state: str = "draft", request: RoomRequest | None = None, booking: UUID | None = BOOKING) -> Occurrence:
    fixed = {"occurrence_id": uuid4(), "activity_id": uuid4(), "square_id": uuid4(), "unit_id": uuid4()}
    about = {"title_nb": "Lesesirkel", "starts_at": START, "ends_at": END, "space_ids": [ROOM], "setup_minutes": 5}
    return Occurrence.model_validate({**fixed, **about, "state": state, "room_request": request, "booking_id": booking})


def booking(**more: object) -> Booking:
    usual = {"booking_id": BOOKING, "square_id": uuid4(), "space_ids": [ROOM], "starts_at": START, "ends_at": END}
    return Booking.model_validate({**usual, "state": "confirmed", **more})


@pytest.mark.parametrize("request_", [PENDING, RoomRequest(state="refused", reason_code="noise"), None])
def test_after_booking__confirmed__schedules_the_draft_whatever_was_heard_before(request_: RoomRequest | None) -> None:
    outcome = domain.after_booking(date(request=request_), booking(), "confirmed")

    assert outcome is not None
    assert (outcome[0].state, outcome[0].room_request, outcome[1]) == ("scheduled", None, "scheduled")


def test_after_booking__rejected__keeps_the_draft_with_the_reason_and_says_so_once() -> None:
    told = booking(state="rejected", reason_code="noise")

    outcome = domain.after_booking(date(request=PENDING), told, "rejected")

    assert outcome is not None
    refused, verb = outcome
    assert (refused.state, refused.booking_id, verb) == ("draft", BOOKING, "changed")
    assert refused.room_request == RoomRequest(state="refused", reason_code="noise")
    assert domain.after_booking(refused, told, "rejected") is None


def test_after_booking__withdrawn__leaves_a_draft_that_has_asked_for_nothing() -> None:
    outcome = domain.after_booking(date(request=PENDING), booking(state="cancelled"), "cancelled")

    assert outcome is not None
    assert (outcome[0].booking_id, outcome[0].room_request, outcome[1]) == (None, None, "changed")


@pytest.mark.parametrize("state", ["cancelled", "completed"])
def test_after_booking__of_what_is_over_or_another_booking__is_nothing(state: str) -> None:
    assert domain.after_booking(date(state), booking(), "confirmed") is None
    assert domain.after_booking(date(request=PENDING, booking=uuid4()), booking(), "confirmed") is None


@pytest.mark.parametrize(
    ("starts", "ends", "moved"),
    [
        ((10, 0), (11, 0), False),
        ((10, 30), (11, 0), True),
        ((9, 30), (11, 0), True),
        ((10, 0), (11, 30), True),
        ((10, 0), (10, 30), True),
    ],
)
def test_after_booking__told_in_half_hours__is_a_move_only_where_they_are_others(
    starts: tuple[int, int], ends: tuple[int, int], moved: bool
) -> None:
    told = booking(
        starts_at=START.replace(hour=starts[0], minute=starts[1]), ends_at=START.replace(hour=ends[0], minute=ends[1])
    )

    outcome = domain.after_booking(date("scheduled"), told, "confirmed", coarse=True)

    assert (outcome is not None) == moved


def test_request_of__refused__is_none_and_one_without_an_answer_still_counts() -> None:
    draft = date(booking=None)

    assert domain.request_of(date(request=PENDING)) == BOOKING
    assert domain.request_of(date(request=RoomRequest(state="refused"))) is None
    assert domain.request_of(domain.perhaps_requested(draft)) == domain.booking_id_of(draft.occurrence_id)
    assert domain.request_of(draft) is None


def test_on_terms__that_say_nothing__keeps_what_was_said_before() -> None:
    said = domain.on_terms(date(), Terms(purpose="course", responsible_role="key_holder"))

    kept = domain.on_terms(said, Terms(purpose="meeting"))

    assert (kept.purpose, kept.responsible_role) == ("meeting", "key_holder")


@pytest.mark.parametrize("state", ["scheduled", "affected"])
def test_rescheduled__planned_date_into_a_request__is_refused(state: str) -> None:
    with pytest.raises(WrongState):
        domain.rescheduled(date(state), Reschedule(starts_at=START, ends_at=END, request=True))


def test_asked__with_a_reason__keeps_its_digest_and_knows_the_same_body_again() -> None:
    def body(reason: str) -> PutOccurrence:
        fixed = {"activity_id": "00000000-0000-4000-8000-000000000001", "starts_at": START, "ends_at": END}
        return PutOccurrence.model_validate({**fixed, "exception": {"reason": reason}})

    kept = bodies.asked(body("Avtalt med styreren"))

    assert "styreren" not in str(kept)
    assert bodies.same(kept, bodies.asked(body("Avtalt med styreren")))
    assert not bodies.same(kept, bodies.asked(body("Noe annet")))


def test_same__body_kept_before_it_had_terms__is_the_same_that_says_nothing_of_them() -> None:
    now = bodies.asked(PutOccurrence(activity_id=uuid4(), starts_at=START, ends_at=END, capacity=0))
    before = {name: value for name, value in now.items() if name not in Terms.model_fields} | {"override": False}

    assert bodies.same(before, now)
    assert not bodies.same({**before, "capacity": None}, now)
