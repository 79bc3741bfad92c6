"""Finding a room for a purpose: what is asked for is hard, and the rooms that do are told best first, with why."""

from typing import Any
from uuid import UUID, uuid4

import pytest

from tests.integration.booking_house import API, House, time

pytestmark = pytest.mark.integration


@pytest.fixture
async def house(opened: House) -> House:
    await opened.square_of()
    return opened


async def ask(house: House, **more: Any) -> Any:
    params = {"square_id": str(house.square), "from": time("08:00"), "to": time("20:00"), "minutes": 60, **more}
    return await house.client.get(f"{API}/find", params=params)


async def find(house: House, **more: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await house.ok(ask(house, **more)))["candidates"]
    assert [one["rank"] for one in found] == list(range(1, len(found) + 1))
    return found


def ids(found: list[dict[str, Any]]) -> list[UUID]:
    return [UUID(one["space_id"]) for one in found]


async def test_find__a_room_for_an_activity__by_all_that_the_desk_is_asked_for(house: House) -> None:
    unit = await house.unit()
    everything = {
        "name": "Stillerommet",
        "capacity": 30,
        "layouts": {"seated": 24, "standing": 30},
        "features": ["hearing_loop", "lift", "projector", "kitchen"],
        "floor": "2",
        "noise_out": 3,
        "noise_tolerance": 0,
        "prices": {"business": 400},
        "unit_id": str(unit),
    }
    right = await house.space(**everything)
    for lacking in (
        {"layouts": {"seated": 10}},
        {"features": ["lift", "projector", "kitchen"]},
        {"features": ["hearing_loop", "projector", "kitchen"]},
        {"features": ["hearing_loop", "lift", "kitchen"]},
        {"features": ["hearing_loop", "lift", "projector"]},
        {"noise_out": 1},
        {"prices": {"voluntary": 100}},
    ):
        await house.space(**{**everything, **lacking})
    taken = await house.space(**everything)
    await house.booked([taken], "08:00", "20:00")
    asked = {
        "people": 20,
        "layout": "seated",
        "access": ["step_free", "hearing_loop"],
        "equipment": "projector",
        "kitchen": True,
        "noise_out": 2,
        "organiser_kind": "voluntary",
        "max_price": 0,
    }
    answer = await house.ok(ask(house, **asked))
    [one] = answer["candidates"]
    assert (UUID(one["space_id"]), one["price_per_hour"], one["layouts"]) == (right, 0, everything["layouts"])
    assert one["why"] == [
        "Plass til 24 på rader; du trenger 20.",
        "Har trinnfri adkomst, teleslynge, kjøkken og projektor.",
        "Gratis for frivillige.",
    ]
    left_out = {row["reason"]: row["rooms"] for row in answer["left_out"]}
    assert left_out == {
        "too_small": 1,
        "lacks_feature": 4,
        "must_be_quiet": 1,
        "too_expensive": 1,
        "never_free": 1,
    }
    assert {"reason": "lacks_feature", "rooms": 4, "message": "4 rom mangler noe av det du trenger."} in answer[
        "left_out"
    ]


async def test_find__free_times__are_the_first_and_how_many_there_are(house: House) -> None:
    room = await house.space()
    for hour in (9, 11, 13, 15):
        await house.booked([room], f"{hour:02}:00", f"{hour + 1:02}:00")
    [one] = await find(house, times=2)
    assert [(free["local_start"], free["local_end"]) for free in one["free"]] == [
        ("08:00", "09:00"),
        ("10:00", "11:00"),
    ]
    assert (one["free_ranges"], one["free_minutes"]) == (5, 480)


async def test_find__some_hours_of_some_days__looks_nowhere_else(house: House) -> None:
    room = await house.space()
    await house.hours(room, ("08:00", "21:00"))
    await house.booked([room], "2026-12-08T19:00", "2026-12-08T20:00")
    weeks = {"from": "2026-12-01T00:00", "to": "2026-12-29T00:00", "times": 10}
    [one] = await find(house, weekday=2, day_from="18:00", day_to="20:00", **weeks)
    assert [(free["local_date"], free["local_start"], free["local_end"]) for free in one["free"]] == [
        ("2026-12-01", "18:00", "20:00"),
        ("2026-12-08", "18:00", "19:00"),
        ("2026-12-15", "18:00", "20:00"),
        ("2026-12-22", "18:00", "20:00"),
    ]


async def test_find__quiet_need__leaves_out_rooms_beside_loud_ones(house: House) -> None:
    quiet, far = await house.space(name="Stille", noise_tolerance=0), await house.space(name="Avsides")
    heard = [{"space_id": str(quiet), "attenuation": 1}]
    gym = await house.space(name="Gym", noise_out=4, neighbours=heard)
    assert set(ids(await find(house, quiet_need=2))) == {quiet, far, gym}
    assert set(ids(await find(house, quiet_need=3))) == {far, gym}
    assert set(ids(await find(house, max_noise=2))) == {far, gym}
    [first, *_, last] = await find(house, noise_out=4, space_id=[str(gym), str(far)])
    assert UUID(first["space_id"]) == far
    assert (last["disturbs"], last["why"][-1]) == ([str(quiet)], "Høres godt i Stille.")


