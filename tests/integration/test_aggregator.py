"""The aggregator's views on real Kafka and PostgreSQL: what was said is what is shown."""

import datetime as dt
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import pytest

from tests import infra
from tests.integration.aggregator_stand import Stand, aggregator, until

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
async def stand(kafka: infra.Kafka, postgres: infra.Postgres, keys: infra.Keys) -> AsyncIterator[Stand]:
    async with aggregator(kafka, postgres, keys) as made:
        yield made


async def test_booking__confirmed__appears_on_its_local_date(stand: Stand) -> None:
    square, booking = uuid4(), uuid4()
    await stand.log.square(square)
    await stand.log.booking(square, booking, "2026-11-24T23:30:00Z", "2026-11-25T00:30:00Z")
    await stand.caught_up()

    assert await stand.items(square, "2026-11-24") == []
    (item,) = await stand.items(square, "2026-11-25")
    assert item["id"] == str(booking)
    assert item["starts_at"] == "2026-11-25T00:30:00+01:00"
    assert (item["local_date"], item["local_start"], item["local_end"]) == ("2026-11-25", "00:30", "01:30")
    assert (item["kind"], item["state"], item["title"], item["version"]) == ("booking", "confirmed", "Styremøte", 1)


async def test_occurrence__with_its_booking__is_one_item(stand: Stand) -> None:
    square, occurrence, booking, room = uuid4(), uuid4(), uuid4(), str(uuid4())
    times = ("2026-11-24T10:00:00Z", "2026-11-24T11:00:00Z")
    await stand.log.booking(
        square, booking, *times, owner_ref=f"occurrence/{occurrence}", space_ids=[room], expected_people=12
    )
    await stand.log.occurrence(square, occurrence, *times, booking_id=str(booking), space_ids=[room])
    await stand.log.square(square)
    await stand.caught_up()

    (item,) = await stand.items(square, "2026-11-24")
    assert (item["kind"], item["id"], item["title"]) == ("occurrence", str(occurrence), "Kodeklubben")
    assert (item["booking_id"], item["booking_version"], item["expected_people"]) == (str(booking), 1, 12)
    assert "booking_elsewhere" not in item


async def test_booking__moved_away_from_its_occurrence__is_shown_with_where_it_went(stand: Stand) -> None:
    square, occurrence, booking = uuid4(), uuid4(), uuid4()
    times = ("2026-11-24T10:00:00Z", "2026-11-24T11:00:00Z")
    await stand.log.square(square)
    await stand.log.occurrence(square, occurrence, *times, booking_id=str(booking))
    await stand.log.booking(square, booking, *times, owner_ref=f"occurrence/{occurrence}")
    await stand.log.booking(
        square,
        booking,
        "2026-11-25T10:00:00Z",
        "2026-11-25T11:00:00Z",
        owner_ref=f"occurrence/{occurrence}",
    )
    await stand.caught_up()

    (item,) = await stand.items(square, "2026-11-24")
    assert item["booking_version"] == 2
    assert item["booking_elsewhere"]["local_date"] == "2026-11-25"
    assert await stand.items(square, "2026-11-25") == []


async def test_hold__its_occurrence_does_not_know_yet__stands_by_itself(stand: Stand) -> None:
    square, occurrence, hold = uuid4(), uuid4(), uuid4()
    times = ("2026-11-24T10:00:00Z", "2026-11-24T11:00:00Z")
    await stand.log.square(square)
    await stand.log.occurrence(square, occurrence, *times)
    await stand.log.booking(square, hold, *times, state="held", owner_ref=f"occurrence/{occurrence}")
    await stand.caught_up()
    assert [item["kind"] for item in await stand.items(square, "2026-11-24")] == ["occurrence", "booking"]

    await stand.log.booking(square, hold, *times, state="expired", owner_ref=f"occurrence/{occurrence}")
    await stand.caught_up()
    assert [item["kind"] for item in await stand.items(square, "2026-11-24")] == ["occurrence"]


async def test_booking__moved_to_another_date__leaves_the_old_one(stand: Stand) -> None:
    square, booking = uuid4(), uuid4()
    await stand.log.square(square)
    await stand.log.booking(square, booking, "2026-11-24T10:00:00Z", "2026-11-24T11:00:00Z")
    await stand.caught_up()
    await stand.log.booking(square, booking, "2026-11-26T10:00:00Z", "2026-11-26T11:00:00Z")
    await stand.caught_up()

    assert await stand.items(square, "2026-11-24") == []
    assert [item["version"] for item in await stand.items(square, "2026-11-26")] == [2]


async def test_booking__older_version_after_newer__changes_nothing(stand: Stand) -> None:
    square, booking = uuid4(), uuid4()
    await stand.log.square(square)
    await stand.log.booking(
        square, booking, "2026-11-24T10:00:00Z", "2026-11-24T11:00:00Z", state="cancelled", version=3
    )
    await stand.caught_up()
    await stand.log.booking(square, booking, "2026-11-25T10:00:00Z", "2026-11-25T11:00:00Z", version=2)
    await stand.caught_up()

    assert [item["state"] for item in await stand.items(square, "2026-11-24")] == ["cancelled"]
    assert await stand.items(square, "2026-11-25") == []


