"""Things that are carried to where they are booked: never more than there are, with the way there and back."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

import pytest

from tests.integration.booking_house import API, DAY, House, bring, time

pytestmark = pytest.mark.integration


async def test_equipment__put_read_listed_and_withdrawn__with_versions_and_events(house: House) -> None:
    unit = await house.unit()
    thing = await house.thing(unit_id=str(unit), count=2, unit_minutes=10)
    path = f"{API}/equipment/{thing}"
    found = await house.client.get(path)
    assert (found.headers["etag"], found.json()["count"], found.json()["unit_minutes"]) == ('"1"', 2, 10)
    body = {"square_id": str(house.square), "kind": "projector", "name": "Stor projektor", "count": 3}
    assert (await house.client.put(path, json=body)).status_code == 428
    assert (await house.client.put(path, json=body, headers={"If-Match": '"7"'})).status_code == 412
    changed = await house.ok(house.client.put(path, json=body, headers={"If-Match": '"1"'}), 200)
    assert (changed["version"], changed["name"]) == (2, "Stor projektor")
    listed = await house.ok(house.client.get(f"{API}/equipment", params={"square_id": str(house.square)}))
    assert [one["id"] for one in listed["equipment"]] == [str(thing)]
    await house.ok(house.client.delete(path, headers={"If-Match": '"2"'}))
    assert (await house.ok(house.client.get(f"{API}/equipment")))["equipment"] == []
    rows = await house.rows("select type from outbox where key = $1 order by id", f"equipment/{thing}")
    assert [row["type"] for row in rows] == ["facility.equipment.changed.v1"] * 3


@pytest.mark.parametrize(
    "change",
    [
        {"count": 0},
        {"count": 1001},
        {"kind": "Two words"},
        {"name": ""},
        {"unit_minutes": -1},
        {"square_minutes": 1441},
        {"square_id": str(uuid4())},
        {"unit_id": str(uuid4())},
        {"colour": "red"},
    ],
)
async def test_equipment__with_a_fault__is_invalid(house: House, change: dict[str, Any]) -> None:
    body = {"square_id": str(house.square), "kind": "piano", "name": "Piano", **change}
    answer = await house.client.put(f"{API}/equipment/{uuid4()}", json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")


async def test_equipment__is_not_for_the_front_line_to_change(house: House) -> None:
    body = {"square_id": str(house.square), "kind": "piano", "name": "Piano"}
    front = house.role("front_line@*")
    assert (await house.client.put(f"{API}/equipment/{uuid4()}", json=body, headers=front)).status_code == 403
    thing = await house.thing()
    foreign = house.role(f"front_line@{uuid4()}")
    assert (await house.client.get(f"{API}/equipment/{thing}", headers=foreign)).status_code == 404


async def test_equipment__of_a_square__is_for_its_house_manager_to_keep(house: House) -> None:
    body = {"square_id": str(house.square), "kind": "piano", "name": "Piano"}
    path, manager = f"{API}/equipment/{uuid4()}", house.role(f"house_manager@{house.square}")
    assert (await house.client.put(path, json=body, headers=manager)).status_code == 201
    await house.square_of()
    elsewhere = {**body, "square_id": str(house.square)}
    there = await house.client.put(path, json=elsewhere, headers={**manager, "If-Match": '"1"'})
    assert there.status_code == 404
    assert (await house.client.delete(path, headers={**manager, "If-Match": '"1"'})).status_code == 200


async def free(house: House, thing: UUID, start: str, end: str, **more: Any) -> int:
    window = {"square_id": str(house.square), "from": time(start), "to": time(end), **more}
    found = await house.ok(house.client.get(f"{API}/equipment", params=window))
    return int(next(one["free"] for one in found["equipment"] if one["id"] == str(thing)))


async def test_list__with_a_time__says_how_many_are_left_of_each(house: House) -> None:
    room, thing = await house.space(), await house.thing(count=3)
    first = await house.booked([room], "10:00", "11:00", **bring(thing, count=2))
    assert [await free(house, thing, *span) for span in (("09:00", "10:00"), ("10:30", "12:00"))] == [3, 1]
    assert await free(house, thing, "10:30", "12:00", without=first["id"]) == 3
    listed = await house.ok(house.client.get(f"{API}/equipment", params={"square_id": str(house.square)}))
    assert "free" not in listed["equipment"][0]


async def test_list__with_a_time_and_rooms__counts_the_way_there_and_back(house: House) -> None:
    unit = await house.unit()
    home, shared = await house.space(unit_id=str(unit)), await house.space()
    thing = await house.thing(unit_id=str(unit), unit_minutes=15)
    await house.booked([home], "10:00", "11:00", **bring(thing))
    assert await free(house, thing, "11:00", "12:00", space_id=str(home)) == 1
    assert await free(house, thing, "11:00", "12:00", space_id=str(shared)) == 0
    assert await free(house, thing, "11:15", "12:00", space_id=str(shared)) == 1


async def free_during(house: House, room: UUID, *days: int, **headers: str) -> list[dict[str, Any]]:
    """From ten to eleven on these days of December."""
    stays = [{"starts_at": f"2026-12-0{day}T10:00", "ends_at": f"2026-12-0{day}T11:00"} for day in days]
    body = {"square_id": str(house.square), "space_ids": [str(room)], "stays": stays}
    asked = house.client.post(f"{API}/equipment/free", json=body, headers=headers or None)
    found: list[dict[str, Any]] = (await house.ok(asked))["equipment"]
    return found


async def test_free__of_many_times__is_the_least_and_says_when_there_are_fewer(house: House) -> None:
    room, other, thing = await house.space(), await house.space(), await house.thing(count=3)
    await house.booked([other], "2026-12-02T10:30", "2026-12-02T12:00", **bring(thing, count=2))
    await house.booked([other], "2026-12-03T09:30", "2026-12-03T10:30", **bring(thing))

    [told] = await free_during(house, room, 1, 2, 3)

    assert (told["id"], told["free"]) == (str(thing), 1)
    assert told["fewer"] == [{"stay": 1, "free": 1}, {"stay": 2, "free": 2}]


async def test_free__of_many_times__is_not_for_those_who_may_not_see_bookings(house: House) -> None:
    room = await house.space()
    await house.thing()

    assert await free_during(house, room, 1, **house.role("user_council_reader@*")) == []


async def test_list__with_a_time__is_not_for_those_who_may_not_see_bookings(house: House) -> None:
    await house.thing()
    window = {"square_id": str(house.square), "from": time("09:00"), "to": time("10:00")}
    reader = house.role(f"statistics_reader@{house.square}")
    assert (await house.client.get(f"{API}/equipment", params=window, headers=reader)).json() == {"equipment": []}
    refused = await house.client.get(f"{API}/equipment", params={**window, "to": window["from"]})
    assert (refused.status_code, refused.json()["code"]) == (422, "invalid")


async def test_booking__brings_equipment__and_shows_it(house: House) -> None:
    room, thing = await house.space(), await house.thing()
    booking = await house.booked([room], "10:00", "11:00", **bring(thing))
    assert booking["equipment"] == [{"id": str(thing), "count": 1}]
    [event] = await house.rows("select value from outbox where key = $1", f"booking/{booking['id']}")
    assert str(thing).encode() in event["value"]


async def test_booking__of_the_last_one__is_refused_in_another_room_and_says_who_has_it(house: House) -> None:
    room, other = await house.space(), await house.space()
    thing = await house.thing(name="Projektor", count=2)
    first = await house.booked([room], "10:00", "11:00", title="Film", **bring(thing))
    await house.booked([room], "11:00", "12:00", **bring(thing))
    await house.booked([other], "10:00", "10:30", **bring(thing))
    refused = await house.put([other], "10:30", "11:00", **bring(thing, count=2))
    assert (refused.status_code, refused.json()["code"], refused.json()["blocking"]) == (409, "conflict", [first["id"]])
    [reason] = refused.json()["reasons"]
    assert (reason["rule"], reason["equipment_id"], reason["title"]) == ("equipment", str(thing), "Film")
    assert (reason["wanted"], reason["free"]) == (2, 1)
    assert reason["message"] == "Bare 1 av 2 «Projektor» er ledige; du trenger 2."
    await house.booked([other], "10:30", "11:00", **bring(thing))


async def test_booking__of_room_and_equipment_both_taken__names_each_blocker_once(house: House) -> None:
    room, other, thing = await house.space(), await house.space(), await house.thing()
    both = await house.booked([room], "10:00", "11:00", **bring(thing))
    refused = await house.put([room, other], "10:00", "11:00", **bring(thing))
    assert refused.json()["blocking"] == [both["id"]]
    assert {reason["rule"] for reason in refused.json()["reasons"]} == {"occupied", "equipment"}


async def test_booking__away_from_home__takes_the_way_there_and_back(house: House) -> None:
    unit = await house.unit()
    home, shared = await house.space(unit_id=str(unit)), await house.space()
    thing = await house.thing(unit_id=str(unit), unit_minutes=15, square_minutes=45)
    await house.booked([shared], "10:00", "11:00", setup_minutes=30, teardown_minutes=10, **bring(thing))
    for start, end in (("09:00", "09:16"), ("11:24", "12:00")):
        assert (await house.put([home], start, end, **bring(thing))).status_code == 409
    await house.booked([home], "09:00", "09:15", **bring(thing))
    await house.booked([home], "11:25", "12:00", **bring(thing))
    assert (await house.put([shared], "12:14", "13:00", **bring(thing))).status_code == 409
    await house.booked([shared], "12:15", "13:00", **bring(thing))


async def test_booking__at_another_square__takes_the_longer_way(house: House) -> None:
    thing, home = await house.thing(unit_minutes=5, square_minutes=60), await house.space()
    await house.square_of()
    away = await house.space()
    await house.booked([away], "12:00", "13:00", **bring(thing))
    assert (await house.put([home], "10:00", "11:01", **bring(thing))).status_code == 409
    await house.booked([home], "10:00", "11:00", **bring(thing))
    await house.booked([home], "14:00", "15:00", **bring(thing))


FAULTS: list[tuple[dict[str, Any], str]] = [
    ({"equipment": [{"id": str(uuid4())}]}, "unknown_equipment"),
    ({"count": 3}, "equipment_count"),
    ({"twice": True}, "equipment_twice"),
]


@pytest.mark.parametrize(("change", "rule"), FAULTS)
async def test_booking__of_equipment_there_is_not__is_invalid_before_anything_else(
    house: House, change: dict[str, Any], rule: str
) -> None:
    room, thing = await house.space(), await house.thing(count=2)
    await house.hours(room)
    body = (
        change
        if "equipment" in change
        else bring(*[thing] * (2 if "twice" in change else 1), count=change.get("count", 1))
    )
    refused = await house.put([room], "10:00", "11:00", **body)
    assert (refused.status_code, refused.json()["code"]) == (422, "invalid")
    assert refused.json()["reasons"][0]["rule"] == rule


@pytest.mark.parametrize("count", [0, -1, "1", 1.5, None, 1001])
async def test_booking__of_a_count_that_is_none__is_invalid(house: House, count: Any) -> None:
    room, thing = await house.space(), await house.thing()
    refused = await house.put([room], "10:00", "11:00", equipment=[{"id": str(thing), "count": count}])
    assert (refused.status_code, refused.json()["code"]) == (422, "invalid")


async def test_booking__of_a_foreign_squares_equipment__is_not_found(house: House) -> None:
    thing, home = await house.thing(), house.square
    await house.square_of()
    room = await house.space()
    mine = house.role(f"front_line@{house.square}")
    assert (await house.put([room], "10:00", "11:00", headers=mine, **bring(thing))).status_code == 404
    both = house.role(f"front_line@{house.square}", f"front_line@{home}")
    assert (await house.put([room], "10:00", "11:00", headers=both, **bring(thing))).status_code == 201


@pytest.mark.parametrize("what", ["cancel", "release"])
async def test_booking__that_is_given_up__gives_back_what_it_had(house: House, what: str) -> None:
    room, thing = await house.space(), await house.thing()
    booking = await house.booked([room], "10:00", "11:00", **bring(thing))
    other = await house.space()
    assert (await house.put([other], "10:00", "11:00", **bring(thing))).status_code == 409
    await house.ok(house.order(what, booking))
    await house.booked([other], "10:00", "11:00", **bring(thing))


async def test_move__keeps_what_it_has_at_the_new_time_and_may_leave_it_behind(house: House) -> None:
    room, other, thing = await house.space(), await house.space(), await house.thing()
    booking = await house.booked([room], "10:00", "11:00", **bring(thing))
    await house.booked([other], "12:00", "13:00", **bring(thing))
    refused = await house.move(booking, [room], "12:30", "13:30")
    assert refused.json()["reasons"][0]["rule"] == "equipment"
    moved = await house.ok(house.move(booking, [room], "10:30", "11:30"))
    assert moved["equipment"] == [{"id": str(thing), "count": 1}]
    await house.booked([other], "10:00", "10:30", **bring(thing))
    assert (await house.put([other], "10:30", "11:00", **bring(thing))).status_code == 409
    left = await house.ok(house.move(moved, [room], "12:30", "13:30", equipment=[]))
    assert left["equipment"] == []
    await house.booked([other], "10:30", "11:00", **bring(thing))


async def test_hold__that_ran_out__has_nothing_any_more(house: House) -> None:
    room, other, thing = await house.space(), await house.space(), await house.thing()
    hold = await house.booked([room], "10:00", "11:00", state="held", **bring(thing))
    assert (await house.put([other], "10:00", "11:00", **bring(thing))).status_code == 409
    await house.clock("2026-11-24T08:15:00Z", run_due=False)
    await house.booked([other], "10:00", "11:00", **bring(thing))
    assert (await house.get(hold["id"]))["state"] == "expired"
    assert await house.events(hold["id"]) == [("held", 1), ("expired", 2)]


async def test_request__takes_nothing_until_it_is_confirmed(house: House) -> None:
    room, other, thing = await house.space(), await house.space(), await house.thing()
    wanted = await house.booked([room], "10:00", "11:00", state="requested", **bring(thing))
    taken = await house.booked([other], "10:00", "11:00", **bring(thing))
    assert (await house.order("confirm", wanted)).json()["blocking"] == [taken["id"]]
    await house.ok(house.order("cancel", taken))
    await house.ok(house.order("confirm", wanted))
    assert (await house.put([other], "10:00", "11:00", **bring(thing))).status_code == 409


async def test_request__for_what_was_withdrawn_meanwhile__cannot_be_confirmed(house: House) -> None:
    room, thing = await house.space(), await house.thing()
    wanted = await house.booked([room], "10:00", "11:00", state="requested", **bring(thing))
    await house.ok(house.client.delete(f"{API}/equipment/{thing}"))
    refused = await house.order("confirm", wanted)
    assert (refused.status_code, refused.json()["reasons"][0]["rule"]) == (422, "unknown_equipment")


async def test_affected_booking__keeps_what_it_has_until_it_is_moved_or_cancelled(house: House) -> None:
    room, other, thing = await house.space(), await house.space(), await house.thing()
    booking = await house.booked([room], "10:00", "11:00", **bring(thing))
    closure = uuid4()
    body = {"space_ids": [str(room)], "starts_at": time("09:00"), "ends_at": None}
    await house.ok(house.client.put(f"{API}/closures/{closure}", json=body), 201)
    assert (await house.put([other], "10:00", "11:00", **bring(thing))).status_code == 409
    lifted = await house.ok(house.client.post(f"{API}/closures/{closure}/lift"))
    assert lifted["restored"] == [booking["id"]]
    assert (await house.put([other], "10:00", "11:00", **bring(thing))).status_code == 409


async def test_series__each_date_takes_it_and_a_date_without_is_refused_with_why(house: House) -> None:
    room, other, thing = await house.space(), await house.space(), await house.thing()
    taken = await house.booked([other], "2026-12-02T10:00", "2026-12-02T11:00", title="Film", **bring(thing))
    dates = [
        {"id": str(uuid4()), "starts_at": f"2026-12-0{day}T10:00", "ends_at": f"2026-12-0{day}T11:00"}
        for day in (1, 2, 3)
    ]
    body = {"space_ids": [str(room)], "occurrences": dates, **bring(thing)}
    made = await house.ok(house.client.put(f"{API}/series/{uuid4()}", json=body), 201)
    assert [one["outcome"] for one in made["occurrences"]] == ["confirmed", "rejected", "confirmed"]
    refused = made["occurrences"][1]
    assert (refused["reason"], refused["blocking"]) == ("conflict", [taken["id"]])
    assert [(one["rule"], one["title"], one["free"]) for one in refused["reasons"]] == [("equipment", "Film", 0)]
    assert (await house.put([other], "2026-12-03T10:30", "2026-12-03T11:30", **bring(thing))).status_code == 409


async def test_series__its_own_dates__share_what_there_is(house: House) -> None:
    unit = await house.unit()
    room = await house.space()
    thing = await house.thing(unit_id=str(unit), unit_minutes=20)
    dates = [
        {"id": str(uuid4()), "starts_at": time(start), "ends_at": time(end)}
        for start, end in (("10:00", "11:00"), ("11:30", "12:00"), ("11:40", "12:00"))
    ]
    body = {"space_ids": [str(room)], "occurrences": dates, **bring(thing)}
    made = (await house.ok(house.client.put(f"{API}/series/{uuid4()}", json=body), 201))["occurrences"]
    assert [(one["outcome"], one["blocking"]) for one in made] == [
        ("confirmed", []),
        ("rejected", [dates[0]["id"]]),
        ("confirmed", []),
    ]


async def test_equipment__booked_ahead__is_neither_withdrawn_nor_made_fewer(house: House) -> None:
    room, other = await house.space(), await house.space()
    thing = await house.thing(count=3)
    booking = await house.booked([room], "10:00", "11:00", **bring(thing))
    await house.booked([other], "10:30", "11:30", **bring(thing))
    path = f"{API}/equipment/{thing}"
    assert (await house.client.delete(path)).json()["code"] == "in_use"
    body = {"square_id": str(house.square), "kind": "projector", "name": "Projektor"}
    fewer = await house.client.put(path, json={**body, "count": 1}, headers={"If-Match": '"1"'})
    assert (fewer.status_code, fewer.json()["code"]) == (409, "in_use")
    await house.ok(house.client.put(path, json={**body, "count": 2}, headers={"If-Match": '"1"'}))
    await house.ok(house.order("cancel", booking))
    await house.ok(house.client.put(path, json={**body, "count": 1}, headers={"If-Match": '"2"'}))


async def test_uses__of_a_thing__are_the_bookings_that_bring_it_masked_where_they_are(house: House) -> None:
    room, clinic = await house.space(), await house.unit("health_station")
    thing = await house.thing(count=2)
    first = await house.booked([room], "10:00", "11:00", title="Film", **bring(thing, count=2))
    nurse = house.role("admin@*", f"admin@{clinic}")
    await house.booked([room], "12:10", "12:25", title="Vaksine", unit_id=str(clinic), headers=nurse, **bring(thing))
    params = {"from": time("00:00"), "to": f"{DAY}T23:00"}
    path = f"{API}/equipment/{thing}/uses"
    found = await house.client.get(path, params=params, headers=house.role("front_line@*"))
    uses = found.json()["uses"]
    assert [(use["count"], use["booking"]["title"]) for use in uses] == [(2, "Film"), (1, "Opptatt")]
    assert uses[0]["booking"]["id"] == first["id"]
    assert "12:10" not in found.text


async def test_health_station__that_has_it__is_busy_on_the_grid_and_has_no_equipment_on_the_log(house: House) -> None:
    room, other, clinic = await house.space(), await house.space(), await house.unit("health_station")
    thing = await house.thing()
    nurse = house.role("admin@*", f"admin@{clinic}")
    made = await house.booked(
        [room], "10:10", "10:25", title="Vaksine", unit_id=str(clinic), headers=nurse, **bring(thing)
    )
    refused = await house.put([other], "10:00", "11:00", headers=house.role("front_line@*"), **bring(thing))
    [reason] = refused.json()["reasons"]
    assert (reason["blocking_id"], reason["title"]) == (made["id"], "Opptatt")
    assert (reason["local_start"], reason["local_end"]) == ("10:00", "10:30")
    [event] = await house.rows("select value from outbox where key = $1", f"booking/{made['id']}")
    assert str(thing).encode() not in event["value"]


async def test_many_at_once__on_one_thing__never_have_more_than_there_are(house: House) -> None:
    rooms = [await house.space() for _ in range(16)]
    thing = await house.thing(count=3)
    answers = await asyncio.gather(*(house.put([room], "10:00", "11:00", **bring(thing)) for room in rooms))
    assert sorted(answer.status_code for answer in answers) == [201] * 3 + [409] * 13
    made = {answer.json()["id"] for answer in answers if answer.status_code == 201}
    assert all(set(answer.json()["blocking"]) == made for answer in answers if answer.status_code == 409)
    [deadlocks] = await house.rows("select deadlocks from pg_stat_database where datname = current_database()")
    assert deadlocks["deadlocks"] == 0


async def test_running_short__is_refused_by_the_database_itself(house: House) -> None:
    room, other, thing = await house.space(), await house.space(), await house.thing()
    await house.booked([room], "10:00", "11:00", **bring(thing))
    later = await house.booked([other], "11:00", "12:00", **bring(thing))
    with pytest.raises(Exception, match="runs short"):
        await house.rows(
            "update equipment_use set during = tstzrange('2026-12-01T10:59+01', '2026-12-01T12:00+01') "
            "where booking_id = $1 returning 1",
            UUID(later["id"]),
        )