async def test_find__near_a_room__tells_the_same_floor_and_square_first(house: House) -> None:
    here = await house.space(name="A", floor="2", capacity=10)
    above, beside = await house.space(floor="3", capacity=10), await house.space(name="B", floor="2", capacity=10)
    square = house.square
    await house.square_of()
    away = await house.space(floor="2", capacity=10)
    squares = [str(square), str(house.square)]
    found = await find(house, square_id=squares, near_space_id=str(here))
    assert ids(found) == [here, beside, above, away]
    assert found[-1]["why"] == ["Ligger på Prøvetorget."]


async def test_find__by_unit__is_among_its_rooms_only(house: House) -> None:
    unit = await house.unit()
    own = await house.space(unit_id=str(unit))
    await house.space()
    assert ids(await find(house, unit_id=str(unit))) == [own]


async def test_find__without_a_square__is_where_the_asker_may_see(house: House) -> None:
    mine, square = await house.space(name="Mitt"), house.square
    await house.square_of()
    await house.space(name="Andres")
    params = {"from": time("08:00"), "to": time("20:00"), "minutes": 60}
    answer = await house.client.get(f"{API}/find", params=params, headers=house.role(f"front_line@{square}"))
    assert ids(answer.json()["candidates"]) == [mine]
    foreign = {**params, "square_id": str(house.square)}
    refused = await house.client.get(f"{API}/find", params=foreign, headers=house.role(f"front_line@{square}"))
    assert refused.status_code == 404


async def test_find__room_changed__is_found_by_what_it_is_now(house: House) -> None:
    room = await house.space(capacity=5)
    assert ids(await find(house, people=8)) == []
    body = {"square_id": str(house.square), "name": "Større", "capacity": 8}
    await house.ok(house.client.put(f"{API}/spaces/{room}", json=body, headers={"If-Match": '"1"'}))
    assert ids(await find(house, people=8)) == [room]
    await house.ok(house.client.delete(f"{API}/spaces/{room}", headers={"If-Match": '"2"'}))
    assert ids(await find(house, people=8)) == []


@pytest.mark.parametrize(
    "change",
    [
        {"layout": "sofa"},
        {"max_noise": 6},
        {"quiet_need": -1},
        {"organiser_kind": "friend"},
        {"max_price": -1},
        {"weekday": 8},
        {"day_from": "25:00"},
        {"day_from": "20:00", "day_to": "18:00"},
        {"near_space_id": str(uuid4())},
        {"square_id": str(uuid4())},
        {"space_id": str(uuid4())},
        {"limit": 0},
        {"together": "true"},
        {"equipment": ""},
        {"minutes": 86_400, "setup_minutes": 86_400},
    ],
)
async def test_find__question_with_a_fault__is_invalid_and_says_where(house: House, change: dict[str, Any]) -> None:
    answer = await ask(house, **change)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")
    assert answer.json()["detail"]


async def test_free__by_needs__leaves_out_what_lacks_them_also_among_named_rooms(house: House) -> None:
    loop, without = await house.space(features=["hearing_loop"]), await house.space()
    shut = await house.space(features=["hearing_loop"], bookable=False)
    params = {
        "space_id": [str(without), str(shut), str(loop)],
        "from": time("09:00"),
        "to": time("12:00"),
        "minutes": 30,
        "access": "hearing_loop",
    }
    answer = await house.ok(house.client.get(f"{API}/free", params=params))
    assert [row["space_id"] for row in answer["free"]] == [str(loop)]


@pytest.mark.parametrize(
    "change",
    [
        {"layouts": {"sofa": 3}},
        {"layouts": {"seated": -1}},
        {"noise_out": 6},
        {"prices": {"friend": 1}},
        {"prices": {"business": 2**31}},
        {"neighbours": [{"space_id": str(uuid4()), "attenuation": 1}]},
        {"neighbours": [{"space_id": "x", "attenuation": 1}]},
    ],
)
async def test_space__with_what_no_search_could_use__is_invalid(house: House, change: dict[str, Any]) -> None:
    answer = await house.client.put(f"{API}/spaces/{uuid4()}", json={"square_id": str(house.square), **change})
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")


async def test_space__its_own_neighbour_or_one_twice__is_invalid(house: House) -> None:
    other, made = await house.space(), uuid4()
    for heard in ([made], [other, other]):
        neighbours = [{"space_id": str(one), "attenuation": 1} for one in heard]
        body = {"square_id": str(house.square), "neighbours": neighbours}
        assert (await house.client.put(f"{API}/spaces/{made}", json=body)).status_code == 422


async def test_find__by_access__while_the_lift_is_out__tells_the_times_at_which_it_works(house: House) -> None:
    ramp = await house.space(name="Ramp", features=["step_free", "lift"])
    lift = await house.space(name="Heis", features=["lift"])
    body = {
        "square_id": str(house.square),
        "feature": "lift",
        "starts_at": time("07:00"),
        "ends_at": time("12:00"),
    }
    await house.ok(house.client.put(f"{API}/outages/{uuid4()}", json=body), 201)
    found = {UUID(one["space_id"]): one["free"][0]["local_start"] for one in await find(house, access="step_free")}
    assert found == {ramp: "08:00", lift: "12:00"}
    assert len(await find(house)) == 2