async def test_booking__over_several_nights__is_on_each_of_its_dates(stand: Stand) -> None:
    square, booking = uuid4(), uuid4()
    await stand.log.square(square)
    await stand.log.booking(square, booking, "2026-11-24T10:00:00Z", "2026-11-26T23:00:00Z", state="blocked")
    await stand.caught_up()

    found = await stand.get(f"/squares/{square}/calendar", **{"from": "2026-11-23", "to": "2026-11-27"})
    assert [len(day["items"]) for day in found["days"]] == [0, 1, 1, 1, 0]


async def test_square__in_another_zone_after_its_items__moves_them_to_its_dates(stand: Stand) -> None:
    square, booking = uuid4(), uuid4()
    await stand.log.booking(square, booking, "2026-11-24T01:00:00Z", "2026-11-24T02:00:00Z")
    await stand.caught_up()
    await stand.log.square(square, "America/New_York")
    await stand.caught_up()

    assert await stand.items(square, "2026-11-24") == []
    (item,) = await stand.items(square, "2026-11-23")
    assert item["starts_at"] == "2026-11-23T20:00:00-05:00"


async def test_days__around_the_change_of_the_clock__carry_each_their_offset(stand: Stand) -> None:
    square = uuid4()
    await stand.log.square(square)
    await stand.log.booking(square, uuid4(), "2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z")
    await stand.caught_up()

    (item,) = await stand.items(square, "2026-10-25")
    assert (item["starts_at"], item["ends_at"]) == ("2026-10-25T02:30:00+02:00", "2026-10-25T02:30:00+01:00")


async def test_closure__of_unknown_end__covers_every_date_until_it_is_lifted(stand: Stand) -> None:
    square, closure = uuid4(), uuid4()
    await stand.log.square(square)
    data = {
        "closure_id": str(closure),
        "square_id": str(square),
        "whole_square": True,
        "starts_at": "2026-11-24T10:00:00Z",
        "reason_code": "water_leak",
        "declared_at": "2026-11-24T10:00:00Z",
    }
    await stand.log.say("facility", "closure.declared.v1", f"closure/{closure}", data)
    await stand.caught_up()
    assert [item["kind"] for item in await stand.items(square, "2026-12-24")] == ["closure"]

    lifted = data | {"lifted_at": "2026-11-24T12:00:00Z"}
    await stand.log.say("facility", "closure.lifted.v1", f"closure/{closure}", lifted)
    await stand.caught_up()
    assert await stand.items(square, "2026-12-24") == []
    (item,) = await stand.items(square, "2026-11-24")
    assert (item["state"], item["local_end"], item["reason_code"]) == ("lifted", "13:00", "water_leak")


async def test_openings__of_a_unit__are_those_of_its_highest_decision(stand: Stand) -> None:
    square, unit = uuid4(), uuid4()
    await stand.log.square(square)
    await stand.log.unit(square, unit)
    for decision, start in ((2, "10:00"), (1, "08:00")):
        span = {"start": start, "end": "18:00", "state": "staffed"}
        data = {
            "owner_kind": "unit",
            "owner_id": str(unit),
            "square_id": str(square),
            "decision": decision,
            "decided_at": "2026-11-24T10:00:00Z",
            "periods": [{"name": "Hele året", "groups": [{"spans": [span]}]}],
        }
        await stand.log.say("facility", "hours.decided.v1", f"hours/unit/{unit}/{decision}", data)
    await stand.caught_up()

    found = await stand.get(f"/squares/{square}/calendar", **{"from": "2026-11-24", "to": "2026-11-24"})
    assert found["days"][0]["openings"] == {str(unit): [["10:00", "18:00", "staffed"]]}


async def test_resources__of_a_square__without_what_was_withdrawn(stand: Stand) -> None:
    square, unit, hall, gone = uuid4(), uuid4(), uuid4(), uuid4()
    await stand.log.square(square)
    await stand.log.unit(square, unit)
    await stand.log.space(square, hall, capacity=40, features=["projector"], floor="1")
    await stand.log.space(square, gone, withdrawn=True)
    await stand.caught_up()

    found = await stand.get(f"/squares/{square}/resources")
    assert [one["unit_id"] for one in found["units"]] == [str(unit)]
    (space,) = found["spaces"]
    assert (space["space_id"], space["capacity"], space["features"]) == (str(hall), 40, ["projector"])


async def test_day__without_a_date__is_today_in_the_square(stand: Stand) -> None:
    square = uuid4()
    await stand.log.square(square, "Pacific/Auckland")
    await stand.caught_up()
    held = await stand.http.put("/test/clock", json={"now": "2026-11-24T12:00:00Z"})
    assert held.status_code == 200
    found = await stand.get(f"/squares/{square}/day")
    await stand.http.put("/test/clock", json={"now": None})

    assert (found["date"], found["now_local"]) == ("2026-11-25", "2026-11-25T01:00:00+13:00")
    assert [day["date"] for day in found["days"]] == ["2026-11-25"]


