"""Appointments stay with the health station; what leaves it is taken half hours, each quarter of an hour."""

import datetime as dt
import uuid
from collections.abc import AsyncIterator

import pytest

from services.health_station.app import build as build_station
from shared import failpoints
from tests import infra
from tests.integration.health_house import API, DAY, House, at, open_house, settings
from tests.integration.test_programme import ok

pytestmark = pytest.mark.integration
AWAY = "http://127.0.0.1:9"


@pytest.fixture(scope="module")
async def opened(kafka: infra.Kafka, database: infra.Database, keys: infra.Keys) -> AsyncIterator[House]:
    async with open_house(kafka, database, keys) as house:
        yield house


@pytest.fixture
async def house(opened: House) -> House:
    return await opened.furnish()


async def test_appointment_is_made_changed_and_cancelled_with_the_version_seen(house: House) -> None:
    room, appointment = await house.room(), str(uuid.uuid4())
    made = await house.made(room, "10:05", "10:25", id=appointment, kind="vaccination")
    assert (made["version"], made["state"], made["local_start"], made["kind"]) == (1, "booked", "10:05", "vaccination")
    again = await house.put(room, "10:05", "10:25", id=appointment, kind="vaccination")
    assert (again.status_code, again.json()) == (200, made)
    unseen = await house.put(room, "10:05", "10:45", id=appointment)
    assert unseen.status_code == 428
    stale = await house.put(room, "10:05", "10:45", id=appointment, headers={"If-Match": '"7"'})
    assert (stale.status_code, stale.json()["current"]["version"]) == (412, 1)
    changed = await house.put(room, "10:05", "10:45", id=appointment, headers={"If-Match": '"1"'})
    assert (changed.status_code, changed.json()["version"], changed.json()["local_end"]) == (200, 2, "10:45")
    assert (await house.cancel(made)).status_code == 412
    cancelled = await house.cancel(changed.json())
    assert (cancelled.json()["state"], cancelled.headers["etag"]) == ("cancelled", '"3"')
    assert (await house.cancel(cancelled.json())).json()["code"] == "wrong_state"
    shown = await house.station.get(f"{API}/appointments/{appointment}", headers=house.nurse)
    assert shown.json() == cancelled.json()


