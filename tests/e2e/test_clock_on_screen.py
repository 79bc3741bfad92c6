"""The screens show the time of the house, also where it is not that of the browser."""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import OpenPage
from tests.e2e.held import HeldHouse


@pytest.fixture
def sunday(house: HeldHouse) -> Iterator[datetime]:
    """The clock stands on another day than all other tests have, and again on theirs afterwards."""
    at = (house.now + timedelta(days=2)).replace(hour=8, minute=20)
    house.hold_clock(at)
    yield at
    house.hold_clock()


def test_today_is_the_day_of_the_house_and_goes_with_its_clock(
    house: HeldHouse, sunday: datetime, open_page: OpenPage
) -> None:
    page = open_page("/", own_time=True)
    when = page.get_by_text(re.compile(rf"^søndag {sunday.day}\. .* {sunday.year}, kl\. "))
    expect(when).to_contain_text("08:20")
    expect(page.get_by_text("Klokken er stilt til")).to_contain_text("08:20")
    house.hold_clock(sunday + timedelta(minutes=25))
    expect(when).to_contain_text("08:45")
    house.hold_clock(sunday + timedelta(days=1))
    expect(page.get_by_text(re.compile(r"^mandag .*, kl\. 08:20"))).to_be_visible()


def test_time_that_is_real_again_is_the_browsers_own(house: HeldHouse, sunday: datetime, open_page: OpenPage) -> None:
    page = open_page("/day", own_time=True)
    expect(page.get_by_text("Klokken er stilt til")).to_be_visible()
    with house.caller() as caller:
        assert caller.put("/test/clock", json={"now": None, "run_due": False}).status_code == 200
    expect(page.get_by_text("Klokken er stilt til")).to_have_count(0)
