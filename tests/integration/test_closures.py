"""Emergency closures: what they displace, what nobody may book, what comes back."""

import asyncio
from collections.abc import Awaitable
from typing import Any
from uuid import UUID, uuid4

import pytest

from services.facility.booking import closures, store, writing
from services.facility.booking import house as known
from services.facility.booking.desk import Desk
from shared import db
from shared.identity import Actor
from tests.integration.booking_house import API, House, time

pytestmark = pytest.mark.integration
ADMIN = Actor("test", frozenset({("admin", "*")}))


async def close(house: House, start: str, end: str | None, closure: UUID | None = None, **scope: Any) -> Any:
    body = {"starts_at": time(start), "ends_at": end and time(end), "reason_code": "power", **scope}
    return await house.client.put(f"{API}/closures/{closure or uuid4()}", json=body)


async def closed(house: House, start: str, end: str | None, *spaces: UUID) -> dict[str, Any]:
    return await house.ok(close(house, start, end, space_ids=[str(space) for space in spaces]), 201)


async def lifted(house: House, closure: dict[str, Any]) -> tuple[list[str], list[str]]:
    answer = await house.ok(house.client.post(f"{API}/closures/{closure['id']}/lift"), 200)
    return answer["restored"], answer["lost"]


async def affecting(house: House, *spaces: UUID) -> list[str]:
    params = {"space_id": [str(space) for space in spaces], "from": time("00:00"), "to": time("23:59")}
    found = await house.ok(house.client.get(f"{API}/affecting", params=params))
    return list(found["affected"])


async def test_closure_displaces_what_it_meets_and_nothing_else(house: House) -> None:
    room = await house.space()
    before = await house.booked([room], "08:00", "10:00")
    hit = await house.booked([room], "10:30", "11:00", setup_minutes=15)
    after = await house.booked([room], "12:00", "13:00")
    closure = await closed(house, "10:00", "12:00", room)
    assert closure["affected"] == [hit["id"]]
    assert [(await house.get(one["id"]))["state"] for one in (before, hit, after)] == [
        "confirmed",
        "affected",
        "confirmed",
    ]
    assert await house.events(hit["id"]) == [("confirmed", 1), ("affected", 2)]
    assert await affecting(house, room) == [before["id"], after["id"]]


async def test_closure_is_met_by_teardown_too(house: House) -> None:
    room = await house.space()
    hit = await house.booked([room], "09:00", "10:00", teardown_minutes=1)
    assert (await closed(house, "10:00", "12:00", room))["affected"] == [hit["id"]]


async def test_nobody_books_over_a_closure_not_even_with_override(house: House) -> None:
    room = await house.space()
    closure = await closed(house, "10:00", None, room)
    refused = await house.put([room], "2027-06-01T10:00", "2027-06-01T11:00", override=True)
    assert (refused.status_code, refused.json()["code"]) == (409, "conflict")
    assert refused.json()["blocking"] == [closure["id"]]
    assert await lifted(house, closure) == ([], [])
    await house.booked([room], "2027-06-01T10:00", "2027-06-01T11:00")


async def test_closure_of_a_part_leaves_the_rest_of_a_hall_occupied(house: House) -> None:
    hall, (left, right) = await house.hall()
    whole = await house.booked([hall], "10:00", "11:00")
    closure = await closed(house, "09:00", "12:00", left)
    assert (await house.put([right], "10:00", "11:00")).json()["blocking"] == [whole["id"]]
    assert await affecting(house, right) == [whole["id"]]
    assert await lifted(house, closure) == ([whole["id"]], [])
    assert await affecting(house, left) == [whole["id"]]


async def test_displaced_block__is_cancelled_and_moved_by_who_may_block_and_by_nobody_else(house: House) -> None:
    room, other, unit = await house.space(), await house.space(), await house.unit("health_station")
    first, second = [
        await house.booked([room], start, end, state="blocked", unit_id=str(unit))
        for start, end in (("10:00", "10:30"), ("10:30", "11:00"))
    ]
    await closed(house, "09:00", "12:00", room)
    first, second = await house.get(first["id"]), await house.get(second["id"])
    books, keeps = house.role(f"front_line@{unit}"), house.role(f"unit_service@{unit}")

    assert (await house.order("cancel", first, headers=books)).status_code == 403
    assert (await house.move(second, [other], "10:30", "11:00", headers=books)).status_code == 403

    assert (await house.ok(house.order("cancel", first, headers=keeps)))["state"] == "cancelled"
    moved = await house.ok(house.move(second, [other], "10:30", "11:00", headers=keeps))
    assert moved["state"] == "blocked"


