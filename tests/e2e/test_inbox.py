"""The inbox and the closures of a busy house: series, colleagues who were faster, and what lies far ahead."""

import re
import uuid
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.e2e.axe import violations
from tests.e2e.conftest import OpenPage
from tests.e2e.held import HeldHouse

WEEKS = 12
ROOMS = "Stillerommet", "Aktivitetsrom A"


@pytest.fixture
def swept(house: HeldHouse) -> Iterator[None]:
    """What was asked for and closed here is gone, also when the test fails."""
    yield
    square = house.square("Heggedal")
    window = {"square_id": square, "from": f"{house.today}T00:00", "to": f"{date(house, 390)}T00:00"}
    with house.caller() as caller:
        for closure in caller.get("/api/facility/closures", params=window).json()["closures"]:
            if closure["reason_code"] == "landlord" and closure["state"] == "in_force":
                caller.post(f"/api/facility/closures/{closure['id']}/lift").raise_for_status()
        rooms = {"space_id": [house.room(room) for room in (*ROOMS, "Verkstedet", "Storsalen")]}
        states = {"state": ["requested", "confirmed", "affected"]}
        for one in caller.get("/api/facility/bookings", params={**window, **rooms, **states}).json()["bookings"]:
            if (one.get("title") or "").startswith("Prøve"):
                order(house, "cancel", one)
        for one in caller.get("/api/facility/answers", params={"square_id": square}).json()["answers"]:
            if one["booking"]["title"].startswith("Prøve"):
                order(house, "see-answer", one["booking"])


def date(house: HeldHouse, days: int) -> str:
    return (house.now.date() + timedelta(days=days)).isoformat()


def order(house: HeldHouse, what: str, one: dict[str, Any]) -> None:
    with house.caller() as caller:
        headers = {"If-Match": f'"{one["version"]}"'}
        caller.post(f"/api/facility/bookings/{one['id']}/{what}", json={}, headers=headers).raise_for_status()


def put(house: HeldHouse, rooms: tuple[str, ...], day: str, title: str, **more: object) -> dict[str, Any]:
    body = {"space_ids": [house.room(room) for room in rooms], "title": title, "override": True, **more}
    body |= {"starts_at": f"{day}T20:00", "ends_at": f"{day}T21:00"}
    with house.caller() as caller:
        answer = caller.put(f"/api/facility/bookings/{uuid.uuid4()}", json=body)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


def ask_for_series(house: HeldHouse, title: str) -> list[dict[str, Any]]:
    days = [date(house, 10 + 7 * week) for week in range(WEEKS)]
    dates = [{"id": str(uuid.uuid4()), "starts_at": f"{day}T20:00", "ends_at": f"{day}T21:00"} for day in days]
    body = {"space_ids": [house.room(room) for room in ROOMS], "title": title, "override": True, "state": "requested"}
    with house.caller() as caller:
        path = f"/api/facility/series/{uuid.uuid4()}"
        caller.put(path, json={**body, "occurrences": dates}).raise_for_status()
    return dates


def states(house: HeldHouse, dates: list[dict[str, Any]]) -> list[str]:
    return [house.get(f"/api/facility/bookings/{one['id']}")["state"] for one in dates]


def test_series_is_one_request_decided_date_by_date_and_the_asker_is_told_why(
    open_page: OpenPage, house: HeldHouse, swept: None
) -> None:
    dates = ask_for_series(house, "Prøve kor")
    page = open_page("/inbox")
    page.route("**/api/portal/stream*", lambda route: route.abort())  # nobody tells it what others do
    page.reload()
    entry = page.get_by_role("listitem").filter(has_text="Prøve kor").filter(has_text="20:00–21:00").first
    expect(entry).to_contain_text(f"{WEEKS} datoer")
    put(house, ROOMS[:1], dates[1]["starts_at"][:10], "Prøve møte")
    order(house, "reject", house.get(f"/api/facility/bookings/{dates[2]['id']}"))
    entry.get_by_text("Velg datoer").click()
    expect(entry.get_by_role("checkbox")).to_have_count(WEEKS)
    entry.get_by_role("checkbox").first.uncheck()
    entry.get_by_role("button", name=f"Godkjenn {WEEKS - 1} datoer for Prøve kor").press("Enter")
    told = page.get_by_role("alert").filter(has_text=f"Prøve kor: {WEEKS - 3} av {WEEKS - 1} datoer er godkjent.")
    expect(told.get_by_role("listitem").filter(has_text="opptatt")).to_have_count(1)
    first = told.get_by_role("listitem").filter(has_text="Noen andre var først: nå avslått.")
    expect(first).to_have_count(1)
    assert states(house, dates) == ["requested"] * 2 + ["rejected"] + ["confirmed"] * (WEEKS - 3)
    assert violations(page) == []
    expect(told.get_by_role("button", name="Lukk")).to_be_focused()
    page.keyboard.press("Enter")
    expect(told).to_have_count(0)
    entry.get_by_role("button", name="Velg alle").press("Enter")
    entry.get_by_role("button", name="Skriv begrunnelse til Prøve kor").press("Enter")
    page.keyboard.type("Salen trengs til valget")
    entry.get_by_label("Grunn ved avslag").select_option(label="rommet trengs")
    entry.get_by_role("button", name="Avslå 2 datoer for Prøve kor").press("Enter")
    expect(entry.get_by_text("Avslå 2 datoer for Prøve kor? Det kan ikke angres.")).to_be_visible()
    assert states(house, dates[:2]) == ["requested"] * 2
    expect(entry.get_by_role("button", name="Ja, avslå 2 datoer")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_text("Avslått: Prøve kor, 2 datoer").first).to_be_visible()
    assert states(house, dates[:2]) == ["rejected"] * 2
    answers = page.get_by_role("region", name="Avslag på forespørsler").get_by_role("listitem")
    why = answers.filter(has_text="Prøve kor").filter(has_text="Begrunnelse: rommet trengs – Salen trengs til valget")
    expect(why).to_contain_text("2 datoer")
    assert violations(page) == []
    why.get_by_role("button", name="Greit, sett: 2 avslag på Prøve kor").press("Enter")
    expect(why).to_have_count(0)


def test_booking_displaced_far_ahead_is_in_the_inbox_and_moved_from_the_closures_with_its_setup_and_tidy_up(
    open_page: OpenPage, house: HeldHouse, swept: None
) -> None:
    moved = put(house, ("Verkstedet",), date(house, 250), "Prøve snekring", setup_minutes=15, teardown_minutes=30)
    closure = {"space_ids": [house.room("Verkstedet")], "starts_at": f"{date(house, 245)}T07:00", "ends_at": None}
    with house.caller() as caller:
        path = f"/api/facility/closures/{uuid.uuid4()}"
        caller.put(path, json={**closure, "reason_code": "landlord"}).raise_for_status()
    page = open_page("/inbox")
    expect(page.get_by_role("region", name="Rammet av stenging").get_by_text("Prøve snekring")).to_be_visible()
    page.get_by_role("link", name="Stenging og avvik").click()
    page.get_by_role("button", name=re.compile("^Vis forslag for Prøve snekring")).press("Enter")
    there = page.get_by_role("button", name=re.compile(r"^Flytt Prøve snekring .* 20:00–21:00$")).first
    expect(there).to_be_visible()
    assert violations(page) == []
    there.press("Enter")
    expect(page.get_by_text("Flyttet: Prøve snekring").first).to_be_visible()
    found = house.get(f"/api/facility/bookings/{moved['id']}")
    assert (found["state"], found["setup_minutes"], found["teardown_minutes"]) == ("confirmed", 15, 30)
