"""Free time and what affects a range, through the interface."""

from typing import Any
from uuid import UUID, uuid4

import pytest

from tests.integration.booking_house import API, House, time

pytestmark = pytest.mark.integration


async def ask(house: House, path: str, spaces: list[UUID], start: str, end: str, **more: Any) -> Any:
    params = {"space_id": [str(space) for space in spaces], "from": time(start), "to": time(end), **more}
    return await house.client.get(f"{API}/{path}", params=params)


async def free(house: House, spaces: list[UUID], start: str, end: str, **more: Any) -> list[tuple[UUID, str, str]]:
    answer = await house.ok(ask(house, "free", spaces, start, end, **{"minutes": 30, **more}))
    return [(UUID(row["space_id"]), row["local_start"], row["local_end"]) for row in answer["free"]]


async def test_free_each_space_by_itself_in_the_order_asked(house: House) -> None:
    hall, (left, right) = await house.hall()
    await house.booked([left], "10:00", "11:00")
    assert await free(house, [right, hall], "09:00", "12:00") == [
        (right, "09:00", "12:00"),
        (hall, "09:00", "10:00"),
        (hall, "11:00", "12:00"),
    ]


async def test_free_together_only_where_all_are(house: House) -> None:
    first, second = await house.space(), await house.space()
    await house.booked([first], "10:00", "11:00")
    await house.booked([second], "10:30", "11:30")
    assert await free(house, [first, second], "09:00", "12:00", together=True) == [
        (first, "09:00", "10:00"),
        (first, "11:30", "12:00"),
    ]


async def test_free_what_is_offered_is_accepted_to_the_minute(house: House) -> None:
    room = await house.space()
    await house.booked([room], "10:00", "11:00", teardown_minutes=10)
    asked = {"minutes": 45, "setup_minutes": 15, "teardown_minutes": 5}
    assert await free(house, [room], "09:00", "12:30", **asked) == [(room, "09:00", "09:55"), (room, "11:25", "12:30")]
    assert (await house.put([room], "11:24", "12:09", setup_minutes=15)).status_code == 409
    await house.booked([room], "11:25", "12:10", setup_minutes=15, teardown_minutes=5)


async def test_free_inside_the_hours_of_the_named_space(house: House) -> None:
    hall, (left, _) = await house.hall()
    await house.hours(hall, ("10:00", "12:00"), ("12:00", "14:00"))
    assert await free(house, [left], "08:00", "20:00", setup_minutes=60) == [(left, "10:00", "14:00")]


async def test_free_space_smaller_than_asked_is_not_offered(house: House) -> None:
    small, any_size = await house.space(capacity=9), await house.space()
    assert {row[0] for row in await free(house, [small, any_size], "09:00", "12:00", people=10)} == {any_size}


async def test_free_hold_that_ran_out_is_free_and_closure_is_not(house: House) -> None:
    room = await house.space()
    await house.booked([room], "10:00", "11:00", state="held")
    body = {"space_ids": [str(room)], "starts_at": time("11:30"), "ends_at": None}
    await house.ok(house.client.put(f"{API}/closures/{uuid4()}", json=body), 201)
    assert await free(house, [room], "09:00", "12:00") == [(room, "09:00", "10:00"), (room, "11:00", "11:30")]
    await house.clock("2026-11-24T08:15:00Z", run_due=False)
    assert await free(house, [room], "09:00", "12:00") == [(room, "09:00", "11:30")]


async def test_free_search_by_square_people_and_features(house: House) -> None:
    await house.square_of()
    fits = await house.space(capacity=20, features=["loop", "step_free"])
    await house.space(capacity=20, features=["step_free"])
    await house.space(capacity=5, features=["loop"])
    params = {"square_id": str(house.square), "people": 10, "features": ["loop"], "minutes": 30}
    answer = await house.ok(
        house.client.get(f"{API}/free", params={**params, "from": time("09:00"), "to": time("12:00")})
    )
    assert [row["space_id"] for row in answer["free"]] == [str(fits)]


@pytest.mark.parametrize(
    "change",
    [
        {"minutes": 0},
        {"minutes": "x"},
        {"minutes": None},
        {"setup_minutes": -1},
        {"people": -1},
        {"from": "2026-12-02T09:00"},
        {"to": "2028-12-02T09:00"},
        {"from": "9999-01-01T00:00"},
        {"space_id": str(uuid4())},
        {"space_id": "x"},
    ],
)
async def test_free_question_with_a_fault_is_invalid(house: House, change: dict[str, Any]) -> None:
    room = await house.space()
    params = {"space_id": str(room), "from": time("09:00"), "to": time("12:00"), "minutes": 30} | change
    answer = await house.client.get(f"{API}/free", params={k: v for k, v in params.items() if v is not None})
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")


async def test_affecting_by_occupied_time_each_once_and_only_what_occupies(house: House) -> None:
    hall, (left, right) = await house.hall()
    setup = await house.booked([hall], "11:00", "12:00", setup_minutes=30)
    ended = await house.booked([left], "09:00", "10:00")
    await house.booked([right], "13:00", "14:00", state="requested")
    answer = await ask(house, "affecting", [left, right], "10:00", "10:31")
    assert answer.json() == {"affected": [setup["id"]]}
    answer = await ask(house, "affecting", [hall], "09:59", "10:29")
    assert answer.json() == {"affected": [ended["id"]]}
    assert (await ask(house, "affecting", [hall], "10:00", "10:00")).status_code == 422
