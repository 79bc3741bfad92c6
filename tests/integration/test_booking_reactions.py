"""Bookings follow the occurrences of units, by the events the units send over Kafka."""

import asyncio
import datetime as dt
from typing import Any
from uuid import uuid4

import pytest
from aiokafka import AIOKafkaProducer

from services.facility.app import build
from services.facility.booking import reactions
from services.facility.booking.desk import Desk
from shared import db, envelope
from shared.clock import SteppedClock
from shared.contracts.programme import Occurrence
from shared.envelope import Event, encode
from shared.problems import Forbidden
from tests.infra import Kafka, Keys, Postgres, client_of, settings_for
from tests.integration.booking_house import NOW, House
from tests.integration.streams import until

pytestmark = pytest.mark.integration
LATER = "2026-11-24T08:15:00Z"


def occurrence_of(booking: dict[str, Any], house: House, state: Any = "scheduled", **more: Any) -> Occurrence:
    owner = (booking.get("owner_ref") or f"occurrence/{uuid4()}").removeprefix("occurrence/")
    values = {
        "occurrence_id": owner,
        "activity_id": uuid4(),
        "square_id": house.square,
        "unit_id": uuid4(),
        "title_nb": "Språkkafé",
        "starts_at": booking["starts_at"],
        "ends_at": booking["ends_at"],
        "space_ids": booking["space_ids"],
        "booking_id": booking["id"],
        "state": state,
        **more,
    }
    return Occurrence.model_validate(values)


def event_of(occurrence: Occurrence, verb: str, version: int = 1) -> Event:
    at = dt.datetime.fromisoformat(NOW)
    subject = f"occurrence/{occurrence.occurrence_id}"
    return envelope.build("library", f"occurrence.{verb}.v1", subject, version, occurrence, at=at)


async def held(house: House, start: str = "10:00", end: str = "11:00", **more: Any) -> dict[str, Any]:
    room = more.pop("room", None) or await house.space()
    return await house.booked([room], start, end, state="held", owner_ref=f"occurrence/{uuid4()}", **more)


async def hear(desk: Desk, occurrence: Occurrence, verb: str, version: int = 1) -> None:
    handler = reactions.handlers(desk)["torg.library.v1"][f"library.occurrence.{verb}.v1"]
    async with db.transaction(desk.pool) as conn:
        await handler(conn, event_of(occurrence, verb, version))


async def at_later(house: House, desk: Desk, run_due: bool = False) -> None:
    await house.clock(LATER, run_due=run_due)
    assert isinstance(desk.clock, SteppedClock)
    desk.clock.set(dt.datetime.fromisoformat(LATER))


async def test_scheduled_occurrence_confirms_its_hold_once(house: House, desk: Desk) -> None:
    hold = await held(house)
    for verb in ("scheduled", "rescheduled"):
        await hear(desk, occurrence_of(hold, house), verb)
    assert (await house.get(hold["id"]))["state"] == "confirmed"
    assert await house.events(hold["id"]) == [("held", 1), ("confirmed", 2)]


@pytest.mark.parametrize("run_due", [False, True])
async def test_hold_that_ran_out_is_taken_again_while_its_time_is_free(house: House, desk: Desk, run_due: bool) -> None:
    room = await house.space()
    hold = await held(house, room=room)
    await at_later(house, desk, run_due)
    await hear(desk, occurrence_of(hold, house), "scheduled")
    assert (await house.get(hold["id"]))["state"] == "confirmed"
    assert (await house.put([room], "10:00", "11:00")).json()["blocking"] == [hold["id"]]


async def test_hold_that_ran_out_and_was_taken_by_another_is_said_to_be_lost_again(house: House, desk: Desk) -> None:
    room = await house.space()
    hold = await held(house, room=room)
    await at_later(house, desk)
    rival = await house.booked([room], "10:30", "11:30")
    await hear(desk, occurrence_of(hold, house), "scheduled")
    assert await house.events(hold["id"]) == [("held", 1), ("expired", 2), ("expired", 3)]
    assert (await house.get(hold["id"]))["blocking"] == [rival["id"]]


async def test_hold_that_ran_out_in_a_closed_room_is_lost(house: House, desk: Desk) -> None:
    room = await house.space()
    hold = await held(house, room=room)
    await at_later(house, desk)
    body = {"space_ids": [str(room)], "starts_at": NOW, "reason_code": "water"}
    await house.ok(house.client.put(f"/api/facility/closures/{uuid4()}", json=body), 201)
    await hear(desk, occurrence_of(hold, house), "scheduled")
    assert (await house.get(hold["id"]))["state"] == "expired"


