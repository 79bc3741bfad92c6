"""Booking a room as people do: by form, by keyboard, against somebody else, and seen at once by others."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.conftest import OpenPage
from tests.e2e.held import HeldHouse

ROOM = "Møterom 1"


@pytest.fixture(autouse=True)
def swept(house: HeldHouse) -> Iterator[None]:
    """What these tests book is gone again afterwards, also when one of them fails."""
    yield
    with house.caller() as caller:
        day = {"from": f"{house.today}T00:00", "to": f"{house.today}T23:59", "square_id": house.square("Heggedal")}
        found = caller.get("/api/facility/bookings", params=day).json()["bookings"]
        for booking in found:
            if (booking.get("title") or "").startswith("Prøve") and booking["state"] in ("confirmed", "held"):
                version = {"If-Match": f'"{booking["version"]}"'}
                caller.post(f"/api/facility/bookings/{booking['id']}/cancel", json={}, headers=version)


def fill_form(page: Page, title: str, start: str, end: str, room: str = ROOM) -> Locator:
    page.get_by_role("button", name="Ny reservasjon").click()
    form = page.get_by_role("dialog")
    form.get_by_label("Tittel").fill(title)
    form.get_by_role("checkbox", name=re.compile(f"^{room} ")).check()
    form.get_by_label("Fra", exact=True).fill(start)
    form.get_by_label("Til", exact=True).fill(end)
    form.get_by_label("Til", exact=True).press("Tab")
    return form


def block(page: Page, times: str, title: str) -> Locator:
    start = times.split("–")[0]
    return page.get_by_role("button", name=f"{start} {title}, {times}, {ROOM}, bekreftet")


def test_booking_made_in_one_browser_appears_in_those_of_two_other_roles(open_page: OpenPage) -> None:
    mine, *others = (open_page("/day", username=name) for name in ("senior", "bibliotek", "skranke"))
    for page in others:
        expect(page.get_by_text("Direkte", exact=True)).to_be_visible()
    form = fill_form(mine, "Prøve direkte", "15:00", "16:00")
    form.get_by_role("button", name="Reserver", exact=True).click()
    told = mine.get_by_role("region", name="Meldinger")
    expect(told.get_by_text("Reservert: Prøve direkte, 15:00–16:00")).to_be_visible()
    for page in (mine, *others):
        expect(block(page, "15:00–16:00", "Prøve direkte")).to_be_visible()


def test_booking_is_undone_from_the_message_that_tells_of_it(open_page: OpenPage) -> None:
    page = open_page("/day")
    form = fill_form(page, "Prøve angre", "15:00", "16:00")
    form.get_by_role("button", name="Reserver", exact=True).click()
    expect(block(page, "15:00–16:00", "Prøve angre")).to_be_visible()
    page.get_by_role("button", name="Angre", exact=True).click()
    expect(block(page, "15:00–16:00", "Prøve angre")).to_have_count(0)


def test_booking_is_moved_by_keyboard_and_others_see_it(open_page: OpenPage) -> None:
    mine, theirs = open_page("/day"), open_page("/day", username="skranke")
    expect(theirs.get_by_text("Direkte", exact=True)).to_be_visible()
    form = fill_form(mine, "Prøve flytting", "15:00", "16:00")
    form.get_by_role("button", name="Reserver", exact=True).click()
    block(mine, "15:00–16:00", "Prøve flytting").focus()
    mine.keyboard.press("m")
    for _ in range(4):
        mine.keyboard.press("ArrowRight")
    expect(mine.get_by_text("16:00–17:00, ledig", exact=False).first).to_be_attached()
    mine.keyboard.press("Enter")
    expect(block(mine, "16:00–17:00", "Prøve flytting")).to_be_visible()
    expect(block(theirs, "16:00–17:00", "Prøve flytting")).to_be_visible()


def test_booking_of_a_taken_room_says_what_is_in_the_way_and_what_is_free(open_page: OpenPage) -> None:
    page = open_page("/day")
    form = fill_form(page, "Prøve først", "15:00", "16:00")
    form.get_by_role("button", name="Reserver", exact=True).click()
    expect(block(page, "15:00–16:00", "Prøve først")).to_be_visible()
    form = fill_form(page, "Prøve sist", "15:30", "16:30")
    form.get_by_role("button", name="Reserver", exact=True).click()
    refusal = form.get_by_role("alert")
    expect(refusal).to_contain_text("Prøve først")
    refusal.get_by_role("button").first.click()
    expect(page.get_by_text("Reservert: Prøve sist", exact=False).first).to_be_visible()


def test_booking_typed_while_the_service_is_away_is_kept(house: HeldHouse, open_page: OpenPage) -> None:
    page = open_page("/day")
    page.route("**/api/facility/bookings/*", lambda route: route.abort())
    form = fill_form(page, "Prøve brudd", "15:00", "16:00")
    form.get_by_role("button", name="Reserver", exact=True).click()
    expect(form.get_by_role("alert")).to_contain_text("tatt vare på")
    page.unroute("**/api/facility/bookings/*")
    page.reload()
    page.get_by_role("button", name="Ny reservasjon").click()
    expect(page.get_by_role("dialog").get_by_label("Tittel")).to_have_value("Prøve brudd")


def test_booking_is_not_offered_to_a_reader_of_statistics(open_page: OpenPage) -> None:
    page = open_page("/day", username="statistikk")
    expect(page.get_by_role("button", name="Ny reservasjon")).to_have_count(0)


def test_health_station_shows_as_taken_and_nothing_else(open_page: OpenPage) -> None:
    page = open_page("/day", username="skranke")
    taken = page.get_by_role("button", name=re.compile("Opptatt, .*Helse"))
    expect(taken.first).to_be_visible()
    assert "vaccination" not in page.content()


def test_head_count_is_entered_on_a_phone(house: HeldHouse, open_page: OpenPage) -> None:
    count = uncounted(house)
    page = open_page("/", username="bibliotek", viewport={"width": 390, "height": 844})
    if count is None:
        pytest.skip("nothing of the library's has begun today")
    field = page.get_by_label(f"Antall deltakere på {count['title_nb']}")
    field.fill("12")
    field.press("Enter")
    expect(page.get_by_text("12 deltakere").first).to_be_visible()


def uncounted(house: HeldHouse) -> Any:
    begun = {
        "from": f"{house.today}T00:00:00+01:00",
        "to": house.now.isoformat(),
        "square_id": house.square("Heggedal"),
    }
    found = house.get("/api/library/occurrences", **begun)["occurrences"]
    return next((one for one in found if not one.get("attendance")), None)
