"""A unit editor at work: an activity with dates, their rooms, and the head count afterwards."""

import uuid
from collections.abc import Iterator
from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.axe import violations
from tests.e2e.conftest import OpenPage
from tests.e2e.held import HeldHouse

ROOM = "Møterom 2"


@pytest.fixture
def title(house: HeldHouse) -> Iterator[str]:
    """Of an activity of the test's own, gone afterwards with its dates."""
    made = f"Prøvekurs {uuid.uuid4().hex[:6]}"
    yield made
    with house.caller() as caller:
        square = house.square("Heggedal")
        window = {
            "square_id": square,
            "from": f"{house.today}T00:00:00Z",
            "to": f"{house.now.year + 1}-03-01T00:00:00Z",
        }
        for unit in ("library", "senior_centre"):
            for one in caller.get(f"/api/{unit}/occurrences", params=window).json()["occurrences"]:
                if one["title_nb"] == made and one["state"] != "cancelled":
                    version = {"If-Match": f'"{one["version"]}"'}
                    caller.post(f"/api/{unit}/occurrences/{one['occurrence_id']}/cancel", json={}, headers=version)
            for activity in caller.get(f"/api/{unit}/activities", params={"square_id": square}).json()["activities"]:
                if activity["title_nb"] == made and not activity["withdrawn"]:
                    version = {"If-Match": f'"{activity["version"]}"'}
                    caller.post(f"/api/{unit}/activities/{activity['activity_id']}/withdraw", json={}, headers=version)


@pytest.fixture
def must_be_requested(house: HeldHouse) -> Iterator[None]:
    """By all who do not decide about it, and for an hour at most."""
    path = f"/api/facility/spaces/{house.room(ROOM)}/policy"
    with house.caller() as caller:
        rules = {"otherwise": "request", "max_minutes": 60}
        seen = {"If-Match": f'"{caller.get(path).json()["version"]}"'}
        made = caller.put(path, json=rules, headers=seen).raise_for_status().json()
        yield
        caller.delete(path, headers={"If-Match": f'"{made["version"]}"'}).raise_for_status()


def make_activity(page: Page, title: str) -> None:
    page.get_by_role("button", name="Ny aktivitet").click()
    form = page.get_by_role("dialog", name="Ny aktivitet")
    form.get_by_label("Tittel på bokmål").fill(title)
    form.get_by_label("Slags").select_option(label="kurs")
    form.get_by_role("checkbox", name="læring").check()
    form.get_by_role("button", name="Lagre").click()
    expect(form).to_be_hidden()
    expect(page.get_by_text(title, exact=True)).to_be_visible()


def test_editor_plans_a_weekly_course_and_everybody_sees_it(open_page: OpenPage, title: str) -> None:
    page = open_page("/unit", username="bibliotek")
    make_activity(page, title)
    page.get_by_role("button", name=f"Ny dato for {title}").click()
    form = page.get_by_role("dialog", name="Ny dato")
    form.get_by_label("Fra", exact=True).fill("16:00")
    form.get_by_label("Til", exact=True).fill("17:00")
    form.get_by_label("Gjenta").select_option(label="hver uke")
    form.get_by_label("Gjenta").press("Tab")
    form.get_by_role("checkbox", name=f"{ROOM} ").check()
    form.get_by_role("button", name="Planlegg").click()
    expect(form).to_be_hidden()
    expect(page.get_by_text("8 datoer er planlagt.").first).to_be_visible()
    day = open_page("/day", username="skranke")
    day.get_by_role("link", name="Neste dag").click()
    expect(day.get_by_role("button", name=f"16:00 {title}, 16:00–17:00, {ROOM}, planlagt")).to_be_visible()


