"""What the units have beside their programme, in the calendar and in the view of who is there."""

import datetime as dt
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID, uuid4

import pytest

from tests import infra
from tests.integration.aggregator_stand import Stand, aggregator

pytestmark = pytest.mark.integration
DAY = "2026-11-24"
TIMES = (f"{DAY}T10:00:00Z", f"{DAY}T13:00:00Z")


@pytest.fixture(scope="module")
async def stand(kafka: infra.Kafka, postgres: infra.Postgres, keys: infra.Keys) -> AsyncIterator[Stand]:
    async with aggregator(kafka, postgres, keys) as made:
        yield made


@pytest.fixture
async def square(stand: Stand) -> UUID:
    square = uuid4()
    await stand.log.square(square)
    return square


def shown(items: list[dict[str, Any]]) -> list[tuple[str, str, str]]:
    return [(item["kind"], item["local_start"], item["local_end"]) for item in items]


async def test_shift_meal_and_desk__of_a_date__are_items_of_it(stand: Stand, square: UUID) -> None:
    shift, meal, desk = uuid4(), uuid4(), uuid4()
    await stand.log.shift(square, shift, *TIMES, state="understaffed")
    await stand.log.meal(square, meal, f"{DAY}T12:00:00Z", f"{DAY}T13:00:00Z")
    await stand.log.presence(square, desk, f"{DAY}T09:00:00Z", f"{DAY}T14:00:00Z")
    await stand.caught_up()

    first, second, third = await stand.items(square, DAY)
    assert (first["kind"], first["id"], first["state"], first["local_start"]) == (
        "presence",
        str(desk),
        "scheduled",
        "10:00",
    )
    assert (second["kind"], second["role"], second["needed"], second["confirmed"], second["state"]) == (
        "shift",
        "cafe_help",
        2,
        1,
        "understaffed",
    )
    assert (third["kind"], third["serving"], third["title"], third["title_en"]) == (
        "meal",
        "dinner",
        "Fiskegrateng",
        "Fish gratin",
    )
    assert (third["portions_planned"], third["price_nok"], "portions_served" in third) == (42, 130, False)


async def test_shift__moved_to_another_date__leaves_the_old_one(stand: Stand, square: UUID) -> None:
    shift = uuid4()
    await stand.log.shift(square, shift, *TIMES)
    await stand.caught_up()
    await stand.log.shift(square, shift, "2026-11-25T22:00:00Z", "2026-11-26T01:00:00Z", confirmed=2)
    await stand.caught_up()

    assert await stand.items(square, DAY) == []
    for date in ("2026-11-25", "2026-11-26"):
        assert [(item["confirmed"], item["version"]) for item in await stand.items(square, date)] == [(2, 2)]


async def test_square__in_another_zone_after_them__moves_entries_and_busy_blocks(stand: Stand) -> None:
    square = uuid4()
    await stand.log.shift(square, uuid4(), f"{DAY}T01:00:00Z", f"{DAY}T02:00:00Z")
    await stand.log.busy(square, uuid4(), DAY, ("01:00", "02:00"))
    await stand.caught_up()
    await stand.log.square(square, "America/New_York")
    await stand.caught_up()

    assert await stand.items(square, DAY) == []
    assert shown(await stand.items(square, "2026-11-23")) == [("busy", "20:00", "21:00"), ("shift", "20:00", "21:00")]


