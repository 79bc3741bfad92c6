"""Calendars of others take rooms: what they hold is booked, what clashes waits, what breaks stays as it was."""

import datetime as dt
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from tests.infra import Keys, Postgres
from tests.integration.booking_house import API, NOW, House, open_house
from tests.integration.calendar_server import CalendarServer, Page, calendar_server, ics
from tests.integration.feed_words import LATER, NOON, TEN, a_feed, at, file

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
async def house(postgres: Postgres, keys: Keys) -> AsyncIterator[House]:
    async with open_house(postgres, keys, feed_networks="127.0.0.0/8") as opened:
        yield opened


@pytest.fixture
async def server() -> AsyncIterator[CalendarServer]:
    async with calendar_server() as running:
        yield running


@pytest.fixture(autouse=True)
async def now(house: House) -> None:
    """Each test has a square of its own; feeds of the tests before are not due."""
    await house.clock(NOW, run_due=False)
    await house.square_of()


async def test_uploaded_calendar_becomes_bookings_that_follow_its_next_edition(house: House) -> None:
    feed = await a_feed(house)
    made = await feed.put(file(TEN, NOON))
    assert (made["state"], made["booked"], made["conflicts"], made["source"]["kind"]) == ("ok", 2, 0, "file")
    before = await feed.bookings()
    assert [(one["title"], one["owner_ref"]) for one in before] == [
        ("Øving a", f"feed/{feed.id}"),
        ("Øving b", f"feed/{feed.id}"),
    ]
    await feed.put(file(("a", "20261201T1500", "20261201T1600"), ("c", "20261202T0900", "20261202T1000")), version=1)
    assert await feed.times() == ["2026-12-01 15:00", "2026-12-02 09:00"]
    moved, gone = await house.get(before[0]["id"]), await house.get(before[1]["id"])
    assert (moved["state"], moved["previous"]["starts_at"]) == ("confirmed", before[0]["starts_at"])
    assert (gone["state"], gone["reason_code"]) == ("cancelled", "removed_from_calendar")


async def test_date_that_comes_back_is_booked_anew_and_what_staff_cancelled_is_not(house: House) -> None:
    feed = await a_feed(house)
    await feed.put(file(TEN, NOON))
    ten, noon = await feed.bookings()
    await house.order("cancel", noon)
    await feed.put(file(NOON), version=1)
    assert await feed.times() == []
    await feed.put(file(TEN, NOON), version=2)
    (again,) = await feed.bookings()
    assert again["starts_at"] == ten["starts_at"]
    assert again["id"] != ten["id"]


async def test_same_body_again_changes_nothing_and_another_needs_the_version(house: House) -> None:
    feed = await a_feed(house)
    first = await feed.put(file(TEN))
    assert await feed.put(file(TEN)) == first
    without = await house.client.put(feed.path, json=feed.body(file(NOON)))
    assert without.status_code == 428
    stale = await house.client.put(feed.path, json=feed.body(file(NOON)), headers={"If-Match": '"7"'})
    assert (stale.status_code, stale.json()["current"]["version"]) == (412, 1)
    renamed = await feed.put(None, version=1, name="Koret i kjelleren")
    assert (renamed["name"], renamed["version"], renamed["booked"]) == ("Koret i kjelleren", 2, 1)


async def test_clash_goes_to_the_inbox_and_is_booked_once_its_time_is_free(house: House) -> None:
    feed = await a_feed(house)
    taken = await house.booked([feed.space], "2026-12-01T10:30", "2026-12-01T11:30", title="Møte")
    made = await feed.put(file(TEN, NOON))
    assert (made["booked"], made["conflicts"]) == (1, 1)
    (clash,) = await feed.conflicts()
    assert (clash["kind"], clash["title"], clash["reason"]) == ("new", "Øving a", "conflict")
    assert (clash["local_start"], clash["blocking"]) == ("10:00", [taken["id"]])
    assert (clash["reasons"][0]["rule"], clash["reasons"][0]["title"]) == ("occupied", "Møte")
    of_square = await house.ok(house.client.get(f"{API}/feeds/conflicts", params={"square_id": str(house.square)}))
    assert of_square["conflicts"] == [clash]
    await house.order("cancel", taken)
    assert (await feed.refresh())["conflicts"] == 0
    assert await feed.times() == ["2026-12-01 10:00", "2026-12-01 12:00"]
    assert await feed.conflicts() == []


