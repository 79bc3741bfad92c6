"""Finding a room and closing one, as a house manager does it."""

import re
import uuid
from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from tests.e2e.axe import violations
from tests.e2e.conftest import OpenPage
from tests.e2e.held import HeldHouse


@pytest.fixture
def swept(house: HeldHouse) -> Iterator[None]:
    """Closures and outages are lifted, and what was booked here is cancelled, also when the test fails."""
    yield
    square = house.square("Heggedal")
    with house.caller() as caller:
        window = {"square_id": square, "from": f"{house.today}T00:00", "to": f"{house.now.year + 1}-06-01T00:00"}
        for closure in caller.get("/api/facility/closures", params=window).json()["closures"]:
            if closure["state"] == "in_force":
                caller.post(f"/api/facility/closures/{closure['id']}/lift")
        for outage in caller.get("/api/facility/outages", params=window).json()["outages"]:
            caller.post(f"/api/facility/outages/{outage['id']}/end")
        for booking in caller.get("/api/facility/bookings", params=window).json()["bookings"]:
            if (booking.get("title") or "").startswith("Prøve") and booking["state"] in ("confirmed", "blocked"):
                version = {"If-Match": f'"{booking["version"]}"'}
                caller.post(f"/api/facility/bookings/{booking['id']}/cancel", json={}, headers=version)


def test_room_with_a_hearing_loop_is_found_and_booked(open_page: OpenPage, swept: None) -> None:
    page = open_page("/rooms", username="skranke")
    page.get_by_label("Antall personer").fill("8")
    page.get_by_role("checkbox", name="teleslynge").check()
    page.get_by_label("Tittel").fill("Prøve søk")
    page.get_by_role("button", name="Søk").click()
    first = page.get_by_role("listitem").filter(has=page.get_by_role("heading", level=2)).first
    expect(first).to_be_visible()
    first.get_by_role("button").first.click()
    expect(page.get_by_role("region", name="Meldinger").get_by_text("Reservert:")).to_be_visible()


def test_no_time_that_has_passed_is_offered(open_page: OpenPage, house: HeldHouse) -> None:
    page = open_page("/rooms", username="skranke")
    page.get_by_role("button", name="Søk").click()
    offered = page.get_by_role("button", name=re.compile(rf"^Reserver .* {house.now.day}\. \S+ \d\d:\d\d–"))
    expect(offered.first).to_be_visible()
    starts = [name.split()[-1].split("–")[0] for name in offered.all_inner_texts()]
    assert min(starts) >= f"{house.now:%H:%M}"


def test_room_that_is_being_typed_is_not_read_over_when_the_house_changes(
    open_page: OpenPage, house: HeldHouse
) -> None:
    page = open_page(f"/house?room={house.room('Møterom 1')}", username="admin")
    expect(page.get_by_text("Direkte", exact=True)).to_be_visible()
    page.get_by_label("Etasje").fill("tredje")
    other = house.room("Foajé")
    try:
        rename(house, other, "Foajeen")
        expect(page.get_by_role("option", name="Foajeen").first).to_be_attached()
        expect(page.get_by_label("Etasje")).to_have_value("tredje")
    finally:
        rename(house, other, "Foajé")


def rename(house: HeldHouse, room: str, name: str) -> None:
    known = house.get(f"/api/facility/spaces/{room}")
    body = {key: known[key] for key in ("square_id", "unit_id", "capacity", "features", "floor", "position")}
    headers = {"If-Match": f'"{known["version"]}"'}
    with house.caller() as caller:
        path = f"/api/facility/spaces/{room}"
        caller.put(path, json={**body, "name": name}, headers=headers).raise_for_status()


def test_nothing_that_fits_says_so_and_why(open_page: OpenPage) -> None:
    page = open_page("/rooms")
    page.get_by_label("Antall personer").fill("5000")
    page.get_by_role("button", name="Søk").click()
    expect(page.get_by_text("Ingen rom passer.", exact=False).first).to_be_visible()
    expect(page.get_by_text("Rom som ikke passer")).to_be_visible()


def test_room_closed_now_is_told_with_what_it_hits_and_opened_again(open_page: OpenPage, swept: None) -> None:
    page = open_page("/closures")
    page.get_by_role("combobox", name="Rom", exact=True).select_option(label="Storsalen")
    page.get_by_label("Grunn").select_option(label="vann")
    page.get_by_role("button", name="Steng nå").click()
    expect(page.get_by_role("heading", name="Storsalen: vann")).to_be_visible()
    today = open_page("/", username="skranke")
    expect(today.get_by_text("Storsalen", exact=False).first).to_be_visible()
    page.get_by_role("button", name="Åpne igjen: Storsalen").click()
    expect(page.get_by_role("heading", name="Storsalen: vann")).to_have_count(0)


