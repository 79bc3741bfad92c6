"""Equipment that is carried about: its register, and bringing it along when a room is booked."""

import re
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.conftest import OpenPage
from tests.e2e.held import HeldHouse
from tests.e2e.test_screens import Scheme, faults_in_all_sizes

ROOM, OTHER = "Møterom 1", "Møterom 2"


@pytest.fixture
def thing(house: HeldHouse) -> Iterator[str]:
    """The name of one thing of the test's own; its bookings and itself are gone again afterwards."""
    made, name = str(uuid.uuid4()), f"Prøvepiano {uuid.uuid4().hex[:6]}"
    square = house.square("Heggedal")
    with house.caller() as caller:
        body = {"square_id": square, "kind": "piano", "name": name}
        caller.put(f"/api/facility/equipment/{made}", json=body).raise_for_status()
    yield name
    with house.caller() as caller:
        day = {"from": f"{house.today}T00:00", "to": f"{house.today}T23:59", "square_id": square}
        for booking in caller.get("/api/facility/bookings", params=day).json()["bookings"]:
            if (booking.get("title") or "").startswith("Prøve") and booking["state"] == "confirmed":
                version = {"If-Match": f'"{booking["version"]}"'}
                caller.post(f"/api/facility/bookings/{booking['id']}/cancel", json={}, headers=version)
        for one in caller.get("/api/facility/equipment", params={"square_id": square}).json()["equipment"]:
            if one["name"].startswith("Prøve"):
                version = {"If-Match": f'"{one["version"]}"'}
                caller.delete(f"/api/facility/equipment/{one['id']}", headers=version).raise_for_status()


def fill_form(page: Page, title: str, room: str) -> Locator:
    page.get_by_role("button", name="Ny reservasjon").click()
    form = page.get_by_role("dialog")
    form.get_by_label("Tittel").fill(title)
    form.get_by_role("checkbox", name=re.compile(f"^{room} ")).check()
    form.get_by_label("Fra", exact=True).fill("15:00")
    form.get_by_label("Til", exact=True).fill("16:00")
    form.get_by_label("Til", exact=True).press("Tab")
    return form


def booked(house: HeldHouse, title: str) -> dict[str, Any]:
    day = {"from": f"{house.today}T00:00", "to": f"{house.today}T23:59", "square_id": house.square("Heggedal")}
    found = house.get("/api/facility/bookings", **day)["bookings"]
    return next(one for one in found if one.get("title") == title and one["state"] == "confirmed")


def book_with(page: Page, thing: str, title: str, room: str) -> None:
    form = fill_form(page, title, room)
    choice = form.get_by_role("checkbox", name=thing)
    choice.focus()
    page.keyboard.press("Space")
    form.get_by_role("button", name="Reserver", exact=True).click()


def test_equipment_is_brought_along_by_keyboard(open_page: OpenPage, house: HeldHouse, thing: str) -> None:
    page = open_page("/day", username="skranke")
    form = fill_form(page, "Prøve med piano", ROOM)
    expect(form.get_by_role("checkbox", name=f"{thing} – ledig")).to_be_visible()
    form.get_by_role("checkbox", name=thing).focus()
    page.keyboard.press("Space")
    form.get_by_role("button", name="Reserver", exact=True).click()
    expect(page.get_by_text("Reservert: Prøve med piano", exact=False).first).to_be_visible()
    [brought] = booked(house, "Prøve med piano")["equipment"]
    assert brought["count"] == 1


def test_equipment_taken_at_the_time_is_told_before_and_by_the_answer(open_page: OpenPage, thing: str) -> None:
    page = open_page("/day", username="skranke")
    book_with(page, thing, "Prøve først", ROOM)
    expect(page.get_by_text("Reservert: Prøve først", exact=False).first).to_be_visible()
    form = fill_form(page, "Prøve sist", OTHER)
    expect(form.get_by_role("checkbox", name=f"{thing} – ⚠ opptatt da")).to_be_visible()
    form.get_by_role("checkbox", name=thing).check()
    form.get_by_role("button", name="Reserver", exact=True).click()
    expect(form.get_by_role("alert")).to_contain_text(f"«{thing}» er opptatt. Prøve først 15:00–16:00")


