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


OTHER, HALL = uuid4(), uuid4()
LATER = Reschedule(starts_at=END, ends_at=END + dt.timedelta(hours=1), space_ids=[HALL], purpose="course", request=True)


def asking(state: str = "scheduled") -> Occurrence:
    """A date that asks to be elsewhere."""
    present = date(state)
    return domain.after_asking_to_move(present, domain.rescheduled(present, LATER), OTHER, "requested")


def answer(**more: object) -> Booking:
    there = {"booking_id": OTHER, "starts_at": LATER.starts_at, "ends_at": LATER.ends_at, "space_ids": [HALL]}
    return booking(**{**there, **more})


@pytest.mark.parametrize("state", ["scheduled", "affected"])
def test_after_asking_to_move__without_an_answer__leaves_the_date_where_it_is(state: str) -> None:
    waiting = asking(state)

    assert domain.move_asked_for(waiting) == OTHER
    assert (waiting.state, waiting.starts_at, waiting.space_ids) == (state, START, [ROOM])
    assert domain.staying(waiting).move_request is None


def test_after_asking_to_move__granted_already__is_there() -> None:
    present = date("scheduled")

    moved = domain.after_asking_to_move(present, domain.rescheduled(present, LATER), OTHER, "confirmed")

    assert (moved.booking_id, moved.starts_at, moved.move_request) == (OTHER, END, None)


@pytest.mark.parametrize("state", ["scheduled", "affected"])
@pytest.mark.parametrize("coarse", [True, False])
def test_after_booking__of_a_move__confirmed__takes_the_date_along(state: str, coarse: bool) -> None:
    told = answer(starts_at=END - dt.timedelta(minutes=20)) if coarse else answer()

    outcome = domain.after_booking(asking(state), told, "confirmed", coarse=coarse)

    assert outcome is not None
    moved, verb = outcome
    assert (moved.state, moved.booking_id, moved.move_request, verb) == ("scheduled", OTHER, None, "rescheduled")
    assert (moved.starts_at, moved.space_ids, moved.setup_minutes, moved.purpose) == (END, [HALL], 5, "course")
    assert moved.previous == domain.slot_of(date())
    assert domain.after_booking(moved, answer(), "confirmed") is None


def test_after_booking__of_a_move__rejected__says_why_once() -> None:
    told = answer(state="rejected", reason_code="noise")

    outcome = domain.after_booking(asking(), told, "rejected")

    assert outcome is not None
    kept, verb = outcome
    assert (kept.starts_at, kept.booking_id, verb) == (START, BOOKING, "changed")
    assert kept.move_request is not None
    assert (kept.move_request.state, kept.move_request.reason_code) == ("refused", "noise")
    assert domain.move_asked_for(kept) is None
    assert domain.after_booking(kept, told, "rejected") is None


def test_after_booking__of_a_move__withdrawn__leaves_a_date_that_asks_for_nothing() -> None:
    outcome = domain.after_booking(asking(), answer(state="cancelled"), "cancelled")

    assert outcome is not None
    assert (outcome[0].move_request, outcome[0].starts_at, outcome[1]) == (None, START, "changed")


def test_after_booking__whose_place_the_move_takes__is_nothing_yet() -> None:
    gone = booking(state="cancelled", replaced_by=OTHER)

    assert domain.after_booking(asking(), gone, "cancelled") is None
    assert domain.after_booking(date("scheduled"), gone, "cancelled") is not None


def test_asks_already__the_very_move_it_waits_for__is_no_other() -> None:
    assert domain.asks_already(asking(), LATER)
    assert not domain.asks_already(asking(), LATER.model_copy(update={"purpose": "meeting"}))
    assert not domain.asks_already(date("scheduled"), LATER)


def test_taken_up__request_of_a_date_nobody_wrote_down__is_its_draft() -> None:
    wanted = date(booking=None)

    outcome = domain.taken_up(None, wanted, booking(state="requested"))

    assert outcome == (wanted.model_copy(update={"booking_id": BOOKING, "room_request": PENDING}), "drafted")


