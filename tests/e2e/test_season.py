"""A season round in the browser: set up, applied for, planned, changed by hand with reasons, and set back."""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import httpx
import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.axe import violations
from tests.e2e.conftest import OpenPage
from tests.e2e.held import HeldHouse
from tests.e2e.test_screens import Scheme, faults_in_all_sizes

ROOM, OTHER = "Møterom 2", "Møterom 1"


@dataclass(frozen=True)
class Round:
    """A season whose deadline is over, with two who want the same time."""

    id: str
    titles: tuple[str, str]

    @property
    def path(self) -> str:
        return f"/season?season={self.id}"


@pytest.fixture
def closed(house: HeldHouse) -> Iterator[Round]:
    made = Round(str(uuid.uuid4()), ("Prøve sjakk", "Prøve kor"))
    with house.caller() as caller:
        _open(house, caller, made)
        for title in made.titles:
            _apply(house, caller, made, title)
        try:
            house.hold_clock(house.now + timedelta(minutes=20))
            _step(caller, made, "close")
        finally:
            house.hold_clock()
        yield made


def _open(house: HeldHouse, caller: httpx.Client, made: Round) -> None:
    body = {
        "square_ids": [house.square("Heggedal")],
        "name": f"Prøvesesong {made.id[:6]}",
        "first_date": (house.now.date() + timedelta(days=60)).isoformat(),
        "last_date": (house.now.date() + timedelta(days=120)).isoformat(),
        "application_deadline": f"{house.today}T10:45",
    }
    caller.put(f"/api/facility/seasons/{made.id}", json=body).raise_for_status()
    _step(caller, made, "open")


def _apply(house: HeldHouse, caller: httpx.Client, made: Round, title: str) -> None:
    wish = {"weekday": 1, "start": "18:00", "end": "20:00", "space_ids": [house.room(ROOM)]}
    body = {
        "organiser_id": str(uuid.uuid4()), "organiser_kind": "voluntary", "title": title, "people": 5, "wishes": [wish],
    }  # fmt: skip
    path = f"/api/facility/seasons/{made.id}/applications/{uuid.uuid4()}"
    caller.put(path, json=body).raise_for_status()


def _step(caller: httpx.Client, made: Round, what: str) -> None:
    version = caller.get(f"/api/facility/seasons/{made.id}").json()["version"]
    headers = {"If-Match": f'"{version}"'}
    caller.post(f"/api/facility/seasons/{made.id}/{what}", headers=headers).raise_for_status()


def plan(page: Page) -> tuple[Locator, Locator]:
    """The rows of who got the time and who did not."""
    page.get_by_role("button", name="Lag forslag").click()
    granted = page.get_by_role("row").filter(has_text=f"✓ {ROOM}")
    refused = page.get_by_role("row").filter(has_text="✗ fikk ikke")
    expect(granted).to_have_count(1)
    expect(refused).to_have_count(1)
    return granted, refused


def title_of(row: Locator) -> str:
    return row.get_by_role("rowheader").inner_text().splitlines()[0]


def test_plan_says_who_got_the_time_why_and_who_else_wanted_it(open_page: OpenPage, closed: Round) -> None:
    granted, refused = plan(open_page(closed.path))
    expect(refused).to_contain_text("loddnummer")
    expect(refused).to_contain_text(title_of(granted))
    expect(granted).to_contain_text(f"Ville også ha tiden: {title_of(refused)}")