async def test_moved_date_that_clashes_stays_where_it_was_until_it_can_move(house: House) -> None:
    feed = await a_feed(house)
    await feed.put(file(TEN))
    (before,) = await feed.bookings()
    taken = await house.booked([feed.space], "2026-12-01T15:00", "2026-12-01T16:00")
    await feed.put(file(("a", "20261201T1500", "20261201T1600")), version=1)
    (clash,) = await feed.conflicts()
    assert (clash["kind"], clash["booking_id"], clash["booked"]["local_start"]) == ("move", before["id"], "10:00")
    await house.order("cancel", taken)
    await feed.refresh()
    (after,) = await feed.bookings()
    assert (after["id"], after["local_start"]) == (before["id"], "15:00")


async def test_dates_that_change_places_both_move(house: House) -> None:
    feed = await a_feed(house)
    await feed.put(file(TEN, NOON))
    await feed.put(file(("a", *NOON[1:]), ("b", *TEN[1:])), version=1)
    assert [one["title"] for one in await feed.bookings()] == ["Øving b", "Øving a"]
    assert await feed.conflicts() == []


async def test_dates_of_one_calendar_at_once_and_outside_the_hours_wait_with_their_reasons(house: House) -> None:
    feed = await a_feed(house)
    await house.hours(feed.space, ("08:00", "20:00"))
    await feed.put(file(TEN, ("twin", *TEN[1:]), ("late", "20261201T2100", "20261201T2200")))
    assert len(await feed.times()) == 1
    assert [(one["reason"], one["reasons"][0]["rule"]) for one in await feed.conflicts()] == [
        ("conflict", "occupied"),
        ("outside_hours", "outside_hours"),
    ]


async def test_feed_with_override_books_outside_the_hours(house: House) -> None:
    feed = await a_feed(house, override=True)
    await house.hours(feed.space, ("08:00", "20:00"))
    await feed.put(file(("late", "20261201T2100", "20261201T2200")))
    assert await feed.times() == ["2026-12-01 21:00"]


async def test_policy_of_the_room_refuses_into_the_inbox(house: House) -> None:
    feed = await a_feed(house)
    await house.ok(house.client.put(f"{API}/spaces/{feed.space}/policy", json={"horizon_days": 3}))
    await feed.put(file(TEN))
    (clash,) = await feed.conflicts()
    assert clash["reason"] == "policy"
    assert clash["reasons"][0]["rule"] == "horizon"
    assert "message" in clash["reasons"][0]


async def test_dismissed_clash_stays_away_until_the_calendar_changes_it(house: House) -> None:
    feed = await a_feed(house)
    await house.booked([feed.space], "2026-12-01T09:00", "2026-12-01T18:00")
    await feed.put(file(TEN))
    (clash,) = await feed.conflicts()
    gone = await house.client.post(f"{feed.path}/conflicts/{clash['id']}/dismiss")
    assert gone.status_code == 204
    await feed.refresh()
    assert await feed.conflicts() == []
    await feed.put(file(("a", "20261201T1600", "20261201T1700")), version=1)
    assert [one["local_start"] for one in await feed.conflicts()] == ["16:00"]


async def test_what_blocks_is_told_by_the_readers_rights(house: House) -> None:
    feed = await a_feed(house)
    station = await house.unit("health_station")
    hidden = await house.booked(
        [feed.space], "2026-12-01T10:10", "2026-12-01T10:20", title="Time", unit_id=str(station)
    )
    await feed.put(file(TEN))
    (clash,) = await feed.conflicts(f"front_line@{house.square}")
    assert clash["blocking"] == [hidden["id"]]
    assert clash["reasons"][0]["title"] == "Opptatt"
    assert (clash["reasons"][0]["local_start"], clash["reasons"][0]["local_end"]) == ("10:00", "10:30")