async def test_cancelled_occurrence_cancels_its_booking_and_a_late_word_does_not_bring_it_back(
    house: House, desk: Desk
) -> None:
    hold = await held(house)
    await hear(desk, occurrence_of(hold, house), "scheduled")
    await hear(desk, occurrence_of(hold, house, "cancelled", cancel_reason="illness"), "cancelled")
    await hear(desk, occurrence_of(hold, house), "scheduled")
    found = await house.get(hold["id"])
    assert (found["state"], found["reason_code"], found["version"]) == ("cancelled", "illness", 3)


async def test_word_about_a_booking_of_somebody_else_is_refused(house: House, desk: Desk) -> None:
    booking = await house.booked([await house.space()], "10:00", "11:00")
    with pytest.raises(Forbidden):
        await hear(desk, occurrence_of(booking, house, "cancelled"), "cancelled")
    assert (await house.get(booking["id"]))["version"] == 1


async def test_word_about_no_booking_or_an_unknown_one_changes_nothing(house: House, desk: Desk) -> None:
    hold = await held(house)
    await hear(desk, occurrence_of(hold, house, booking_id=None), "scheduled")
    await hear(desk, occurrence_of(hold, house, booking_id=uuid4()), "scheduled")
    assert (await house.get(hold["id"]))["version"] == 1


async def asked(house: House, version: int | None = 3, **more: Any) -> dict[str, Any]:
    """By this version of an occurrence of a unit."""
    more = {"state": "requested", "unit_id": str(await house.unit()), "owner_ref": f"occurrence/{uuid4()}", **more}
    room = more.pop("room", None) or await house.space()
    return await house.booked([room], "10:00", "11:00", owner_version=version, **more)


@pytest.mark.parametrize(
    ("version", "named", "state"), [(3, False, "requested"), (4, True, "requested"), (4, False, "cancelled")]
)
async def test_request__that_its_owner_does_not_name__is_given_up_by_a_later_version(
    house: House, desk: Desk, version: int, named: bool, state: str
) -> None:
    request = await asked(house)
    name = request["id"] if named else None
    occurrence = occurrence_of(request, house, "draft", unit_id=request["unit_id"], booking_id=name)

    await hear(desk, occurrence, "changed", version)

    found = await house.get(request["id"])
    assert (found["state"], found["reason_code"]) == (state, "unneeded" if state == "cancelled" else None)


async def test_request__that_a_date_is_to_move_by__is_named(house: House, desk: Desk) -> None:
    request = await asked(house)
    there = {name: request[name] for name in ("starts_at", "ends_at", "space_ids")}
    move = {"state": "pending", "booking_id": request["id"], **there}
    occurrence = occurrence_of(request, house, unit_id=request["unit_id"], booking_id=None, move_request=move)

    await hear(desk, occurrence, "changed", 4)

    assert (await house.get(request["id"]))["state"] == "requested"


async def test_booking__that_its_owner_has_no_use_for__frees_its_room(house: House, desk: Desk) -> None:
    room = await house.space()
    booking = await asked(house, state="confirmed", room=room)
    occurrence = occurrence_of(booking, house, "cancelled", unit_id=booking["unit_id"], booking_id=None)

    await hear(desk, occurrence, "cancelled", 4)

    assert (await house.get(booking["id"]))["state"] == "cancelled"
    assert (await house.booked([room], "10:00", "11:00"))["state"] == "confirmed"


async def test_request__asked_for_again_by_a_later_version__waits_for_that_one(house: House, desk: Desk) -> None:
    room, made = await house.space(), uuid4()
    owner = {"unit_id": str(await house.unit()), "owner_ref": f"occurrence/{uuid4()}"}
    request = await asked(house, room=room, id=made, **owner)
    again = await house.put([room], "10:00", "11:00", id=made, state="requested", owner_version=5, **owner)
    assert again.json() == request
    occurrence = occurrence_of(request, house, "draft", unit_id=request["unit_id"], booking_id=None)

    await hear(desk, occurrence, "changed", 5)

    assert (await house.get(request["id"]))["state"] == "requested"
    await hear(desk, occurrence, "changed", 6)
    assert (await house.get(request["id"]))["state"] == "cancelled"


@pytest.mark.parametrize(
    ("version", "named", "status"), [(3, False, 201), (4, True, 201), (4, False, 409)], ids=["of-now", "named", "past"]
)
async def test_request__that_comes_after_a_later_word_of_its_owner__is_refused(
    house: House, desk: Desk, version: int, named: bool, status: int
) -> None:
    room, before = await house.space(), await asked(house)
    owner = {name: before[name] for name in ("unit_id", "owner_ref")}
    made = uuid4()
    occurrence = occurrence_of(before, house, "draft", unit_id=owner["unit_id"], booking_id=made if named else None)
    await hear(desk, occurrence, "changed", version)
    await hear(desk, occurrence_of(before, house, "draft", unit_id=owner["unit_id"], booking_id=None), "changed", 2)

    late = await house.put([room], "10:00", "11:00", id=made, state="requested", owner_version=3, **owner)

    assert (late.status_code, late.json().get("code")) == (status, "unneeded" if status == 409 else None)
    assert len(await house.rows("select from booking where id = $1", made)) == (status == 201)