async def test_lift_restores_each_to_what_it_was(house: House) -> None:
    room = await house.space()
    held = await house.booked([room], "10:00", "10:30", state="held", hold_until="2026-11-25T10:00")
    blocked = await house.booked([room], "10:30", "11:00", state="blocked")
    closure = await closed(house, "09:00", "12:00", room)
    assert await lifted(house, closure) == ([held["id"], blocked["id"]], [])
    assert [(await house.get(one["id"]))["state"] for one in (held, blocked)] == ["held", "blocked"]
    assert await house.events(held["id"]) == [("held", 1), ("affected", 2), ("restored", 3)]


async def test_lift_leaves_out_what_was_cancelled_or_moved(house: House) -> None:
    room, other = await house.space(), await house.space()
    cancelled, moved = await house.booked([room], "10:00", "11:00"), await house.booked([room], "11:00", "12:00")
    closure = await closed(house, "09:00", "12:00", room)
    await house.ok(house.order("cancel", {**cancelled, "version": 2}))
    saved = await house.ok(house.move({**moved, "version": 2}, [other], "11:00", "12:00"))
    assert saved["state"] == "confirmed"
    assert await lifted(house, closure) == ([], [])
    assert await affecting(house, room) == []


async def test_lift_loses_what_is_no_longer_free(house: House) -> None:
    room = await house.space()
    early = await house.booked([room], "10:00", "12:00")
    closure = await closed(house, "11:00", "13:00", room)
    rival = await house.booked([room], "10:00", "11:00")
    assert await lifted(house, closure) == ([], [early["id"]])
    assert (await house.get(early["id"]))["state"] == "affected"
    assert await affecting(house, room) == [rival["id"]]


async def test_lift_loses_a_hold_that_ran_out_meanwhile(house: House) -> None:
    room = await house.space()
    hold = await house.booked([room], "10:00", "11:00", state="held")
    closure = await closed(house, "09:00", "12:00", room)
    await house.clock("2026-11-24T08:15:00Z", run_due=False)
    assert await lifted(house, closure) == ([], [hold["id"]])
    assert (await house.get(hold["id"]))["state"] == "expired"


async def test_two_closures_on_each_other_the_last_lift_restores(house: House) -> None:
    room = await house.space()
    booking = await house.booked([room], "10:00", "11:00")
    first, second = await closed(house, "09:00", "12:00", room), await closed(house, "09:00", None, room)
    assert (first["affected"], second["affected"]) == ([booking["id"]], [])
    assert await lifted(house, first) == ([], [booking["id"]])
    assert await lifted(house, second) == ([booking["id"]], [])


async def test_lift_restores_the_first_of_two_that_have_come_into_each_others_way(house: House) -> None:
    room = await house.space()
    early = await house.booked([room], "10:00", "12:00")
    first = await closed(house, "10:00", "11:00", room)
    late = await house.booked([room], "11:30", "12:30")
    last = await closed(house, "11:00", None, room)
    assert await lifted(house, first) == ([], [early["id"]])
    assert await lifted(house, last) == ([early["id"]], [late["id"]])
    assert await affecting(house, room) == [early["id"]]


async def looks_and_writes(desk: Desk, work: Awaitable[Any]) -> int:
    """How often rooms and bookings are looked for, and bookings are written, on the one connection that there is."""
    asked: list[str] = []
    async with db.connection(desk.pool) as conn:
        conn.add_query_logger(lambda query: asked.append(query.query))
    await work
    counted = (known.SPACES, writing.SURVEY, writing.SAVE, store.UPDATE, store.OCCUPY)
    return sum(query in counted for query in asked)


async def test_lift_asks_no_more_of_the_database_for_many_bookings_than_for_few(house: House, desk: Desk) -> None:
    asked = []
    for hours in (2, 12):
        hall, rooms = await house.hall()
        hit = [(await house.booked([hall], f"{hour + 8:02}:00", f"{hour + 8:02}:30"))["id"] for hour in range(hours)]
        closure = await closed(house, "07:00", None, *rooms)
        asked.append(await looks_and_writes(desk, closures.lift(desk, ADMIN, UUID(closure["id"]))))
        assert await affecting(house, hall) == hit
    assert asked == [4, 4]