async def test_sources__of_an_answer__complete_as_far_as_the_slowest_partition(stand: Stand) -> None:
    square, now = uuid4(), stand.app.state.clock.now()
    await stand.log.square(square)
    for partition in range(6):
        at = now - dt.timedelta(seconds=20 if partition == 3 else 1)
        await stand.log.watermark("counters", partition, 1, at)
    # Other tests run facility itself on this log; nobody runs this one.
    await stand.log.unit(square, uuid4(), "volunteer_central")
    await stand.log.watermark("volunteer_central", 0, 1, now)
    await stand.caught_up()

    found = await stand.get(f"/squares/{square}/calendar", **{"from": "2026-11-24", "to": "2026-11-24"})
    sources = {one["source"]: one for one in found["sources"]}
    slowest = dt.datetime.fromisoformat(sources["counters"]["complete_until"])
    assert (now - slowest, sources["counters"]["silent"]) == (dt.timedelta(seconds=20), False)
    partly = sources["volunteer_central"]
    assert (partly["complete_until"], partly["silent"]) == (None, True)


async def test_status__of_a_square__names_lag_of_sources_and_views(stand: Stand) -> None:
    square = uuid4()
    await stand.log.square(square)
    await stand.log.watermark("facility", 1, 1, stand.app.state.clock.now())
    await stand.caught_up()

    async def level() -> bool:
        """The lag is that of the watch's last look, a moment ago."""
        found = await stand.get(f"/squares/{square}/status")
        sources = {one["source"]: one["lag_records"] for one in found["sources"]}
        views = {one["view"]: one["lag"] for one in found["projections"]}
        return sources.get("facility") == 0 and views == dict.fromkeys(
            ("calendar", "presence", "resources", "sources", "visitors"), 0
        )

    assert await until(level)


async def test_health_station__bookings_seen_by_others__say_only_that_the_room_is_taken(
    stand: Stand, keys: infra.Keys
) -> None:
    square, health, library = uuid4(), uuid4(), uuid4()
    await stand.log.square(square)
    await stand.log.unit(square, health, "health_station")
    await stand.log.unit(square, library)
    times = ("2026-11-24T10:00:00Z", "2026-11-24T11:00:00Z")
    await stand.log.booking(square, uuid4(), *times, unit_id=str(health), title="Noe", expected_people=1)
    await stand.caught_up()

    async def seen(role: str) -> dict[str, Any]:
        path = f"/api/aggregator/squares/{square}/calendar?from=2026-11-24&to=2026-11-24"
        answer = await stand.http.get(path, headers=keys.headers(role))
        found: dict[str, Any] = answer.json()["days"][0]["items"][0]
        return found

    for role in ("house_manager@*", f"unit_editor@{library}", f"front_line@{square}"):
        item = await seen(role)
        assert (item["masked"], item["title"], item["state"]) == (True, None, "confirmed")
        assert "expected_people" not in item
    own = await seen(f"unit_editor@{health}")
    assert (own["masked"], own["title"]) == (False, "Noe")


async def test_calendar__asked_by_somebody_of_another_square__is_not_there(stand: Stand, keys: infra.Keys) -> None:
    square = uuid4()
    await stand.log.square(square)
    await stand.caught_up()
    path = f"/api/aggregator/squares/{square}/calendar?from=2026-11-24&to=2026-11-24"

    assert (await stand.http.get(path, headers=keys.headers(f"house_manager@{uuid4()}"))).status_code == 404
    assert (await stand.http.get(path, headers={"Authorization": ""})).status_code == 401
    squares = await stand.http.get("/api/aggregator/squares", headers=keys.headers(f"front_line@{square}"))
    assert [one["square_id"] for one in squares.json()["squares"]] == [str(square)]


@pytest.mark.parametrize(("first", "last"), [("2026-11-24", "2026-11-23"), ("2026-01-01", "2027-03-01"), ("x", "y")])
async def test_calendar__range_that_makes_no_sense__is_refused(stand: Stand, first: str, last: str) -> None:
    found = await stand.get(f"/squares/{uuid4()}/calendar", 422, **{"from": first, "to": last})
    assert found["code"] == "invalid"


async def test_day__left_stale__reads_the_same_until_it_is_put_together(stand: Stand) -> None:
    square = uuid4()
    await stand.log.square(square)
    for hour in (8, 9, 10):
        await stand.log.booking(square, uuid4(), f"2026-11-24T{hour:02d}:00:00Z", "2026-11-25T11:00:00Z")
    await stand.caught_up()
    dates = {"from": "2026-11-23", "to": "2026-11-26"}
    before = await stand.get(f"/squares/{square}/calendar", **dates)
    assert [len(day["items"]) for day in before["days"]] == [0, 3, 3, 0]

    await stand.pool.execute("update calendar_day set stale = true, items = '' where square_id = $1", square)
    assert (await stand.get(f"/squares/{square}/calendar", **dates))["days"] == before["days"]
    await stand.hashes()
    assert await stand.pool.fetchval("select count(*) from calendar_day where stale") == 0
    assert (await stand.get(f"/squares/{square}/calendar", **dates))["days"] == before["days"]
