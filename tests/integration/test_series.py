"""Series: decided in the order of time, the refused ones kept with what blocked them."""

from typing import Any
from uuid import UUID, uuid4

import pytest

from tests.integration.booking_house import API, House, decided

pytestmark = pytest.mark.integration


def date(day: int, start: str = "10:00", end: str = "11:00") -> dict[str, str]:
    return {
        "id": str(uuid4()),
        "starts_at": f"2026-12-{day:02}T{start}",
        "ends_at": f"2026-12-{day:02}T{end}",
    }


async def put(house: House, room: UUID, dates: list[Any], series: UUID | None = None, **shared: Any) -> Any:
    body = {"space_ids": [str(room)], "occurrences": dates, **shared}
    return await house.client.put(f"{API}/series/{series or uuid4()}", json=body)


def outcome(of: dict[str, str], reason: str | None = None, *blocking: str) -> dict[str, Any]:
    told = {"id": of["id"], "outcome": "rejected" if reason else "confirmed", "reason": reason}
    times = {name: f"{of[name]}:00+01:00" for name in ("starts_at", "ends_at")}
    return {**told, "blocking": list(blocking), **times}


async def test_series_in_date_order_clash_kept_with_its_blocker_the_others_confirmed(house: House) -> None:
    room = await house.space()
    taken = await house.booked([room], "2026-12-08T10:30", "2026-12-08T11:30")
    third, first, second = date(15), date(1), date(8)
    answer = await put(house, room, [third, first, second])
    assert answer.status_code == 201
    expected = [outcome(first), outcome(second, "conflict", taken["id"]), outcome(third)]
    assert decided(answer) == expected
    refused = await house.get(second["id"])
    assert (refused["state"], refused["reason_code"], refused["blocking"]) == ("rejected", "conflict", [taken["id"]])
    assert await house.events(second["id"]) == [("rejected", 1)]
    assert await house.events(first["id"]) == [("confirmed", 1)]


async def test_series_confirmed_dates_block_its_later_ones_and_ties_go_as_sent(house: House) -> None:
    room = await house.space()
    first, same, later = date(1), date(1), date(1, "10:59", "12:00")
    answer = await put(house, room, [later, first, same])
    expected = [outcome(first), outcome(same, "conflict", first["id"]), outcome(later, "conflict", first["id"])]
    assert decided(answer) == expected


async def test_series_refused_date_blocks_nothing(house: House) -> None:
    room = await house.space()
    taken = await house.booked([room], "2026-12-01T10:00", "2026-12-01T10:30")
    refused, free = date(1, "10:00", "12:00"), date(1, "11:00", "12:00")
    answer = await put(house, room, [refused, free])
    assert decided(answer) == [outcome(refused, "conflict", taken["id"]), outcome(free)]


async def test_series_setup_and_teardown_count_between_its_own_dates(house: House) -> None:
    room = await house.space()
    first, second = date(1, "10:00", "11:00"), date(1, "11:30", "12:00")
    answer = await put(house, room, [first, second], setup_minutes=20, teardown_minutes=15)
    assert decided(answer) == [outcome(first), outcome(second, "conflict", first["id"])]


async def test_series_fault_in_a_date_is_that_dates_alone(house: House) -> None:
    room = await house.space()
    used = await house.booked([room], "2026-12-20T10:00", "2026-12-20T11:00")
    good, reversed_, twice = date(1), date(2, "11:00", "10:00"), date(3)
    known, colour, unreadable = {**date(4), "id": used["id"]}, {**date(5), "colour": "red"}, {"id": "x"}
    answer = await put(house, room, [good, reversed_, twice, {**date(6), "id": twice["id"]}, known, colour, unreadable])
    assert answer.status_code == 201
    outcomes = [(row["id"], row["reason"]) for row in answer.json()["occurrences"]]
    assert outcomes == [
        (good["id"], None),
        (reversed_["id"], "invalid"),
        (twice["id"], None),
        (used["id"], "invalid"),
        (colour["id"], "invalid"),
        (twice["id"], "invalid"),
        ("x", "invalid"),
    ]
    assert (await house.get(used["id"]))["version"] == 1