@pytest.mark.parametrize(("start", "verb"), [(START, "changed"), (END, "rescheduled")])
def test_taken_up__request_of_a_draft__waits_where_it_was_to_be(start: dt.datetime, verb: str) -> None:
    for present in (date(booking=None), date(request=PENDING, booking=OTHER)):
        wanted = present.model_copy(update={"starts_at": start, "ends_at": start + dt.timedelta(minutes=40)})
        told = booking(state="requested", starts_at=wanted.starts_at, ends_at=wanted.ends_at)

        outcome = domain.taken_up(present, wanted, told)

        assert outcome is not None
        assert (outcome[0].room_request, outcome[0].starts_at, outcome[1]) == (PENDING, start, verb)
        assert outcome[0].booking_id == BOOKING


def test_taken_up__move_of_a_date__waits_beside_it() -> None:
    present = date("scheduled")
    waits = domain.after_asking_to_move(present, domain.rescheduled(present, LATER), uuid4(), "requested")

    for one in (present, waits):
        outcome = domain.taken_up(one, domain.rescheduled(one, LATER), answer(state="requested"))

        assert outcome == (asking().model_copy(update=same(present)), "changed")


def same(present: Occurrence) -> dict[str, UUID]:
    return {name: getattr(present, name) for name in ("occurrence_id", "activity_id", "square_id", "unit_id")}


@pytest.mark.parametrize(("start", "verb"), [(START, "scheduled"), (END, "rescheduled")])
def test_taken_up__what_was_granted_or_booked_at_once__has_its_room(start: dt.datetime, verb: str) -> None:
    wanted = date().model_copy(update={"starts_at": start, "ends_at": start + dt.timedelta(minutes=40)})
    told = booking(starts_at=wanted.starts_at, ends_at=wanted.ends_at)

    assert domain.taken_up(None, wanted, told) == (domain.scheduled(wanted, BOOKING), "scheduled")
    assert domain.taken_up(date(request=PENDING), wanted, told) == (domain.scheduled(wanted, BOOKING), verb)
    moved = domain.taken_up(date("scheduled"), domain.rescheduled(date("scheduled"), LATER), answer())
    assert moved is not None
    assert (moved[0].booking_id, moved[0].starts_at, moved[1]) == (OTHER, END, "rescheduled")
    assert domain.taken_up(None, wanted, booking(state="rejected")) is None


def test_taken_up__where_it_is_of_another_wish_than_the_newest__is_not() -> None:
    assert domain.taken_up(date(), date(), booking(space_ids=[HALL])) is None
    assert domain.taken_up(date("scheduled"), domain.rescheduled(date("scheduled"), LATER), booking()) is None


def test_gives_way_to_its_own__place_or_move__not_to_others() -> None:
    waits = asking()
    own = domain.booking_id_of(waits.occurrence_id, 3)

    assert domain.gives_way_to_its_own(waits, answer(state="cancelled", replaced_by=own))
    assert domain.gives_way_to_its_own(waits, booking(state="cancelled", replaced_by=own))
    assert not domain.gives_way_to_its_own(waits, answer(state="cancelled", replaced_by=uuid4()))
    assert not domain.gives_way_to_its_own(waits, answer(state="cancelled"))
    assert not domain.gives_way_to_its_own(waits, booking(booking_id=uuid4(), state="cancelled", replaced_by=own))


@pytest.mark.parametrize("state", ["cancelled", "completed"])
def test_staying__of_what_is_over__is_refused(state: str) -> None:
    with pytest.raises(WrongState):
        domain.staying(asking().model_copy(update={"state": state}))


def test_staying__without_a_move__is_refused() -> None:
    with pytest.raises(WrongState):
        domain.staying(date("scheduled"))


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
