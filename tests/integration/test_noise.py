"""Noise between rooms through the interface: warned of, refused, asked for, accepted with a reason; never more told."""

import asyncio
import datetime as dt
from typing import Any
from uuid import UUID, uuid4

import pytest

from services.facility.booking.domain import About, Booking, Slot
from services.facility.booking.house import load
from services.facility.noise import listening
from shared import db
from tests.infra import settings_for
from tests.integration.booking_house import API, NO_KAFKA, House, wish
from tests.integration.noise_house import REASON, Rooms, furnished

pytestmark = pytest.mark.integration


@pytest.fixture
async def rooms(opened: House) -> Rooms:
    return await furnished(opened)


def rules(answer: Any) -> list[str]:
    assert (answer.status_code, answer.json()["code"]) == (409, "policy"), answer.text
    assert answer.json()["request_possible"] is True
    return [one["rule"] for one in answer.json()["reasons"]]


def warned(answer: Any) -> list[tuple[str, int]]:
    assert answer.status_code in (200, 201), answer.text
    return [(one["rule"], one["severity"]) for one in answer.json().get("warnings", [])]


async def test_noise__of_severity_one__is_a_warning_that_names_rooms_and_times(rooms: Rooms) -> None:
    await rooms.house.booked([rooms.office], "10:30", "11:30", title="Samtale", unit_id=str(rooms.library))
    answer = await rooms.exercise()
    assert warned(answer) == [("noise", 1)]
    [warning] = answer.json()["warnings"]
    told = "Lyden fra Gymsalen blir litt for høy i Kontoret, som er i bruk 10:30–11:30."
    assert warning["message"] == told
    assert (warning["title"], warning["unit_id"]) == ("Samtale", str(rooms.library))
    english = {**rooms.house.role("front_line@*"), "Accept-Language": "en"}
    again = await rooms.exercise(id=answer.json()["id"], headers=english)
    told = "The sound from Gymsalen is a little too loud in Kontoret, which is in use 10:30–11:30."
    assert [one["message"] for one in again.json()["warnings"]] == [told]
    shown = await rooms.house.get(answer.json()["id"])
    assert (shown["noise_out"], shown["quiet_need"]) == (4, None)
    assert shown["warnings"] == answer.json()["warnings"]
    gone = await rooms.house.ok(rooms.house.order("cancel", shown))
    assert (await rooms.house.get(gone["id"])).keys() == gone.keys()
    assert "warnings" not in gone


async def test_noise__from_a_booking_that_is_there__warns_whoever_comes_second(rooms: Rooms) -> None:
    await rooms.house.ok(rooms.exercise())
    answer = await rooms.house.put([rooms.office], "10:30", "11:30")
    assert warned(answer) == [("noise", 1)]
    told = "Lyden fra Gymsalen, som er i bruk 10:00–11:00, blir litt for høy i Kontoret."
    assert answer.json()["warnings"][0]["message"] == told


@pytest.mark.parametrize("state", ["confirmed", "held"])
async def test_noise__of_severity_two__is_refused_from_either_side_by_its_name(rooms: Rooms, state: str) -> None:
    meeting = await rooms.house.ok(rooms.meeting(state=state))
    answer = await rooms.exercise(state=state)
    assert rules(answer) == ["noise"]
    [reason] = answer.json()["reasons"]
    assert (reason["severity"], reason["booking_id"]) == (2, meeting["id"])
    assert reason["message"].startswith("Lyden fra Gymsalen blir for høy i Stillerommet, som er i bruk 10:00–12:00.")
    assert reason["message"].endswith("En hussjef må godta det, med en grunn.")
    offered = {space for one in answer.json()["alternatives"] for space in one["space_ids"]}
    assert str(rooms.far) in offered
    assert {one["way"] for one in answer.json()["alternatives"]} == {"book"}
    await rooms.house.ok(rooms.house.order("cancel", meeting))
    await rooms.house.ok(rooms.exercise(state=state))
    assert rules(await rooms.meeting(state=state)) == ["noise"]


async def test_noise__house_managers_without_a_reason__are_refused_too(rooms: Rooms) -> None:
    await rooms.house.ok(rooms.meeting())
    assert rules(await rooms.exercise(**rooms.of("house_manager@*"))) == ["noise"]
    assert rules(await rooms.exercise(exception=REASON)) == ["exception_not_allowed", "noise"]
    manager_of_unit = rooms.of(f"house_manager@{rooms.senior}")
    assert rules(await rooms.exercise(exception=REASON, **manager_of_unit)) == ["exception_not_allowed", "noise"]
    await rooms.house.ok(rooms.exercise(state="blocked", **rooms.of("house_manager@*")))