async def test_appointments_are_listed_by_room_and_window_page_by_page(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.health_station.api.MOST", 2)
    room, other = await house.room(), await house.room()
    for start, end in (("09:00", "09:20"), ("08:00", "08:20"), ("10:00", "10:20"), ("13:00", "13:20")):
        await house.made(room, start, end)
    await house.made(other, "09:00", "09:20")
    window = {"unit_id": house.unit, "space_id": room, "from": at("08:10"), "to": at("13:00")}

    first = await ok(house.station.get(f"{API}/appointments", params=window, headers=house.nurse))
    params = {**window, "after": first["next"]}
    second = await ok(house.station.get(f"{API}/appointments", params=params, headers=house.nurse))

    assert [one["local_start"] for one in first["appointments"]] == ["08:00", "09:00"]
    assert [one["local_start"] for one in second["appointments"]] == ["10:00"]
    assert second["next"] is None
    bad = {**window, "after": "the second"}
    assert (await house.station.get(f"{API}/appointments", params=bad, headers=house.nurse)).status_code == 422


async def test_appointments_are_not_there_for_anybody_but_the_unit_itself(house: House) -> None:
    room = await house.room()
    made = await house.made(room, "10:05", "10:25")
    path, window = f"{API}/appointments/{made['appointment_id']}", {"from": at("00:00"), "to": at("23:00")}
    body = {"unit_id": house.unit, "space_id": room, "starts_at": at("12:00"), "ends_at": at("12:20")}
    outsiders = ["admin@*", "house_manager@*", f"admin@{house.square}", f"unit_editor@{uuid.uuid4()}"]
    for role in outsiders:
        who = house.role(role)
        answers = [
            await house.station.get(path, headers=who),
            await house.station.get(f"{API}/appointments", params={"unit_id": house.unit, **window}, headers=who),
            await house.station.put(path, json=body, headers={**who, "If-Match": '"1"'}),
            await house.station.put(f"{API}/appointments/{uuid.uuid4()}", json=body, headers=who),
            await house.station.post(f"{path}/cancel", headers={**who, "If-Match": '"1"'}),
            await house.station.get(
                f"{API}/room-days", params={"unit_id": house.unit, "from": DAY, "to": DAY}, headers=who
            ),
            await house.station.put(f"{API}/record-tokens/{uuid.uuid4()}", json={"unit_id": house.unit}, headers=who),
            await house.station.get(f"{API}/record-tokens", params={"unit_id": house.unit}, headers=who),
        ]
        assert {answer.status_code for answer in answers} == {404}, role
    for role, status in (("front_line", 403), ("house_manager", 200), ("admin", 200)):
        answer = await house.station.get(path, headers=house.role(f"{role}@{house.unit}"))
        assert answer.status_code == status, role
    issued = {"unit_id": house.unit}
    refused = await house.station.put(f"{API}/record-tokens/{uuid.uuid4()}", json=issued, headers=house.nurse)
    assert refused.status_code == 403


async def test_appointment_in_a_room_the_unit_cannot_use_is_refused(house: House) -> None:
    library = await house.made_unit(str(uuid.uuid4()), "library")
    others, elsewhere, shared = await house.room(unit_id=library), str(uuid.uuid4()), await house.room(unit_id=None)
    await ok(house.facility.put(f"/api/facility/squares/{elsewhere}", json={"name": "Et annet torg"}))
    far = await house.room(square_id=elsewhere, unit_id=None)
    second = await house.made_unit(str(uuid.uuid4()), "health_station")
    await house.until(lambda: _knows(house, far))

    for room in (others, far, str(uuid.uuid4())):
        answer = await house.put(room, "10:05", "10:25")
        assert (answer.status_code, answer.json()["errors"][0]["loc"]) == (422, ["space_id"])
    await house.made(shared, "10:05", "10:25")
    who = house.role(f"unit_editor@{second}")
    late = await house.put(shared, "12:05", "12:25", unit_id=second, headers=who)
    assert (late.status_code, late.json()["errors"][0]["loc"]) == (422, ["space_id"])
    kind = await house.put(shared, "12:05", "12:25", unit_id=library, headers=house.role(f"unit_editor@{library}"))
    assert (kind.status_code, kind.json()["errors"][0]["loc"]) == (422, ["unit_id"])
    for start, end in (("12:05", "12:05"), ("12:05", "11:05")):
        assert (await house.put(shared, start, end)).status_code == 422
    long = {"ends_at": at("10:06", "2031-03-04")}
    assert (await house.put(shared, "10:05", "12:00", **long)).status_code == 422


async def _knows(house: House, room: str) -> bool:
    return bool(await house.rows("select 1 from known_space where space_id = $1", uuid.UUID(room)))


async def test_blocks_are_said_at_the_quarter_and_only_when_they_changed(house: House) -> None:
    room = await house.room()
    first = await house.made(room, "10:05", "10:25", kind="hearing_test")
    await house.clock(at("08:14"))
    assert await house.said(room) == []

    await house.clock(at("08:15"))
    (said,) = await house.said(room)
    assert said["data"] == {
        "space_id": room, "square_id": house.square, "unit_id": house.unit, "local_date": DAY,
        "blocks": [{"starts_at": "2031-03-03T09:00:00Z", "ends_at": "2031-03-03T09:30:00Z"}],
    }  # fmt: skip
    assert (said["type"], said["subject"]) == ("health_station.room_busy.published.v1", f"room_busy/{room}/{DAY}")
    assert (said["time"], said["subjectversion"], said["classification"]) == ("2031-03-03T07:15:00Z", 1, "restricted")
    assert {"correlationid", "causationid", "traceparent"}.isdisjoint(said)

    await house.made(room, "10:10", "10:29")
    await house.cancel(first)
    await house.clock(at("08:30"))
    assert len(await house.said(room)) == 1

    longer = await house.made(room, "10:30", "11:10")
    await house.made(room, "13:00", "13:10")
    await house.clock(at("08:44"))
    await house.cancel(longer)
    await house.clock(at("08:45"))
    assert await house.blocks(room) == ["10:00-10:30", "13:00-13:30"]
    assert [one["subjectversion"] for one in await house.said(room)] == [1, 2]


async def test_blocks_of_a_day_that_is_free_again_are_none(house: House) -> None:
    room = await house.room()
    made = await house.made(room, "10:05", "10:25")
    await house.clock(at("08:15"))
    await house.cancel(made)
    await house.clock(at("08:30"))
    assert await house.blocks(room) == []
    assert [one["subjectversion"] for one in await house.said(room)] == [1, 2]
    assert await house.bookings(room) == []


async def test_appointment_moved_to_another_room_and_day_frees_the_one_and_takes_the_other(house: House) -> None:
    room, other = await house.room(), await house.room()
    made = await house.made(room, "10:05", "10:25")
    await house.clock(at("08:15"))
    moved = {"starts_at": at("23:40", "2031-03-04"), "ends_at": at("00:20", "2031-03-05"), "space_id": other}
    body = {"unit_id": house.unit, **moved}
    path, headers = f"{API}/appointments/{made['appointment_id']}", {**house.nurse, "If-Match": '"1"'}
    await ok(house.station.put(path, json=body, headers=headers))
    await house.clock(at("08:30"))
    assert await house.blocks(room) == []
    assert await house.blocks(other, "2031-03-04") == ["23:30-00:00"]
    assert await house.blocks(other, "2031-03-05") == ["00:00-00:30"]


async def test_blocks_of_a_square_that_moves_to_another_zone_lie_on_its_dates(house: House) -> None:
    room = await house.room()
    await house.made(room, "10:05", "10:25")
    await house.clock(at("08:15"))
    body = {"name": "Testtorget", "time_zone": "Pacific/Auckland"}
    path = f"/api/facility/squares/{house.square}"
    await ok(house.facility.put(path, json=body, headers={"If-Match": '"1"'}))
    query = "select 1 from known_square where square_id = $1 and time_zone = 'Pacific/Auckland'"

    async def moved() -> bool:
        return bool(await house.rows(query, uuid.UUID(house.square)))

    await house.until(moved)
    await house.clock(at("08:30"))
    (last,) = [one for one in await house.said(room) if one["subjectversion"] == 1]
    assert len(last["data"]["blocks"]) == 1  # in Auckland it is the same date until noon in Oslo
    late = await house.made(room, "13:05", "13:25")
    await house.clock(at("08:45"))
    assert await house.blocks(room) == ["10:00-10:30"]
    assert await house.blocks(room, "2031-03-04") == ["13:00-13:30"]
    assert late["local_date"] == "2031-03-04"


async def test_room_is_taken_for_others_and_they_see_only_that(house: House) -> None:
    room = await house.room()
    await house.made(room, "10:05", "10:25")
    await house.made(room, "10:40", "11:10")
    await house.clock(at("08:15"))
    assert await house.kept(room) == ["10:00-11:30"]
    (masked,) = await house.bookings(room, headers=house.role(f"house_manager@{house.square}"))
    assert (masked["title"], masked["masked"]) == ("Busy", True)
    assert {"unit_id", "owner_ref", "series_id", "expected_people"}.isdisjoint(masked)
    (own,) = await house.bookings(
        room, headers={**house.role(f"front_line@{house.square}", f"front_line@{house.unit}")}
    )
    assert (own["owner_ref"], own["unit_id"], own["title"]) == (f"room_busy/{room}", house.unit, None)
    wish = {"space_ids": [room], "starts_at": at("11:00"), "ends_at": at("12:00")}
    refused = await house.facility.put(f"/api/facility/bookings/{uuid.uuid4()}", json=wish)
    assert (refused.status_code, refused.json()["blocking"]) == (409, [masked["id"]])


async def test_bookings_follow_the_blocks_as_these_grow_meet_and_part(house: House) -> None:
    room = await house.room()
    first = await house.made(room, "10:05", "10:25")
    second = await house.made(room, "11:05", "11:25")
    await house.clock(at("08:15"))
    assert await house.kept(room) == ["10:00-10:30", "11:00-11:30"]
    ids = [one["id"] for one in await house.bookings(room)]

    between = await house.made(room, "10:20", "11:00")
    await house.clock(at("08:30"))
    assert await house.kept(room) == ["10:00-11:30"]
    assert [one["id"] for one in await house.bookings(room)] == ids[:1]

    await house.cancel(between)
    await house.clock(at("08:45"))
    assert await house.kept(room) == ["10:00-10:30", "11:00-11:30"]

    await house.cancel(first)
    await house.cancel(second)
    await house.clock(at("09:00"))
    assert await house.kept(room) == []


async def test_appointments_take_a_room_whatever_limits_there_are_to_booking_it(house: House) -> None:
    closed, private, limited = await house.room(), await house.room(bookable=False), await house.room()
    await ok(house.facility.put(f"/api/facility/spaces/{closed}/hours", json={"periods": []}))
    limits = {"otherwise": "request", "notice_minutes": 6000, "min_minutes": 90, "release_unused_after_minutes": 15}
    await ok(house.facility.put(f"/api/facility/spaces/{limited}/policy", json=limits))
    for room in (closed, private, limited):
        await house.made(room, "17:00", "17:20")
    await house.clock(at("08:15"))
    assert [await house.kept(room) for room in (closed, private, limited)] == [["17:00-17:30"]] * 3
    await house.clock(at("17:20"))
    assert await house.kept(limited) == ["17:00-17:30"]


async def test_block_is_not_for_the_front_line_to_cancel(house: House) -> None:
    room = await house.room()
    await house.made(room, "10:05", "10:25")
    await house.clock(at("08:15"))
    (block,) = await house.bookings(room)
    for what in ("release", "cancel"):
        headers = {**house.role(f"front_line@{house.square}"), "If-Match": f'"{block["version"]}"'}
        path = f"/api/facility/bookings/{block['id']}/{what}"
        refused = await house.facility.post(path, json={}, headers=headers)
        assert refused.status_code == 403, what
    assert await house.kept(room) == ["10:00-10:30"]


async def test_room_that_is_taken_already_is_told_the_station_alone_and_asked_for_again(house: House) -> None:
    room = await house.room()
    wish = {"space_ids": [room], "starts_at": at("10:15"), "ends_at": at("12:00"), "title": "Møte"}
    path = f"/api/facility/bookings/{uuid.uuid4()}"
    taken = await ok(house.facility.put(path, json=wish))
    await house.made(room, "10:05", "10:25")
    await house.made(room, "13:05", "13:25")
    await house.clock(at("08:15"))
    (refused, kept) = await house.room_day(room)
    assert (refused["room"], refused["reason"]["code"], refused["local_start"]) == ("refused", "conflict", "10:00")
    assert refused["reason"]["message"] == "Another booking occupies the room."
    assert (kept["room"], kept["reason"]) == ("kept", None)

    await ok(house.facility.post(f"{path}/cancel", json={}, headers={"If-Match": f'"{taken["version"]}"'}))
    await house.clock(at("08:29"))
    assert [one["room"] for one in await house.room_day(room)] == ["refused", "kept"]
    await house.clock(at("08:30"))
    assert [one["room"] for one in await house.room_day(room)] == ["kept", "kept"]
    assert len(await house.said(room)) == 1


async def test_facility_away_stops_no_publication_and_the_rooms_are_taken_when_it_is_back(
    house: House, kafka: infra.Kafka, keys: infra.Keys
) -> None:
    room = await house.room()
    await house.made(room, "10:05", "10:25")
    alone = build_station(settings(house.database, kafka, keys, AWAY))
    async with infra.client_of(alone, **keys.headers("admin@*")) as station:
        await ok(station.put("/test/clock", json={"now": at("08:15"), "run_due": True}))
    assert await house.blocks(room) == ["10:00-10:30"]
    assert [one["room"] for one in await house.room_day(room)] == ["waiting"]

    await house.clock(at("08:15"))
    assert [one["room"] for one in await house.room_day(room)] == ["kept"]


async def test_booking_whose_answer_was_lost_is_found_and_not_made_twice(house: House) -> None:
    room = await house.room()
    await house.made(room, "10:05", "10:25")
    failpoints.arm("busy.booked=raise@1", "development")
    try:
        lost = await house.station.put("/test/clock", json={"now": at("08:15"), "run_due": True})
    finally:
        failpoints.arm("", "development")
    assert lost.status_code == 500
    assert [one["room"] for one in await house.room_day(room)] == ["waiting"]
    await house.made(room, "10:30", "10:40")

    await house.clock(at("08:15"))
    assert (await house.kept(room), [one["room"] for one in await house.room_day(room)]) == (["10:00-10:30"], ["kept"])
    await house.clock(at("08:30"))
    assert await house.kept(room) == ["10:00-11:00"]


async def test_lost_answer_before_the_blocks_changed_is_found_too(house: House) -> None:
    room = await house.room()
    await house.made(room, "10:05", "10:25")
    failpoints.arm("busy.booked=raise@1", "development")
    try:
        await house.station.put("/test/clock", json={"now": at("08:15"), "run_due": True})
    finally:
        failpoints.arm("", "development")
    await house.made(room, "10:30", "10:40")
    await house.clock(at("08:30"))
    assert await house.kept(room) == ["10:00-11:00"]


async def test_booking_somebody_took_away_is_made_again_in_the_next_quarter(house: House) -> None:
    room = await house.room()
    await house.made(room, "10:05", "10:25")
    await house.clock(at("08:15"))
    (gone,) = await house.bookings(room)
    path = f"/api/facility/bookings/{gone['id']}/cancel"
    await ok(house.facility.post(path, json={}, headers={"If-Match": f'"{gone["version"]}"'}))
    query = "select 1 from room_day where space_id = $1 and unsettled"

    async def heard() -> bool:
        return bool(await house.rows(query, uuid.UUID(room)))

    await house.until(heard)
    await house.clock(at("08:16"))
    assert await house.kept(room) == []
    await house.clock(at("08:30"))
    (again,) = await house.bookings(room)
    assert again["id"] != gone["id"]
    assert len(await house.said(room)) == 1


async def test_room_that_is_closed_at_once_is_told_the_station_and_kept_after_the_lift(house: House) -> None:
    room = await house.room()
    await house.made(room, "10:05", "10:25")
    await house.clock(at("08:15"))
    closure = f"/api/facility/closures/{uuid.uuid4()}"
    await ok(house.facility.put(closure, json={"space_ids": [room], "starts_at": at("09:00")}))
    query = "select 1 from room_day where space_id = $1 and unsettled"

    async def heard() -> bool:
        return bool(await house.rows(query, uuid.UUID(room)))

    await house.until(heard)
    await house.clock(at("08:30"))
    assert [one["reason"]["code"] for one in await house.room_day(room)] == ["affected"]
    await ok(house.facility.post(f"{closure}/lift"))
    await house.clock(at("08:45"))
    assert [(one["room"], one["reason"]) for one in await house.room_day(room)] == [("kept", None)]


async def test_metrics_of_the_station_tell_nothing_of_appointments(house: House) -> None:
    room = await house.room()
    await house.until(lambda: _knows(house, room))
    before = (await house.station.get("/metrics")).text
    made = await house.made(room, "10:05", "10:25")
    await house.cancel(made)
    await house.put(room, "10:05", "09:25")
    after = (await house.station.get("/metrics")).text

    def counted(text: str) -> list[str]:
        """Of the station: facility, which it asks now and then, runs in this process too."""
        others = ("/metrics", "/api/facility/")
        lines = [line for line in text.splitlines() if line.startswith("torg_http")]
        return [line for line in lines if not any(other in line for other in others)]

    assert counted(after) == counted(before)


async def test_publication_that_was_cut_off_is_made_once_and_whole(house: House) -> None:
    rooms = [await house.room() for _ in range(2)]
    for room in rooms:
        await house.made(room, "10:05", "10:25")
    failpoints.arm("busy.recorded=raise@1", "development")
    try:
        cut = await house.station.put("/test/clock", json={"now": at("08:15"), "run_due": True})
    finally:
        failpoints.arm("", "development")
    assert (cut.status_code, [await house.said(room) for room in rooms]) == (500, [[], []])
    await house.clock(at("08:15"))
    assert [[one["subjectversion"] for one in await house.said(room)] for room in rooms] == [[1], [1]]


async def test_two_processes_publish_once(house: House, kafka: infra.Kafka, keys: infra.Keys) -> None:
    room = await house.room()
    await house.made(room, "10:05", "10:25")
    second = build_station(settings(house.database, kafka, keys, AWAY))
    async with infra.client_of(second, **keys.headers("admin@*")) as other:
        await ok(other.put("/test/clock", json={"now": at("08:15"), "run_due": True}))
        await house.clock(at("08:15"))
    assert [one["subjectversion"] for one in await house.said(room)] == [1]


async def test_one_quarter_says_all_that_was_done_since_the_last(house: House) -> None:
    rooms = [await house.room() for _ in range(3)]
    for day in range(3, 8):
        for room in rooms:
            times = {"starts_at": at("09:05", f"2031-03-0{day}"), "ends_at": at("09:25", f"2031-03-0{day}")}
            await house.made(room, "09:05", "09:25", **times)
    await house.clock(at("12:07"))
    said = [one for room in rooms for day in range(3, 8) for one in await house.said(room, f"2031-03-0{day}")]
    assert {one["time"] for one in said} == {"2031-03-03T11:00:00Z"}
    assert len(said) == 15
    assert dt.datetime.fromisoformat(said[0]["time"]).minute % 15 == 0