def test_wish_is_moved_by_hand_with_the_keyboard_and_the_next_plan_follows(
    open_page: OpenPage, closed: Round, house: HeldHouse
) -> None:
    page = open_page(closed.path)
    _, refused = plan(page)
    title = title_of(refused)
    page.get_by_role("button", name=f"Endre hva {title} får").focus()
    page.keyboard.press("Enter")
    form = page.get_by_role("dialog", name=f"Endre hva {title} får")
    form.get_by_role("combobox", name="Rom", exact=True).select_option(house.room(OTHER))
    form.get_by_label("Grunn", exact=True).focus()
    page.keyboard.type("De øver på samme dag som naboen.")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(form).to_be_hidden()
    expect(page.get_by_text("Lag forslaget på nytt; før det", exact=False)).to_be_visible()
    page.get_by_role("button", name="Lag forslaget på nytt").click()
    row = page.get_by_role("row").filter(has=page.get_by_role("rowheader", name=title))
    expect(row).to_contain_text(f"✓ {OTHER}")
    expect(row).to_contain_text("Gitt etter særskilt vurdering: De øver på samme dag som naboen.")
    expect(row).to_contain_text("endret for hånd")
    [kept] = house.get(f"/api/facility/seasons/{closed.id}/changes")["changes"]
    assert (kept["action"], kept["space_id"], kept["state"]) == ("place", house.room(OTHER), "in_force")


def test_change_without_a_reason_is_not_sent(open_page: OpenPage, closed: Round, house: HeldHouse) -> None:
    page = open_page(closed.path)
    granted, _ = plan(page)
    granted.get_by_role("button", name="Endre hva").click()
    form = page.get_by_role("dialog")
    form.get_by_role("radio", name="ikke gi noe").check()
    form.get_by_role("button", name="Lagre endringen").click()
    expect(form).to_be_visible()
    assert house.get(f"/api/facility/seasons/{closed.id}/changes")["changes"] == []


def test_place_taken_by_hand_is_refused_and_says_by_whom_and_why(open_page: OpenPage, closed: Round) -> None:
    page = open_page(closed.path)
    granted, refused = plan(page)
    holder = title_of(granted)
    for row, reason in ((granted, "Rullestolbruker i gruppa."), (refused, "Vil også ha den.")):
        row.get_by_role("button", name="Endre hva").click()
        form = page.get_by_role("dialog")
        form.get_by_label("Grunn", exact=True).fill(reason)
        form.get_by_role("button", name="Lagre endringen").click()
        if row is granted:
            expect(form).to_be_hidden()
    alert = page.get_by_role("dialog").get_by_role("alert")
    expect(alert).to_contain_text("plassert her for hånd")
    expect(alert).to_contain_text(f"{holder}: Rullestolbruker i gruppa.")


def test_change_is_undone_from_its_message_and_another_set_back(
    open_page: OpenPage, closed: Round, house: HeldHouse
) -> None:
    page = open_page(closed.path)
    granted, _ = plan(page)

    def in_force() -> list[str]:
        found = house.get(f"/api/facility/seasons/{closed.id}/changes")["changes"]
        return [one["action"] for one in found if one["state"] == "in_force"]

    def change(button: str, reason: str, action: str | None = None) -> None:
        granted.get_by_role("button", name=button).click()
        form = page.get_by_role("dialog")
        if action:
            form.get_by_role("radio", name=action).check()
        form.get_by_label("Grunn", exact=True).fill(reason)
        form.get_by_role("button", name="Lagre endringen").click()
        expect(form).to_be_hidden()

    change("Endre hva", "Tas bort.", "ikke gi noe")
    expect(granted.get_by_text("endret for hånd")).to_be_visible()
    page.get_by_role("button", name="Angre", exact=True).click()
    expect(granted.get_by_text("endret for hånd")).to_have_count(0)
    assert in_force() == []
    change("Endre hva", "Tas bort likevel.", "ikke gi noe")
    expect(granted.get_by_text("endret for hånd")).to_be_visible()
    assert in_force() == ["refuse"]
    change("Sett tilbake", "Skal gå etter regelen.")
    expect(granted.get_by_text("endret for hånd")).to_have_count(0)
    assert in_force() == []