def test_refused_dates_get_one_other_room_and_one_and_all_that_follow_are_cancelled(
    house: HeldHouse, open_page: OpenPage, title: str
) -> None:
    first, weeks = house.now.date() + timedelta(days=3), 4
    taken = [first + timedelta(weeks=week) for week in (0, 2)]
    blocked = [str(uuid.uuid4()) for _ in taken]
    with house.caller() as caller:
        for made, day in zip(blocked, taken, strict=True):
            body = {"space_ids": [house.room(ROOM)], "starts_at": f"{day}T16:00", "ends_at": f"{day}T17:00"}
            caller.put(f"/api/facility/bookings/{made}", json=body).raise_for_status()
    page = open_page("/unit", username="bibliotek")
    make_activity(page, title)
    page.get_by_role("button", name=f"Ny dato for {title}").click()
    form = page.get_by_role("dialog", name="Ny dato")
    form.get_by_label("Dato", exact=True).fill(first.isoformat())
    form.get_by_label("Fra", exact=True).fill("16:00")
    form.get_by_label("Til", exact=True).fill("17:00")
    form.get_by_label("Gjenta").select_option(label="hver uke")
    form.get_by_label("Til og med").fill((first + timedelta(weeks=weeks - 1)).isoformat())
    form.get_by_label("Antall personer").fill("5")
    form.get_by_role("checkbox", name=f"{ROOM} ").check()
    form.get_by_role("button", name="Planlegg").click()
    form.get_by_role("button", name=f"Finn ett annet rom til {title} (2)").click()
    assert violations(page) == []
    form.get_by_role("list", name=f"Andre rom til {title}").get_by_role("button").first.click()
    expect(form).to_be_hidden()
    row = page.get_by_role("listitem").filter(has=page.get_by_text(title, exact=True)).last
    row.get_by_text("4 kommende", exact=False).click()
    expect(row.get_by_text(f"16:00–17:00 · {ROOM} · planlagt")).to_have_count(2)
    expect(row.get_by_text("planlagt")).to_have_count(weeks)
    row.get_by_role("button", name="og de neste").nth(1).press("Enter")
    assert violations(page) == []
    row.get_by_role("button", name="Avlys de valgte (2)").click()
    row.get_by_role("button", name="Ja, avlys").press("Enter")
    expect(page.get_by_text(f"Avlyst: {title} (2)").first).to_be_visible()
    expect(row.get_by_role("list")).to_be_focused()
    expect(row.get_by_text("planlagt")).to_have_count(2)
    with house.caller() as caller:
        for made in blocked:
            caller.post(f"/api/facility/bookings/{made}/cancel", json={}, headers={"If-Match": '"1"'})


def test_editor_requests_a_room_that_is_not_hers_and_the_yes_plans_the_date(
    house: HeldHouse, open_page: OpenPage, title: str, must_be_requested: None
) -> None:
    page = open_page("/unit", username="senior")
    make_activity(page, title)
    page.get_by_role("button", name=f"Ny dato for {title}").click()
    form = page.get_by_role("dialog", name="Ny dato")
    form.get_by_label("Fra", exact=True).fill("16:00")
    form.get_by_label("Til", exact=True).fill("18:00")
    form.get_by_label("Til", exact=True).press("Tab")
    form.get_by_role("checkbox", name=f"{ROOM} ").check()
    form.get_by_role("button", name="Planlegg").click()
    expect(form.get_by_role("alert")).to_contain_text("Rommet må du be om.")
    expect(form.get_by_label("Hvorfor det trengs et unntak", exact=False)).to_be_visible()
    assert violations(page) == []
    form.get_by_role("button", name="Send forespørsel").click()
    expect(form).to_be_hidden()
    expect(page.get_by_text("venter på ja til rommet").first).to_be_visible()
    inbox = open_page("/inbox")
    inbox.get_by_role("button", name=f"Godkjenn {title}").click()
    expect(inbox.get_by_text(f"Godkjent: {title}").first).to_be_visible()
    expect(page.get_by_text("venter på ja til rommet")).to_have_count(0)
    page.get_by_text("1 kommende", exact=False).last.click()
    expect(page.get_by_role("listitem").filter(has_text="16:00–18:00").filter(has_text="planlagt").last).to_be_visible()


@pytest.fixture
def piano(house: HeldHouse) -> Iterator[str]:
    """The name of one, of the test's own."""
    made, name = str(uuid.uuid4()), f"Prøvepiano {uuid.uuid4().hex[:6]}"
    path = f"/api/facility/equipment/{made}"
    with house.caller() as caller:
        body = {"square_id": house.square("Heggedal"), "kind": "piano", "name": name}
        caller.put(path, json=body).raise_for_status()
    yield name
    with house.caller() as caller:
        caller.delete(path, headers={"If-Match": '"1"'}).raise_for_status()


