"""Bookings through their interface: made, refused, changed, each with its version and its event."""

import asyncio
from typing import Any
from uuid import uuid4

import pytest

from tests.integration.booking_house import API, House, wish

pytestmark = pytest.mark.integration


async def test_put_answers_with_version_etag_and_the_wall_clock(house: House) -> None:
    room = await house.space()
    answer = await house.put([room], "10:00", "11:00", title="Møte")
    assert (answer.status_code, answer.headers["etag"]) == (201, '"1"')
    booking = answer.json()
    assert (booking["version"], booking["state"], booking["title"]) == (1, "confirmed", "Møte")
    assert booking["starts_at"] == "2026-12-01T10:00:00+01:00"
    assert (booking["local_date"], booking["local_start"], booking["local_end"]) == ("2026-12-01", "10:00", "11:00")
    assert await house.events(booking["id"]) == [("confirmed", 1)]


async def test_put_the_same_again_gets_the_same_answer_and_no_second_event(house: House) -> None:
    room, booking = await house.space(), uuid4()
    first = await house.put([room], "10:00", "11:00", id=booking)
    again = await house.put([room], "10:00", "11:00", id=booking)
    assert (again.status_code, again.json()) == (first.status_code, first.json())
    assert await house.events(str(booking)) == [("confirmed", 1)]


async def test_put_the_same_instants_again_after_a_move_to_another_clock_gets_the_same_answer(house: House) -> None:
    there = (await house.square_of("Asia/Kolkata")) and await house.space()
    await house.square_of()
    booking = await house.booked([room := await house.space()], "10:00", "11:00")
    await house.ok(house.move(booking, [there], "10:00", "11:00"))
    again = await house.put([room], "2026-12-01T09:00:00Z", "11:00", id=booking["id"])
    assert (again.status_code, again.json()["version"]) == (200, 2)


@pytest.mark.parametrize(("start", "end"), [("10:00:00", "11:00:00.0"), ("09:00Z", "11:00+01:00")])
async def test_put_the_same_instants_in_other_words_gets_the_same_answer(house: House, start: str, end: str) -> None:
    room, booking = await house.space(), uuid4()
    first = await house.put([room], "2026-12-01T10:00", "2026-12-01T11:00", id=booking)
    again = await house.put([room], f"2026-12-01T{start}", f"2026-12-01T{end}", id=booking)
    assert (again.status_code, again.json()) == (first.status_code, first.json())
    other = await house.put([room], f"2026-12-01T{start}", "2026-12-01T11:00:01", id=booking)
    assert (other.status_code, other.json()["code"]) == (409, "id_in_use")


async def test_put_same_id_with_another_body_is_refused(house: House) -> None:
    room, booking = await house.space(), uuid4()
    await house.booked([room], "10:00", "11:00", id=booking)
    answer = await house.put([room], "10:00", "11:30", id=booking)
    assert (answer.status_code, answer.json()["code"]) == (409, "id_in_use")


async def test_put_hall_clashes_with_each_part_and_names_all_that_block(house: House) -> None:
    hall, (left, right) = await house.hall()
    first = await house.booked([left], "10:00", "11:00")
    second = await house.booked([left], "11:00", "12:00")
    third = await house.booked([right], "11:30", "12:30")
    refused = await house.put([hall], "10:30", "12:00")
    assert (refused.status_code, refused.json()["code"]) == (409, "conflict")
    assert set(refused.json()["blocking"]) == {first["id"], second["id"], third["id"]}
    assert {reason["blocking_id"] for reason in refused.json()["reasons"]} == set(refused.json()["blocking"])


async def test_put_teardown_and_setup_of_neighbours_add_up_whichever_came_first(house: House) -> None:
    room = await house.space()
    await house.booked([room], "10:00", "11:00", teardown_minutes=15)
    assert (await house.put([room], "11:29", "12:00", setup_minutes=15)).status_code == 409
    await house.booked([room], "11:30", "12:00", setup_minutes=15)
    assert (await house.put([room], "09:00", "10:00", teardown_minutes=1)).status_code == 409


async def test_put_over_several_spaces_is_whole_or_nothing(house: House) -> None:
    room, other = await house.space(), await house.space()
    await house.booked([other], "10:00", "11:00")
    assert (await house.put([room, other], "10:00", "11:00")).status_code == 409
    assert (await house.put([room], "10:00", "11:00")).status_code == 201