async def test_closure_of_a_unit_and_of_a_square_closes_their_spaces(house: House) -> None:
    await house.square_of()
    unit = await house.unit()
    own, other = await house.space(unit_id=str(unit)), await house.space()
    mine, theirs = await house.booked([own], "10:00", "11:00"), await house.booked([other], "10:00", "11:00")
    of_unit = await house.ok(close(house, "09:00", "12:00", unit_id=str(unit)), 201)
    of_square = await house.ok(close(house, "09:00", "12:00", square_id=str(house.square)), 201)
    assert (of_unit["affected"], of_square["affected"]) == ([mine["id"]], [theirs["id"]])


async def test_closure_and_lift_sent_again_answer_the_same(house: House) -> None:
    room, closure = await house.space(), uuid4()
    await house.booked([room], "10:00", "11:00")
    first = await close(house, "09:00", "12:00", closure, space_ids=[str(room)])
    for start in ("09:00", f"{time('09:00')}:00"):
        again = await close(house, start, "12:00", closure, space_ids=[str(room)])
        assert (again.status_code, again.json()) == (201, first.json())
    other = await close(house, "09:00", "13:00", closure, space_ids=[str(room)])
    assert (other.status_code, other.json()["code"]) == (409, "id_in_use")
    assert await lifted(house, first.json()) == await lifted(house, first.json())


@pytest.mark.parametrize(
    "scope",
    [{}, {"space_ids": []}, {"square_id": str(uuid4())}, {"unit_id": str(uuid4())}, {"space_ids": [str(uuid4())]}],
)
async def test_closure_of_nothing_or_of_what_is_unknown_is_invalid(house: House, scope: dict[str, Any]) -> None:
    refused = await close(house, "09:00", "12:00", **scope)
    assert (refused.status_code, refused.json()["code"]) == (422, "invalid")


async def test_closure_is_for_those_who_may(house: House) -> None:
    room = await house.space()
    body = {"space_ids": [str(room)], "starts_at": time("09:00"), "reason_code": "water"}
    path, front = f"{API}/closures/{uuid4()}", house.role("front_line@*")
    assert (await house.client.put(path, json=body, headers=front)).status_code == 403
    await house.ok(house.client.put(path, json=body, headers=house.role("house_manager@*")), 201)
    assert (await house.client.post(f"{path}/lift", headers=front)).status_code == 403


async def test_closure_and_bookings_at_once_leave_no_booking_under_it(house: House) -> None:
    hall, parts = await house.hall(4)
    bookings = [house.put([part], "10:00", "11:00") for part in parts * 4]
    answers = await asyncio.gather(close(house, "09:00", "12:00", space_ids=[str(hall)]), *bookings)
    made = {answer.json()["id"] for answer in answers[1:] if answer.status_code == 201}
    assert {answer.status_code for answer in answers[1:]} <= {201, 409}
    assert set(answers[0].json()["affected"]) == made
    assert await affecting(house, hall) == []


async def test_closure_of_a_square_holds_for_a_room_that_comes_later_until_it_is_lifted(house: House) -> None:
    square = await house.square_of()
    closure = await house.ok(close(house, "10:00", None, square_id=str(square)), 201)
    room = await house.space()
    refused = await house.put([room], "11:00", "12:00")
    assert (refused.status_code, refused.json()["blocking"]) == (409, [closure["id"]])
    await lifted(house, closure)
    await house.booked([room], "11:00", "12:00")


async def test_closure_of_a_unit_holds_for_a_room_of_it_and_a_part_of_one_that_come_later(house: House) -> None:
    unit = await house.unit()
    hall = await house.space(unit_id=str(unit))
    await house.space(hall)
    closure = await house.ok(close(house, "10:00", "12:00", unit_id=str(unit)), 201)
    for room in (await house.space(unit_id=str(unit)), await house.space(hall)):
        refused = await house.put([room], "11:00", "12:00")
        assert (refused.status_code, refused.json()["blocking"]) == (409, [closure["id"]])
        await house.booked([room], "12:00", "13:00")
    await house.booked([await house.space()], "11:00", "12:00")
