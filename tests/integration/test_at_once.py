"""Which bookings are made with one question, and that nothing stays of those that are not."""

from typing import Any
from uuid import UUID, uuid4

import pytest

from services.facility.booking import at_once
from services.facility.booking.bodies import MoveBooking, PutBooking
from services.facility.booking.desk import Desk, Overtaken
from services.facility.booking.domain import Booking
from services.facility.booking.refusals import Refused
from shared.clock import SteppedClock
from shared.identity import Actor
from tests.integration.booking_house import API, House, bring, wish

pytestmark = pytest.mark.integration
ADMIN = Actor("test", frozenset({("admin", "*")}))
WRITTEN = """
select (select count(*) from booking where id = $1) as bookings,
    (select count(*) from booking_leaf where booking_id = $1) as leaves,
    (select count(*) from audit where object = 'booking/' || $1) as entries,
    (select count(*) from outbox where key = 'booking/' || $1) as events
"""


async def known_room(house: House) -> UUID:
    """One that this process has heard of."""
    room = await house.space()
    await house.booked([room], "07:00", "08:00")
    return room


async def tried(desk: Desk, booking: UUID, room: UUID, start: str, end: str, **more: Any) -> Booking | None:
    return await at_once.make(desk, ADMIN, booking, PutBooking.model_validate(wish([room], start, end, **more)))


async def written(house: House, booking: UUID) -> tuple[int, ...]:
    (row,) = await house.rows(WRITTEN, booking)
    return tuple(row)


async def test_make__in_a_room_that_is_known_and_free__writes_all_of_it(house: House, desk: Desk) -> None:
    room, booking = await known_room(house), uuid4()
    made = await tried(desk, booking, room, "10:00", "11:00", title="Kor")
    assert made is not None
    assert (made.id, made.version, made.state) == (booking, 1, "confirmed")
    assert await written(house, booking) == (1, 1, 1, 1)
    told = await house.get(str(booking))
    assert (told["title"], told["local_start"], told["space_ids"]) == ("Kor", "10:00", [str(room)])


async def test_make__in_a_room_nobody_has_asked_about__is_left_to_the_long_way(house: House, desk: Desk) -> None:
    booking = uuid4()
    assert await tried(desk, booking, await house.space(), "10:00", "11:00") is None
    assert await written(house, booking) == (0, 0, 0, 0)


async def test_make__where_somebody_is__is_refused_and_leaves_nothing(house: House, desk: Desk) -> None:
    room, booking = await known_room(house), uuid4()
    other = await house.booked([room], "10:00", "11:00")
    with pytest.raises(Refused) as refused:
        await tried(desk, booking, room, "10:30", "11:30")
    assert (refused.value.code, refused.value.extra["blocking"]) == ("conflict", [other["id"]])
    assert await written(house, booking) == (0, 0, 0, 0)


async def test_make__where_it_is_closed__is_refused_and_leaves_nothing(house: House, desk: Desk) -> None:
    room, booking, closure = await known_room(house), uuid4(), uuid4()
    body = wish([room], "09:00", "12:00", reason_code="damage")
    await house.ok(house.client.put(f"{API}/closures/{closure}", json=body))
    with pytest.raises(Refused) as refused:
        await tried(desk, booking, room, "10:30", "11:30")
    assert refused.value.extra["blocking"] == [str(closure)]
    assert await written(house, booking) == (0, 0, 0, 0)


async def test_make__where_a_hold_ran_out__is_left_to_the_long_way(house: House, desk: Desk) -> None:
    room, booking = await known_room(house), uuid4()
    await house.booked([room], "10:00", "11:00", state="held", hold_until="2026-11-24T08:30:00Z")
    assert isinstance(desk.clock, SteppedClock)
    desk.clock.set(desk.clock.now().replace(hour=9))
    assert await tried(desk, booking, room, "10:00", "11:00") is None
    assert await written(house, booking) == (0, 0, 0, 0)