FAULTS: list[tuple[str, dict[str, Any]]] = [
    ("no spaces", {"space_ids": []}),
    ("unknown space", {"space_ids": [str(uuid4())]}),
    ("unknown unit", {"unit_id": str(uuid4())}),
    ("start is end", {"ends_at": "2026-12-01T10:00"}),
    ("reversed", {"ends_at": "2026-12-01T09:00"}),
    ("61 days", {"ends_at": "2027-01-31T10:00"}),
    ("year 9999", {"ends_at": "9999-12-31T23:59:59-12:00"}),
    ("year 1", {"starts_at": "0001-01-01T00:00:00+14:00"}),
    ("no time", {"starts_at": "tomorrow"}),
    ("a number for a time", {"starts_at": 1764579600}),
    ("negative setup", {"setup_minutes": -1}),
    ("setup as text", {"setup_minutes": "15"}),
    ("setup of centuries", {"setup_minutes": 2**31 - 1}),
    ("unknown state", {"state": "cancelled"}),
    ("unknown field", {"colour": "red"}),
    ("NUL", {"title": "a\0b"}),
    ("overlong title", {"title": "x" * 201}),
    ("too many people", {"expected_people": 2**63}),
    ("hold that is over", {"state": "held", "hold_until": "2020-01-01T10:00"}),
    ("hold of a year", {"state": "held", "hold_until": "2090-01-01T10:00"}),
    ("override as text", {"override": "true"}),
]


@pytest.mark.parametrize(("fault", "change"), FAULTS, ids=[name for name, _ in FAULTS])
async def test_put_body_with_a_fault_is_invalid_and_changes_nothing(
    house: House, fault: str, change: dict[str, Any]
) -> None:
    room, booking = await house.space(), uuid4()
    body = wish([room], "10:00", "11:00") | change
    refused = await house.client.put(f"{API}/bookings/{booking}", json=body)
    assert (refused.status_code, refused.json()["code"]) == (422, "invalid"), fault
    assert (await house.client.get(f"{API}/bookings/{booking}")).status_code == 404


async def test_put_invalid_comes_before_outside_hours_before_conflict(house: House) -> None:
    room = await house.space()
    await house.booked([room], "07:00", "23:00")
    await house.hours(room, ("10:00", "12:00"))
    assert (await house.put([room], "09:00", "09:00")).json()["code"] == "invalid"
    assert (await house.put([room], "09:00", "11:00")).json()["code"] == "outside_hours"
    assert (await house.put([room], "10:00", "12:00")).json()["code"] == "conflict"


async def test_put_requested_is_checked_for_faults_only_and_confirm_for_the_rest(house: House) -> None:
    room = await house.space()
    await house.hours(room, ("08:00", "16:00"))
    wanted = await house.booked([room], "10:00", "11:00", state="requested")
    late = await house.booked([room], "17:00", "18:00", state="requested")
    taken = await house.booked([room], "10:30", "11:30")
    assert (await house.order("confirm", late)).json()["code"] == "outside_hours"
    refused = await house.order("confirm", wanted)
    assert (refused.status_code, refused.json()["blocking"]) == (409, [taken["id"]])
    assert (await house.get(wanted["id"]))["version"] == 1
    await house.ok(house.order("cancel", taken))
    assert (await house.ok(house.order("confirm", wanted)))["state"] == "confirmed"


async def test_put_setup_and_teardown_may_lie_outside_the_hours(house: House) -> None:
    room = await house.space()
    await house.hours(room, ("10:00", "12:00"))
    made = await house.booked([room], "10:00", "12:00", setup_minutes=60, teardown_minutes=60)
    assert (made["state"], made["setup_minutes"], made["teardown_minutes"]) == ("confirmed", 60, 60)


async def test_put_hours_come_from_the_nearest_ancestor_that_has_some(house: House) -> None:
    hall, (part, _) = await house.hall()
    await house.hours(hall, ("10:00", "12:00"))
    assert (await house.put([part], "12:00", "13:00")).json()["code"] == "outside_hours"
    await house.booked([part], "10:00", "12:00")


async def test_move_that_cannot_be_is_invalid_before_the_right_to_override_is_asked_for(house: House) -> None:
    room, front = await house.space(), house.role("front_line@*")
    booking = await house.booked([room], "10:00", "11:00")
    asked = {"override": True, "headers": front}
    assert (await house.move(booking, [room], "12:00", "12:00", **asked)).json()["code"] == "invalid"
    assert (await house.move({**booking, "version": 7}, [room], "12:00", "13:00", **asked)).json()["code"] == "stale"
    assert (await house.move(booking, [room], "12:00", "13:00", **asked)).json()["code"] == "override_not_allowed"


