"""Series that are heard next door: what is told of them, once for all their dates."""

import uuid
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest
from playwright.sync_api import expect

from deploy.local.demo.house import days_off
from tests.e2e.axe import violations
from tests.e2e.conftest import OpenPage
from tests.e2e.held import HeldHouse

WEEKS = 7
QUIET, LOUD = "Stillerommet", "Aktivitetsrom A"


@pytest.fixture
def swept(house: HeldHouse) -> Iterator[None]:
    """What was booked and planned here is cancelled, also when the test fails."""
    yield
    square, last = house.square("Heggedal"), mondays(house)[-1]
    window = {"square_id": square, "from": f"{house.today}T00:00:00Z", "to": f"{last}T23:00:00Z"}
    with house.caller() as caller:

        def end(path: str, one: dict[str, Any], verb: str) -> None:
            caller.post(f"{path}/{verb}", json={}, headers={"If-Match": f'"{one["version"]}"'}).raise_for_status()

        for one in caller.get("/api/library/occurrences", params=window).json()["occurrences"]:
            if one["title_nb"].startswith("Prøve") and one["state"] != "cancelled":
                end(f"/api/library/occurrences/{one['occurrence_id']}", one, "cancel")
        for one in caller.get("/api/library/activities", params={"square_id": square}).json()["activities"]:
            if one["title_nb"].startswith("Prøve") and not one["withdrawn"]:
                end(f"/api/library/activities/{one['activity_id']}", one, "withdraw")
        for one in caller.get("/api/facility/bookings", params=window).json()["bookings"]:
            if (one.get("title") or "").startswith("Prøve") and one["state"] in ("confirmed", "blocked"):
                end(f"/api/facility/bookings/{one['id']}", one, "cancel")


def mondays(house: HeldHouse) -> list[date]:
    """From the week after the next on, without holidays among them; the house's clock stands on a Friday."""
    first = house.now.date() + timedelta(days=10)
    found = [first + timedelta(weeks=week) for week in range(WEEKS)]
    while any(one in days_off(one.year) for one in found):
        found = [one + timedelta(weeks=1) for one in found]
    return found


def put_series(house: HeldHouse, room: str, title: str, **more: object) -> None:
    """Monday evenings, whatever the opening hours."""
    occurrences = [
        {"id": str(uuid.uuid4()), "starts_at": f"{one}T20:00", "ends_at": f"{one}T21:00"} for one in mondays(house)
    ]
    body = {"space_ids": [house.room(room)], "title": title, "override": True, "occurrences": occurrences, **more}
    with house.caller() as caller:
        caller.put(f"/api/facility/series/{uuid.uuid4()}", json=body).raise_for_status()


def test_weekly_dates_that_are_heard_next_door_are_told_once_with_their_dates(
    open_page: OpenPage, house: HeldHouse, swept: None
) -> None:
    put_series(house, QUIET, "Prøve treff")
    page = open_page("/unit", username="bibliotek")
    page.get_by_role("button", name="Ny aktivitet").click()
    made = page.get_by_role("dialog", name="Ny aktivitet")
    made.get_by_label("Tittel på bokmål").fill("Prøve allsang")
    made.get_by_role("checkbox", name="kultur").check()
    made.get_by_label("Støy ut (0–5)").select_option("3")
    made.get_by_role("button", name="Lagre").click()
    page.get_by_role("button", name="Ny dato for Prøve allsang").click()
    form = page.get_by_role("dialog", name="Ny dato")
    first, *_, last = mondays(house)
    form.get_by_label("Dato", exact=True).fill(first.isoformat())
    form.get_by_label("Fra", exact=True).fill("20:00")
    form.get_by_label("Til", exact=True).fill("20:30")
    form.get_by_label("Gjenta").select_option(label="hver uke")
    form.get_by_label("Til og med").fill(last.isoformat())
    form.get_by_role("checkbox", name=f"{LOUD} (").check()
    form.get_by_role("button", name="Planlegg").click()
    told = form.get_by_role("listitem")
    expect(told).to_have_count(1)
    expect(told).to_contain_text(f"Lyden fra {LOUD} blir litt for høy i {QUIET}.")
    expect(told.get_by_text(f"man. 20:00–20:30 {WEEKS} datoer: {first.day}.")).to_be_visible()
    whole = told.get_by_role("paragraph").filter(has_text=f"{last.day}.")
    expect(whole).to_be_hidden()
    told.locator("summary").press("Enter")
    expect(whole).to_be_visible()
    assert violations(page) == []