async def test_noise__accepted_by_a_house_manager__is_booked_and_stays_on_record(rooms: Rooms) -> None:
    await rooms.house.ok(rooms.meeting())
    manager = rooms.of(f"house_manager@{rooms.house.square}")
    answer = await rooms.exercise(exception=REASON, **manager)
    assert warned(answer) == [("noise", 2)]
    [kept] = (await rooms.decisions(answer.json()["id"]))["decisions"]
    assert (kept["verdict"], kept["role"], kept["rules"]) == ("excepted", "house_manager", ["noise"])
    assert (kept["reason_code"], kept["reason"]) == ("noise_accepted", "Avtalt med lederen av treffet")


async def test_noise__nothing_said_or_rooms_without_levels__is_no_conflict(rooms: Rooms) -> None:
    house, far = rooms.house, await rooms.house.space()
    near = await house.space(neighbours=[{"space_id": str(far), "attenuation": 0}])
    await house.ok(rooms.meeting())
    assert warned(await rooms.exercise(noise_out=None)) == []
    assert warned(await house.put([near], "10:00", "11:00", noise_out=5)) == []
    assert warned(await house.put([far], "10:00", "11:00", quiet_need=5)) == []
    refused = [await rooms.exercise("12:00", "13:00", **bad) for bad in ({"noise_out": 6}, {"quiet_need": -1})]
    assert [answer.status_code for answer in refused] == [422, 422]


async def test_noise__of_setup__counts_and_of_bookings_that_only_touch_does_not(rooms: Rooms) -> None:
    await rooms.house.ok(rooms.meeting("10:00", "12:00"))
    assert warned(await rooms.exercise("09:00", "10:00")) == []
    assert rules(await rooms.exercise("12:15", "13:00", setup_minutes=30)) == ["noise"]


async def test_noise__holds_that_ran_out_and_what_is_only_asked_for__disturb_nobody(rooms: Rooms) -> None:
    await rooms.house.ok(rooms.meeting(state="held"))
    await rooms.house.ok(rooms.meeting("13:00", "14:00", state="requested"))
    assert warned(await rooms.exercise("13:00", "14:00")) == []
    assert rules(await rooms.exercise()) == ["noise"]
    await rooms.house.clock("2026-11-24T08:15:00Z", run_due=False)
    assert warned(await rooms.exercise()) == []


async def test_noise__of_a_divisible_hall__is_that_of_its_parts(rooms: Rooms) -> None:
    house = rooms.house
    hall = await house.space(name="Hele salen")
    heard = [{"space_id": str(rooms.quiet), "attenuation": 1}]
    left = await house.space(hall, name="Venstre", neighbours=heard)
    await house.space(hall, name="Høyre")
    await house.ok(rooms.meeting())
    answer = await house.put([hall], "10:00", "11:00", noise_out=4, **rooms.of())
    assert rules(answer) == ["noise"]
    assert answer.json()["reasons"][0]["message"].startswith("Lyden fra Venstre blir for høy i Stillerommet")
    assert answer.json()["reasons"][0]["from_space_id"] == str(left)


async def test_request__that_is_too_loud__waits_for_the_disturbed_unit_and_the_house(rooms: Rooms) -> None:
    meeting = await rooms.house.ok(rooms.meeting())
    asked = await rooms.house.ok(rooms.exercise(state="requested"), 201)
    assert [one["severity"] for one in asked["warnings"]] == [2]
    parties = (await rooms.decisions(asked["id"]))["approvals"]
    assert [(one["why"], one["unit_id"], one["binding"]) for one in parties] == [
        ("owner", None, True),
        ("noise", str(rooms.library), True),
    ]
    inbox = rooms.house.client.get(
        f"{API}/inbox", params={"unit_id": str(rooms.library)}, headers=rooms.editor(rooms.library)
    )
    [found] = (await rooms.house.ok(inbox))["requests"]
    assert (found["may_confirm"], found["breaks"]) == (True, [])
    assert found["warnings"][0]["booking_id"] == meeting["id"]
    half = await rooms.house.ok(rooms.house.order("confirm", asked, headers=rooms.editor(rooms.library)))
    assert half["state"] == "requested"
    not_theirs = await rooms.house.order("confirm", half, headers=rooms.editor(rooms.senior))
    assert (not_theirs.status_code, not_theirs.json()["code"]) == (403, "not_yours_to_decide")
    manager = rooms.house.role(f"house_manager@{rooms.house.square}")
    done = await rooms.house.ok(rooms.house.order("confirm", half, headers=manager, reason="De vet om det"))
    assert (done["state"], [one["severity"] for one in done["warnings"]]) == ("confirmed", [2])
    kept = (await rooms.decisions(asked["id"]))["decisions"]
    assert [(one["verdict"], one["role"]) for one in kept] == [
        ("approved", "unit_editor"),
        ("confirmed", "house_manager"),
    ]