async def test_put_override_needs_the_right_and_sets_aside_hours_only(house: House) -> None:
    room = await house.space()
    await house.hours(room)
    front = house.role("front_line@*")
    refused = await house.put([room], "10:00", "11:00", override=True, headers=front)
    assert (refused.status_code, refused.json()["code"]) == (403, "override_not_allowed")
    assert (await house.put([room], "10:00", "11:00")).json()["code"] == "outside_hours"
    closed = await house.booked([room], "10:00", "11:00", override=True, state="blocked")
    refused = await house.put([room], "10:30", "11:00", override=True)
    assert (refused.status_code, refused.json()["blocking"]) == (409, [closed["id"]])


async def test_put_space_that_is_not_for_booking_is_invalid_and_can_be_blocked(house: House) -> None:
    store_room = await house.space(bookable=False)
    assert (await house.put([store_room], "10:00", "11:00")).json()["code"] == "invalid"
    await house.booked([store_room], "10:00", "11:00", state="blocked")


async def test_put_blocked_is_not_for_the_front_line(house: House) -> None:
    room = await house.space()
    refused = await house.put([room], "10:00", "11:00", state="blocked", headers=house.role("front_line@*"))
    assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")


async def test_commands_need_the_version_and_refuse_a_stale_one_with_the_present_booking(house: House) -> None:
    room = await house.space()
    booking = await house.booked([room], "10:00", "11:00")
    bare = await house.client.post(f"{API}/bookings/{booking['id']}/cancel")
    assert bare.status_code == 428
    await house.ok(house.order("release", booking))
    stale = await house.order("cancel", booking)
    assert (stale.status_code, stale.json()["code"]) == (412, "stale")
    assert (stale.json()["current"]["version"], stale.json()["current"]["state"]) == (2, "released")


async def test_command_that_does_not_fit_the_state_is_refused(house: House) -> None:
    room = await house.space()
    booking = await house.booked([room], "10:00", "11:00")
    for what in ("confirm", "reject"):
        refused = await house.order(what, booking)
        assert (refused.status_code, refused.json()["code"]) == (409, "wrong_state")


async def test_reject_is_for_those_who_may_and_keeps_the_reason(house: House) -> None:
    room = await house.space()
    booking = await house.booked([room], "10:00", "11:00", state="requested")
    refused = await house.order("reject", booking, headers=house.role("front_line@*"))
    assert refused.status_code == 403
    rejected = await house.ok(house.order("reject", booking, reason_code="other"))
    assert (rejected["state"], rejected["reason_code"], rejected["version"]) == ("rejected", "other", 2)
    assert await house.events(booking["id"]) == [("requested", 1), ("rejected", 2)]


async def test_command_on_an_unknown_booking_is_not_found(house: House) -> None:
    nobody = {"id": str(uuid4()), "version": 1}
    assert (await house.order("cancel", nobody)).status_code == 404


async def test_move_ignores_the_bookings_own_former_time(house: House) -> None:
    hall, (left, _) = await house.hall()
    booking = await house.booked([left], "10:00", "11:00")
    moved = await house.ok(house.move(booking, [hall], "10:30", "11:30"))
    assert (moved["version"], moved["local_start"], moved["previous"]["space_ids"]) == (2, "10:30", [str(left)])
    assert (await house.put([left], "10:00", "10:30")).status_code == 201
    assert await house.events(booking["id"]) == [("confirmed", 1), ("moved", 2)]


async def test_move_into_a_taken_time_is_refused_and_leaves_it_where_it_was(house: House) -> None:
    room = await house.space()
    booking, other = await house.booked([room], "10:00", "11:00"), await house.booked([room], "12:00", "13:00")
    refused = await house.move(booking, [room], "11:30", "12:30")
    assert (refused.status_code, refused.json()["blocking"]) == (409, [other["id"]])
    assert await house.get(booking["id"]) == booking


async def test_move_of_what_is_unknown_or_does_not_occupy_is_invalid(house: House) -> None:
    room = await house.space()
    gone = await house.ok(house.order("cancel", await house.booked([room], "10:00", "11:00")))
    waiting = await house.booked([room], "10:00", "11:00", state="requested")
    for booking in (gone, waiting, {"id": str(uuid4()), "version": 1}):
        refused = await house.move(booking, [room], "12:00", "13:00")
        assert (refused.status_code, refused.json()["code"]) == (422, "invalid")


async def test_refusal_offers_a_like_room_and_the_next_time(house: House) -> None:
    await house.square_of()
    room = await house.space(capacity=10, features=["projector"])
    like = await house.space(capacity=12, features=["projector", "loop"])
    await house.space(capacity=8, features=["projector"])
    await house.space(capacity=40, features=[])
    await house.booked([room], "10:00", "11:00")
    offers = (await house.put([room], "10:00", "11:00")).json()["alternatives"]
    assert [offer["space_ids"] for offer in offers if offer["kind"] == "other_room"] == [[str(like)]]
    times = [offer["local_start"] for offer in offers if offer["kind"] == "other_time"]
    assert times[0] == "11:00"