def test_booking_shows_what_it_has_and_leaves_it_behind_when_moved(
    open_page: OpenPage, house: HeldHouse, thing: str
) -> None:
    page = open_page("/day", username="skranke")
    book_with(page, thing, "Prøve flytting", ROOM)
    page.get_by_role("button", name=f"15:00 Prøve flytting, 15:00–16:00, {ROOM}, bekreftet").click()
    form = page.get_by_role("dialog")
    choice = form.get_by_role("checkbox", name=f"{thing} – ledig")
    expect(choice).to_be_checked()
    choice.uncheck()
    form.get_by_role("button", name="Flytt eller endre tid").click()
    expect(form).to_be_hidden()
    assert booked(house, "Prøve flytting")["equipment"] == []
    page.get_by_role("button", name="Angre", exact=True).last.click()
    expect(page.get_by_text("Angret.").first).to_be_visible()
    assert len(booked(house, "Prøve flytting")["equipment"]) == 1


def test_register_is_kept_by_the_house_manager(open_page: OpenPage, house: HeldHouse, thing: str) -> None:
    page = open_page("/house")
    name = f"Prøveprojektor {uuid.uuid4().hex[:6]}"
    page.get_by_role("button", name="Nytt utstyr").click()
    form = page.get_by_role("dialog", name="Nytt utstyr")
    form.get_by_label("Navn").fill(name)
    form.get_by_label("Antall").fill("2")
    form.get_by_role("combobox", name="Hører hjemme hos").select_option(label="Heggedal bibliotek")
    form.get_by_label("Minutter én vei til en annen enhet").fill("10")
    form.get_by_label("Minutter én vei til en annen enhet").press("Enter")
    expect(form).to_be_hidden()
    row = page.get_by_role("listitem").filter(has_text=name)
    expect(row).to_contain_text("projektor · 2 stk. · hjemme: Heggedal bibliotek · 10 min å bære")
    page.get_by_role("button", name=f"Endre {name}").click()
    page.get_by_role("dialog", name=name).get_by_label("Navn").fill(f"{name} ny")
    page.get_by_role("dialog", name=name).get_by_role("button", name="Lagre").click()
    expect(page.get_by_role("listitem").filter(has_text=f"{name} ny")).to_be_visible()
    page.get_by_role("button", name=f"Ta ut av bruk: {name} ny").click()
    expect(page.get_by_role("listitem").filter(has_text=name).filter(has_text="stk.")).to_have_count(0)
    page.get_by_role("button", name="Angre", exact=True).last.click()
    expect(page.get_by_role("listitem").filter(has_text=name).filter(has_text="stk.")).to_be_visible()


def test_thing_that_is_booked_ahead_is_not_taken_out_of_use(open_page: OpenPage, thing: str) -> None:
    page = open_page("/day")
    book_with(page, thing, "Prøve bruk", ROOM)
    expect(page.get_by_text("Reservert: Prøve bruk", exact=False).first).to_be_visible()
    page = open_page("/house")
    page.get_by_role("button", name=f"Ta ut av bruk: {thing}").click()
    expect(page.get_by_role("alert")).to_contain_text("Utstyret er booket fram i tid.")


def test_register_is_shown_to_the_front_line_and_not_edited(open_page: OpenPage, thing: str) -> None:
    page = open_page("/house", username="skranke")
    expect(page.get_by_text(thing)).to_be_visible()
    expect(page.get_by_role("button", name="Nytt utstyr")).to_have_count(0)


@pytest.mark.parametrize(("language", "scheme", "new", "booking"), [
    ("nb", "light", "Nytt utstyr", "Ny reservasjon"), ("en", "dark", "New equipment", "New booking"),
])  # fmt: skip
def test_forms_with_equipment_have_no_violations(
    open_page: OpenPage, thing: str, language: str, scheme: Scheme, new: str, booking: str
) -> None:
    page = open_page("/house", language=language)
    page.get_by_role("button", name=new).click()
    assert faults_in_all_sizes(page, scheme) == []
    page = open_page("/day", language=language)
    page.get_by_role("button", name=booking).click()
    page.get_by_role("dialog").get_by_role("checkbox", name=thing).check()
    assert faults_in_all_sizes(page, scheme) == []
