"""Refusals say why: the rule, a sentence, what stands in the way as far as the asker may see it, what would do."""

from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.integration.booking_house import API, House, time

pytestmark = pytest.mark.integration
ENGLISH = {"Accept-Language": "en"}


def only_reason(answer: httpx.Response) -> dict[str, Any]:
    [reason] = answer.json()["reasons"]
    found: dict[str, Any] = reason
    return found


async def test_conflict__room_taken__says_by_what_where_and_when_in_both_languages(house: House) -> None:
    room = await house.space(name="Møterom 1")
    booked = await house.booked([room], "10:00", "11:00", title="Styremøte", teardown_minutes=15)

    reason = only_reason(await house.put([room], "10:30", "12:00"))
    assert (reason["rule"], reason["blocking_id"]) == ("occupied", booked["id"])
    assert (reason["title"], reason["space_ids"]) == ("Styremøte", [str(room)])
    assert (reason["local_start"], reason["local_end"]) == ("10:00", "11:15")
    assert reason["message"] == "Møterom 1 er opptatt 10:00–11:15."

    told = only_reason(await house.put([room], "10:30", "12:00", headers={**house.role("admin@*"), **ENGLISH}))
    assert told["message"] == "Møterom 1 is taken 10:00–11:15."


async def test_conflict__of_several_rooms__names_the_one_that_is_taken(house: House) -> None:
    free, taken = await house.space(name="Salen"), await house.space(name="Kjøkkenet")
    await house.booked([taken], "10:00", "11:00")

    reason = only_reason(await house.put([free, taken], "10:00", "11:00"))
    assert (reason["space_ids"], reason["message"]) == ([str(taken)], "Kjøkkenet er opptatt 10:00–11:00.")


async def test_conflict__with_what_began_the_day_before__tells_the_dates(house: House) -> None:
    room = await house.space(name="Foajé")
    await house.booked([room], "2026-11-30T18:00", "2026-12-01T11:00")

    assert only_reason(await house.put([room], "10:00", "12:00"))["message"] == (
        "Foajé er opptatt man. 30.11. 18:00 – tir. 1.12. 11:00."
    )


async def test_conflict__with_a_closure_without_end__says_so_and_why(house: House) -> None:
    room, closure = await house.space(name="Verkstedet"), uuid4()
    body = {"space_ids": [str(room)], "starts_at": time("09:00"), "ends_at": None, "reason_code": "power_cut"}
    await house.ok(house.client.put(f"{API}/closures/{closure}", json=body), 201)

    reason = only_reason(await house.put([room], "10:00", "11:00"))
    assert (reason["rule"], reason["reason_code"], reason["blocking_id"]) == ("closed", "power_cut", str(closure))
    assert reason["message"] == "Verkstedet er stengt inntil videre."
    assert "ends_at" not in reason


async def test_outside_hours__open_at_other_times_that_day__tells_them(house: House) -> None:
    room = await house.space(name="Salen")
    await house.hours(room, ("08:00", "12:00"), ("13:00", "16:00"))

    refused = await house.put([room], "11:00", "14:00")
    reason = only_reason(refused)
    assert refused.json()["code"] == "outside_hours"
    assert reason["message"] == "Salen kan bookes 08:00–12:00, 13:00–16:00 denne dagen."
    assert [one["local_start"] for one in reason["accepted"]["open"]] == ["08:00", "13:00"]


async def test_outside_hours__closed_that_day__tells_when_it_opens_next(house: House) -> None:
    room = await house.space(name="Salen")
    span = {"start": "10:00", "end": "14:00", "weekdays": [6], "state": "self_service"}
    body = {"periods": [{"name": "Lørdager", "groups": [{"spans": [span]}]}]}
    await house.ok(house.client.put(f"{API}/spaces/{room}/hours", json=body))

    reason = only_reason(await house.put([room], "11:00", "12:00"))
    assert reason["message"] == "Salen er ikke åpent denne dagen. Neste åpningstid er lør. 5.12. 10:00–14:00."
    assert (reason["accepted"]["open"], reason["accepted"]["next"]["local_date"]) == ([], "2026-12-05")


async def test_outside_hours__never_open__says_that_there_are_no_hours(house: House) -> None:
    room = await house.space(name="Loftet")
    await house.hours(room)

    reason = only_reason(await house.put([room], "11:00", "12:00"))
    assert (reason["message"], reason["accepted"]["next"]) == ("Loftet har ingen åpningstid framover.", None)


async def test_invalid__each_fault__names_its_rule_and_what_would_be_accepted(house: House) -> None:
    room, store_room = await house.space(), await house.space(name="Lageret", bookable=False)
    backwards = only_reason(await house.put([room], "11:00", "10:00"))
    long = only_reason(await house.put([room], "2026-12-01T10:00", "2027-02-01T10:00"))
    hold = only_reason(await house.put([room], "10:00", "11:00", state="held", hold_until="2027-06-01T10:00"))
    shut = only_reason(await house.put([store_room], "10:00", "11:00"))
    unknown, stranger = uuid4(), uuid4()

    assert backwards["rule"] == "ends_after_start"
    assert (long["rule"], long["accepted"]) == ("longest", {"most_minutes": 60 * 24 * 60})
    assert (hold["rule"], hold["accepted"]["until"]) == ("hold_until", "2026-12-24T08:00:00+00:00")
    assert (shut["rule"], shut["message"]) == ("not_bookable", "Lageret kan ikke bookes.")
    assert (shut["space_ids"], shut["accepted"]) == ([str(store_room)], {"states": ["blocked"]})
    assert only_reason(await house.put([unknown], "10:00", "11:00"))["space_ids"] == [str(unknown)]
    assert only_reason(await house.put([room], "10:00", "11:00", unit_id=str(stranger)))["rule"] == "unknown_unit"