async def test_calendar_of_a_health_station_is_busy_to_others(house: House) -> None:
    station = await house.unit("health_station")
    feed = await a_feed(house, unit_id=str(station))
    await house.booked([feed.space], "2026-12-01T10:00", "2026-12-01T11:00")
    await feed.put(file(("a", "20261201T1010", "20261201T1050"), ("point", "20261203T1000", "20261203T1000")))
    (clash,) = await feed.conflicts(f"front_line@{house.square}")
    assert (clash["title"], clash["masked"], clash["local_start"], clash["local_end"]) == (
        "Opptatt", True, "10:00", "11:00",
    )  # fmt: skip
    shown = await house.ok(house.client.get(feed.path, headers=house.role(f"front_line@{house.square}")))
    assert shown["skipped"] == []


async def test_subscribed_calendar_is_fetched_when_due_and_asked_politely(house: House, server: CalendarServer) -> None:
    feed = await a_feed(house)
    server.pages["/a.ics"] = Page(ics(TEN).encode(), etag='"1"')
    made = await feed.put(at(server))
    assert (made["state"], made["booked"], made["age_minutes"]) == ("ok", 1, 0)
    assert made["source"] == {"kind": "address", "host": "127.0.0.1"}
    await house.clock("2026-11-24T08:59:00Z")
    assert len(server.asked) == 1
    await house.clock("2026-11-24T09:00:00Z")
    assert [one.get("if-none-match") for one in server.headers_of("/a.ics")] == [None, '"1"']
    server.pages["/a.ics"] = Page(ics(NOON).encode(), etag='"2"')
    assert (await feed.refresh())["booked"] == 1
    assert len(server.asked) == 2, "asked by hand a moment after the last time"
    await house.clock(LATER)
    assert await feed.times() == ["2026-12-01 12:00"]
    assert (await feed.get())["age_minutes"] == 0


async def test_broken_calendar_stays_at_its_last_good_state_with_its_age_and_recovers(
    house: House, server: CalendarServer
) -> None:
    feed = await a_feed(house)
    server.pages["/a.ics"] = Page(ics(TEN).encode())
    await feed.put(at(server))
    server.pages["/a.ics"] = Page(b"<html>Sign in</html>")
    await house.clock("2026-11-24T09:00:00Z")
    broken = await feed.get()
    assert (broken["state"], broken["error"]["code"], broken["age_minutes"]) == ("broken", "not_a_calendar", 60)
    assert (broken["booked"], broken["next_at"]) == (1, "2026-11-24T12:00:00+01:00")
    assert await feed.times() == ["2026-12-01 10:00"]
    server.pages["/a.ics"] = Page(status=500)
    await house.clock("2026-11-24T11:00:00Z")
    worse = await feed.get()
    assert (worse["error"]["code"], worse["error"]["status"], worse["error"]["failures"]) == ("status", 500, 2)
    assert (worse["error"]["since"], worse["age_minutes"]) == ("2026-11-24T10:00:00+01:00", 180)
    server.pages["/a.ics"] = Page(ics(NOON).encode())
    await house.clock("2026-11-24T15:00:00Z")
    good = await feed.get()
    assert (good["state"], good["error"], good["age_minutes"]) == ("ok", None, 0)
    assert await feed.times() == ["2026-12-01 12:00"]


async def test_clash_is_tried_again_also_while_the_calendar_is_away(house: House, server: CalendarServer) -> None:
    feed = await a_feed(house)
    taken = await house.booked([feed.space], "2026-12-01T10:30", "2026-12-01T11:30")
    server.pages["/a.ics"] = Page(ics(TEN).encode())
    assert (await feed.put(at(server)))["conflicts"] == 1
    await house.order("cancel", taken)
    server.pages["/a.ics"] = Page(status=404)
    await house.clock("2026-11-24T09:00:00Z")
    away = await feed.get()
    assert (away["state"], away["booked"], away["conflicts"]) == ("broken", 1, 0)