@pytest.mark.parametrize("text", ['"a\\u0000b"', '"\\ud800"', "NaN", "1e999", "9" * 400, "[[[[]]]]", "null"])
async def test_series_date_with_what_no_database_takes_is_that_dates_fault(house: House, text: str) -> None:
    good = date(1)
    bad = f'{{"id": {text}, "starts_at": {text}, "ends_at": {text}, "x": {text}}}'
    dates = f'[{bad}, {{"id": "{good["id"]}", "starts_at": "{good["starts_at"]}", "ends_at": "{good["ends_at"]}"}}]'
    body = f'{{"space_ids": ["{await house.space()}"], "occurrences": {dates}}}'
    headers = {"Content-Type": "application/json"}
    answer = await house.client.put(f"{API}/series/{uuid4()}", content=body, headers=headers)
    assert answer.status_code == 201, answer.text
    assert [row["reason"] for row in answer.json()["occurrences"]] == [None, "invalid"]


async def test_series_outside_hours_comes_before_conflict(house: House) -> None:
    room = await house.space()
    await house.booked([room], "2026-12-01T09:00", "2026-12-01T12:00")
    await house.hours(room, ("10:00", "16:00"))
    early, taken, fine = date(1, "09:00", "10:30"), date(1, "11:00", "12:30"), date(1, "13:00", "14:00")
    answer = await put(house, room, [early, taken, fine])
    assert [row["reason"] for row in answer.json()["occurrences"]] == ["outside_hours", "conflict", None]
    assert answer.json()["occurrences"][0]["blocking"] == []


async def test_series_with_every_date_refused_is_made_all_the_same(house: House) -> None:
    room = await house.space()
    await house.hours(room)
    answer = await put(house, room, [date(1), date(2)])
    assert answer.status_code == 201
    assert {row["reason"] for row in answer.json()["occurrences"]} == {"outside_hours"}


async def test_series_fault_in_what_all_share_refuses_the_whole(house: House) -> None:
    room, one = await house.space(), date(1)
    for shared in ({"setup_minutes": -1}, {"state": "gone"}, {"space_ids": []}, {"space_ids": [str(uuid4())]}):
        answer = await put(house, room, [one], **shared)
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid")
    assert (await put(house, room, [])).status_code == 422
    assert (await put(house, room, [date(1) for _ in range(401)])).status_code == 422
    assert (await house.client.get(f"{API}/bookings/{one['id']}")).status_code == 404


async def test_series_sent_again_answers_the_same_another_body_is_refused(house: House) -> None:
    room, series, dates = await house.space(), uuid4(), [date(1), date(1), date(2)]
    first = await put(house, room, dates, series)
    again = await put(house, room, dates, series)
    assert (again.status_code, again.json()) == (first.status_code, first.json())
    other = await put(house, room, dates, series, title="x")
    assert (other.status_code, other.json()["code"]) == (409, "id_in_use")
    found = await house.ok(house.client.get(f"{API}/series/{series}"))
    assert [row["state"] for row in found["occurrences"]] == ["confirmed", "rejected", "confirmed"]


async def test_series_sent_again_with_the_same_instants_in_other_words_answers_the_same(house: House) -> None:
    room, series, one, faulty = await house.space(), uuid4(), date(1), {**date(2), "ends_at": "x"}
    first = await put(house, room, [one, faulty], series)
    said = {"id": one["id"], "starts_at": "2026-12-01T09:00Z", "ends_at": "2026-12-01T11:00:00+01:00"}
    again = await put(house, room, [said, faulty], series)
    assert (again.status_code, again.json()) == (201, first.json())
    other = await put(house, room, [said, {**faulty, "ends_at": "y"}], series)
    assert (other.status_code, other.json()["code"]) == (409, "id_in_use")


async def test_series_requested_does_not_occupy(house: House) -> None:
    room = await house.space()
    await house.booked([room], "2026-12-01T10:00", "2026-12-01T11:00")
    one = date(1)
    answer = await put(house, room, [one], state="requested")
    assert decided(answer) == [outcome(one)]
    assert (await house.get(one["id"]))["state"] == "requested"
