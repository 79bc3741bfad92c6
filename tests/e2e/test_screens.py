"""Every screen in every dress: no accessibility violation, no sideways scrolling, nothing logged as an error."""

import os
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.axe import violations
from tests.e2e.conftest import OpenPage
from tests.e2e.held import HeldHouse

# Twice: what a frame asks for is there in the next.
DRAWN = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
# Tables that have to be scrolled sideways; that of all hours of the week may.
CUT = """() => [...document.querySelectorAll('.scroll:not(.tall)')]
    .filter((one) => one.scrollWidth > one.clientWidth).map((one) => one.textContent.trim().slice(0, 40))"""
PICTURES = Path(__file__).resolve().parents[2] / "docs/img"
SIZES = {"phone": (390, 844), "tablet": (820, 1180), "desk": (1440, 900)}
SCREENS = {
    "today": "/",
    "day": "/day?view=timeline",
    "list": "/day?view=list",
    "visitors": "/visitors",
    "unit": "/unit",
    "rooms": "/rooms",
    "closures": "/closures",
    "feeds": "/feeds",
    "season": "/season",
    "inbox": "/inbox",
    "house": "/house",
    "status": "/status",
}


Scheme = Literal["light", "dark"]


def faults(page: Page, scheme: Scheme) -> list[str]:
    page.emulate_media(color_scheme=scheme)
    found = [f"{page.locator('html').get_attribute('lang')} {scheme}: {fault}" for fault in violations(page)]
    wide, room = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    return found if wide <= room else [*found, f"the page is {wide} wide in a window of {room}"]


def faults_in_all_sizes(page: Page, scheme: Scheme) -> list[str]:
    """In one page, which has to follow when its window changes."""
    found = []
    for size, (width, height) in SIZES.items():
        page.set_viewport_size({"width": width, "height": height})
        page.evaluate(DRAWN)
        found += [f"{size}: {fault}" for fault in faults(page, scheme)]
        if size != "phone":
            found += [f"{size}: {cut} is cut" for cut in page.evaluate(CUT)]
    return found


def faults_in_every_dress(page: Page) -> list[str]:
    """Norwegian in light and English in dark: words know nothing of colours."""
    found = faults_in_all_sizes(page, "light")
    page.get_by_role("button", name="English", exact=True).click()
    expect(page.locator("html")).to_have_attribute("lang", "en")
    return found + faults_in_all_sizes(page, "dark")


@pytest.mark.parametrize("screen", SCREENS)
def test_screen_is_accessible_in_every_dress(open_page: OpenPage, screen: str) -> None:
    assert faults_in_every_dress(open_page(SCREENS[screen])) == []


def test_sign_in_screen_is_accessible_in_every_dress(open_page: OpenPage) -> None:
    page = open_page("/", username=None)
    expect(page.get_by_role("link", name="Logg inn")).to_be_visible()
    assert faults_in_every_dress(page) == []


@pytest.mark.parametrize(
    ("language", "name", "scheme"), [("nb", "Ny reservasjon", "light"), ("en", "New booking", "dark")]
)
def test_booking_form_is_accessible_in_every_dress(
    open_page: OpenPage, language: str, name: str, scheme: Scheme
) -> None:
    page = open_page("/day", language=language)
    page.get_by_role("button", name=name).click()
    expect(page.get_by_role("dialog")).to_be_visible()
    assert faults_in_all_sizes(page, scheme) == []


@pytest.mark.parametrize("screen", SCREENS)
def test_screen_survives_forced_colours_and_four_hundred_percent(open_page: OpenPage, screen: str) -> None:
    page = open_page(SCREENS[screen], forced_colors="active", viewport={"width": 320, "height": 512})
    assert faults(page, "light") == []


def test_choice_of_language_stays(open_page: OpenPage) -> None:
    page = open_page("/status")
    page.get_by_role("button", name="English").click()
    expect(page.get_by_role("link", name="Today")).to_be_visible()
    expect(page.locator("html")).to_have_attribute("lang", "en")


def test_status_screen_names_every_service(open_page: OpenPage) -> None:
    page = open_page("/status")
    for name in ("Rom og reservasjoner", "Dørtellere", "Felles oversikt", "Bibliotek", "Portal"):
        expect(page.get_by_role("rowheader", name=name).first).to_be_visible()


def test_visitors_screen_shows_figures_trend_and_heat_map(open_page: OpenPage) -> None:
    page = open_page("/visitors")
    expect(page.get_by_role("heading", name="Besøk over tid")).to_be_visible()
    expect(page.get_by_role("heading", name="Besøk etter ukedag og time")).to_be_visible()
    row = page.get_by_role("row").filter(has_text="talt").first
    expect(row).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("button", name="Last ned CSV").click()
    assert download.value.suggested_filename.endswith(".csv")


def test_pictures_of_the_readme(house: HeldHouse, open_page: OpenPage) -> None:
    """Written only when asked for (TORG_PICTURES=1): a picture differs a little on every machine."""
    for name, path in (("today", "/"), ("day", "/day?view=timeline"), ("visitors", "/visitors")):
        page = open_page(path, viewport={"width": 1280, "height": 860})
        expect(page.get_by_text("Direkte", exact=True)).to_be_visible()
        picture = page.screenshot()
        assert len(picture) > 20_000
        if os.environ.get("TORG_PICTURES"):
            PICTURES.mkdir(parents=True, exist_ok=True)
            (PICTURES / f"{name}.png").write_bytes(picture)
