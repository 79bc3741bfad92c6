"""What works without the web app: sign-in, statement, trouble."""

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.axe import violations
from tests.e2e.held import HeldHouse


def test_sign_in_through_the_demo_provider_leads_back(house: HeldHouse, page: Page) -> None:
    page.goto(f"{house.url}/auth/login?next=/tilgjengelighet")
    page.get_by_role("button", name="hussjef", exact=True).click()
    expect(page).to_have_url(f"{house.url}/tilgjengelighet")
    assert page.request.get(f"{house.url}/api/portal/session").json()["user"]["name"] == "Hussjef (demo)"


def test_sign_in_that_is_denied_says_so_and_offers_another_try(house: HeldHouse, page: Page) -> None:
    page.goto(f"{house.url}/auth/login")
    page.get_by_role("button", name="Deny").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Noe stoppet")
    expect(page.get_by_role("link", name="Logg inn på nytt")).to_be_visible()


@pytest.mark.parametrize(
    "path", ["/tilgjengelighet", "/accessibility?lang=en", "/demo", "/demo?lang=en", "/auth/callback"]
)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_page_has_no_accessibility_violations(house: HeldHouse, page: Page, path: str, scheme: str) -> None:
    page.emulate_media(color_scheme=scheme)
    page.goto(house.url + path)
    assert violations(page) == []
