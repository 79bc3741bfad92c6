"""Special days of a square through their interface, and series that mind public holidays."""

from uuid import uuid4

import pytest

from tests.integration.booking_house import API, House

pytestmark = pytest.mark.integration


def weekly(*days: str) -> list[dict[str, str]]:
    return [
        {"id": str(uuid4()), "starts_at": f"2027-05-{day}T18:00", "ends_at": f"2027-05-{day}T20:00"} for day in days
    ]


async def test_series_that_skips_holidays_leaves_the_double_holiday_out(house: House) -> None:
    dates = weekly("10", "17", "24")
    body = {"space_ids": [str(await house.space())], "occurrences": dates, "on_holidays": "skip"}
    series = f"{API}/series/{uuid4()}"
    made = await house.ok(house.client.put(series, json=body), 201)
    assert [(one["id"], one["outcome"], one["reason"]) for one in made["occurrences"]] == [
        (dates[0]["id"], "confirmed", None),
        (dates[1]["id"], "skipped", "holiday"),
        (dates[2]["id"], "confirmed", None),
    ]
    assert (await house.client.get(f"{API}/bookings/{dates[1]['id']}")).status_code == 404
    assert (await house.ok(house.client.get(series)))["occurrences"][1]["outcome"] == "skipped"
    assert (await house.ok(house.client.put(series, json=body)))["occurrences"] == made["occurrences"]


async def test_series_that_moves_from_holidays_keeps_clock_and_id(house: House) -> None:
    dates = weekly("10", "17")
    body = {"space_ids": [str(await house.space())], "occurrences": dates, "on_holidays": "move"}
    await house.ok(house.client.put(f"{API}/series/{uuid4()}", json=body), 201)
    moved = await house.get(dates[1]["id"])
    assert (moved["state"], moved["local_date"], moved["local_start"]) == ("confirmed", "2027-05-18", "18:00")


async def test_series_by_rule_minds_holidays_too(house: House) -> None:
    rule = {"dtstart_local": "2027-05-10T18:00", "duration_minutes": 60, "rrule": "FREQ=WEEKLY;COUNT=3"}
    body = {"space_ids": [str(await house.space())], "rule": rule, "on_holidays": "skip"}
    made = await house.ok(house.client.put(f"{API}/series/{uuid4()}", json=body), 201)
    assert [one["outcome"] for one in made["occurrences"]] == ["confirmed", "skipped", "confirmed"]


async def test_local_rule_is_made_changed_and_withdrawn_with_its_days(house: House) -> None:
    await house.square_of()
    rule = f"{API}/local-rules/{uuid4()}"
    body = {"square_id": str(house.square), "kind": "short", "name_nb": "Julaften", "yearly": "12-24"}
    refused = await house.client.put(rule, json=body)
    assert (refused.status_code, refused.json()["code"]) == (422, "invalid")
    made = await house.ok(house.client.put(rule, json={**body, "closes_at": "12:00"}), 201)
    days = f"{API}/squares/{house.square}/days"
    asked = {"from": "2026-12-24", "to": "2026-12-25"}
    found = (await house.ok(house.client.get(days, params=asked)))["days"]
    assert [(one["date"], one["kind"], one["closes_at"]) for one in found] == [
        ("2026-12-24", "short", "12:00"),
        ("2026-12-25", "public_holiday", None),
    ]
    assert (await house.client.put(rule, json={**body, "closes_at": "13:00"})).status_code == 428
    seen = {"If-Match": f'"{made["version"]}"'}
    changed = await house.ok(house.client.put(rule, json={**body, "closes_at": "13:00"}, headers=seen))
    gone = await house.client.delete(rule, headers={"If-Match": f'"{changed["version"]}"'})
    assert gone.status_code == 200
    assert len((await house.ok(house.client.get(days, params=asked)))["days"]) == 1
    assert (await house.ok(house.client.get(f"{API}/squares/{house.square}/local-rules")))["rules"] == []


async def test_hours_proposed_with_special_days_are_saved_like_any_others(house: House) -> None:
    await house.square_of()
    space = await house.space()
    span = {"start": "08:00", "end": "20:00", "state": "staffed"}
    asked = {
        "square_id": str(house.square),
        "first": "2027-05-01",
        "last": "2027-05-31",
        "periods": [{"name": "Alltid", "groups": [{"spans": [span]}]}],
    }
    proposed = await house.ok(house.client.post(f"{API}/hours/with-special-days", json=asked), 200)
    assert [one["date"] for one in proposed["added"]] == ["2027-05-01", "2027-05-06", "2027-05-16", "2027-05-17"]
    await house.ok(house.client.put(f"{API}/spaces/{space}/hours", json={"periods": proposed["periods"]}))
    closed = await house.put([space], "2027-05-17T10:00", "2027-05-17T11:00")
    assert closed.json()["code"] == "outside_hours"
    await house.booked([space], "2027-05-18T10:00", "2027-05-18T11:00")


async def test_local_rule_is_for_those_who_decide_hours(house: House) -> None:
    body = {"square_id": str(house.square), "kind": "closed", "name_nb": "Stengt", "yearly": "12-31"}
    refused = await house.client.put(f"{API}/local-rules/{uuid4()}", json=body, headers=house.role("unit_editor@*"))
    assert refused.status_code == 403
