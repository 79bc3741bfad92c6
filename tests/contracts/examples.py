"""One whole event of every type, of an invented house on an invented week. Nothing here is about anybody real."""

import datetime as dt
from collections.abc import Mapping
from importlib import import_module
from importlib.util import find_spec
from typing import Any
from uuid import UUID

from shared.contracts import catalogue, counters, facility, programme
from shared.contracts.platform import PUBLISHERS, UNIT_KINDS, UnitKind, Watermark
from shared.envelope import Event
from tests.contracts.invented import (
    ACTIVITY,
    BOOKING,
    CLOSURE,
    COUNTER,
    DAY,
    HALL,
    OCCURRENCE,
    OTHER_BOOKING,
    ROOM,
    ROOM_A,
    SAID,
    SERIES,
    SQUARE,
    at,
    event_of,
    id_of,
)

GEAR = [facility.Gear(equipment_id=id_of("projector"), count=2)]


def all_events() -> dict[str, Event]:
    """By wire type, in the order of the catalogue."""
    made = _facility() | _counters() | {name: event for unit in UNIT_KINDS for name, event in _unit(unit).items()}
    made |= {f"{service}.source.watermark.v1": _watermark(service) for service in PUBLISHERS}
    return {name: made[name] for name in catalogue.by_type()}


def _watermark(service: Any) -> Event:
    said = Watermark(service=service, partition=2, partitions=6, complete_until=SAID)
    _, event = event_of(
        service, "source.watermark.v1", f"watermark/{service}/2", said, 118, square_id=None, correlation_id=None
    )
    return event


def _facility() -> dict[str, Event]:
    library = id_of("unit-library")
    square = facility.Square(square_id=SQUARE, name="Heggedal", time_zone="Europe/Oslo", status="operating")
    share = facility.Settings(square_id=SQUARE, decision=2, decided_at=SAID, staff_share="0.25")
    unit = facility.Unit(
        unit_id=library,
        square_id=SQUARE,
        kind="library",
        name="Heggedal bibliotek",
        memberships=[facility.Membership(square_id=SQUARE, valid_from=dt.date(2026, 1, 1), valid_to=DAY)],
        status="operating",
    )
    space = facility.Space(
        space_id=ROOM_A,
        square_id=SQUARE,
        parent_id=ROOM,
        unit_id=library,
        name="Aktivitetsrom A",
        capacity=45,
        layouts={"seated": 30, "standing": 45},
        features=["mirrors", "hearing_loop"],
        floor="2",
        position=4,
        noise_out=4,
        noise_tolerance=3,
        neighbours=[facility.Neighbour(space_id=id_of("room-b"), attenuation=1)],
        prices={"business": 250},
    )
    hours = facility.Hours(
        owner_kind="unit", owner_id=library, square_id=SQUARE, decision=3, decided_at=SAID, periods=_periods()
    )
    projector = facility.Equipment(
        equipment_id=id_of("projector"),
        square_id=SQUARE,
        unit_id=library,
        kind="projector",
        name="Bibliotekets projektor",
        count=2,
        unit_minutes=10,
        square_minutes=45,
    )
    open_to_all = {"classification": "open"}
    return dict(
        [
            event_of("facility", "square.changed.v1", f"square/{SQUARE}", square, **open_to_all),
            event_of("facility", "settings.decided.v1", f"settings/{SQUARE}/2", share, **open_to_all),
            event_of("facility", "unit.changed.v1", f"unit/{library}", unit, 2, unit_id=library, **open_to_all),
            event_of("facility", "space.changed.v1", f"space/{ROOM_A}", space, 3, **open_to_all),
            event_of(
                "facility", "equipment.changed.v1", f"equipment/{id_of('projector')}", projector, 2, **open_to_all
            ),
            event_of(
                "facility", "hours.decided.v1", f"hours/unit/{library}/3", hours, unit_id=library, **open_to_all
            ),
            *(_booking(verb, changes) for verb, changes in _bookings().items()),
            *_closures(),
            *_outages(),
            *_noise(),
            _season(),
        ]
    )  # fmt: skip