async def test_request__of_a_room_that_a_unit_owns__still_waits_for_the_house(rooms: Rooms) -> None:
    house = rooms.house
    heard = [{"space_id": str(rooms.quiet), "attenuation": 0}]
    own = await house.space(name="Egen sal", unit_id=str(rooms.senior), neighbours=heard)
    await house.ok(rooms.meeting(unit_id=str(rooms.senior)))
    asked = await house.booked([own], "10:00", "11:00", noise_out=3, state="requested", **rooms.of())
    parties = (await rooms.decisions(asked["id"]))["approvals"]
    assert [(one["why"], one["unit_id"], one["binding"]) for one in parties] == [
        ("owner", str(rooms.senior), False),
        ("noise", None, True),
    ]


async def test_request__that_has_become_too_loud_since__is_not_confirmed_by_who_was_never_asked(rooms: Rooms) -> None:
    asked = await rooms.house.ok(rooms.exercise(state="requested"), 201)
    assert "warnings" not in asked
    await rooms.house.ok(rooms.meeting())
    editor = rooms.house.role(f"unit_editor@{rooms.house.square}")
    assert rules(await rooms.house.order("confirm", asked, headers=editor)) == ["noise"]
    manager = rooms.house.role(f"house_manager@{rooms.house.square}")
    assert rules(await rooms.house.order("confirm", asked, headers=manager)) == ["noise"]
    done = await rooms.house.ok(rooms.house.order("confirm", asked, headers=manager, **REASON))
    assert done["state"] == "confirmed"
    kept = (await rooms.decisions(asked["id"]))["decisions"]
    assert ("excepted", ["noise"]) in [(one["verdict"], one["rules"]) for one in kept]


async def test_move__into_noise__is_refused_or_accepted_and_may_be_made_quieter(rooms: Rooms) -> None:
    house = rooms.house
    await house.ok(rooms.meeting())
    made = await house.ok(rooms.exercise("13:00", "14:00"))
    assert rules(await house.move(made, [rooms.gym], "10:00", "11:00")) == ["noise"]
    assert warned(await house.move(made, [rooms.far], "10:00", "11:00")) == []
    made = await house.get(made["id"])
    back = await house.move(made, [rooms.gym], "10:00", "11:00", noise_out=3)
    assert warned(back) == [("noise", 1)]
    assert (await house.get(made["id"]))["noise_out"] == 3
    loud = await house.move(back.json(), [rooms.gym], "11:00", "12:00", noise_out=5, exception=REASON)
    assert warned(loud) == [("noise", 3)]


def dates_of(*days: int) -> list[dict[str, str]]:
    """At ten o'clock, in December."""
    return [
        {"id": str(uuid4()), "starts_at": f"2026-12-0{day}T10:00", "ends_at": f"2026-12-0{day}T11:00"} for day in days
    ]


async def test_series__is_decided_date_by_date_and_told_as_single_bookings_are(rooms: Rooms) -> None:
    house = rooms.house
    meeting = await house.ok(rooms.meeting())
    await house.booked([rooms.office], "2026-12-02T10:00", "2026-12-02T12:00", title="Samtale")
    dates = dates_of(1, 2, 3)
    shared = {"space_ids": [str(rooms.gym)], "noise_out": 4, "unit_id": str(rooms.senior)}
    path = f"{API}/series/{uuid4()}"
    body = {**shared, "occurrences": dates}

    told = await house.ok(house.client.put(path, json=body, headers=house.role("front_line@*")), 201)

    assert [(one["outcome"], one["reason"]) for one in told["occurrences"]] == [
        ("rejected", "policy"),
        ("confirmed", None),
        ("confirmed", None),
    ]
    first, second, third = told["occurrences"]
    assert first["reasons"] == (await rooms.exercise()).json()["reasons"]
    assert first["reasons"][0]["message"].startswith(
        "Lyden fra Gymsalen blir for høy i Stillerommet, som er i bruk 10:00–12:00. "
    )
    alone = await house.get(second["id"])
    assert second["warnings"] == alone["warnings"]
    assert [(one["title"], one["local_end"]) for one in second["warnings"]] == [("Samtale", "12:00")]
    assert "warnings" not in third
    assert (await house.ok(house.client.get(path)))["occurrences"][1]["warnings"] == second["warnings"]
    await house.ok(house.order("cancel", meeting))
    [gone] = (await house.ok(house.client.get(path)))["occurrences"][0]["reasons"]
    assert gone["message"].startswith("Lyden fra Gymsalen blir for høy i Stillerommet. ")
    accepted = {**body, "occurrences": dates_of(1), "exception": REASON}
    await house.ok(rooms.meeting())
    told = await house.ok(house.client.put(f"{API}/series/{uuid4()}", json=accepted), 201)
    assert [one["outcome"] for one in told["occurrences"]] == ["confirmed"]
    [kept] = (await rooms.decisions(told["occurrences"][0]["id"]))["decisions"]
    assert (kept["verdict"], kept["rules"]) == ("excepted", ["noise"])


