"""The lift is out of order: what is flagged, whom it hits, what is offered instead, and how it clears by itself."""

from typing import Any
from uuid import UUID, uuid4

import pytest

from tests.integration.booking_house import API, NOW, House

pytestmark = pytest.mark.integration


def out(house: House, **more: Any) -> dict[str, Any]:
    body = {"square_id": str(house.square), "feature": "lift", "starts_at": "2026-11-24T07:30", "ends_at": None}
    return {**body, **more}


async def floors(house: House) -> tuple[UUID, UUID]:
    """A room on the ground and one that only the lift reaches."""
    return await house.space(features=["step_free"]), await house.space(features=["lift"])


async def test_lift_out_of_order_flags_rooms_and_bookings_that_need_it_and_clears_by_itself(house: House) -> None:
    await house.square_of()
    ground, up = await floors(house)
    times = ("2026-11-25T10:00", "2026-11-25T11:00")
    needing = await house.booked([up], *times, needs=["step_free"])
    await house.booked([ground], *times, needs=["step_free"])
    await house.booked([up], "2026-11-25T12:00", "2026-11-25T13:00")
    outage = f"{API}/outages/{uuid4()}"
    made = await house.ok(house.client.put(outage, json=out(house)), 201)
    assert [(room["space_id"], room["lost"]) for room in made["rooms"]] == [(str(up), ["lift", "step_free"])]
    assert made["bookings"] == [needing["id"]]
    later = await house.booked([up], "2026-11-26T10:00", "2026-11-26T11:00", needs=["step_free"])
    assert (await house.ok(house.client.get(outage)))["bookings"] == [needing["id"], later["id"]]
    await house.ok(house.client.post(f"{outage}/end"))
    over = await house.ok(house.client.get(outage))
    assert (over["state"], over["rooms"], over["bookings"]) == ("ended", [], [])


async def test_booking_hit_by_the_outage_is_offered_a_room_that_needs_no_lift(house: House) -> None:
    await house.square_of()
    ground, up = await floors(house)
    other_up = await house.space(features=["lift"])
    needing = await house.booked([up], "2026-11-25T10:00", "2026-11-25T11:00", needs=["step_free"])
    await house.ok(house.client.put(f"{API}/outages/{uuid4()}", json=out(house)), 201)
    found = await house.ok(house.client.get(f"{API}/bookings/{needing['id']}/alternatives"))
    rooms = {space for one in found["alternatives"] for space in one["space_ids"]}
    assert str(ground) in rooms
    assert str(other_up) not in rooms


async def test_outage_with_a_known_end_is_over_then_without_anybody_ending_it(house: House) -> None:
    await house.square_of()
    _, up = await floors(house)
    outage = f"{API}/outages/{uuid4()}"
    made = await house.ok(house.client.put(outage, json=out(house, ends_at="2026-11-24T12:00")), 201)
    assert [room["space_id"] for room in made["rooms"]] == [str(up)]
    await house.clock("2026-11-24T11:00:00Z")
    assert (await house.ok(house.client.get(outage)))["rooms"] == []
    await house.clock(NOW)


async def test_outage_put_again_answers_the_same_and_another_body_is_refused(house: House) -> None:
    outage = f"{API}/outages/{uuid4()}"
    first = await house.ok(house.client.put(outage, json=out(house)), 201)
    assert await house.ok(house.client.put(outage, json=out(house)), 201) == first
    other = await house.client.put(outage, json=out(house, feature="hearing_loop"))
    assert (other.status_code, other.json()["code"]) == (409, "id_in_use")


@pytest.mark.parametrize("wrong", [{"feature": "ladder"}, {"ends_at": "2026-11-24T07:00"}, {"square_id": str(uuid4())}])
async def test_outage_that_makes_no_sense_is_refused(house: House, wrong: dict[str, Any]) -> None:
    refused = await house.client.put(f"{API}/outages/{uuid4()}", json=out(house, **wrong))
    assert (refused.status_code, refused.json()["code"]) == (422, "invalid")


async def test_outage_is_declared_by_who_may_close_rooms(house: House) -> None:
    refused = await house.client.put(f"{API}/outages/{uuid4()}", json=out(house), headers=house.role("front_line@*"))
    assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