def test_plan_is_decided_told_in_a_letter_and_booked(open_page: OpenPage, closed: Round, house: HeldHouse) -> None:
    page = open_page(closed.path)
    granted, _ = plan(page)
    title = title_of(granted)
    try:
        page.get_by_role("button", name="Vedta planen").click()
        page.get_by_role("dialog", name="Vedta planen?").get_by_role("button", name="Vedta planen").click()
        page.get_by_role("button", name=f"Vedtaksbrev – {title}").click()
        letter = page.get_by_role("dialog", name=f"Vedtaksbrev – {title}")
        expect(letter).to_contain_text(ROOM)
        letter.get_by_role("button", name="Lukk").click()
        page.get_by_role("button", name="Reserver tidene").click()
        expect(page.get_by_text("datoer er reservert", exact=False)).to_be_visible()
        expect(page.get_by_text("tildelt", exact=True)).to_be_visible()
        assert booked(house, title)
    finally:
        with house.caller() as caller:
            for one in booked(house, title):
                version = {"If-Match": f'"{one["version"]}"'}
                caller.post(f"/api/facility/bookings/{one['id']}/cancel", json={}, headers=version)


def booked(house: HeldHouse, title: str) -> list[Any]:
    first, last = (house.now.date() + timedelta(days=days) for days in (60, 121))
    window = {"square_id": house.square("Heggedal"), "from": f"{first}T00:00", "to": f"{last}T00:00"}
    found = house.get("/api/facility/bookings", **window)["bookings"]
    return [one for one in found if one.get("title") == title and one["state"] == "confirmed"]


def test_round_is_made_edited_by_keyboard_and_applied_for_with_two_wishes(
    open_page: OpenPage, house: HeldHouse
) -> None:
    page = open_page("/season")
    name = f"Prøvesesong {uuid.uuid4().hex[:6]}"
    if not page.get_by_label("Navn på sesongen").is_visible():
        page.get_by_text("Fyll ut en ny sesong").click()
    page.get_by_label("Navn på sesongen").fill(name)
    page.get_by_role("button", name="Flytt opp: kommunen").click()
    page.get_by_role("button", name="Lag sesongen").click()
    expect(page.get_by_role("heading", name=name)).to_be_visible()
    expect(page.get_by_text("prioritet: kommunen › frivillig › næringsliv › innbygger", exact=False)).to_be_visible()
    edit_draft(page, house, name)
    page.get_by_role("button", name="Åpne for søknader").click()
    expect(page.get_by_text("Nå kan bare navnet og en senere søknadsfrist endres", exact=False)).to_be_visible()
    page.get_by_role("button", name="Endre sesongen").click()
    published = page.get_by_role("dialog")
    expect(published.get_by_label("Søknadsfrist")).to_be_visible()
    expect(published.get_by_label("Fra og med")).to_have_count(0)
    page.keyboard.press("Escape")
    page.get_by_label("Hva det gjelder").fill("Prøve dans")
    page.get_by_label("Hvor mye lyd det blir").select_option(label="4 – trim eller lek")
    page.get_by_role("button", name="Legg til et ønske").click()
    second = page.get_by_role("group", name="Ønske 2")
    second.get_by_role("combobox", name="Ukedag").select_option(label="torsdag")
    second.get_by_role("combobox", name="Rom", exact=True).select_option(label="Aktivitetsrom A (Heggedal)")
    second.get_by_role("combobox", name="Ellers").select_option(label="Aktivitetsrom B (Heggedal)")
    page.get_by_role("button", name="Registrer", exact=True).click()
    expect(page.get_by_role("heading", name="Søknader (1)")).to_be_visible()
    wished = "torsdag 18:00–20:00, Aktivitetsrom A (Heggedal) eller Aktivitetsrom B (Heggedal) (lyd 4)"
    expect(page.get_by_text(wished, exact=False)).to_be_visible()
    page.get_by_role("button", name="Trekk tilbake Prøve dans").click()
    page.get_by_role("dialog").get_by_label("Hvorfor den trekkes tilbake").fill("Flyttet til skolen.")
    page.get_by_role("dialog").get_by_role("button", name="Trekk tilbake søknaden").click()
    expect(page.get_by_role("heading", name="Søknader (0)")).to_be_visible()