async def test_busy__said_again_of_a_room_and_date__replaces_all_that_was_said(stand: Stand, square: UUID) -> None:
    room, unit = uuid4(), str(uuid4())
    await stand.log.busy(square, room, DAY, ("08:00", "10:00"), ("11:00", "11:30"), unit_id=unit)
    await stand.caught_up()
    assert shown(await stand.items(square, DAY)) == [("busy", "09:00", "11:00"), ("busy", "12:00", "12:30")]

    await stand.log.busy(square, room, DAY, ("08:00", "09:00"), unit_id=unit)
    await stand.log.busy(square, room, DAY, ("16:00", "17:00"), unit_id=unit, version=1)
    await stand.caught_up()
    (item,) = await stand.items(square, DAY)
    assert item == {
        "kind": "busy",
        "id": item["id"],
        "unit_id": unit,
        "title": None,
        "state": "busy",
        "space_ids": [str(room)],
        "setup_minutes": 0,
        "teardown_minutes": 0,
        "masked": True,
        "starts_at": f"{DAY}T09:00:00+01:00",
        "ends_at": f"{DAY}T10:00:00+01:00",
        "local_date": DAY,
        "local_start": "09:00",
        "local_end": "10:00",
    }

    await stand.log.busy(square, room, DAY, unit_id=unit)
    await stand.caught_up()
    assert await stand.items(square, DAY) == []


async def test_busy__past_midnight__is_on_both_dates_and_others_of_its_room_are_not(stand: Stand, square: UUID) -> None:
    await stand.log.busy(square, uuid4(), DAY, ("07:00", "08:00"), ("22:30", "2026-11-25T00:30:00Z"))
    await stand.caught_up()
    assert shown(await stand.items(square, DAY)) == [("busy", "08:00", "09:00"), ("busy", "23:30", "01:30")]
    assert shown(await stand.items(square, "2026-11-25")) == [("busy", "23:30", "01:30")]


async def test_busy__seen_by_the_health_station_and_by_others__is_the_same(
    stand: Stand, square: UUID, keys: infra.Keys
) -> None:
    unit = uuid4()
    await stand.log.unit(square, unit, "health_station")
    await stand.log.busy(square, uuid4(), DAY, ("08:00", "10:00"), unit_id=str(unit))
    await stand.caught_up()
    path = f"/api/aggregator/squares/{square}/calendar?from={DAY}&to={DAY}"
    roles = (f"unit_editor@{unit}", f"front_line@{square}", "house_manager@*", "user_council_reader@*")
    answers = [(await stand.http.get(path, headers=keys.headers(role))).json()["days"] for role in roles]
    assert len(answers[0][0]["items"]) == 1
    assert all(answer == answers[0] for answer in answers)


async def test_booking__for_a_busy_block__is_shown_once(stand: Stand, square: UUID) -> None:
    room, booking, unit = uuid4(), uuid4(), str(uuid4())
    mine = {"space_ids": [str(room)], "owner_ref": f"room_busy/{room}", "title": None, "unit_id": unit}
    await stand.log.booking(square, booking, f"{DAY}T08:00:00Z", f"{DAY}T09:00:00Z", **mine)
    await stand.caught_up()
    assert shown(await stand.items(square, DAY)) == [("booking", "09:00", "10:00")]

    await stand.log.busy(square, room, DAY, ("08:00", "09:30"), unit_id=unit)
    await stand.caught_up()
    assert shown(await stand.items(square, DAY)) == [("busy", "09:00", "10:30")]

    await stand.log.booking(square, booking, f"{DAY}T08:00:00Z", f"{DAY}T10:00:00Z", **mine)
    await stand.caught_up()
    assert {item["kind"] for item in await stand.items(square, DAY)} == {"busy", "booking"}

    await stand.log.booking(square, booking, f"{DAY}T08:00:00Z", f"{DAY}T10:00:00Z", **mine | {"state": "cancelled"})
    await stand.caught_up()
    assert shown(await stand.items(square, DAY)) == [("busy", "09:00", "10:30")]


async def test_booking__of_two_rooms_of_which_one_is_busy__still_stands(stand: Stand, square: UUID) -> None:
    rooms = [uuid4(), uuid4()]
    mine = {"space_ids": [str(room) for room in rooms], "owner_ref": f"room_busy/{rooms[0]}", "title": None}
    await stand.log.booking(square, uuid4(), f"{DAY}T08:00:00Z", f"{DAY}T09:00:00Z", **mine)
    await stand.log.busy(square, rooms[0], DAY, ("08:00", "09:00"))
    await stand.caught_up()
    assert [item["kind"] for item in await stand.items(square, DAY)] == ["booking", "busy"]
    await stand.log.busy(square, rooms[1], DAY, ("08:00", "09:00"))
    await stand.caught_up()
    assert [item["kind"] for item in await stand.items(square, DAY)] == ["busy", "busy"]