@pytest.mark.parametrize(
    ("page", "code"),
    [
        (Page(status=302, headers={"Location": "https://10.0.0.1/a.ics"}), "private_address"),
        (Page(b"X" * (5 * 1024 * 1024 + 1)), "too_large"),
        (Page(status=410), "status"),
    ],
)
async def test_calendar_that_may_not_or_cannot_be_had_is_kept_as_broken(
    house: House, server: CalendarServer, page: Page, code: str
) -> None:
    feed = await a_feed(house)
    server.pages["/a.ics"] = page
    made = await feed.put(at(server))
    assert (made["state"], made["error"]["code"], made["good_at"], made["age_minutes"]) == ("broken", code, None, None)
    assert made["error"]["message"]


@pytest.mark.parametrize(
    ("source", "rule"),
    [
        ({"kind": "address", "url": "https://192.168.1.1/secret.ics"}, "private_address"),
        ({"kind": "address", "url": "https://[::1]/secret.ics"}, "private_address"),
        ({"kind": "address", "url": "ftp://calendar.example.org/secret.ics"}, "not_https"),
        ({"kind": "address", "url": "https://me:secret@calendar.example.org/"}, "bad_address"),
        ({"kind": "file", "text": "secret"}, "not_a_calendar"),
        (None, "no_source"),
    ],
)
async def test_source_that_cannot_be_used_is_refused_before_anything_is_kept(
    house: House, source: dict[str, Any] | None, rule: str
) -> None:
    feed = await a_feed(house)
    refused = await house.client.put(feed.path, json=feed.body(source))
    assert (refused.status_code, refused.json()["reasons"][0]["rule"]) == (422, rule)
    assert "secret" not in refused.text
    assert (await house.client.get(feed.path)).status_code == 404


async def test_broken_upload_loses_nothing_of_the_one_before(house: House) -> None:
    feed = await a_feed(house)
    await feed.put(file(TEN))
    refused = await house.client.put(
        feed.path, json=feed.body({"kind": "file", "text": "nothing"}), headers={"If-Match": '"1"'}
    )
    assert refused.status_code == 422
    assert await feed.times() == ["2026-12-01 10:00"]
    assert (await feed.get())["version"] == 1


@pytest.mark.parametrize(("bookings", "left"), [("cancel", []), ("keep", ["2026-12-01 10:00"])])
async def test_withdrawn_feed_takes_its_bookings_along_unless_they_are_kept(
    house: House, bookings: str, left: list[str]
) -> None:
    feed = await a_feed(house)
    await feed.put(file(TEN))
    headers = {"If-Match": '"1"'}
    gone = await house.ok(house.client.delete(feed.path, params={"bookings": bookings}, headers=headers))
    assert gone["state"] == "withdrawn"
    assert await feed.times() == left
    assert (await house.client.get(feed.path)).status_code == 404
    await house.clock(LATER)
    assert await feed.times() == left


async def test_series_longer_than_the_limit_is_booked_as_far_as_it_goes_and_told(house: House) -> None:
    feed = await a_feed(house)
    twice = ics(TEN, NOON).replace("SUMMARY", "RRULE:FREQ=DAILY\r\nSUMMARY")
    await feed.put({"kind": "file", "text": twice})
    made = await feed.settled()
    assert (made["booked"], made["conflicts"]) == (400, 0)
    assert made["beyond_limit"] > 300