async def test_override__without_the_right__says_who_has_it(house: House) -> None:
    room = await house.space()
    refused = await house.put([room], "10:00", "11:00", override=True, headers=house.role("front_line@*"))

    reason = only_reason(refused)
    assert refused.json()["code"] == reason["rule"] == "override_not_allowed"
    assert "house_manager" in reason["accepted"]["roles"]
    assert "front_line" not in reason["accepted"]["roles"]


async def test_order__that_does_not_fit__says_what_would(house: House) -> None:
    booking = await house.booked([await house.space()], "10:00", "11:00")

    reason = only_reason(await house.order("reject", booking))
    assert (reason["rule"], reason["accepted"]) == ("wrong_state", {"orders": ["cancel", "release"]})
    assert "bekreftet" in reason["message"]


async def test_move__of_what_does_not_occupy__says_in_which_state_it_is(house: House) -> None:
    room = await house.space()
    gone = await house.ok(house.order("cancel", await house.booked([room], "10:00", "11:00")))

    reason = only_reason(await house.move(gone, [room], "12:00", "13:00"))
    assert (reason["rule"], reason["state"]) == ("not_occupying", "cancelled")
    assert "confirmed" in reason["accepted"]["states"]


async def test_confirm__of_a_request_whose_time_is_taken__is_explained_too(house: House) -> None:
    room = await house.space(name="Salen")
    wanted = await house.booked([room], "10:00", "11:00", state="requested")
    await house.booked([room], "10:30", "11:30")

    refused = await house.order("confirm", wanted)
    assert only_reason(refused)["message"] == "Salen er opptatt 10:30–11:30."
    assert refused.json()["alternatives"]


async def test_health_station__seen_by_others__is_busy_on_half_hours_and_nothing_more(house: House) -> None:
    await house.square_of()
    room, clinic = await house.space(name="Helse 1"), await house.unit("health_station")
    nurse = house.role("admin@*", f"admin@{clinic}")
    made = await house.booked([room], "10:10", "10:25", title="Vaksine", unit_id=str(clinic), headers=nurse)
    front = house.role("front_line@*")

    refused = await house.put([room], "10:00", "10:20", headers=front)
    reason = only_reason(refused)
    assert (reason["blocking_id"], reason["title"]) == (made["id"], "Opptatt")
    assert (reason["local_start"], reason["local_end"]) == ("10:00", "10:30")
    assert "unit_id" not in reason
    free = await house.client.get(
        f"{API}/free",
        params={"space_id": str(room), "from": time("09:00"), "to": time("12:00"), "minutes": 5},
        headers=front,
    )
    assert [(row["local_start"], row["local_end"]) for row in free.json()["free"]] == [
        ("09:00", "10:00"),
        ("10:30", "12:00"),
    ]
    offered = [one for one in refused.json()["alternatives"] if one["kind"] == "other_time"]
    assert {one["local_start"] for one in offered} >= {"10:30", "09:40"}
    assert not any(word in refused.text + free.text for word in ("Vaksine", "10:10", "10:25", "09:10:", "09:25:"))


async def test_health_station__seen_by_its_own__is_told_to_the_minute(house: House) -> None:
    await house.square_of()
    room, clinic = await house.space(), await house.unit("health_station")
    nurse = house.role("admin@*", f"admin@{clinic}")
    await house.booked([room], "10:10", "10:25", title="Vaksine", unit_id=str(clinic), headers=nurse)

    own = house.role(f"front_line@{clinic}")
    reason = only_reason(await house.put([room], "10:00", "10:20", unit_id=str(clinic), headers=own))
    assert (reason["title"], reason["local_start"], reason["local_end"]) == ("Vaksine", "10:10", "10:25")


async def test_series__refused_dates__each_say_why(house: House) -> None:
    room = await house.space(name="Salen")
    taken = await house.booked([room], "2026-12-02T10:00", "2026-12-02T11:00", title="Kor")
    await house.hours(room, ("08:00", "16:00"))
    series = uuid4()
    dates = [
        {"id": str(uuid4()), "starts_at": f"2026-12-0{day}T{start}", "ends_at": f"2026-12-0{day}T{end}"}
        for day, start, end in (
            (1, "10:00", "11:00"),
            (2, "10:00", "11:00"),
            (3, "17:00", "18:00"),
            (4, "11:00", "10:00"),
        )
    ]
    body = {"space_ids": [str(room)], "occurrences": [*dates, {"id": "no id"}]}

    made = (await house.ok(house.client.put(f"{API}/series/{series}", json=body), 201))["occurrences"]
    assert [one["reasons"] for one in made if one["outcome"] == "confirmed"] == [[]]
    reasons = [one["reasons"][0] for one in made[1:]]
    assert [one["rule"] for one in reasons] == ["occupied", "outside_hours", "ends_after_start", "unreadable"]
    assert (reasons[0]["blocking_id"], reasons[0]["title"]) == (taken["id"], "Kor")
    assert reasons[1]["message"] == "Salen kan bookes 08:00–16:00 denne dagen."
    again = (await house.ok(house.client.get(f"{API}/series/{series}")))["occurrences"]
    assert [one["reasons"] for one in again] == [one["reasons"] for one in made]