def _outages() -> list[tuple[str, Event]]:
    lift = facility.Outage(
        outage_id=id_of("outage"),
        square_id=SQUARE,
        feature="lift",
        space_ids=[ROOM_A],
        starts_at=at(7),
        ends_at=at(12),
        reason_code="fault",
        declared_at=at(7, 20),
    )
    subject, said = f"outage/{lift.outage_id}", {"classification": "open"}
    return [
        event_of("facility", "outage.declared.v1", subject, lift, **said),
        event_of("facility", "outage.ended.v1", subject, lift.model_copy(update={"ended_at": at(9)}), 2, **said),
    ]


def _noise() -> list[tuple[str, Event]]:
    said = facility.NoiseConflict(
        conflict_id=id_of("noise"),
        square_id=SQUARE,
        loud_booking_id=BOOKING,
        quiet_booking_id=OTHER_BOOKING,
        from_space_id=ROOM_A,
        in_space_id=id_of("room-b"),
        starts_at=at(10),
        ends_at=at(11),
        excess_level=2,
        unit_ids=[id_of("unit-library"), id_of("unit-senior_centre")],
        state="open",
        detected_at=at(7),
    )
    accepted = {"state": "accepted", "accepted_at": at(8), "accepted_by": "exception", "reason_code": "noise_accepted"}
    resolved = accepted | {"state": "resolved", "resolved_at": at(9), "resolution": "moved"}
    verbs = [("detected", {}), ("accepted", accepted), ("resolved", resolved)]
    return [
        event_of(
            "facility",
            f"noise.conflict_{verb}.v1",
            f"noise_conflict/{said.conflict_id}",
            said.model_copy(update=changes),
            version,
        )
        for version, (verb, changes) in enumerate(verbs, 1)
    ]


def _periods() -> list[dict[str, Any]]:
    staffed = {"start": "10:00", "end": "16:00", "weekdays": [1, 2, 3, 5], "state": "staffed"}
    alone = {"start": "08:00", "end": "22:00", "state": "self_service"}
    saturday = {"start": "10:00", "end": "16:00", "weekdays": [6], "state": "staffed"}
    night = {"start": "18:00", "end": "01:00", "end_next_day": True, "state": "staffed"}
    return [
        {
            "name": "Vanlig uke",
            "start_date": "2026-01-01",
            "groups": [
                {"spans": [staffed, alone]},
                {"spans": [saturday], "rules": [{"kind": "every_nth_week", "n": 4, "anchor": "2026-01-10"}]},
                {"spans": [saturday], "rules": [{"kind": "nth_weekday_of_month", "n": 1, "step": 2}]},
            ],
        },
        {
            "name": "Kulturnatt",
            "start_date": "2026-11-27",
            "end_date": "2026-11-27",
            "override": True,
            "groups": [{"spans": [night]}],
        },
        {
            "name": "Julestengt",
            "start_date": "2026-12-24",
            "end_date": "2026-12-26",
            "override": True,
            "groups": [{"spans": [{"full_day": True, "state": "closed"}]}],
        },
    ]


def _bookings() -> dict[str, dict[str, Any]]:
    """What sets each apart from a confirmed booking of a unit's occurrence."""
    held_until = {"hold_until": at(9, 22, day=24)}
    before = {"previous": facility.Slot(space_ids=[HALL], starts_at=at(15), ends_at=at(17))}
    nobodys = {"owner_ref": None, "unit_id": None, "series_id": None}
    gone: dict[str, Any] = {"leaf_ids": []}
    return {
        "requested": {
            **gone,
            **nobodys,
            "title": "Årsmøte i velforeningen",
            "organiser_kind": "voluntary",
            "purpose": "meeting",
            "responsible_role": "key_holder",
            "noise_out": 2,
            "quiet_need": 1,
            "touches": [id_of("unit-senior")],
            "awaiting": [id_of("unit-library"), id_of("unit-senior")],
            "replaces": OTHER_BOOKING,
        },
        "held": held_until,
        "confirmed": {},
        "blocked": {**nobodys, "title": None, "organiser_kind": None, "expected_people": None, "reason_code": "repair"},
        "rejected": {**gone, "reason_code": "collision", "blocking": [OTHER_BOOKING]},
        "cancelled": {**gone, "reason_code": "moved", "replaced_by": OTHER_BOOKING},
        "released": {**gone, "reason_code": "not_needed"},
        "expired": {**gone, **held_until},
        "moved": {"state": "confirmed", **before},
        "affected": {**gone, "reason_code": "water_damage", "closure_id": CLOSURE},
        "checked_in": {"state": "confirmed", "checked_in_at": at(16, 50)},
        "restored": {"state": "confirmed", "closure_id": CLOSURE},
        "offered": {**gone, "state": "rejected", "reason_code": "offered"},
    }


