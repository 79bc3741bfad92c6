"""Who did what: an entry for each command, in its transaction, that nobody can change or remove."""

from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from tests.integration.booking_house import API, House, wish

pytestmark = pytest.mark.integration


async def entries(house: House, **asked: Any) -> list[dict[str, Any]]:
    """Oldest first."""
    headers = house.role(asked.pop("role", "auditor@*"))
    answer = await house.ok(house.client.get(f"{API}/audit", params=asked, headers=headers))
    found: list[dict[str, Any]] = answer["entries"]
    return found[::-1]


async def test_booking__made_moved_and_cancelled__leaves_who_what_before_and_after(house: House) -> None:
    room, other = await house.space(), await house.space()
    sent = {"X-Request-Id": "abc-123", **house.role("front_line@*")}
    made = await house.booked([room], "10:00", "11:00", title="Ola Nordmanns dag", headers=sent)
    moved = await house.ok(house.move(made, [other], "12:00", "13:00"))
    await house.ok(house.order("cancel", moved, reason_code="ill"))

    put, move, cancel = await entries(house, object=f"booking/{made['id']}")

    assert [one["action"] for one in (put, move, cancel)] == ["booking.put", "booking.move", "booking.cancel"]
    assert (put["subject"], put["role"], put["correlation_id"]) == ("test", "front_line", "abc-123")
    assert (put["before"], put["after"]["version"], put["after"]["state"]) == (None, 1, "confirmed")
    assert (move["before"]["space_ids"], move["after"]["space_ids"]) == ([str(room)], [str(other)])
    assert (move["before"]["starts_at"], move["after"]["starts_at"]) == ("2026-12-01T09:00:00Z", "2026-12-01T11:00:00Z")
    assert (cancel["reason_code"], cancel["after"]["state"], cancel["role"]) == ("ill", "cancelled", "admin")
    assert "Nordmann" not in str([put, move, cancel])


async def test_booking__refused_or_asked_for_again__leaves_nothing_more(house: House) -> None:
    room, booking = await house.space(), uuid4()
    await house.booked([room], "10:00", "11:00", id=booking)
    await house.booked([room], "10:00", "11:00", id=booking)
    assert (await house.put([room], "10:30", "11:30")).status_code == 409
    rows = await house.rows("select object from audit where after -> 'space_ids' ? $1", str(room))
    assert [row["object"] for row in rows] == [f"booking/{booking}"]


async def test_house__squares_units_spaces_and_hours__leave_before_and_after(house: House) -> None:
    await house.square_of()
    unit, space = await house.unit(), await house.space(capacity=10)
    await house.hours(space, ("10:00", "12:00"))
    body = {"square_id": str(house.square), "name": "Salen", "capacity": 20}
    await house.ok(house.client.put(f"{API}/spaces/{space}", json=body, headers={"If-Match": '"1"'}))
    await house.ok(house.client.delete(f"{API}/spaces/{space}", headers={"If-Match": '"2"'}))

    found = await entries(house, square_id=str(house.square))

    assert [(one["action"], one["object"]) for one in found] == [
        ("square.put", f"square/{house.square}"),
        ("unit.put", f"unit/{unit}"),
        ("space.put", f"space/{space}"),
        ("hours.decide", f"hours/space/{space}"),
        ("space.put", f"space/{space}"),
        ("space.withdraw", f"space/{space}"),
    ]
    assert (found[4]["before"]["capacity"], found[4]["after"]["capacity"]) == (10, 20)
    assert (found[3]["before"], found[3]["after"]["decision"]) == (None, 1)


