"""The whole house in a browser: one instance for all tests of this folder, with the demo in it."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

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


@pytest.fixture
def signed_in(house: HeldHouse, browser: Browser, browser_context_args: dict[str, Any]) -> Iterator[OpenPage]:
    """Opens a page in a browser of its own, signed in. A page that logs an error fails the test."""
    contexts: list[BrowserContext] = []
    faults: list[str] = []

    def open_page(path: str = "/", username: str = "hussjef", **context_args: Any) -> Page:
        context = browser.new_context(**{**browser_context_args, **context_args})
        contexts.append(context)
        page = context.new_page()
        page.clock.set_fixed_time(house.now)
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("console", lambda said: faults.append(said.text) if _is_fault(said) else None)
        page.goto(f"{house.url}/auth/login?next={path}")
        page.get_by_role("button", name=username, exact=True).click()
        page.wait_for_url(lambda url: url.startswith(house.url))
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert faults == []


def _is_fault(said: Any) -> bool:
    """A refused request is logged by the browser itself and may be what a test is about."""
    return said.type == "error" and "Failed to load resource" not in said.text


@pytest.fixture(scope="session")
def today(house: HeldHouse) -> str:
    return house.today
