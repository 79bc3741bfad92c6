"""Rooms and times that are offered and found because of what is to be carried there."""

from typing import Any
from uuid import UUID

import pytest

from tests.integration.booking_house import API, House, bring, time

pytestmark = pytest.mark.integration


def of(kind: str, answer: Any) -> list[dict[str, Any]]:
    return [one for one in answer.json()["alternatives"] if one["kind"] == kind]


async def refuse(house: House, room: UUID, **more: Any) -> Any:
    """Asked by somebody of this square, who has no part in what other squares have."""
    refused = await house.put([room], "10:00", "11:00", headers=house.role(f"front_line@{house.square}"), **more)
    assert refused.status_code == 409
    return refused


async def test_refusal__for_want_of_equipment__offers_another_of_the_kind(house: House) -> None:
    room, other = await house.space(), await house.space()
    small, large = await house.thing(name="Liten"), await house.thing(name="Stor")
    await house.thing(name="Piano", kind="piano")
    await house.booked([other], "10:00", "11:00", **bring(small))
    refused = await refuse(house, room, **bring(small))
    [offer] = of("other_equipment", refused)
    assert (offer["rank"], offer["space_ids"]) == (1, [str(room)])
    assert offer["equipment"] == [{"id": str(large), "count": 1}]
    assert offer["why"] == ["Samme rom og tid med «Stor»."]
    await house.booked([room], "10:00", "11:00", equipment=offer["equipment"])
    refused = await refuse(house, await house.space(), **bring(small))
    assert of("other_equipment", refused) == []


async def test_refusal__for_want_of_equipment__offers_times_at_which_it_is_back_and_rooms_that_have_their_own(
    house: House,
) -> None:
    unit = await house.unit()
    room = await house.space(capacity=10)
    equipped = await house.space(capacity=10, features=["projector"])
    bare = await house.space(capacity=10)
    thing = await house.thing(unit_id=str(unit), unit_minutes=10)
    await house.booked([bare], "10:00", "11:00", **bring(thing))
    refused = await refuse(house, room, **bring(thing))
    [offer] = of("other_room", refused)
    assert (offer["space_ids"], offer["equipment"]) == ([str(equipped)], [])
    assert "Har projektor." in offer["why"]
    assert [(one["local_start"], one["equipment"]) for one in of("other_time", refused)][:2] == [
        ("11:20", bring(thing)["equipment"]),
        ("08:40", bring(thing)["equipment"]),
    ]
    await house.booked([room], "11:20", "12:20", **bring(thing))


async def test_refusal__of_a_room__offers_rooms_to_which_the_equipment_can_be_brought_in_time(house: House) -> None:
    unit = await house.unit()
    room = await house.space(capacity=10, unit_id=str(unit))
    near, far = await house.space(capacity=10, unit_id=str(unit)), await house.space(capacity=10)
    thing = await house.thing(unit_id=str(unit), unit_minutes=30)
    await house.booked([room], "10:00", "11:00")
    await house.booked([await house.space(unit_id=str(unit), capacity=5)], "11:15", "12:00", **bring(thing))
    refused = await refuse(house, room, **bring(thing))
    assert [one["space_ids"] for one in of("other_room", refused)] == [[str(near)]]
    assert (await house.put([far], "10:00", "11:00", **bring(thing))).status_code == 409


async def find(house: House, **more: Any) -> Any:
    params = {"square_id": str(house.square), "from": time("08:00"), "to": time("20:00"), "minutes": 60, **more}
    own = house.role(f"front_line@{house.square}")
    return await house.ok(house.client.get(f"{API}/find", params=params, headers=own))


async def test_find__by_equipment__tells_rooms_that_have_it_before_those_it_is_fetched_to(house: House) -> None:
    unit = await house.unit()
    fetched, own = (
        await house.space(name="A", capacity=10),
        await house.space(name="B", capacity=10, features=["piano"]),
    )
    piano = await house.thing(kind="piano", name="Det lille pianoet", unit_id=str(unit), unit_minutes=15)
    found = (await find(house, equipment="piano"))["candidates"]
    assert [UUID(one["space_id"]) for one in found] == [own, fetched]
    assert (found[0]["fetch"], found[0]["why"]) == ([], ["Har piano."])
    assert found[1]["fetch"] == [{"id": str(piano), "kind": "piano", "name": "Det lille pianoet"}]
    assert found[1]["why"] == ["«Det lille pianoet» må hentes."]
    assert (await find(house, equipment="projector"))["left_out"][0]["reason"] == "lacks_feature"


async def test_find__by_equipment_that_is_away__tells_the_times_at_which_any_of_it_can_be_there(house: House) -> None:
    unit = await house.unit()
    room, other = await house.space(), await house.space(bookable=False)
    first = await house.thing(name="Første", unit_id=str(unit), unit_minutes=15)
    second = await house.thing(name="Andre", unit_id=str(unit), unit_minutes=15)
    await house.booked([other], "10:00", "14:00", state="blocked", **bring(first))
    third = await house.space(bookable=False)
    await house.booked([third], "12:00", "15:00", state="blocked", **bring(second))
    [one] = (await find(house, equipment="projector", people=0))["candidates"]
    assert [(free["local_start"], free["local_end"]) for free in one["free"]] == [
        ("08:00", "11:30"),
        ("14:30", "20:00"),
    ]
    assert [thing["id"] for thing in one["fetch"]] == [str(second)]
    assert room == UUID(one["space_id"])