async def test_series_and_closure__are_one_entry_each(house: House) -> None:
    room, series, closure = await house.space(), uuid4(), uuid4()
    dates = [
        {"id": str(uuid4()), "starts_at": f"2026-12-0{day}T10:00", "ends_at": f"2026-12-0{day}T11:00"} for day in (1, 2)
    ]
    body = {"space_ids": [str(room)], "title": "Strikk", "occurrences": dates}
    await house.ok(house.client.put(f"{API}/series/{series}", json=body))
    shut = {"space_ids": [str(room)], "starts_at": "2026-12-01T09:00", "reason_code": "water"}
    await house.ok(house.client.put(f"{API}/closures/{closure}", json=shut))
    await house.ok(house.client.post(f"{API}/closures/{closure}/lift"))

    (put,) = await entries(house, object=f"series/{series}")
    declared, lifted = await entries(house, object=f"closure/{closure}")

    assert [date["outcome"] for date in put["after"]["dates"]] == ["confirmed", "confirmed"]
    assert declared["reason_code"] == "water"
    assert declared["after"]["affected"] == [date["id"] for date in dates]
    assert (lifted["action"], lifted["before"]["lifted_at"]) == ("closure.lift", None)
    assert lifted["after"]["restored"] == [date["id"] for date in dates]


@pytest.mark.parametrize("change", ["update audit set role = 'x'", "delete from audit", "truncate audit"])
async def test_audit__the_services_own_role__can_add_and_read_and_nothing_else(house: House, change: str) -> None:
    conn = await asyncpg.connect(house.database.dsn("facility"), server_settings={"search_path": "facility"})
    try:
        assert await conn.fetchval("select count(*) from audit") > 0
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await conn.execute(change)
    finally:
        await conn.close()


async def test_audit__of_a_health_station__says_that_and_not_what(house: House) -> None:
    await house.square_of()
    unit, room = await house.unit("health_station"), await house.space()
    booking = await house.booked([room], "10:05", "10:50", title="Kontroll", unit_id=str(unit))
    mine = f"auditor@{unit}"

    (others,) = await entries(house, object=f"booking/{booking['id']}")
    (own,) = await entries(house, object=f"booking/{booking['id']}", role=mine)

    assert (others["masked"], others["before"], others["after"], others["action"]) == (True, None, None, "booking.put")
    assert own["after"]["starts_at"] == "2026-12-01T09:05:00Z"


async def test_audit__pages__are_each_entry_once(house: House) -> None:
    await house.square_of()
    made = [str(await house.space()) for _ in range(5)]
    seen, after = [], None
    while True:
        asked = {"square_id": str(house.square), "limit": 2, **({"after": after} if after else {})}
        answer = await house.ok(house.client.get(f"{API}/audit", params=asked, headers=house.role("auditor@*")))
        seen += [one["object"] for one in answer["entries"]]
        after = answer["next"]
        if after is None:
            break
    assert seen == [*(f"space/{space}" for space in reversed(made)), f"square/{house.square}"]


async def test_audit__narrowed_by_action_time_and_subject__has_these_only(house: House) -> None:
    await house.square_of()
    room = await house.space()
    await house.booked([room], "10:00", "11:00")
    square = str(house.square)
    assert [one["action"] for one in await entries(house, square_id=square, action="booking.put")] == ["booking.put"]
    assert await entries(house, square_id=square, subject="nobody") == []
    assert await entries(house, square_id=square, to="2026-11-24T09:00:00+01:00") == []
    assert len(await entries(house, square_id=square, **{"from": "2026-11-24T09:00:00+01:00"})) == 3


async def test_audit__who_may_not__is_told_so_and_a_foreign_square_is_not_there(house: House) -> None:
    square = house.square
    for role in ("front_line@*", "unit_editor@*", "house_manager@*", "statistics_reader@*"):
        answer = await house.client.get(f"{API}/audit", headers=house.role(role))
        assert answer.status_code == 403, role
    foreign = house.role(f"auditor@{uuid4()}")
    assert (
        await house.client.get(f"{API}/audit", params={"square_id": str(square)}, headers=foreign)
    ).status_code == 404
    assert (await house.ok(house.client.get(f"{API}/audit", headers=foreign)))["entries"] == []
    odd = {"from": "yesterday"}
    assert (await house.client.get(f"{API}/audit", params=odd)).json()["code"] == "invalid"


async def test_audit__written_with_the_command__is_gone_with_it(house: House) -> None:
    room = await house.space()
    await house.booked([room], "10:00", "11:00")
    before = await house.rows("select count(*) as n from audit")
    assert (await house.client.put(f"{API}/bookings/{uuid4()}", json=wish([room], "10:00", "11:00"))).status_code == 409
    assert await house.rows("select count(*) as n from audit") == before