def test_editor_brings_a_piano_along_and_sees_it_when_the_date_is_opened(
    house: HeldHouse, open_page: OpenPage, piano: str, title: str
) -> None:
    page = open_page("/unit", username="bibliotek")
    make_activity(page, title)
    page.get_by_role("button", name=f"Ny dato for {title}").click()
    form = page.get_by_role("dialog", name="Ny dato")
    form.get_by_label("Dato", exact=True).fill(house.today)
    form.get_by_label("Fra", exact=True).fill("18:00")
    form.get_by_label("Til", exact=True).fill("19:00")
    form.get_by_label("Til", exact=True).press("Tab")
    form.get_by_role("checkbox", name=f"{ROOM} ").check()
    form.get_by_role("checkbox", name=f"{piano} – ledig").press("Space")
    assert violations(page) == []
    form.get_by_role("button", name="Planlegg").click()
    expect(form).to_be_hidden()
    day = open_page("/day", username="bibliotek")
    day.get_by_role("button", name=f"18:00 {title}, 18:00–19:00, {ROOM}, planlagt").click()
    choice = day.get_by_role("dialog").get_by_role("checkbox", name=f"{piano} – ledig")
    expect(choice).to_be_checked()
    choice.press("Space")
    day.get_by_role("button", name="Flytt eller endre tid").click()
    expect(day.get_by_role("dialog")).to_be_hidden()
    day.get_by_role("button", name=f"18:00 {title}, 18:00–19:00, {ROOM}, planlagt").click()
    expect(day.get_by_role("dialog").get_by_role("checkbox", name=f"{piano} – ledig")).not_to_be_checked()


def test_workplace_on_a_phone_has_no_violations_and_no_sideways_scrolling(open_page: OpenPage) -> None:
    page = open_page("/unit", username="bibliotek", viewport={"width": 390, "height": 844})
    expect(page.get_by_role("heading", name="Program")).to_be_visible()
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")


def test_workplace_of_a_front_line_worker_shows_and_does_not_edit(open_page: OpenPage) -> None:
    page = open_page("/unit", username="skranke")
    expect(page.get_by_role("heading", name="Program")).to_be_visible()
    expect(page.get_by_role("button", name="Ny aktivitet")).to_have_count(0)


@pytest.mark.parametrize(
    ("kind", "heading"),
    [
        ("senior_centre", "Servering"),
        ("service_desk", "Henvendelser"),
        ("volunteer_central", "Vakter"),
        ("health_station", "Timer"),
    ],
)
@pytest.mark.parametrize("width", [390, 1280])
def test_workplace_of_every_unit_shows_what_is_its_own_without_violations(
    house: HeldHouse, open_page: OpenPage, kind: str, heading: str, width: int
) -> None:
    found = house.get(f"/api/aggregator/squares/{house.square('Heggedal')}/resources")["units"]
    unit = next(one["unit_id"] for one in found if one["kind"] == kind)
    page = open_page(f"/unit?unit={unit}", viewport={"width": width, "height": 900})
    expect(page.get_by_role("heading", name=heading, exact=True)).to_be_visible()
    page.wait_for_load_state("networkidle")
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")


def test_appointments_are_closed_to_the_house_manager(house: HeldHouse, open_page: OpenPage) -> None:
    found = house.get(f"/api/aggregator/squares/{house.square('Heggedal')}/resources")["units"]
    unit = next(one["unit_id"] for one in found if one["kind"] == "health_station")
    page = open_page(f"/unit?unit={unit}")
    expect(page.get_by_text("Timene er bare for helsestasjonens egne.", exact=False)).to_be_visible()


def test_enquiry_is_counted_in_one_tap_and_taken_back(house: HeldHouse, open_page: OpenPage) -> None:
    found = house.get(f"/api/aggregator/squares/{house.square('Heggedal')}/resources")["units"]
    unit = next(one["unit_id"] for one in found if one["kind"] == "service_desk")
    page = open_page(f"/unit?unit={unit}", username="skranke")
    button = page.get_by_role("button", name="Hittegods")
    before = int(button.inner_text().split()[-1])
    button.click()
    expect(page.get_by_role("button", name=f"Hittegods {before + 1}")).to_be_visible()
    page.get_by_role("button", name="Angre", exact=True).click()
    expect(page.get_by_role("button", name=f"Hittegods {before}", exact=True)).to_be_visible()