async def test_busy__of_another_date_than_it_says__is_put_aside(stand: Stand, square: UUID) -> None:
    letters = await stand.pool.fetchval("select count(*) from dead_letter")
    await stand.log.busy(square, uuid4(), DAY, ("2026-11-27T08:00:00Z", "2026-11-27T09:00:00Z"))
    await stand.log.shift(square, uuid4(), *reversed(TIMES))
    await stand.caught_up()
    codes = await stand.pool.fetch("select code from dead_letter order by id desc limit 2")
    assert await stand.pool.fetchval("select count(*) from dead_letter") == letters + 2
    assert [row["code"] for row in codes] == ["invalid", "invalid"]


async def present(stand: Stand, square: UUID, date: str | None = DAY) -> dict[str, dict[str, Any]]:
    found = await stand.get(f"/squares/{square}/presence", **({"date": date} if date else {}))
    assert {source["source"] for source in found["sources"]} >= {"facility", "counters"}
    return {unit["kind"]: unit for unit in found["units"]}


async def test_presence__of_a_date__is_each_unit_with_what_it_has(stand: Stand, square: UUID) -> None:
    desk, seniors, volunteers = uuid4(), uuid4(), uuid4()
    await stand.log.unit(square, desk, "service_desk")
    await stand.log.unit(square, seniors, "senior_centre")
    await stand.log.unit(square, volunteers, "volunteer_central")
    await stand.log.hours(square, seniors, ("09:00", "15:00", "staffed"))
    await stand.log.presence(square, uuid4(), *TIMES, unit_id=str(desk))
    await stand.log.meal(square, uuid4(), *TIMES, unit_id=str(seniors))
    for confirmed, state in ((1, "understaffed"), (2, "staffed"), (0, "cancelled")):
        await stand.log.shift(square, uuid4(), *TIMES, unit_id=str(volunteers), confirmed=confirmed, state=state)
    await stand.log.shift(square, uuid4(), "2026-11-25T10:00:00Z", "2026-11-25T11:00:00Z", unit_id=str(volunteers))
    await stand.caught_up()

    units = await present(stand, square)
    assert units["senior_centre"]["openings"] == [["09:00", "15:00", "staffed"]]
    assert [(meal["kind"], meal["menu_nb"], meal["local_start"]) for meal in units["senior_centre"]["meals"]] == [
        ("dinner", "Fiskegrateng", "11:00")
    ]
    (there,) = units["service_desk"]["presence"]
    assert (there["state"], there["local_start"], there["local_end"]) == ("scheduled", "11:00", "14:00")
    shifts = {shift["state"]: (shift["needed"], shift["missing"]) for shift in units["volunteer_central"]["shifts"]}
    assert shifts == {"understaffed": (2, 1), "staffed": (2, 0), "cancelled": (2, 0)}
    assert {unit["state_now"] for unit in units.values()} == {None}


async def test_presence__today__says_the_state_of_each_unit_now(stand: Stand, square: UUID) -> None:
    library, desk, seniors = uuid4(), uuid4(), uuid4()
    for unit, kind in ((library, "library"), (desk, "service_desk"), (seniors, "senior_centre")):
        await stand.log.unit(square, unit, kind)
    await stand.log.hours(square, library, ("10:00", "12:00", "staffed"), ("08:00", "22:00", "self_service"))
    await stand.log.hours(square, seniors, ("09:00", "15:00", "staffed"))
    await stand.log.presence(square, uuid4(), *TIMES, unit_id=str(desk))
    closure = {"closure_id": str(uuid4()), "square_id": str(square), "unit_id": str(seniors), "reason_code": "water"}
    begun = {"starts_at": f"{DAY}T11:00:00Z", "declared_at": f"{DAY}T11:00:00Z"}
    await stand.log.say("facility", "closure.declared.v1", f"closure/{closure['closure_id']}", closure | begun)
    await stand.caught_up()

    async def at(clock: str) -> list[str]:
        await stand.http.put("/test/clock", json={"now": f"{DAY}T{clock}:00Z"})
        units = await present(stand, square, None)
        return [units[kind]["state_now"] for kind in ("library", "service_desk", "senior_centre")]

    try:
        assert await at("09:30") == ["staffed", "closed", "staffed"]
        assert await at("11:30") == ["self_service", "staffed", "closed"]
        assert await at("22:00") == ["closed", "closed", "closed"]
    finally:
        await stand.http.put("/test/clock", json={"now": None})
    units = await present(stand, square)
    assert [one["reason_code"] for one in units["senior_centre"]["closures"]] == ["water"]
    assert units["library"]["closures"] == []


