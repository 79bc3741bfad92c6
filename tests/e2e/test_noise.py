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
QUIET, LOUD, OTHER = "Stillerommet", "Aktivitetsrom A", "Møterom 1"


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
        rooms = {"space_id": [house.room(QUIET), house.room(LOUD), house.room(OTHER)]}
        for one in caller.get("/api/facility/bookings", params={**window, **rooms}).json()["bookings"]:
            ours = (one.get("title") or "").startswith("Prøve") and one["state"] in ("confirmed", "blocked")
            if ours and not one.get("owner_ref"):  # a date's goes with it
                end(f"/api/facility/bookings/{one['id']}", one, "cancel")
    house.hold_clock()  # what is due is run: they disturb nobody any more


def mondays(house: HeldHouse) -> list[date]:
    """From the week after the next on, without holidays among them; the house's clock stands on a Friday."""
    first = house.now.date() + timedelta(days=10)
    found = [first + timedelta(weeks=week) for week in range(WEEKS)]
    while any(one in days_off(one.year) for one in found):
        found = [one + timedelta(weeks=1) for one in found]
    return found


def put_series(house: HeldHouse, room: str, title: str, hour: int = 20, **more: object) -> None:
    """Monday evenings, whatever the opening hours."""
    occurrences = [
        {"id": str(uuid.uuid4()), "starts_at": f"{one}T{hour}:00", "ends_at": f"{one}T{hour + 1}:00"}
        for one in mondays(house)
    ]
    body = {"space_ids": [house.room(room)], "title": title, "override": True, "occurrences": occurrences, **more}
    with house.caller() as caller:
        caller.put(f"/api/facility/series/{uuid.uuid4()}", json=body).raise_for_status()


def test_weekly_dates_that_are_heard_next_door_are_told_once_with_their_dates(
    open_page: OpenPage, house: HeldHouse, swept: None
) -> None:
    put_series(house, QUIET, "Prøve lesesirkel")
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
    expect(told).to_contain_text(f"Lyden fra {LOUD} blir litt for høy i {QUIET}, som er i bruk 20:00–21:00.")
    expect(told.get_by_text(f"man. 20:00–20:30 {WEEKS} datoer: {first.day}.")).to_be_visible()
    whole = told.get_by_role("paragraph").filter(has_text=f"{last.day}.")
    expect(whole).to_be_hidden()
    told.locator("summary").press("Enter")
    expect(whole).to_be_visible()
    assert violations(page) == []


def test_noise_between_two_series_is_accepted_for_the_dates_that_are_ticked_and_marked_in_the_day(
    open_page: OpenPage, house: HeldHouse, swept: None
) -> None:
    put_series(house, QUIET, "Prøve lesesirkel", quiet_need=5)
    put_series(house, LOUD, "Prøve trommer", state="blocked", noise_out=4)
    house.hold_clock()
    first = mondays(house)[0]
    page = open_page("/inbox")
    entry = page.get_by_role("listitem").filter(has_text="Prøve trommer").filter(has=page.get_by_label("Grunn"))
    expect(entry).to_have_count(1)
    expect(entry).to_contain_text(f"man. 20:00–21:00 {WEEKS} datoer: {first.day}.")
    entry.get_by_text("Velg datoer, eller finn et annet rom til én av dem").click()
    expect(entry.get_by_role("link", name="Annet rom til Prøve lesesirkel")).to_have_count(WEEKS)
    entry.get_by_role("checkbox").first.uncheck()
    assert violations(page) == []
    entry.get_by_label("Grunn").fill("Kurset slutter før treffet begynner for alvor")
    entry.get_by_role("button", name=f"Godta {WEEKS - 1} datoer").click()
    expect(page.get_by_text(f"Godtatt på {WEEKS - 1} datoer: lyden fra Prøve trommer").first).to_be_visible()
    found = house.get("/api/facility/noise-conflicts", square_id=house.square("Heggedal"))["conflicts"]
    states = {one["local_date"]: one["state"] for one in found if one["loud"].get("title") == "Prøve trommer"}
    assert states == {str(one): "open" if one == first else "accepted" for one in mondays(house)}
    page.get_by_role("link", name="Prøve lesesirkel", exact=True).click()
    told = page.get_by_role("dialog", name="Prøve lesesirkel")
    expect(told).to_contain_text(f"støy som må godtas: Lyden fra {LOUD} blir for høy i {QUIET}.")
    page.keyboard.press("Escape")
    marked = f"20:00 Prøve lesesirkel, støy som må godtas, 20:00–21:00, {QUIET}, bekreftet"
    expect(page.get_by_role("button", name=marked)).to_be_visible()
    assert violations(page) == []
    page.goto(f"{house.url}/day?date={mondays(house)[1]}&view=list")
    expect(page.get_by_role("row").filter(has_text="♪ støy, godtatt")).to_have_count(2)


def test_one_other_room_is_found_for_the_ticked_dates_and_they_are_moved_there_and_back(
    open_page: OpenPage, house: HeldHouse, swept: None
) -> None:
    put_series(house, QUIET, "Prøve lesesirkel", hour=18, expected_people=8, needs=[])
    put_series(house, LOUD, "Prøve trommer", hour=18, noise_out=3)
    house.hold_clock()
    page = open_page("/inbox", viewport={"width": 390, "height": 844})
    entry = page.get_by_role("listitem").filter(has_text="Prøve trommer").filter(has=page.get_by_role("group"))
    entry.get_by_text("Velg datoer, eller finn et annet rom til én av dem").click()
    entry.get_by_role("checkbox").first.uncheck()
    ticked = WEEKS - 1
    entry.get_by_role("button", name=f"Finn ett annet rom til Prøve lesesirkel ({ticked})").press("Enter")
    rooms = entry.get_by_role("list", name="Andre rom til Prøve lesesirkel")
    expect(rooms.get_by_role("listitem").filter(has_text=OTHER)).to_contain_text("kan bookes hver gang")
    assert violations(page) == []
    rooms.get_by_role("button", name=f"Flytt hit ({ticked}): Prøve lesesirkel til {OTHER}").press("Enter")
    expect(page.get_by_text(f"Flyttet til {OTHER}: Prøve lesesirkel ({ticked})").first).to_be_visible()
    assert rooms_of(house, "Prøve lesesirkel") == [QUIET, *[OTHER] * ticked]
    page.get_by_role("button", name="Angre").click()
    expect(page.get_by_text(f"{ticked} av {ticked} datoer er flyttet tilbake.").first).to_be_visible()
    assert rooms_of(house, "Prøve lesesirkel") == [QUIET] * WEEKS


def rooms_of(house: HeldHouse, title: str) -> list[str]:
    """In date order."""
    window = {"from": f"{house.today}T00:00", "to": f"{mondays(house)[-1]}T23:00"}
    names = {house.room(name): name for name in (QUIET, LOUD, OTHER)}
    found = house.get("/api/facility/bookings", space_id=list(names), **window)["bookings"]
    return [names[one["space_ids"][0]] for one in found if one["title"] == title and one["state"] == "confirmed"]
