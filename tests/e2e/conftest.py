"""The whole house in a browser: one instance for all tests of this folder, with the demo in it."""

from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.e2e.browser import chromium
from tests.e2e.held import HeldHouse, held_house

OpenPage = Callable[..., Page]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.e2e)


@pytest.fixture(scope="session")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HeldHouse]:
    with held_house(tmp_path_factory.mktemp("house") / "torg") as running:
        yield running


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    path = chromium()
    found = {"executable_path": path} if path else {}
    # Tests run as root in containers, where Chromium's own sandbox cannot.
    return {**browser_type_launch_args, **found, "args": ["--no-sandbox", "--disable-dev-shm-usage", "--lang=nb-NO"]}


@pytest.fixture(scope="session")
def browser_context_args(browser_context_args: dict[str, Any]) -> dict[str, Any]:
    return {
        **browser_context_args,
        "locale": "nb-NO",
        "timezone_id": "Europe/Oslo",
        "reduced_motion": "reduce",
        "viewport": {"width": 1280, "height": 900},
    }


@pytest.fixture(scope="session")
def sessions(house: HeldHouse, browser: Browser) -> Callable[[str], Any]:
    """The cookies of an account that has signed in through the provider, once for all tests."""

    @cache
    def of(username: str) -> Any:
        context = browser.new_context()
        page = context.new_page()
        page.goto(f"{house.url}/auth/login?next=/tilgjengelighet")
        page.get_by_role("button", name=username, exact=True).click()
        page.wait_for_url(f"{house.url}/**")
        state = context.storage_state()
        context.close()
        return state

    return of


@pytest.fixture
def open_page(
    house: HeldHouse,
    browser: Browser,
    browser_context_args: dict[str, Any],
    sessions: Callable[[str], Any],
) -> Iterator[OpenPage]:
    """A page of the web app in a browser of its own. What the page logs as an error fails the test."""
    contexts: list[BrowserContext] = []
    faults: list[str] = []

    def open_(
        path: str = "/",
        username: str | None = "hussjef",
        language: str = "nb",
        own_time: bool = False,
        **context_args: Any,
    ) -> Page:
        signed_in = {"storage_state": sessions(username)} if username else {}
        context = browser.new_context(**{**browser_context_args, **signed_in, **context_args})
        context.set_default_timeout(10_000)
        contexts.append(context)
        square = house.square("Heggedal")
        context.add_init_script(
            f"localStorage['torg-language'] = '{language}'; localStorage['torg-square'] = '{square}'"
        )
        page = context.new_page()
        if not own_time:
            page.clock.set_fixed_time(house.now)
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("console", lambda said: faults.append(said.text) if _is_fault(said) else None)
        page.goto(house.url + path)
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        expect(page.locator(".loading")).to_have_count(0)
        return page

    yield open_
    for context in contexts:
        context.close()
    assert faults == []


def _is_fault(said: Any) -> bool:
    """A refused request is logged by the browser itself and may be what a test is about."""
    return said.type == "error" and "Failed to load resource" not in said.text


@pytest.fixture(scope="session")
def today(house: HeldHouse) -> str:
    return house.today