def _booking(verb: str, changes: Mapping[str, Any]) -> tuple[str, Event]:
    usual = {
        "booking_id": BOOKING,
        "square_id": SQUARE,
        "space_ids": [ROOM],
        "leaf_ids": [ROOM_A, id_of("room-b")],
        "starts_at": at(17),
        "ends_at": at(19),
        "setup_minutes": 30,
        "teardown_minutes": 15,
        "state": verb,
        "title": "Bokkveld",
        "unit_id": id_of("unit-library"),
        "owner_ref": f"occurrence/{OCCURRENCE}",
        "series_id": SERIES,
        "organiser_kind": "municipal",
        "expected_people": 55,
        "equipment": GEAR,
    }
    state = facility.Booking.model_validate(usual | dict(changes))
    caused = {"causation_id": str(id_of("library.occurrence.scheduled.v1"))} if verb == "confirmed" else {}
    return event_of(
        "facility", f"booking.{verb}.v1", f"booking/{BOOKING}", state, 2, unit_id=state.unit_id, **caused
    )  # fmt: skip


def _closures() -> list[tuple[str, Event]]:
    declared = facility.Closure(
        closure_id=CLOSURE,
        square_id=SQUARE,
        space_ids=[ROOM],
        starts_at=at(6),
        reason_code="water_damage",
        declared_at=SAID,
        affected=[BOOKING, OTHER_BOOKING],
    )
    lifted = facility.Closure(
        closure_id=CLOSURE,
        square_id=SQUARE,
        unit_id=id_of("unit-library"),
        starts_at=at(6),
        ends_at=at(22),
        reason_code="water_damage",
        declared_at=SAID,
        lifted_at=at(11),
        affected=[BOOKING, OTHER_BOOKING],
        restored=[BOOKING],
        lost=[OTHER_BOOKING],
    )
    subject = f"closure/{CLOSURE}"
    return [
        event_of("facility", "closure.declared.v1", subject, declared),
        event_of("facility", "closure.lifted.v1", subject, lifted, 2, at=at(11), unit_id=lifted.unit_id),
    ]


def _season() -> tuple[str, Event]:
    round_ = facility.Season(
        season_id=id_of("season"),
        square_ids=[SQUARE],
        name="Skoleåret 2027/28",
        first_date=dt.date(2027, 8, 23),
        last_date=dt.date(2028, 6, 16),
        application_deadline=dt.datetime(2027, 4, 1, 21, 59, tzinfo=dt.UTC),
        priority=["voluntary", "municipal", "business"],
        free_before_paid=True,
        state="decided",
        applications=84,
        wishes=131,
        granted=97,
    )
    return event_of("facility", "season.changed.v1", f"season/{round_.season_id}", round_, 6)


def _counters() -> dict[str, Event]:
    library = id_of("unit-library")
    decided = {"square_id": SQUARE, "decided_at": SAID}
    counter = counters.Counter(
        counter_id=COUNTER,
        decision=2,
        unit_id=library,
        kind="zone",
        interval_minutes=15,
        swapped=True,
        valid_from=at(6, day=1),
        valid_to=at(6, day=30),
        feed="cumulative",
        **decided,
    )
    readings = [
        counters.Reading(count_in=14, count_out=9, sequence=0, received_at=at(10, 16)),
        counters.Reading(count_in=15, count_out=9, sequence=1, received_at=at(12, 1)),
    ]
    interval = counters.Interval(counter_id=COUNTER, square_id=SQUARE, start=at(10), readings=readings)
    by_hand = counters.ManualCount(
        manual_id=id_of("manual"), decision=1, unit_id=library, date=DAY, count=212, **decided
    )  # fmt: skip
    corrected = counters.Correction(
        correction_id=id_of("correction"), decision=1, date=DAY, mode="staffed", door_visits=180, **decided
    )
    return dict(
        [
            event_of("counters", "counter.decided.v1", f"counter/{COUNTER}/2", counter, unit_id=library),
            event_of("counters", "interval.recorded.v1", f"interval/{COUNTER}/2026-11-26T10:00Z", interval, 2),
            event_of(
                "counters", "manual_count.decided.v1", f"manual_count/{by_hand.manual_id}", by_hand, unit_id=library
            ),
            event_of("counters", "correction.decided.v1", f"correction/{corrected.correction_id}", corrected),
        ]
    )