async def test_presence__of_a_desk_at_another_square__is_told_where_it_is_not(stand: Stand, square: UUID) -> None:
    desk, other, former = uuid4(), uuid4(), uuid4()
    await stand.log.square(other)
    await stand.log.unit(square, desk, "service_desk")
    left = {"square_id": str(square), "valid_to": DAY}
    data = {"unit_id": str(former), "square_id": str(other), "kind": "library", "name": "Bib", "memberships": [left]}
    await stand.log.say("facility", "unit.changed.v1", f"unit/{former}", data)
    await stand.log.presence(other, uuid4(), *TIMES, unit_id=str(desk))
    await stand.log.presence(other, uuid4(), *TIMES, unit_id=str(desk), state="cancelled")
    await stand.caught_up()

    units = await present(stand, square)
    assert set(units) == {"service_desk"}
    assert units["service_desk"]["presence"] == []
    assert [(one["square_id"], one["local_start"]) for one in units["service_desk"]["elsewhere"]] == [
        (str(other), "11:00")
    ]
    assert set(await present(stand, square, "2026-11-23")) == {"service_desk", "library"}


async def test_presence__asked_by_somebody_of_another_square__is_not_there(
    stand: Stand, square: UUID, keys: infra.Keys
) -> None:
    await stand.caught_up()
    path = f"/api/aggregator/squares/{square}/presence"
    assert (await stand.http.get(path, headers=keys.headers(f"front_line@{uuid4()}"))).status_code == 404
    assert (await stand.http.get(path, headers={"Authorization": ""})).status_code == 401
    assert (await stand.http.get(path, headers=keys.headers(f"front_line@{square}"))).status_code == 200


async def test_sources__of_a_square__name_every_unit_of_it_also_those_never_heard_of(stand: Stand) -> None:
    square, now = uuid4(), stand.app.state.clock.now()
    units = {kind: uuid4() for kind in ("library", "service_desk", "senior_centre")}
    await stand.log.square(square)
    for kind, unit in units.items():
        await stand.log.unit(square, unit, kind)
    heard = {"library": now, "service_desk": now - dt.timedelta(days=40), "health_station": now}
    await stand.caught_up()
    await stand.pool.execute("delete from source_watermark")
    for service, at in heard.items():
        await stand.pool.execute("insert into source_watermark values (1, $1, 0, 1, 1, $2)", service, at)

    for path in ("calendar", "day", "resources", "visitors", "counters", "presence", "status"):
        dates = {"from": DAY, "to": DAY} if path in ("calendar", "visitors") else {}
        found = (await stand.get(f"/squares/{square}/{path}", **dates))["sources"]
        by_name = {source["source"]: source for source in found}
        assert set(by_name) == {"counters", "facility", *units}, path
        assert [by_name[kind]["units"] for kind in units] == [[str(unit)] for unit in units.values()]
        assert by_name["library"]["silent_since"] is None
        assert by_name["service_desk"]["silent_since"] == by_name["service_desk"]["complete_until"]
        since = dt.datetime.fromisoformat(by_name["service_desk"]["silent_since"])
        assert (since, by_name["service_desk"]["silent"]) == (heard["service_desk"], True)
        assert (by_name["senior_centre"]["silent"], by_name["senior_centre"]["silent_since"]) == (True, None)
