"""The whole house over HTTP: demo, live stream and views, as a browser meets them."""

import json
import threading
import uuid
from datetime import date, timedelta
from typing import Any

import httpx

from deploy.local.demo.house import roles
from deploy.local.demo.load import load
from tests.e2e.held import HeldHouse

WAIT_SECONDS = 20


def booking_body(house: HeldHouse, day: str, start: str, end: str, space: str = "Møterom 2") -> dict[str, Any]:
    return {
        "space_ids": [house.room(space)],
        "starts_at": f"{day}T{start}",
        "ends_at": f"{day}T{end}",
        "title": "Prøve av strømmen",
    }


def events(answer: httpx.Response) -> Any:
    """(event, data) one by one."""
    event = ""
    for line in answer.iter_lines():
        name, _, value = line.partition(": ")
        if name == "event":
            event = value
        elif name == "data":
            yield event, json.loads(value)


def test_booking_is_announced_to_whoever_looks_at_its_square(house: HeldHouse, today: str) -> None:
    square, booking = house.square("Heggedal"), str(uuid.uuid4())
    path = f"/api/facility/bookings/{booking}"
    with house.caller("front_line@*") as watcher, house.caller("house_manager@*") as manager:
        body = booking_body(house, today, "20:00", "20:30")
        with watcher.stream("GET", f"/api/portal/stream?square={square}", timeout=WAIT_SECONDS) as answer:
            stream = events(answer)
            assert next(stream)[0] == "hello"
            assert manager.put(path, json=body).status_code == 201
            seen = next(data for event, data in stream if event == "change" and today in data["dates"])
        assert seen["view"] == "calendar"
        day = manager.get(f"/api/aggregator/squares/{square}/day", params={"date": today}).json()
        assert booking in [item["id"] for item in day["days"][0]["items"]]
        cancelled = manager.post(f"{path}/cancel", json={}, headers={"If-Match": '"1"'})
        assert cancelled.status_code == 200


def test_thirty_two_want_the_same_room_and_one_gets_it(house: HeldHouse, today: str) -> None:
    with house.caller("house_manager@*") as manager:
        body = booking_body(house, today, "20:30", "21:00")
        answers: dict[str, httpx.Response] = {}

        def ask(booking: str) -> None:
            answers[booking] = manager.put(f"/api/facility/bookings/{booking}", json=body)

        threads = [threading.Thread(target=ask, args=(str(uuid.uuid4()),)) for _ in range(32)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        statuses = sorted(answer.status_code for answer in answers.values())
        assert statuses == [201] + [409] * 31
        winner = next(booking for booking, answer in answers.items() if answer.status_code == 201)
        losers = [answer.json() for answer in answers.values() if answer.status_code == 409]
        assert all(refused["blocking"] == [winner] for refused in losers)
        path = f"/api/facility/bookings/{winner}/cancel"
        assert manager.post(path, json={}, headers={"If-Match": '"1"'}).status_code == 200


def test_demo_loaded_again_changes_nothing(house: HeldHouse, today: str) -> None:
    square = house.square("Heggedal")

    def picture() -> Any:
        found = house.get(
            "/api/facility/bookings", square_id=square, **{"from": f"{today}T00:00", "to": f"{today}T23:59"}
        )
        rooms = house.get("/api/facility/spaces", square_id=square)
        hashes = house.get("/api/aggregator/hashes")["hashes"]
        del hashes["source_watermark"]  # goes on by itself
        return found["bookings"], rooms["spaces"], hashes

    def resting() -> Any:
        """Once all that was said has arrived."""
        seen = picture()
        while (later := picture()) != seen:
            seen = later
        return seen

    load(house.url, house.token(*roles()), lambda _: None, house.now)
    before = resting()
    assert before[0]
    load(house.url, house.token(*roles()), lambda _: None, house.now)
    assert resting() == before


def test_week_shows_the_demo_once_each_and_hides_what_is_the_health_stations(house: HeldHouse, today: str) -> None:
    monday = date.fromisoformat(today) - timedelta(days=date.fromisoformat(today).weekday())
    week = {"from": monday.isoformat(), "to": (monday + timedelta(days=6)).isoformat()}
    with house.caller("front_line@*") as reader:
        answer = reader.get(f"/api/aggregator/squares/{house.square('Heggedal')}/calendar", params=week)
    items = [item for day in answer.json()["days"] for item in day["items"]]
    shown = [
        (item["title"] or item.get("role"), item["starts_at"], tuple(item["space_ids"]))
        for item in items
        if not item["masked"] and item["state"] != "cancelled"
    ]
    assert {"Babysang", "Foreldregruppe"} <= {title for title, _, _ in shown}  # the open group's name is for everybody
    assert len(shown) == len(set(shown))
    assert {item["title"] for item in items if item["masked"]} == {None}
    assert "vaccination" not in answer.text


def test_portal_says_how_every_service_is(house: HeldHouse) -> None:
    services = house.get("/api/portal/status")["services"]
    assert {name for name, seen in services.items() if seen["state"] != "ready"} == set()
    assert {"facility", "library", "counters", "aggregator", "portal"} <= services.keys()
