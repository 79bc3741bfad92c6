"""What the screens say of the house's people: shifts that lack some, desks, and who is here."""

import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import OpenPage
from tests.e2e.held import HeldHouse


@pytest.fixture
def shift(house: HeldHouse) -> Iterator[dict[str, Any]]:
    """One this evening that nobody has taken, gone afterwards."""
    square = house.square("Heggedal")
    units = house.get(f"/api/aggregator/squares/{square}/resources")["units"]
    unit = next(one["unit_id"] for one in units if one["kind"] == "volunteer_central")
    body = {"square_id": square, "unit_id": unit, "role": "walk_leader", "needed": 2}
    begin, end = (house.now.replace(hour=hour, minute=0, second=0, microsecond=0) for hour in (21, 22))
    body |= {"starts_at": begin.isoformat(), "ends_at": end.isoformat()}
    path = f"/api/volunteer_central/shifts/{uuid.uuid4()}"
    with house.caller() as caller:
        made = caller.put(path, json=body)
        assert made.status_code == 201, made.text
        yield made.json()
        version = caller.get(path).json()["version"]
        caller.post(f"{path}/cancel", json={}, headers={"If-Match": f'"{version}"'})


def test_today_names_the_shift_that_lacks_people_and_who_is_here(open_page: OpenPage, shift: dict[str, Any]) -> None:
    page = open_page("/", username="skranke")
    lacking = page.get_by_role("status").filter(has_text="Vakter som mangler folk")
    expect(lacking.get_by_text("21:00–22:00 Vakt: turleder, 0 av 2 ⚠ mangler 2")).to_be_visible()

    here = page.get_by_role("complementary", name="Hvem er her")
    for unit in ("Bibliotek", "Helsestasjon", "Seniorsenter", "Innbyggerservice", "Frivilligsentral"):
        expect(here.get_by_role("listitem").filter(has_text=unit).first).to_contain_text("data fra")
    expect(here.get_by_text("21:00–22:00 Vakt: turleder, 0 av 2 ⚠ mangler 2")).to_be_visible()


def test_day_has_a_row_of_staffing_and_says_the_same_in_its_list(open_page: OpenPage, shift: dict[str, Any]) -> None:
    page = open_page("/day?view=timeline", username="skranke")
    expect(page.get_by_role("heading", name="Bemanning")).to_be_visible()
    expect(page.locator(f"[data-item='{shift['shift_id']}']")).to_contain_text("Vakt: turleder 0 av 2 ⚠ mangler 2")
    page.get_by_role("link", name="Vis som liste").click()
    expect(page.get_by_role("rowheader", name="Vakt: turleder 0 av 2 ⚠ mangler 2")).to_be_visible()


def test_busy_room_of_the_health_station_is_taken_and_nothing_else(house: HeldHouse, open_page: OpenPage) -> None:
    square = house.square("Heggedal")
    day = house.get(f"/api/aggregator/squares/{square}/day", date=house.today)["days"][0]
    busy = [item for item in day["items"] if item["kind"] == "busy"]
    if not busy:
        pytest.skip("the health station has no appointments on this date")
    page = open_page("/day?view=timeline", username="skranke")
    block = page.locator(f"[data-item='{busy[0]['id']}']")
    expect(block).to_contain_text("Opptatt")
    block.click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("heading", name="Opptatt")).to_be_visible()
    expect(dialog.get_by_role("button", name="Flytt eller endre tid")).to_have_count(0)