async def test_make__of_an_id_that_is_known__is_left_to_the_long_way(house: House, desk: Desk) -> None:
    room, booking = await known_room(house), uuid4()
    await house.booked([room], "10:00", "11:00", id=booking)
    assert await tried(desk, booking, room, "10:00", "11:00") is None
    await house.booked([room], "12:00", "13:00")
    assert await tried(desk, booking, room, "12:00", "13:00") is None
    assert await written(house, booking) == (1, 1, 1, 1)


async def test_make__after_the_house_changed__is_overtaken(house: House, desk: Desk) -> None:
    room, booking = await known_room(house), uuid4()
    await house.rows("update house_mark set mark = gen_random_uuid() returning 1")
    with pytest.raises(Overtaken):
        await tried(desk, booking, room, "10:00", "11:00")
    assert await written(house, booking) == (0, 0, 0, 0)


async def test_make__of_what_must_be_asked_about__is_left_to_the_long_way(house: House, desk: Desk) -> None:
    room, thing, booking = await known_room(house), await house.thing(), uuid4()
    await house.booked([room], "08:00", "09:00")
    assert await tried(desk, booking, room, "10:00", "11:00", **bring(thing)) is None
    assert await tried(desk, booking, room, "10:00", "11:00", state="requested") is None
    await house.hours(room, ("09:00", "10:00"))
    await house.booked([room], "09:00", "10:00")
    assert await tried(desk, booking, room, "10:00", "11:00") is None
    assert await written(house, booking) == (0, 0, 0, 0)


async def moved(desk: Desk, booking: dict[str, Any], room: UUID, start: str, end: str, **more: Any) -> Booking | None:
    body = MoveBooking.model_validate(wish([room], start, end, **more))
    return await at_once.move(desk, ADMIN, UUID(booking["id"]), booking["version"], body)


async def test_move__into_its_own_time_and_beyond__gives_back_what_it_had(house: House, desk: Desk) -> None:
    room = await known_room(house)
    booking = await house.booked([room], "10:00", "11:00")
    made = await moved(desk, booking, room, "10:30", "11:30")
    assert made is not None
    assert (made.version, made.state) == (2, "confirmed")
    assert await written(house, made.id) == (1, 1, 2, 2)
    await house.booked([room], "10:00", "10:30")
    assert (await house.put([room], "11:00", "11:30")).status_code == 409


async def test_move__where_somebody_is__is_refused_and_stays_where_it_was(house: House, desk: Desk) -> None:
    room, other = await known_room(house), await known_room(house)
    booking, there = await house.booked([room], "10:00", "11:00"), await house.booked([other], "10:30", "12:00")
    with pytest.raises(Refused) as refused:
        await moved(desk, booking, other, "10:00", "11:00")
    assert refused.value.extra["blocking"] == [there["id"]]
    assert await written(house, UUID(booking["id"])) == (1, 1, 1, 1)
    assert (await house.get(booking["id"]))["local_start"] == "10:00"


async def test_move__of_a_version_that_is_not_the_last__is_left_to_the_long_way(house: House, desk: Desk) -> None:
    room = await known_room(house)
    booking = await house.booked([room], "10:00", "11:00")
    await house.ok(house.move(booking, [room], "12:00", "13:00"))
    assert await moved(desk, booking, room, "14:00", "15:00") is None
    assert (await house.get(booking["id"]))["local_start"] == "12:00"


async def test_move__of_a_displaced_booking__waits_for_its_closure_no_more(house: House, desk: Desk) -> None:
    room, other, closure = await known_room(house), await known_room(house), uuid4()
    booking = await house.booked([room], "10:00", "11:00")
    await house.ok(house.client.put(f"{API}/closures/{closure}", json=wish([room], "09:00", "12:00")))
    affected = await house.get(booking["id"])
    made = await moved(desk, affected, other, "10:00", "11:00")
    assert made is not None
    assert (made.state, made.closure_id) == ("confirmed", None)
    await house.ok(house.client.post(f"{API}/closures/{closure}/lift"))
    assert (await house.get(booking["id"]))["version"] == made.version


async def test_move__with_the_equipment_it_has__is_left_to_the_long_way(house: House, desk: Desk) -> None:
    room, thing = await known_room(house), await house.thing()
    booking = await house.booked([room], "10:00", "11:00", **bring(thing))
    assert await moved(desk, booking, room, "12:00", "13:00") is None