def edit_draft(page: Page, house: HeldHouse, name: str) -> None:
    """A second square, rooms and a break are chosen with the keyboard alone, while somebody else names it anew."""
    page.get_by_role("button", name="Endre sesongen").focus()
    page.keyboard.press("Enter")
    form = page.get_by_role("dialog", name=f"Endre {name}")
    for label in ("Borgen", "bare disse", "Aktivitetsrom A (", "Aktivitetsrom B ("):
        form.get_by_label(label).focus()
        page.keyboard.press("Space")
    expect(form.get_by_label("Klagefrist (uker)")).to_have_value("3")
    form.get_by_label("Klagefrist (uker)").fill("4")
    form.get_by_label("Sendes til (bokmål)").fill("Klagenemnda")
    expect(form.get_by_text("Skriv mottakeren på begge språk")).to_be_visible()
    form.get_by_label("Sendes til (engelsk)").fill("the Board of Appeal")
    form.get_by_role("button", name="Legg til et opphold").focus()
    page.keyboard.press("Enter")
    form.get_by_label("Hva det er").focus()
    page.keyboard.type("Høstferie")
    assert violations(page) == []
    seasons = house.get("/api/facility/seasons", square_id=house.square("Heggedal"))["seasons"]
    rename(house, next(one for one in seasons if one["name"] == name), f"{name} av en annen")
    page.keyboard.press("Enter")
    alert = form.get_by_role("alert")
    expect(alert).to_contain_text(f"Slik er det nå: {name} av en annen · Ditt forslag: {name}")
    alert.get_by_role("button", name="Lagre mitt forslag likevel").focus()
    page.keyboard.press("Enter")
    expect(form).to_be_hidden()
    expect(page.get_by_role("heading", name=f"{name} utkast")).to_be_visible()
    rooms = "torg: Borgen, Heggedal · rom: Aktivitetsrom A (Heggedal), Aktivitetsrom B (Heggedal)"
    expect(page.get_by_text(rooms, exact=False)).to_be_visible()
    expect(page.get_by_text("uten: helligdager, Høstferie", exact=False)).to_be_visible()
    complaints = "klagefrist: 4 uker etter vedtaksbrevet, til Klagenemnda"
    expect(page.get_by_text(complaints, exact=False)).to_be_visible()


def rename(house: HeldHouse, season: dict[str, Any], name: str) -> None:
    body = {field: season[field] for field in ("square_ids", "first_date", "last_date", "priority")}
    body |= {"name": name, "application_deadline": season["application_deadline"]}
    with house.caller() as caller:
        path, version = f"/api/facility/seasons/{season['id']}", {"If-Match": f'"{season["version"]}"'}
        caller.put(path, json=body, headers=version).raise_for_status()


def test_proposal_is_its_managers_own_and_others_see_the_applications(open_page: OpenPage, closed: Round) -> None:
    plan(open_page(closed.path))
    page = open_page(closed.path, username="bibliotek")
    expect(page.get_by_role("heading", name="Søknader (2)")).to_be_visible()
    expect(page.get_by_role("heading", name="Forslaget, med grunnene")).to_have_count(0)
    expect(page.get_by_role("alert")).to_have_count(0)


@pytest.mark.parametrize(("language", "scheme", "change"), [
    ("nb", "light", "Endre hva"), ("en", "dark", "Change what"),
])  # fmt: skip
def test_plan_and_its_form_have_no_violations(
    open_page: OpenPage, closed: Round, language: str, scheme: Scheme, change: str
) -> None:
    plan(open_page(closed.path))
    page = open_page(closed.path, language=language)
    expect(page.get_by_role("row").filter(has_text=f"✓ {ROOM}")).to_be_visible()
    assert faults_in_all_sizes(page, scheme) == []
    page.get_by_role("button", name=change).first.click()
    expect(page.get_by_role("dialog")).to_be_visible()
    assert faults_in_all_sizes(page, scheme) == []
