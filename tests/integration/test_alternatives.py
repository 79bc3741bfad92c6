"""What is offered instead of a refused time, and to a booking that has to move: ranked, with why, never what lacks."""

from typing import Any
from uuid import UUID, uuid4

import pytest

from tests.integration.booking_house import API, House, time

pytestmark = pytest.mark.integration


@pytest.fixture
async def house(opened: House) -> House:
    await opened.square_of()
    return opened


async def refused(house: House, spaces: list[UUID], start: str, end: str, **more: Any) -> list[dict[str, Any]]:
    answer = await house.put(spaces, start, end, headers=house.role(f"house_manager@{house.square}"), **more)
    assert answer.status_code == 409, answer.text
    found: list[dict[str, Any]] = answer.json()["alternatives"]
    assert [one["rank"] for one in found] == list(range(1, len(found) + 1))
    return found


def of(kind: str, offers: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [one for one in offers if one["kind"] == kind]


def spaces(offers: list[dict[str, Any]]) -> list[list[str]]:
    return [one["space_ids"] for one in offers]


async def accepted(house: House, offer: dict[str, Any]) -> bool:
    """Whether it can be booked as it was offered; it is given back at once."""
    body = {key: offer[key] for key in ("space_ids", "starts_at", "ends_at", "setup_minutes", "teardown_minutes")}
    made = await house.client.put(f"{API}/bookings/{uuid4()}", json=body)
    return made.status_code == 201 and (await house.order("cancel", made.json())).status_code == 200


async def test_offers__of_every_kind__can_be_booked_as_they_stand(house: House) -> None:
    room = await house.space(capacity=10)
    await house.space(capacity=10)
    await house.booked([room], "10:00", "10:30")
    asked = {"setup_minutes": 30, "teardown_minutes": 15}
    offers = await refused(house, [room], "10:20", "12:00", **asked)
    offers += await refused(house, [room], "10:40", "12:00", **asked)
    assert {one["kind"] for one in offers} == {"other_room", "other_time", "shorter", "smaller_setup"}
    assert [one for one in offers if not await accepted(house, one)] == []


async def test_offers__in_the_order_of_kinds__and_each_says_why(house: House) -> None:
    room = await house.space(name="Møterom 1", capacity=10, floor="3", features=["screen"])
    await house.space(name="Møterom 2", capacity=14, floor="2", features=["screen"])
    await house.booked([room], "10:00", "10:20")
    offers = await refused(house, [room], "10:00", "11:00", expected_people=8)
    assert [one["kind"] for one in offers] == ["other_room", "other_time", "other_time", "other_time", "shorter"]
    assert offers[0]["name"] == "Møterom 2"
    assert offers[0]["why"] == [
        "Samme tid i Møterom 2.",
        "Plass til 14; du trenger 8.",
        "Har skjerm.",
        "Ligger en etasje unna.",
    ]
    assert of("other_time", offers)[0]["why"] == ["Samme rom, 20 minutter senere."]
    [short] = of("shorter", offers)
    assert (short["local_start"], short["local_end"]) == ("10:20", "11:00")
    assert short["why"] == ["Samme rom, 20 minutter kortere."]


async def test_offers__needs_that_were_said__are_hard_and_the_rest_of_the_room_is_not(house: House) -> None:
    room = await house.space(capacity=12, features=["hearing_loop", "projector", "lift"])
    loop = await house.space(capacity=12, features=["hearing_loop", "step_free"])
    await house.space(capacity=12, features=["projector", "lift"])
    await house.booked([room], "10:00", "11:00")
    needs = ["hearing_loop", "step_free"]
    assert spaces(of("other_room", await refused(house, [room], "10:00", "11:00", needs=needs))) == [[str(loop)]]
    assert of("other_room", await refused(house, [room], "10:00", "11:00")) == []


async def test_offers__like_rooms__by_floor_owner_and_size_and_never_more_than_three(house: House) -> None:
    unit, other = await house.unit("library"), await house.unit("senior_centre")
    room = await house.space(capacity=10, floor="2", unit_id=str(unit))
    far = await house.space(capacity=10, floor="4", unit_id=str(unit))
    theirs = await house.space(capacity=10, floor="2", unit_id=str(other))
    large = await house.space(capacity=25, floor="2", unit_id=str(unit))
    await house.space(capacity=9, floor="2", unit_id=str(unit))
    await house.space(capacity=10, floor="5", unit_id=str(unit))
    await house.booked([room], "10:00", "11:00")
    offers = of("other_room", await refused(house, [room], "10:00", "11:00"))
    assert spaces(offers) == [[str(large)], [str(theirs)], [str(far)]]


async def test_offers__at_another_square__come_last_and_only_where_the_asker_may_book(house: House) -> None:
    room, here = await house.space(capacity=10), house.square
    await house.booked([room], "10:00", "11:00")
    there = await house.square_of()
    away = await house.space(capacity=10)
    foreign = house.role(f"front_line@{here}")
    both = house.role(f"front_line@{here}", f"front_line@{there}")
    alone = (await house.put([room], "10:00", "11:00", headers=foreign)).json()["alternatives"]
    assert of("other_square", alone) == []
    offers = (await house.put([room], "10:00", "11:00", headers=both)).json()["alternatives"]
    assert (offers[-1]["kind"], offers[-1]["space_ids"]) == ("other_square", [str(away)])
    assert offers[-1]["square_id"] == str(there)
    assert "Ligger på Prøvetorget." in offers[-1]["why"]


async def test_offers__only_setup_clashes__is_the_same_time_with_less_of_it(house: House) -> None:
    room = await house.space()
    await house.booked([room], "09:00", "09:40")
    await house.booked([room], "11:05", "12:00")
    [offer] = of("smaller_setup", await refused(house, [room], "10:00", "11:00", setup_minutes=45, teardown_minutes=10))
    assert (offer["local_start"], offer["setup_minutes"], offer["teardown_minutes"]) == ("10:00", 20, 5)
    assert offer["why"] == ["Samme tid med 20 minutter rigging og 5 minutter rydding."]
    assert await accepted(house, offer)


async def test_offers__setup_outside_the_hours__may_still_be_all_of_it(house: House) -> None:
    room = await house.space()
    await house.hours(room, ("10:00", "12:00"))
    await house.booked([room], "11:10", "12:00")
    [offer] = of("smaller_setup", await refused(house, [room], "10:00", "11:00", setup_minutes=60, teardown_minutes=20))
    assert (offer["setup_minutes"], offer["teardown_minutes"]) == (60, 10)


async def test_offers__outside_hours__are_open_times_and_open_rooms(house: House) -> None:
    room, open_late = await house.space(capacity=10), await house.space(capacity=10)
    await house.hours(room, ("08:00", "16:00"))
    await house.hours(open_late, ("08:00", "22:00"))
    offers = await refused(house, [room], "15:00", "17:00")
    assert spaces(of("other_room", offers)) == [[str(open_late)]]
    assert [one["local_start"] for one in of("other_time", offers)][:1] == ["14:00"]
    assert [(one["local_start"], one["local_end"]) for one in of("shorter", offers)] == [("15:00", "16:00")]


async def test_offers__of_several_rooms__swap_the_one_that_is_taken(house: House) -> None:
    hall, kitchen = await house.space(capacity=40), await house.space(capacity=5, features=["kitchen"])
    other = await house.space(capacity=40)
    await house.booked([hall], "10:00", "11:00")
    offers = await refused(house, [hall, kitchen], "10:00", "11:00")
    assert spaces(of("other_room", offers)) == [[str(other), str(kitchen)]]
    await house.booked([kitchen], "10:00", "11:00")
    assert of("other_room", await refused(house, [hall, kitchen], "10:00", "11:00")) == []


async def test_offers__of_a_part__are_never_the_hall_it_belongs_to(house: House) -> None:
    hall, (left, right) = await house.hall()
    await house.hours(left)
    offers = await refused(house, [left], "10:00", "11:00")
    assert spaces(of("other_room", offers)) == [[str(right)]]
    assert str(hall) not in str(offers)


async def test_offers__of_what_has_not_begun__are_not_in_the_past(house: House) -> None:
    room = await house.space()
    await house.booked([room], "2026-11-24T10:00", "2026-11-24T11:00")
    offers = of("other_time", await refused(house, [room], "2026-11-24T10:00", "2026-11-24T11:00"))
    assert all(one["starts_at"] >= "2026-11-24T09:00" for one in offers)


async def test_offers__asked_twice__are_the_same(house: House) -> None:
    rooms = [await house.space(capacity=10, position=1) for _ in range(6)]
    await house.booked([rooms[0]], "10:00", "11:00")
    first = await refused(house, [rooms[0]], "10:00", "11:00")
    assert await refused(house, [rooms[0]], "10:00", "11:00") == first


async def test_offers__for_blocking__are_none(house: House) -> None:
    room = await house.space()
    await house.space()
    await house.booked([room], "10:00", "11:00")
    assert await refused(house, [room], "10:00", "11:00", state="blocked") == []


async def alternatives(house: House, booking: dict[str, Any], *roles: str) -> Any:
    return await house.client.get(
        f"{API}/bookings/{booking['id']}/alternatives", headers=house.role(*roles) if roles else None
    )


async def test_alternatives__of_an_affected_booking__are_rooms_that_are_open_and_have_what_it_needs(
    house: House,
) -> None:
    room, like = await house.space(features=["hearing_loop"]), await house.space(features=["hearing_loop"])
    await house.space(features=[])
    booking = await house.booked([room], "10:00", "11:00", needs=["hearing_loop"])
    closure = {"space_ids": [str(room)], "starts_at": time("09:00"), "ends_at": time("12:00")}
    await house.ok(house.client.put(f"{API}/closures/{uuid4()}", json=closure), 201)
    answer = await alternatives(house, booking, f"front_line@{house.square}")
    offers = answer.json()["alternatives"]
    assert (answer.json()["version"], answer.headers["etag"]) == (2, '"2"')
    assert spaces(of("other_room", offers)) == [[str(like)]]
    assert of("other_time", offers)[0]["local_start"] == "12:00"
    moved = await house.ok(house.move({**booking, "version": 2}, [like], "10:00", "11:00"))
    assert moved["state"] == "confirmed"


async def test_alternatives__of_a_booking_whose_room_is_needed__leave_its_own_time(house: House) -> None:
    room, like = await house.space(), await house.space()
    booking = await house.booked([room], "10:00", "11:00")
    offers = (await alternatives(house, booking, f"front_line@{house.square}")).json()["alternatives"]
    assert spaces(of("other_room", offers)) == [[str(like)]]
    times = [one["local_start"] for one in of("other_time", offers)]
    assert times[:2] == ["11:00", "09:00"]


async def test_alternatives__of_a_refused_date__are_like_those_of_a_refusal(house: House) -> None:
    room, like = await house.space(), await house.space()
    await house.booked([room], "10:00", "11:00")
    date = {"id": str(uuid4()), "starts_at": time("10:00"), "ends_at": time("11:00")}
    body = {"space_ids": [str(room)], "occurrences": [date]}
    await house.ok(house.client.put(f"{API}/series/{uuid4()}", json=body), 201)
    offers = (await alternatives(house, date, f"front_line@{house.square}")).json()["alternatives"]
    assert spaces(of("other_room", offers)) == [[str(like)]]


async def test_alternatives__of_a_foreign_or_unknown_booking__are_not_found(house: House) -> None:
    booking = await house.booked([await house.space()], "10:00", "11:00")
    assert (await alternatives(house, booking, f"front_line@{uuid4()}")).status_code == 404
    assert (await alternatives(house, {"id": str(uuid4())})).status_code == 404


async def test_alternatives__of_a_health_stations_booking__tell_others_nothing_of_what_it_needs(house: House) -> None:
    clinic = await house.unit("health_station")
    room, like = await house.space(features=["hearing_test"]), await house.space(features=["hearing_test"])
    nurse = house.role("admin@*", f"admin@{clinic}")
    booking = await house.booked(
        [room], "10:10", "10:25", unit_id=str(clinic), needs=["hearing_test"], expected_people=2, headers=nurse
    )
    answer = await alternatives(house, booking, f"house_manager@{house.square}")
    [offer] = of("other_room", answer.json()["alternatives"])
    assert offer["space_ids"] == [str(like)]
    assert "hearing_test" not in answer.text
    assert "trenger" not in answer.text
    shown = await house.ok(house.client.get(f"{API}/bookings/{booking['id']}", headers=house.role("front_line@*")))
    assert "needs" not in shown


async def test_alternatives__to_somebody_who_sees_no_times__are_told_on_the_grid(house: House) -> None:
    """Else the length of an offer would tell the length of the appointment."""
    clinic = await house.unit("health_station")
    room, _ = await house.space(), await house.space()
    nurse = house.role("admin@*", f"admin@{clinic}")
    booking = await house.booked([room], "10:10", "10:25", unit_id=str(clinic), headers=nurse)
    offers = (await alternatives(house, booking, f"front_line@{house.square}")).json()["alternatives"]
    assert offers
    assert {(one["local_start"][3:], one["local_end"][3:]) for one in offers} <= {("00", "30"), ("30", "00")}