def test_lift_out_of_order_flags_the_rooms_it_goes_to(open_page: OpenPage, swept: None) -> None:
    page = open_page("/closures")
    page.get_by_role("combobox", name="Hva", exact=True).select_option(label="heis")
    page.get_by_role("button", name="Meld ute av drift").click()
    expect(page.get_by_text("Møterom 1", exact=False).first).to_be_visible()
    page.get_by_role("button", name="Virker igjen: heis").click()
    expect(page.get_by_role("heading", name="heis er ute av drift")).to_have_count(0)


def test_front_line_worker_sees_closures_and_cannot_close(open_page: OpenPage) -> None:
    page = open_page("/closures", username="skranke")
    expect(page.get_by_role("heading", name="Gjelder nå")).to_be_visible()
    expect(page.get_by_role("button", name="Steng nå")).to_have_count(0)


def test_hours_are_typed_and_the_weeks_ahead_show_what_they_mean(open_page: OpenPage, house: HeldHouse) -> None:
    room = house.room("Møterom 2")
    before = house.get(f"/api/facility/spaces/{room}/hours")
    page = open_page(f"/house?room={room}")
    try:
        hours = page.get_by_role("region", name="Åpningstider – Møterom 2")
        hours.get_by_role("textbox", name="Fra", exact=True).first.fill("11:00")
        expect(hours.locator("li").get_by_text("11:00–22:00 betjent").first).to_be_visible()
        hours.get_by_role("button", name="Legg inn helligdager og lokale dager").click()
        expect(page.get_by_text("dager er lagt til", exact=False).first).to_be_attached()
        hours.get_by_role("button", name="Lagre", exact=True).click()
        expect(page.get_by_text("Åpningstidene for Møterom 2 er lagret.").first).to_be_visible()
        saved = house.get(f"/api/facility/spaces/{room}/hours")["periods"]
        assert saved[0]["groups"][0]["spans"][0]["start"] == "11:00"
        assert len(saved) > len(before["periods"])
    finally:
        with house.caller() as caller:
            seen = {"If-Match": f'"{house.get(f"/api/facility/spaces/{room}/hours")["version"]}"'}
            path = f"/api/facility/spaces/{room}/hours"
            caller.put(path, json={"periods": before["periods"]}, headers=seen).raise_for_status()


def test_request_and_noise_in_the_inbox_are_answered(open_page: OpenPage, house: HeldHouse, swept: None) -> None:
    asked = put(house, "Møterom 2", "Prøve forespørsel", state="requested", organiser_kind="voluntary")
    page = open_page("/inbox")
    page.get_by_role("button", name="Godkjenn Prøve forespørsel").click()
    expect(page.get_by_text("Godkjent: Prøve forespørsel").first).to_be_visible()
    assert house.get(f"/api/facility/bookings/{asked}")["state"] == "confirmed"
    quiet = put(house, "Stillerommet", "Prøve treff", quiet_need=5, needs=["step_free"], expected_people=5)
    put(house, "Aktivitetsrom A", "Prøve dans", state="blocked", noise_out=4)
    house.hold_clock()
    noise = page.get_by_role("listitem").filter(has=page.get_by_role("link", name="Prøve dans", exact=True))
    noise.get_by_role("link", name="Finn et annet rom til Prøve treff").click()
    expect(page.get_by_text("Velg et annet rom til Prøve treff")).to_be_visible()
    expect(page.get_by_role("checkbox", name="trinnfri adkomst")).to_be_checked()
    expect(page.get_by_role("button", name=re.compile(r"^Flytt til .* 16:00–17:00$")).first).to_be_visible()
    page.get_by_role("link", name="Innboks").click()
    noise.get_by_label("Grunn").fill("Treffet begynner med kaffe i foajeen")
    noise.get_by_role("button", name="Godta lyden fra Prøve dans hos Prøve treff").click()
    expect(page.get_by_text("Godtatt: lyden fra Prøve dans hos Prøve treff").first).to_be_visible()
    conflicts = house.get("/api/facility/noise-conflicts", square_id=house.square("Heggedal"))["conflicts"]
    assert [one["state"] for one in conflicts if one["quiet"]["id"] == quiet] == ["accepted"]