async def test_series__beside_what_its_asker_may_not_see__tells_rooms_only(rooms: Rooms) -> None:
    house = rooms.house
    health = await house.unit("health_station")
    test_room = await house.space(name="Helse 4", noise_tolerance=5, unit_id=str(health))
    heard = [{"space_id": str(room), "attenuation": 1} for room in (test_room, rooms.office)]
    loud = await house.space(name="Øvingsrommet", neighbours=heard)
    inside = house.role(f"house_manager@{health}", "house_manager@*")
    secret = {"title": "Hørselstest", "quiet_need": 5, "unit_id": str(health), "headers": inside}
    await house.booked([test_room], "10:10", "10:25", **secret)
    await house.booked([rooms.office], "2026-12-02T10:00", "2026-12-02T11:00", title="Hemmelig treff")
    stranger = house.role(f"front_line@{rooms.senior}")
    body = {"space_ids": [str(loud)], "noise_out": 4, "unit_id": str(rooms.senior), "occurrences": dates_of(1, 2)}

    answer = await house.client.put(f"{API}/series/{uuid4()}", json=body, headers=stranger)

    refused, warned_of = answer.json()["occurrences"]
    assert [one["message"] for one in warned_of["warnings"]] == ["Lyden fra Øvingsrommet blir litt for høy i Kontoret."]
    assert refused["reasons"][0]["message"].startswith("Lyden fra Øvingsrommet blir for høy i Helse 4. ")
    for one in (*refused["reasons"], *warned_of["warnings"]):
        assert one.keys().isdisjoint({"title", "unit_id", "local_start", "starts_at"})
    assert not any(word in answer.text for word in ("10:10", "Hørselstest", "Hemmelig"))


async def test_series__that_is_requested__says_what_would_be_heard(rooms: Rooms) -> None:
    house = rooms.house
    await house.ok(rooms.meeting())
    shared = {"space_ids": [str(rooms.gym)], "noise_out": 4, "unit_id": str(rooms.senior), "state": "requested"}

    told = await house.ok(house.client.put(f"{API}/series/{uuid4()}", json={**shared, "occurrences": dates_of(1)}))

    assert [one["severity"] for one in told["occurrences"][0]["warnings"]] == [2]


async def test_make_room__for_something_loud__needs_the_reason_too(rooms: Rooms) -> None:
    house = rooms.house
    await house.ok(rooms.meeting())
    there = await house.booked([rooms.gym], "10:00", "11:00")
    new = {"id": str(uuid4()), **wish([rooms.gym], "10:00", "11:00", noise_out=4)}
    body = {"move_to": wish([rooms.far], "10:00", "11:00"), "booking": new, "reason_code": "other"}
    path, seen = f"{API}/bookings/{there['id']}/make-room", {"If-Match": '"1"'}
    assert rules(await house.client.post(path, json=body, headers=seen)) == ["noise"]
    assert (await house.get(there["id"]))["space_ids"] == [str(rooms.gym)]
    body["booking"] = {**new, "exception": REASON}
    made = await house.ok(house.client.post(path, json=body, headers=seen), 201)
    assert "warnings" not in made["moved"]
    assert [one["severity"] for one in made["booking"]["warnings"]] == [2]


