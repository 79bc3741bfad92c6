"""What a process keeps of the house is never older than the house, whoever changes it and however."""

import asyncio
from collections.abc import Awaitable
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from services.facility.booking import commands, wishes
from services.facility.booking import house as known
from services.facility.booking.bodies import PutBooking
from services.facility.booking.commands import Taken
from services.facility.booking.desk import Desk, Overtaken
from services.facility.finding import store as finding
from shared import db
from shared.identity import Actor
from tests.integration.booking_house import API, House, time, wish

pytestmark = pytest.mark.integration
ADMIN = Actor("test", frozenset({("admin", "*")}))
WAITING = "select exists (select from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database())"
BEARS_NOBODY = "update space set bookable = false where id = $1 returning 1"
NEVER = "insert into hours (owner_kind, owner_id, decision, decided_at, periods) values ('space', $1, 1, now(), '[]')"


async def test_booking__after_another_process_closed_the_room__is_refused(house: House) -> None:
    room = await house.space()
    await house.booked([room], "10:00", "11:00")
    await house.rows(f"{NEVER} returning 1", room)
    assert (await house.put([room], "12:00", "13:00")).json()["code"] == "outside_hours"


async def test_booking__after_another_process_let_the_room_be_booked__is_made(house: House) -> None:
    room = await house.space(bookable=False)
    for _ in range(2):  # by what was read, and by what is known
        assert (await house.put([room], "10:00", "11:00")).json()["reasons"][0]["rule"] == "not_bookable"
    await house.rows("update space set bookable = true where id = $1 returning 1", room)
    await house.booked([room], "10:00", "11:00")


async def test_booking__that_waited_while_another_process_closed_the_room__is_refused(house: House) -> None:
    room = await house.space()
    await house.booked([room], "10:00", "11:00")
    conn = await asyncpg.connect(house.database.admin_dsn, server_settings={"search_path": "facility"})
    try:
        async with conn.transaction():
            await conn.execute("select from space where id = $1 for no key update", room)
            asked = asyncio.create_task(house.put([room], "12:00", "13:00"))
            while not await conn.fetchval(WAITING):
                assert not asked.done(), "it did not wait for the room"
                await asyncio.sleep(0.01)
            await conn.execute(NEVER, room)
        assert (await asked).json()["code"] == "outside_hours"
    finally:
        await conn.close()


async def test_booking__after_a_change_that_was_rolled_back__is_judged_by_what_holds(house: House) -> None:
    room = await house.space()
    conn = await asyncpg.connect(house.database.admin_dsn, server_settings={"search_path": "facility"})
    try:
        change = conn.transaction()
        await change.start()
        await conn.execute(NEVER, room)
        await change.rollback()
    finally:
        await conn.close()
    assert (await house.put([room], "10:00", "11:00")).status_code == 201


async def test_booking__after_the_room_got_parts__takes_the_parts(house: House) -> None:
    hall = await house.space()
    await house.booked([hall], "10:00", "11:00", state="requested")
    part = await house.space(hall)
    await house.booked([hall], "10:00", "11:00")
    assert (await house.put([part], "10:00", "11:00")).status_code == 409


async def test_booking__after_the_room_was_withdrawn__is_invalid(house: House) -> None:
    room = await house.space()
    booking = await house.booked([room], "10:00", "11:00")
    await house.ok(house.order("cancel", booking))
    await house.rows("update space set withdrawn = true where id = $1 returning 1", room)
    assert (await house.put([room], "12:00", "13:00")).json()["reasons"][0]["rule"] == "unknown_space"


@pytest.mark.parametrize("table", ["square", "unit", "space", "hours", "policy", "outage"])
async def test_mark__after_any_change_of_the_table__is_another(house: House, table: str) -> None:
    before = await house.rows("select mark from house_mark")
    await house.rows(f"with gone as (delete from {table} where false returning 1) select 1")
    assert await house.rows("select mark from house_mark") != before


async def test_put_again__after_the_hours_changed__still_gets_its_answer(house: House) -> None:
    room, booking = await house.space(), uuid4()
    first = await house.put([room], "10:00", "11:00", id=booking)
    await house.hours(room)
    again = await house.put([room], "10:00", "11:00", id=booking)
    assert (again.status_code, again.json()) == (first.status_code, first.json())
    assert (await house.put([room], "10:00", "11:30", id=booking)).json()["code"] == "id_in_use"


async def test_put_again__after_it_was_moved_and_another_has_its_time__still_gets_its_answer(house: House) -> None:
    room, booking = await house.space(), uuid4()
    made = await house.booked([room], "10:00", "11:00", id=booking)
    moved = await house.ok(house.move(made, [room], "12:00", "13:00"))
    await house.booked([room], "10:00", "11:00")
    again = await house.ok(house.put([room], "10:00", "11:00", id=booking))
    assert (again["version"], again["local_start"]) == (moved["version"], "12:00")