def put(house: HeldHouse, room: str, title: str, **more: object) -> str:
    """A booking this afternoon, whatever the opening hours."""
    made = str(uuid.uuid4())
    times = {"starts_at": f"{house.today}T16:00", "ends_at": f"{house.today}T17:00"}
    body = {"space_ids": [house.room(room)], "title": title, "override": True, **times, **more}
    with house.caller() as caller:
        caller.put(f"/api/facility/bookings/{made}", json=body).raise_for_status()
    return made


def test_season_is_opened_applied_for_and_not_closed_before_its_deadline(open_page: OpenPage, house: HeldHouse) -> None:
    page = open_page("/season")
    name = f"Prøvesesong {uuid.uuid4().hex[:6]}"
    if not page.get_by_label("Navn på sesongen").is_visible():
        page.get_by_text("Fyll ut en ny sesong").click()
    page.get_by_label("Navn på sesongen").fill(name)
    page.get_by_role("button", name="Lag sesongen").click()
    expect(page.get_by_role("heading", name=name)).to_be_visible()
    page.get_by_role("button", name="Åpne for søknader").click()
    form = page.get_by_role("group").filter(has_text="Registrer en søknad")
    form.get_by_label("Hva det gjelder").fill("Prøve kor")
    form.get_by_role("button", name="Registrer", exact=True).click()
    expect(page.get_by_role("heading", name="Søknader (1)")).to_be_visible()
    page.get_by_role("button", name="Steng for søknader").click()
    expect(page.get_by_role("alert")).to_contain_text("frist")


def test_calendar_that_is_none_is_refused_and_keeps_what_was_typed(open_page: OpenPage) -> None:
    page = open_page("/feeds")
    page.get_by_text("Koble til en kalender").click()
    page.get_by_label("Navn").fill("Prøvekalender")
    page.get_by_role("combobox", name="Rom", exact=True).select_option(label="Møterom 2")
    page.get_by_role("combobox", name="Hentes fra").select_option(label="fil")
    content = {"name": "tom.ics", "mimeType": "text/calendar", "buffer": b"ikke en kalender"}
    page.locator("input[type=file]").set_input_files([content])  # type: ignore[list-item]
    page.get_by_role("button", name="Les inn").click()
    expect(page.get_by_role("alert")).to_be_visible()
    expect(page.get_by_label("Navn")).to_have_value("Prøvekalender")


def test_room_keeps_all_that_it_says_when_its_manager_changes_one_thing(open_page: OpenPage, house: HeldHouse) -> None:
    room = house.room("Aktivitetsrom A")
    before = house.get(f"/api/facility/spaces/{room}")
    assert before["neighbours"], "the demo's room has walls"
    page = open_page(f"/house?room={room}")
    form = page.get_by_role("region", name="Om rommet – Aktivitetsrom A")
    form.get_by_label("klasserom").fill("18")
    form.get_by_role("button", name="Lagre", exact=True).click()
    expect(page.get_by_text("Lagret: Aktivitetsrom A").first).to_be_visible()
    saved = house.get(f"/api/facility/spaces/{room}")
    assert saved["layouts"] == {**before["layouts"], "classroom": 18}
    page.get_by_role("button", name="Angre", exact=True).click()
    expect(page.get_by_text("Angret.").first).to_be_visible()
    again = house.get(f"/api/facility/spaces/{room}")
    assert {**again, "version": 0} == {**before, "version": 0}


def test_local_days_are_kept_by_keyboard_which_stays_in_place_when_one_goes(
    open_page: OpenPage, house: HeldHouse
) -> None:
    page = open_page("/house")
    days = page.get_by_role("region", name="Helligdager og lokale dager")
    for name in ("Prøvedag én", "Prøvedag to"):
        days.get_by_role("button", name="Ny regel om dager").focus()
        page.keyboard.press("Enter")
        form = page.get_by_role("dialog", name="Ny regel om dager")
        form.get_by_label("Navn (bokmål)").focus()
        page.keyboard.type(name)
        assert violations(page) == []
        page.keyboard.press("Enter")
        expect(days.get_by_text(name, exact=True)).to_be_visible()
    days.get_by_role("button", name="Fjern Prøvedag én").focus()
    page.keyboard.press("Enter")
    expect(days.get_by_text("Prøvedag én", exact=True)).to_have_count(0)
    expect(days.locator("li :focus")).to_have_count(1)
    days.get_by_role("button", name="Fjern Prøvedag to").focus()
    page.keyboard.press("Enter")
    expect(days.get_by_text("Prøvedag to", exact=True)).to_have_count(0)
    square = house.square("Heggedal")
    rules = house.get(f"/api/facility/squares/{square}/local-rules")["rules"]
    assert not [rule for rule in rules if rule["name_nb"].startswith("Prøvedag")]