async def test_health_station__that_is_disturbed__tells_that_it_is_taken_and_no_more(rooms: Rooms) -> None:
    house = rooms.house
    health = await house.unit("health_station")
    test_room = await house.space(name="Helse 4", noise_tolerance=5, unit_id=str(health))
    heard = [{"space_id": str(test_room), "attenuation": 1}]
    loud = await house.space(name="Øvingsrommet", neighbours=heard)
    inside = house.role(f"house_manager@{health}", "house_manager@*")
    secret = {"title": "Hørselstest", "quiet_need": 5, "unit_id": str(health), "headers": inside}
    await house.booked([test_room], "10:10", "10:25", **secret)
    answer = await house.put([loud], "10:00", "11:00", noise_out=5, **rooms.of())
    assert rules(answer) == ["noise"]
    [reason] = answer.json()["reasons"]
    assert (reason["title"], reason["severity"], reason["local_start"]) == ("Opptatt", 2, "10:00")
    assert "10:00–10:30" in reason["message"]
    assert "unit_id" not in reason
    assert "10:10" not in answer.text
    assert "Hørselstest" not in answer.text
    stranger = rooms.of(f"front_line@{rooms.senior}")
    [reason] = (await house.put([loud], "10:00", "11:00", noise_out=5, **stranger)).json()["reasons"]
    assert reason["message"].startswith("Lyden fra Øvingsrommet blir for høy i Helse 4. ")
    assert reason.keys().isdisjoint({"title", "unit_id", "local_start", "starts_at"})
    event = await house.rows("select value from outbox where type like '%booking.confirmed%' order by id desc limit 1")
    assert b"quiet_need" not in event[0]["value"]


async def test_health_station__that_keeps_its_room_taken__is_disturbed_but_a_blocked_room_is_not(rooms: Rooms) -> None:
    house = rooms.house
    health = await house.unit("health_station")
    service = {"unit_id": str(health), "state": "blocked"}
    await house.booked([rooms.quiet], "10:00", "11:00", **service)
    assert rules(await rooms.exercise()) == ["noise"]
    await house.booked([rooms.quiet], "13:00", "14:00", state="blocked")
    assert warned(await rooms.exercise("13:00", "14:00")) == []


async def test_preview__of_noise__says_what_would_become_of_it(rooms: Rooms) -> None:
    await rooms.house.ok(rooms.meeting())
    body = wish([rooms.gym], "10:00", "11:00", noise_out=4, unit_id=str(rooms.senior))
    shown = await rooms.house.ok(rooms.house.client.post(f"{API}/policy/preview", json=body))
    assert (shown["outcome"], [one["rule"] for one in shown["reasons"]]) == ("request", ["noise"])
    assert {"unit_id": None, "why": "noise"} in shown["touches"]


async def test_noise__two_neighbours_at_the_same_moment__never_both_unasked(rooms: Rooms) -> None:
    for hour in range(8, 16):
        start, end = f"{hour:02}:00", f"{hour:02}:30"
        answers = await asyncio.gather(rooms.exercise(start, end), rooms.meeting(start, end))
        assert sorted(answer.status_code for answer in answers) == [201, 409]


async def asked_of_the_database(rooms: Rooms, room: UUID, **about: Any) -> list[str]:
    """What is asked to know who is disturbed in a room, once the house is known."""
    pool = await db.open_pool(settings_for("facility", rooms.house.database, NO_KAFKA, rooms.house.keys))
    async with pool, db.connection(pool) as conn:
        place = await load(conn, [room])
        start = dt.datetime(2026, 12, 1, 9, tzinfo=dt.UTC)
        slot = Slot((room,), start, start + dt.timedelta(hours=1))
        one = Booking(uuid4(), 1, rooms.house.square, place.zone, slot, "confirmed", About(**about), {}, start, start)
        await listening.listen(conn, place, [one], start)
        asked: list[str] = []
        with conn.query_logger(lambda query: asked.append(query.query)):
            await listening.leaves_around(conn, place, [one])
            await listening.listen(conn, place, [one], start)
        return asked


async def test_noise__of_rooms_that_nobody_hears__costs_no_question_to_the_database(rooms: Rooms) -> None:
    assert await asked_of_the_database(rooms, rooms.far, noise_out=5, quiet_need=5) == []
    assert await asked_of_the_database(rooms, rooms.gym) == []
    assert len(await asked_of_the_database(rooms, rooms.gym, noise_out=4)) == 1
    assert len(await asked_of_the_database(rooms, rooms.quiet)) == 1


async def test_event__of_a_booking__says_how_loud_and_how_quiet(rooms: Rooms) -> None:
    made = await rooms.house.ok(rooms.meeting())
    rows = await rooms.house.rows(
        "select convert_from(value, 'utf8')::jsonb -> 'data' as data from outbox where key = $1",
        f"booking/{made['id']}",
    )
    assert '"quiet_need": 5' in rows[0]["data"]
    assert '"noise_out": 1' in rows[0]["data"]