async def listed(house: House, **asked: Any) -> list[str]:
    params = {"from": time("00:00"), "to": "2026-12-03T00:00", **asked}
    found = await house.ok(house.client.get(f"{API}/bookings", params=params))
    return [booking["id"] for booking in found["bookings"]]


async def test_list__of_a_room__holds_bookings_of_several_rooms_whichever_is_named_first(house: House) -> None:
    await house.square_of()
    first, second, other = await house.space(), await house.space(), await house.space()
    both = await house.booked([second, first], "10:00", "11:00")
    long = await house.booked([first], "2026-11-30T10:00", "2026-12-01T09:00")
    late = await house.booked([first], "12:00", "13:00")
    await house.booked([other], "12:00", "13:00")
    assert await listed(house, space_id=str(first)) == [long["id"], both["id"], late["id"]]
    assert await listed(house, space_id=str(second)) == [both["id"]]
    square = house.square
    await house.square_of()
    assert await listed(house, space_id=str(first), square_id=str(house.square)) == []
    assert len(await listed(house, space_id=str(first), square_id=str(square))) == 3


async def test_list__page_by_page__misses_and_repeats_nothing(house: House) -> None:
    await house.square_of()
    rooms = [await house.space() for _ in range(3)]
    made = {(await house.booked([room], f"{hour:02}:00", f"{hour:02}:30"))["id"] for room in rooms for hour in (9, 10)}
    for asked in ({"square_id": str(house.square)}, {"space_id": [str(room) for room in rooms]}):
        found: list[str] = []
        after: dict[str, str] = {}
        while True:
            params = {"from": time("00:00"), "to": "2026-12-03T00:00", "limit": 2, **asked, **after}
            page = await house.ok(house.client.get(f"{API}/bookings", params=params))
            found += [booking["id"] for booking in page["bookings"]]
            if not page["next"]:
                break
            after = {"after": page["next"]}
        assert len(found) == 6
        assert set(found) == made


async def test_find__many_rooms_and_weeks__is_what_each_room_by_itself_says(house: House) -> None:
    await house.square_of()
    rooms = [await house.space(position=at) for at in range(5)]
    for at, room in enumerate(rooms):
        await house.hours(room, ("08:00", f"{16 + at}:00"))
        await house.booked([room], f"{9 + at:02}:00", f"{10 + at:02}:00", teardown_minutes=at)
    weeks = {"from": "2026-11-30T00:00", "to": "2027-01-25T00:00", "minutes": 45, "setup_minutes": 5}
    params = {**weeks, "square_id": str(house.square), "times": 50}
    found = (await house.ok(house.client.get(f"{API}/find", params=params)))["candidates"]
    assert {UUID(one["space_id"]) for one in found} == set(rooms)
    for one in found:
        alone = await house.ok(house.client.get(f"{API}/free", params={**weeks, "space_id": one["space_id"]}))
        times = [(row["starts_at"], row["ends_at"]) for row in alone["free"]]
        assert [(row["starts_at"], row["ends_at"]) for row in one["free"]] == times[:50]
        assert one["free_ranges"] == len(times)


async def taken_after(desk: Desk, room: UUID, change: Awaitable[Any]) -> Taken:
    """What becomes of a booking when the house is changed after it was read, and before its rooms are locked."""
    body = PutBooking.model_validate(wish([room], "10:00", "11:00"))
    async with db.transaction(desk.pool) as conn:
        place = await known.load(conn, [room])
        wanted = await wishes.new(conn, desk.clock, ADMIN, place, uuid4(), body)
        await change
        return await commands.take(conn, desk.clock, ADMIN, place, wanted)


async def test_booking__while_another_room_was_changed__does_not_look_again(house: House, desk: Desk) -> None:
    room = await house.space()
    assert await taken_after(desk, room, house.space()) == Taken([], ())


async def test_booking__while_its_own_room_was_changed__looks_again(house: House, desk: Desk) -> None:
    room = await house.space()
    for change in (house.hours(room, ("09:00", "12:00")), house.rows(BEARS_NOBODY, room)):
        with pytest.raises(Overtaken):
            await taken_after(desk, room, change)


async def test_rooms_around__where_nobody_hears_anybody__are_not_read(house: House, desk: Desk) -> None:
    await house.square_of()
    room, other = await house.space(name="Sal"), await house.space(name="Kontor")
    async with db.connection(desk.pool) as conn:
        assert (await finding.surroundings(conn)).name(room) == ""
    await house.space(name="Trim", neighbours=[{"space_id": str(other), "attenuation": 1}])
    async with db.connection(desk.pool) as conn:
        around = await finding.surroundings(conn)
    assert (around.name(room), around.is_alone(room), around.is_alone(other)) == ("Sal", True, False)