def _unit(unit: UnitKind) -> dict[str, Event]:
    unit_id = id_of(f"unit-{unit}")
    said: dict[str, Any] = {"unit_id": unit_id, "classification": "open"}
    activity = programme.Activity(
        activity_id=ACTIVITY,
        square_id=SQUARE,
        unit_id=unit_id,
        hosts=[unit_id, id_of("unit-partner")],
        title_nb="Bokkveld",
        title_en="Book evening",
        kind="lecture",
        purposes=["culture", "social"],
        organiser_kind="municipal",
        price=programme.Price(kind="fixed", amount_nok=50),
        noise_out=2,
        quiet_need=1,
        access_needs=["hearing_loop"],
        min_age=13,
        max_age=99,
    )
    made = [
        event_of(
            unit, f"activity.{verb}.v1", f"activity/{ACTIVITY}", activity.model_copy(update=changes), version, **said
        )
        for verb, version, changes in (("published", 1, {}), ("changed", 2, {}), ("withdrawn", 3, {"withdrawn": True}))
    ]
    made += [_occurrence(unit, verb, changes) for verb, changes in _occurrences().items()]
    return dict([*made, *_own(unit, unit_id)])


def _occurrences() -> dict[str, dict[str, Any]]:
    """What sets each apart from a date that is scheduled."""
    before = {"previous": facility.Slot(space_ids=[HALL], starts_at=at(15), ends_at=at(17))}
    came = programme.Attendance(
        total=47,
        by_band=[programme.BandCount(band="18-61", count=31), programme.BandCount(band="67-79", count=16)],
        method="estimated",
        revision=2,
        recorded_at=at(19, 30),
        earlier=[programme.EarlierCount(total=45, revision=1, recorded_at=at(19))],
    )
    elsewhere = programme.MoveRequest(
        state="refused",
        reason_code="too_late",
        booking_id=OTHER_BOOKING,
        starts_at=at(18),
        ends_at=at(20),
        setup_minutes=30,
        teardown_minutes=15,
        space_ids=[HALL],
    )
    outside = {"off_site": True, "meeting_point": "Ved bussholdeplassen", "space_ids": [], "booking_id": None}
    return {
        "drafted": {"state": "draft", "public": False, "room_request": programme.RoomRequest(state="pending")},
        "scheduled": {"purpose": "course", "responsible_role": "key_holder", "equipment": GEAR},
        "changed": outside,
        "rescheduled": before,
        "cancelled": {"state": "cancelled", "cancel_reason": "lecturer_ill"},
        "completed": {"state": "completed"},
        "affected": {"state": "affected", "move_request": elsewhere},
        "attendance_recorded": {"state": "completed", "attendance": came},
    }


def _occurrence(unit: UnitKind, verb: str, changes: Mapping[str, Any]) -> tuple[str, Event]:
    unit_id = id_of(f"unit-{unit}")
    usual = {
        "occurrence_id": OCCURRENCE,
        "activity_id": ACTIVITY,
        "square_id": SQUARE,
        "unit_id": unit_id,
        "hosts": [unit_id, id_of("unit-partner")],
        "title_nb": "Bokkveld",
        "title_en": "Book evening",
        "starts_at": at(17),
        "ends_at": at(19),
        "setup_minutes": 30,
        "teardown_minutes": 15,
        "space_ids": [ROOM],
        "booking_id": BOOKING,
        "series_id": SERIES,
        "state": "scheduled",
        "capacity": 80,
    }
    state = programme.Occurrence.model_validate(usual | dict(changes))
    seen = "open" if state.public else "internal"
    return event_of(
        unit, f"occurrence.{verb}.v1", f"occurrence/{OCCURRENCE}", state, 2, unit_id=unit_id, classification=seen
    )  # fmt: skip


def _own(unit: UnitKind, unit_id: UUID) -> list[tuple[str, Event]]:
    module = f"tests.contracts.own.{unit}"
    if not find_spec(module):
        return []
    found: list[tuple[str, Event]] = import_module(module).events(unit_id)
    return found