async def test_request__made_while_its_owners_word_is_heard__is_given_up_or_refused(house: House, desk: Desk) -> None:
    owner = {"unit_id": str(await house.unit()), "owner_ref": f"occurrence/{uuid4()}"}
    before = await asked(house, **owner)
    for version in range(4, 14):
        made, room = uuid4(), await house.space()
        later = occurrence_of(before, house, "draft", unit_id=owner["unit_id"], booking_id=None)
        late, _ = await asyncio.gather(
            house.put([room], "10:00", "11:00", id=made, state="requested", owner_version=version - 1, **owner),
            hear(desk, later, "changed", version),
        )
        assert late.status_code == 409 or (await house.get(str(made)))["reason_code"] == "unneeded"


@pytest.mark.parametrize("of_another", [True, False])
async def test_booking__of_another_unit_or_of_no_version__is_not_given_up(
    house: House, desk: Desk, of_another: bool
) -> None:
    request = await asked(house, 3 if of_another else None)
    unit = uuid4() if of_another else request["unit_id"]

    await hear(desk, occurrence_of(request, house, "draft", unit_id=unit, booking_id=None), "changed", 4)

    assert (await house.get(request["id"]))["state"] == "requested"


async def test_event_over_kafka_confirms_a_hold(postgres: Postgres, keys: Keys, kafka: Kafka) -> None:
    database = await postgres.database("facility")
    async with client_of(build(settings_for("facility", database, kafka, keys)), **keys.headers()) as client:
        house = House(client, keys, database)
        await house.square_of()
        hold = await held(house)
        event = event_of(occurrence_of(hold, house), "scheduled")
        producer = AIOKafkaProducer(**kafka.options())
        await producer.start()
        try:
            for _ in range(2):  # at least once means now and then twice
                await producer.send_and_wait("torg.library.v1", encode(event), key=event.subject.encode())
        finally:
            await producer.stop()

        async def confirmed() -> bool:
            return (await house.get(hold["id"]))["state"] == "confirmed"

        await until(confirmed, 30)
        assert await house.events(hold["id"]) == [("held", 1), ("confirmed", 2)]


async def refused_date(house: House) -> tuple[dict[str, Any], dict[str, Any]]:
    """What stands in the way, and the booking that was refused, of a unit's series."""
    room = await house.space()
    blocker = await house.booked([room], "2026-12-08T10:00", "2026-12-08T11:00")
    owner = f"occurrence/{uuid4()}"
    date = {"id": str(uuid4()), "starts_at": "2026-12-08T10:30", "ends_at": "2026-12-08T11:30", "owner_ref": owner}
    body = {"space_ids": [str(room)], "unit_id": str(await house.unit()), "occurrences": [date]}
    await house.ok(house.client.put(f"/api/facility/series/{uuid4()}", json=body))
    return blocker, await house.get(date["id"])


async def offered(house: House) -> list[str]:
    asked = {"square_id": str(house.square)}
    found = await house.ok(house.client.get("/api/facility/offers", params=asked))
    return [one["id"] for one in found["offers"]]


async def test_refused_date__that_is_still_a_draft_there__is_offered_and_no_more_once_it_has_a_room(
    house: House, desk: Desk
) -> None:
    blocker, refused = await refused_date(house)
    draft = occurrence_of(refused, house, "draft", unit_id=refused["unit_id"], booking_id=None)
    await hear(desk, draft, "drafted")
    await house.ok(house.order("cancel", blocker))
    await house.clock(NOW)
    assert await offered(house) == [refused["id"]]

    await hear(desk, draft.model_copy(update={"state": "scheduled", "booking_id": uuid4()}), "scheduled", 2)

    assert await offered(house) == []
    late = await house.order("take-offer", await house.get(refused["id"]))
    assert (late.status_code, late.json()["code"]) == (409, "wrong_state")


@pytest.mark.parametrize(
    "change",
    [
        {"state": "cancelled"},
        {"space_ids": [uuid4()]},
        {"starts_at": dt.datetime(2026, 12, 8, 9, tzinfo=dt.UTC)},
        {"state": "scheduled", "booking_id": uuid4()},
    ],
    ids=["cancelled", "elsewhere", "earlier", "has-a-room"],
)
async def test_refused_date__that_nobody_waits_for_any_more__is_not_offered(
    house: House, desk: Desk, change: dict[str, Any]
) -> None:
    blocker, refused = await refused_date(house)
    draft = occurrence_of(refused, house, "draft", unit_id=refused["unit_id"], booking_id=None)
    await hear(desk, draft.model_copy(update=change), "changed", 2)
    await house.ok(house.order("cancel", blocker))

    await house.clock(NOW)

    assert await offered(house) == []
    assert (await house.get(refused["id"]))["reason_code"] == "conflict"