async def test_feed_is_set_up_by_managers_and_read_by_who_reads_bookings(house: House) -> None:
    feed = await a_feed(house)
    refused = await house.client.put(feed.path, json=feed.body(file(TEN)), headers=house.role("unit_editor@*"))
    assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
    made = await house.client.put(
        feed.path, json=feed.body(file(TEN)), headers=house.role(f"house_manager@{house.square}")
    )
    assert made.status_code == 201
    reader, stranger = house.role(f"front_line@{house.square}"), house.role(f"front_line@{uuid4()}")
    assert (await house.client.get(feed.path, headers=reader)).status_code == 200
    for path in (feed.path, f"{feed.path}/conflicts"):
        assert (await house.client.get(path, headers=stranger)).status_code == 404
    assert (await house.client.post(f"{feed.path}/refresh", headers=reader)).status_code == 403
    listed = await house.ok(house.client.get(f"{API}/feeds", params={"square_id": str(house.square)}, headers=reader))
    assert [one["id"] for one in listed["feeds"]] == [str(feed.id)]


async def test_room_of_a_feed_stays_the_same(house: House) -> None:
    feed = await a_feed(house)
    await feed.put(file(TEN))
    other = await house.space()
    body = {**feed.body(file(TEN)), "space_id": str(other)}
    refused = await house.client.put(feed.path, json=body, headers={"If-Match": '"1"'})
    assert (refused.status_code, refused.json()["reasons"][0]["rule"]) == (422, "fixed")


async def test_secret_in_an_address_is_in_no_answer_audit_event_or_log(
    house: House, server: CalendarServer, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    feed = await a_feed(house)
    server.pages["/a.ics"] = Page(ics(TEN).encode())
    made = await feed.put(at(server, "/a.ics?key=very-secret"))
    server.pages["/a.ics"] = Page(status=500)
    await house.clock(LATER)
    shown = json.dumps([made, await feed.get(), await feed.refresh()])
    kept = await house.rows(
        "select row_to_json(a)::text as said from audit a where object = $1 order by id", f"feed/{feed.id}"
    )
    said = await house.rows("select convert_from(value, 'utf8') as said from outbox")
    assert [json.loads(row["said"])["action"] for row in kept] == ["feed.put", "feed.refresh"]
    told = [shown, *(row["said"] for row in (*kept, *said)), *capsys.readouterr(), caplog.text]
    assert not any("very-secret" in one for one in told)


async def test_bookings_of_a_feed_are_audited_as_its_own(house: House) -> None:
    feed = await a_feed(house)
    await feed.put(file(TEN))
    (booking,) = await feed.bookings()
    rows = await house.rows("select subject, action from audit where object = $1", f"booking/{booking['id']}")
    assert [(row["subject"], row["action"]) for row in rows] == [(f"/services/facility/feeds/{feed.id}", "booking.put")]


async def test_reading_that_died_is_taken_up_again_when_its_lease_is_over(house: House) -> None:
    feed = await a_feed(house)
    await feed.put(file(TEN))
    (booking,) = await feed.bookings()
    await house.rows("delete from feed_date where feed_id = $1", feed.id)  # as if it had got no further than the fetch
    await house.rows(
        "update feed set edition = edition + 1, next_at = $2 where id = $1", feed.id, dt.datetime.fromisoformat(LATER)
    )
    await house.clock(LATER)
    assert [one["id"] for one in await feed.bookings()] == [booking["id"]]
    assert (await feed.get())["booked"] == 1


@pytest.mark.parametrize(("name", "now"), [("community_workshop_berlin.ics", "2018-10-01T08:00:00Z")])
async def test_real_calendar_of_others_books_what_its_room_can_hold(
    house: House, shared_data: Path, name: str, now: str
) -> None:
    path = shared_data / "calendar-feeds" / name
    if not path.exists():
        pytest.skip("calendar-feeds is not among the real data sets here")
    await house.clock(now, run_due=False)
    feed = await a_feed(house)
    await feed.put({"kind": "file", "text": path.read_text()})
    made = await feed.settled()
    assert made["state"] == "ok"
    assert made["booked"] + made["conflicts"] + made["beyond_limit"] > 100
    await feed.refresh()
    again = await feed.settled()
    assert {key: again[key] for key in ("booked", "conflicts", "beyond_limit")} == {
        key: made[key] for key in ("booked", "conflicts", "beyond_limit")
    }
