"""Refused dates of series come back: offered once, when what blocked them is gone, and taken or declined."""

from typing import Any
from uuid import UUID, uuid4

import pytest

from tests.integration.booking_house import API, NOW, House

pytestmark = pytest.mark.integration


async def refused_date(house: House, room: UUID, day: str = "2026-12-08") -> tuple[dict[str, Any], str]:
    """What blocks, and the id of the date it refused."""
    blocker = await house.booked([room], f"{day}T10:00", f"{day}T11:00")
    date = {"id": str(uuid4()), "starts_at": f"{day}T10:30", "ends_at": f"{day}T11:30"}
    body = {"space_ids": [str(room)], "title": "Bridge", "occurrences": [date]}
    made = await house.ok(house.client.put(f"{API}/series/{uuid4()}", json=body))
    assert made["occurrences"][0]["blocking"] == [blocker["id"]]
    return blocker, date["id"]


async def offers(house: House) -> list[str]:
    found = await house.ok(house.client.get(f"{API}/offers", params={"square_id": str(house.square)}))
    return [one["id"] for one in found["offers"]]


async def test_refused_date_whose_blocker_is_cancelled_is_offered_and_taken(house: House) -> None:
    await house.square_of()
    blocker, date = await refused_date(house, await house.space())
    await house.clock(NOW)
    assert await offers(house) == []
    await house.ok(house.order("cancel", blocker))
    await house.clock(NOW)
    assert await offers(house) == [date]
    taken = await house.ok(house.order("take-offer", await house.get(date)))
    assert (taken["state"], taken["blocking"]) == ("confirmed", [])
    assert await offers(house) == []
    assert await house.events(date) == [("rejected", 1), ("offered", 2), ("confirmed", 3)]


async def test_offered_date_taken_by_another_is_refused_and_not_offered_twice(house: House) -> None:
    await house.square_of()
    room = await house.space()
    blocker, date = await refused_date(house, room)
    await house.ok(house.order("cancel", blocker))
    await house.clock(NOW)
    other = await house.booked([room], "2026-12-08T11:00", "2026-12-08T12:00")
    refused = await house.order("take-offer", await house.get(date))
    assert (refused.status_code, refused.json()["code"], refused.json()["blocking"]) == (409, "conflict", [other["id"]])
    await house.ok(house.order("cancel", other))
    await house.clock(NOW)
    assert [verb for verb, _ in await house.events(date)].count("offered") == 1
    assert (await house.ok(house.order("take-offer", await house.get(date))))["state"] == "confirmed"


async def test_requested_date_that_somebody_refused_for_a_conflict_is_not_offered(house: House) -> None:
    await house.square_of()
    date = {"id": str(uuid4()), "starts_at": "2026-12-08T10:30", "ends_at": "2026-12-08T11:30"}
    body = {"space_ids": [str(await house.space())], "state": "requested", "occurrences": [date]}
    await house.ok(house.client.put(f"{API}/series/{uuid4()}", json=body))
    await house.ok(house.order("reject", await house.get(date["id"]), reason_code="conflict"))

    await house.clock(NOW)

    assert await offers(house) == []
    assert (await house.get(date["id"]))["reason_code"] == "conflict"


async def test_date_that_something_else_blocks_by_now_waits_for_that_too(house: House) -> None:
    await house.square_of()
    room = await house.space()
    blocker, date = await refused_date(house, room)
    moved = await house.move(blocker, [room], "2026-12-08T11:00", "2026-12-08T12:00")
    await house.clock(NOW)
    assert await offers(house) == []
    await house.ok(house.order("release", moved.json()))
    await house.clock(NOW)
    assert await offers(house) == [date]


async def test_declined_offer_is_gone_and_the_date_stays_refused(house: House) -> None:
    await house.square_of()
    blocker, date = await refused_date(house, await house.space())
    await house.ok(house.order("cancel", blocker))
    await house.clock(NOW)
    declined = await house.ok(house.order("decline-offer", await house.get(date)))
    assert (declined["state"], declined["reason_code"]) == ("rejected", "declined")
    again = await house.order("take-offer", declined)
    assert (again.status_code, again.json()["code"]) == (409, "wrong_state")
    await house.clock(NOW)
    assert await offers(house) == []


async def test_offer_needs_the_version_seen_and_a_date_ahead(house: House) -> None:
    await house.square_of()
    blocker, date = await refused_date(house, await house.space())
    await house.ok(house.order("cancel", blocker))
    await house.clock(NOW)
    present = await house.get(date)
    stale = await house.order("take-offer", {**present, "version": 1})
    assert (stale.status_code, stale.json()["current"]["version"]) == (412, 2)
    await house.clock("2026-12-08T10:00:00Z", run_due=False)
    over = await house.order("take-offer", present)
    assert (over.status_code, over.json()["code"]) == (422, "invalid")
    assert await offers(house) == []
    await house.clock(NOW)


async def test_closure_lifted_offers_what_it_refused(house: House) -> None:
    await house.square_of()
    room = await house.space()
    closure = uuid4()
    closed = {"space_ids": [str(room)], "starts_at": "2026-12-01T00:00", "ends_at": None, "reason_code": "water"}
    await house.ok(house.client.put(f"{API}/closures/{closure}", json=closed))
    date = {"id": str(uuid4()), "starts_at": "2026-12-08T10:30", "ends_at": "2026-12-08T11:30"}
    body = {"space_ids": [str(room)], "occurrences": [date]}
    await house.ok(house.client.put(f"{API}/series/{uuid4()}", json=body))
    await house.clock(NOW)
    assert await offers(house) == []
    await house.ok(house.client.post(f"{API}/closures/{closure}/lift"))
    await house.clock(NOW)
    assert await offers(house) == [date["id"]]


async def test_blocker_moved_to_another_room_or_time_frees_the_date(house: House) -> None:
    await house.square_of()
    hall, (part, other) = await house.hall()
    blocker = await house.booked([part], "2026-12-08T10:00", "2026-12-08T11:00")
    date = {"id": str(uuid4()), "starts_at": "2026-12-08T10:30", "ends_at": "2026-12-08T11:30"}
    body = {"space_ids": [str(hall)], "occurrences": [date]}
    await house.ok(house.client.put(f"{API}/series/{uuid4()}", json=body))
    moved = await house.ok(house.move(blocker, [other], "2026-12-08T10:00", "2026-12-08T11:00"))
    await house.clock(NOW)
    assert await offers(house) == []
    away = await house.space()
    await house.ok(house.move(moved, [away], "2026-12-08T10:00", "2026-12-08T11:00"))
    await house.clock(NOW)
    assert await offers(house) == [date["id"]]
