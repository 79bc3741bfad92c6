"""Each unit's service is stopped in turn: the others go on, and Today says whose data are old and since when."""

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import OpenPage
from tests.e2e.held import HeldHouse
from tests.house import wait_until

UNITS = {
    "library": "Bibliotek",
    "health_station": "Helsestasjon",
    "senior_centre": "Seniorsenter",
    "service_desk": "Innbyggerservice",
    "volunteer_central": "Frivilligsentral",
}
LATER = dt.timedelta(minutes=2)


@contextmanager
def without(house: HeldHouse, unit: str) -> Iterator[None]:
    """`unit` is stopped, and two minutes go by for everybody else."""
    house.stop(unit)
    try:
        set_clock(house, house.now + LATER)
        wait_until(lambda: silent(house) == {unit}, f"the others are not heard, or {unit} is: {silent(house)}")
        yield
    finally:
        house.start(unit)
        house.wait_ready(unit)
        set_clock(house, house.now)
        wait_until(lambda: not silent(house), "it is not heard again")


def set_clock(house: HeldHouse, at: dt.datetime) -> None:
    """503 is said when one of the services is away; the others have the time."""
    with house.caller() as caller:
        assert caller.put("/test/clock", json={"now": at.isoformat()}).status_code in (200, 503)


def silent(house: HeldHouse) -> set[str]:
    sources = house.get(f"/api/aggregator/squares/{house.square('Heggedal')}/day")["sources"]
    return {source["source"] for source in sources if source["silent"]}


def titles(page: Page) -> list[str]:
    return page.locator("ul.items > *").all_inner_texts()


@pytest.mark.parametrize("unit", UNITS)
def test_unit_stopped_is_named_on_today_and_the_others_go_on(house: HeldHouse, open_page: OpenPage, unit: str) -> None:
    page = open_page("/")
    before = titles(page)
    assert before
    with without(house, unit):
        page.reload()
        expect(page.get_by_text(f"Ikke helt ferske data: {UNITS[unit]}: data fra 10:30")).to_be_visible()
        expect(page.locator(".loading")).to_have_count(0)
        assert titles(page) == before  # what was known of the unit is still shown
        day = {"from": house.now.isoformat(), "to": (house.now + dt.timedelta(days=1)).isoformat()}
        with house.caller() as caller:
            for other in UNITS:
                asked = {"square_id": house.square("Heggedal"), **day}
                answer = caller.get(f"/api/{other}/occurrences", params=asked)
                assert answer.status_code == (503 if other == unit else 200), f"{other}: {answer.text}"
        expect(page.get_by_text("Direkte", exact=True)).to_be_visible()
    page.reload()
    expect(page.get_by_text("Ikke helt ferske data:")).to_have_count(0)