async def test_health_station_is_only_busy_for_everybody_else(house: House) -> None:
    await house.square_of()
    room, clinic = await house.space(), await house.unit("health_station")
    own = house.role(f"front_line@{clinic}")
    made = await house.booked(
        [room], "10:10", "10:25", title="Vaksine", unit_id=str(clinic), headers=house.role("admin@*", f"admin@{clinic}")
    )
    assert made["title"] == "Vaksine"
    assert (await house.ok(house.client.get(f"{API}/bookings/{made['id']}", headers=own)))["title"] == "Vaksine"
    seen = await house.ok(house.client.get(f"{API}/bookings/{made['id']}", headers=house.role("front_line@*")))
    assert (seen["title"], seen["masked"], seen["local_start"], seen["local_end"]) == (
        "Opptatt",
        True,
        "10:00",
        "10:30",
    )
    assert not {"unit_id", "owner_ref", "expected_people", "organiser_kind"} & set(seen)
    refused = await house.put([room], "10:00", "11:00", headers=house.role("front_line@*"))
    assert refused.json()["blocking"] == [made["id"]]
    assert "Vaksine" not in refused.text
    [event] = await house.rows("select value from outbox where key = $1", f"booking/{made['id']}")
    assert b"Vaksine" not in event["value"]
    assert b"09:10" not in event["value"]


async def test_booking_of_a_foreign_square_is_not_found(house: House) -> None:
    room = await house.space()
    booking = await house.booked([room], "10:00", "11:00")
    foreign = house.role(f"front_line@{uuid4()}")
    assert (await house.client.get(f"{API}/bookings/{booking['id']}", headers=foreign)).status_code == 404
    assert (await house.order("cancel", booking, headers=foreign)).status_code == 404


async def test_bookings_listed_by_square_and_by_space_above_and_below(house: House) -> None:
    await house.square_of()
    hall, (left, right) = await house.hall()
    whole, part = await house.booked([hall], "10:00", "11:00"), await house.booked([left], "12:00", "13:00")
    day = {"from": "2026-12-01T00:00", "to": "2026-12-02T00:00"}

    async def listed(**more: Any) -> list[str]:
        answer = await house.ok(house.client.get(f"{API}/bookings", params={**day, **more}))
        return [booking["id"] for booking in answer["bookings"]]

    assert await listed(square_id=str(house.square)) == [whole["id"], part["id"]]
    assert await listed(space_id=str(right)) == [whole["id"]]
    assert await listed(space_id=str(left)) == [whole["id"], part["id"]]


async def test_wall_clock_in_the_missing_hour_and_in_the_hour_that_comes_twice(house: House) -> None:
    room = await house.space()
    spring = await house.booked([room], "2027-03-28T02:30", "2027-03-28T04:00")
    assert spring["starts_at"] == "2027-03-28T03:30:00+02:00"
    autumn = await house.booked([room], "2026-10-25T02:30", "2026-10-25T02:30+01:00")
    assert autumn["starts_at"] == "2026-10-25T02:30:00+02:00"


async def test_thirty_two_at_once_one_gets_the_room_and_nobody_an_error(house: House) -> None:
    hall, (left, right) = await house.hall()
    answers = await asyncio.gather(*(house.put([hall, left, right], "10:00", "11:00") for _ in range(32)))
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 31
    [winner] = [answer.json()["id"] for answer in answers if answer.status_code == 201]
    assert all(answer.json()["blocking"] == [winner] for answer in answers if answer.status_code == 409)


async def test_same_request_sent_at_once_by_many_is_one_booking(house: House) -> None:
    room, booking = await house.space(), uuid4()
    answers = await asyncio.gather(*(house.put([room], "10:00", "11:00", id=booking) for _ in range(8)))
    assert {answer.status_code for answer in answers} == {201}
    assert await house.events(str(booking)) == [("confirmed", 1)]


async def test_overlap_is_refused_by_the_database_itself(house: House) -> None:
    room = await house.space()
    first, second = await house.booked([room], "10:00", "11:00"), await house.booked([room], "12:00", "13:00")
    assert first["id"] != second["id"]
    with pytest.raises(Exception, match="booking_leaf_never_overlaps"):
        await house.rows(
            "update booking_leaf set during = tstzrange('2026-12-01T10:30+01', '2026-12-01T11:30+01') "
            "where booking_id = $1 returning 1",
            second["id"],
        )
