"""A room's policy says no: what it asks for is typed where it was refused, or the room is requested."""

import re
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.axe import violations
from tests.e2e.conftest import OpenPage
from tests.e2e.held import HeldHouse
from tests.e2e.test_screens import Scheme, faults_in_all_sizes

ROOM = "Møterom 2"


@pytest.fixture
def title(house: HeldHouse) -> Iterator[str]:
    """Of bookings of the test's own, cancelled afterwards."""
    made = f"Prøve vilkår {uuid.uuid4().hex[:6]}"
    yield made
    with house.caller() as caller:
        for booking in bookings(house, made):
            if booking["state"] in ("confirmed", "requested"):
                version = {"If-Match": f'"{booking["version"]}"'}
                caller.post(f"/api/facility/bookings/{booking['id']}/cancel", json={}, headers=version)


@contextmanager
def rules_of(house: HeldHouse, **rules: Any) -> Iterator[None]:
    """The room's policy for as long as the test needs it."""
    path = f"/api/facility/spaces/{house.room(ROOM)}/policy"
    with house.caller() as caller:
        seen = {"If-Match": f'"{caller.get(path).json()["version"]}"'}
        made = caller.put(path, json=rules, headers=seen).raise_for_status().json()
        try:
            yield
        finally:
            caller.delete(path, headers={"If-Match": f'"{made["version"]}"'}).raise_for_status()


def bookings(house: HeldHouse, title: str) -> list[dict[str, Any]]:
    day = {"from": f"{house.today}T00:00", "to": f"{house.today}T23:59", "square_id": house.square("Heggedal")}
    return [one for one in house.get("/api/facility/bookings", **day)["bookings"] if one.get("title") == title]


def states(house: HeldHouse, title: str) -> list[tuple[str, str]]:
    """(time, state) of what there is."""
    return sorted((one["local_start"], one["state"]) for one in bookings(house, title))


def fill_form(page: Page, title: str, room: str = ROOM) -> Locator:
    page.get_by_role("button", name="Ny reservasjon").click()
    form = page.get_by_role("dialog")
    form.get_by_label("Tittel").fill(title)
    form.get_by_role("checkbox", name=re.compile(f"^{room} ")).check()
    type_times(form, "17:00", "18:30")
    return form


def type_times(form: Locator, start: str, end: str) -> None:
    form.get_by_label("Fra", exact=True).fill(start)
    form.get_by_label("Til", exact=True).fill(end)
    form.get_by_label("Til", exact=True).press("Tab")


def press(form: Locator, button: str) -> None:
    """By keyboard."""
    form.get_by_role("button", name=button, exact=True).press("Enter")


def test_purpose_that_the_room_refuses_is_marked_before_it_is_sent_and_another_is_chosen_or_written(
    open_page: OpenPage, house: HeldHouse, title: str
) -> None:
    with rules_of(house, refused_purposes=["private_party"]):
        page = open_page("/day", username="skranke")
        form = fill_form(page, title)
        purpose = form.get_by_role("combobox", name="Hva rommet skal brukes til")
        purpose.select_option(label="lukket privat selskap – avslås her")
        expect(form.get_by_text(f"{ROOM} brukes ikke til dette (lukket privat selskap).")).to_be_visible()
        expect(form.get_by_text("Unntak kan gis av: hussjef, leder for flere torg, administrator.")).to_be_visible()
        purpose.select_option(label="møte")
        expect(form.get_by_text("brukes ikke til dette")).to_have_count(0)
        purpose.select_option(label="annet, skriv selv …")
        own = form.get_by_role("textbox", name="Hva rommet skal brukes til, med egne ord")
        own.fill("Åpent møte")
        own.press("Enter")
        expect(page.get_by_text(f"Reservert: {title}", exact=False).first).to_be_visible()
    [booking] = bookings(house, title)
    assert (booking["state"], booking["purpose"]) == ("confirmed", "apent_mote")


def test_rules_of_a_room_are_set_by_names_and_in_ones_own_words(open_page: OpenPage, house: HeldHouse) -> None:
    page = open_page(f"/house?room={house.room(ROOM)}", username="admin")
    rules = page.get_by_role("region", name=f"Hvem kan reservere – {ROOM}")
    rules.get_by_role("group", name="Formål som avslås").get_by_role("checkbox", name="lukket privat selskap").check()
    rules.get_by_label("Andre formål som avslås").fill("Utleie av scenen, salg av is")
    needed = rules.get_by_role("group", name="Når ingen er på jobb i rommet")
    needed.get_by_role("radio", name="er en av disse ansvarlig").check()
    needed.get_by_role("checkbox", name="vert").check()
    rules.get_by_role("group", name="Kan gjøre unntak").get_by_role("checkbox", name="redaktør").check()
    assert violations(page) == []
    press(rules, "Lagre")
    expect(page.get_by_text(f"Reglene for {ROOM} er lagret.").first).to_be_visible()
    kept = house.get(f"/api/facility/spaces/{house.room(ROOM)}/policy")["policy"]
    assert kept["refused_purposes"] == ["private_party", "utleie_av_scenen", "salg_av_is"]
    assert kept["responsible_roles"] == ["host"]
    assert sorted(kept["exception_roles"]) == ["admin", "house_manager", "multi_square_manager", "unit_editor"]
    page.reload()
    expect(rules.get_by_label("Andre formål som avslås")).to_have_value("utleie_av_scenen, salg_av_is")
    press(rules, "Fjern reglene")
    expect(rules.get_by_text("Ingen regler:")).to_be_visible()


def test_booking_beyond_the_rules_is_let_through_with_a_reason(
    open_page: OpenPage, house: HeldHouse, title: str
) -> None:
    with rules_of(house, max_minutes=60, exception_roles=["house_manager"]):
        page = open_page("/day")
        form = fill_form(page, title)
        press(form, "Reserver")
        form.get_by_label("Hvorfor det trengs et unntak", exact=False).fill("Avtalt med styreren")
        press(form, "Reserver")
        expect(page.get_by_text(f"Reservert: {title}", exact=False).first).to_be_visible()
    [booking] = bookings(house, title)
    kept = house.get(f"/api/facility/bookings/{booking['id']}/decisions")["decisions"]
    assert [(one["verdict"], one["reason"]) for one in kept] == [("excepted", "Avtalt med styreren")]


def test_booking_of_a_room_that_must_be_requested_is_sent_as_a_request_and_told_as_one(
    open_page: OpenPage, house: HeldHouse, title: str
) -> None:
    with rules_of(house, otherwise="request"):
        page = open_page("/day", username="senior")
        form = fill_form(page, title)
        press(form, "Reserver")
        expect(form.get_by_role("alert")).to_contain_text("Rommet må du be om.")
        expect(form.get_by_role("alert")).to_be_in_viewport(ratio=1)
        press(form, "Send forespørsel")
        expect(form).to_be_hidden()
        told = page.get_by_role("region", name="Meldinger")
        expect(told).to_contain_text(f"Forespurt: {title}, 17:00–18:30. Venter på svar")
    assert states(house, title) == [("17:00", "requested")]


def test_booking_moved_to_a_room_that_must_be_requested_stays_until_the_answer(
    open_page: OpenPage, house: HeldHouse, title: str
) -> None:
    page = open_page("/day", username="senior")
    form = fill_form(page, title)
    press(form, "Reserver")
    expect(form).to_be_hidden()
    with rules_of(house, otherwise="request"):
        page.get_by_role("button", name=f"17:00 {title}, 17:00–18:30, {ROOM}, bekreftet").press("Enter")
        type_times(form, "19:00", "20:30")
        press(form, "Flytt eller endre tid")
        press(form, "Send forespørsel")
        told = page.get_by_role("region", name="Meldinger")
        expect(told).to_contain_text(f"Forespurt: {title}, 19:00–20:30. Venter på svar")
        assert states(house, title) == [("17:00", "confirmed"), ("19:00", "requested")]
        page.get_by_role("button", name="Angre", exact=True).last.press("Enter")
        expect(page.get_by_text("Angret.").first).to_be_visible()
    assert states(house, title) == [("17:00", "confirmed"), ("19:00", "cancelled")]


def test_booking_whose_move_was_refused_says_why_where_its_asker_looks_until_that_is_seen(
    open_page: OpenPage, house: HeldHouse, title: str
) -> None:
    page = open_page("/day", username="senior")
    press(fill_form(page, title), "Reserver")
    booked = page.get_by_role("button", name=f"17:00 {title}, 17:00–18:30, {ROOM}, bekreftet")
    form = page.get_by_role("dialog")
    with rules_of(house, otherwise="request"):
        booked.press("Enter")
        type_times(form, "19:00", "20:30")
        press(form, "Flytt eller endre tid")
        press(form, "Send forespørsel")
        expect(form).to_be_hidden()
    booked.press("Enter")
    expect(form.get_by_text(f"Flytting venter på ja: 19:00–20:30 {ROOM}")).to_be_visible()
    inbox = open_page("/inbox")
    asked = inbox.get_by_role("region", name="Forespørsler").get_by_role("listitem").filter(has_text=title)
    asked.get_by_label("Grunn ved avslag").select_option(label="rommet trengs")
    asked.get_by_role("button", name=f"Avslå {title}").press("Enter")
    told = open_page("/inbox", username="senior")
    refusal = told.get_by_role("region", name="Avslag på forespørsler").get_by_role("listitem").filter(has_text=title)
    expect(refusal).to_contain_text("Begrunnelse: rommet trengs")
    expect(refusal).to_contain_text(re.compile(f"Står som før: .*17:00–18:30 · {ROOM}"))
    page.reload()
    booked.press("Enter")
    expect(form.get_by_text(f"Flytting avslått (rommet trengs): 19:00–20:30 {ROOM}")).to_be_visible()
    assert faults_in_all_sizes(page, "light") == []
    press(form, "Greit, den blir der den er")
    expect(page.get_by_text(f"{title} blir der den er.").first).to_be_visible()
    told.reload()
    expect(told.get_by_role("region", name="Forespørsler")).to_be_visible()
    expect(refusal).to_have_count(0)
    assert states(house, title) == [("17:00", "confirmed"), ("19:00", "rejected")]


@pytest.fixture
def date(house: HeldHouse, title: str) -> Iterator[str]:
    """The activity of a date that the senior centre has in the room; withdrawn afterwards with its dates."""
    found = house.get(f"/api/aggregator/squares/{house.square('Heggedal')}/resources")["units"]
    unit = next(one["unit_id"] for one in found if one["kind"] == "senior_centre")
    activity = f"/api/senior_centre/activities/{uuid.uuid4()}"
    with house.caller() as caller:
        body = {"square_id": house.square("Heggedal"), "unit_id": unit, "title_nb": title}
        made = caller.put(activity, json=body).raise_for_status().json()["activity_id"]
        planned = {"activity_id": made, "space_ids": [house.room(ROOM)], **at(house, "17:00", "18:30")}
        caller.put(f"/api/senior_centre/occurrences/{uuid.uuid4()}", json=planned).raise_for_status()
        yield made
        for one in occurrences(house, made):
            if one["state"] != "cancelled":
                path = f"/api/senior_centre/occurrences/{one['occurrence_id']}/cancel"
                caller.post(path, json={}, headers={"If-Match": f'"{one["version"]}"'}).raise_for_status()
        caller.post(f"{activity}/withdraw", headers={"If-Match": '"1"'}).raise_for_status()


def at(house: HeldHouse, start: str, end: str) -> dict[str, str]:
    times = [house.now.replace(hour=int(clock[:2]), minute=int(clock[3:])).isoformat() for clock in (start, end)]
    return dict(zip(("starts_at", "ends_at"), times, strict=True))


def occurrences(house: HeldHouse, activity: str) -> list[dict[str, Any]]:
    day = at(house, "00:00", "23:59")
    window = {"square_id": house.square("Heggedal"), "from": day["starts_at"], "to": day["ends_at"]}
    found: list[dict[str, Any]] = house.get("/api/senior_centre/occurrences", **window, activity_id=activity)[
        "occurrences"
    ]
    return found


def test_date_moved_to_a_room_that_must_be_requested_stays_and_is_told_why_it_was_refused(
    open_page: OpenPage, house: HeldHouse, title: str, date: str
) -> None:
    with rules_of(house, otherwise="request"):
        page = open_page("/day", username="senior")
        page.get_by_role("button", name=f"17:00 {title}, 17:00–18:30, {ROOM}, planlagt").press("Enter")
        form = page.get_by_role("dialog")
        type_times(form, "19:00", "20:30")
        press(form, "Flytt eller endre tid")
        press(form, "Send forespørsel")
        told = page.get_by_role("region", name="Meldinger")
        expect(told).to_contain_text(f"Forespurt: {title}, 19:00–20:30. Venter på svar")
    [waiting] = occurrences(house, date)
    assert (waiting["state"], waiting["move_request"]["state"]) == ("scheduled", "pending")
    inbox = open_page("/inbox")
    asked = inbox.get_by_role("listitem").filter(has_text=title)
    expect(asked).to_contain_text("19:00–20:30")
    expect(asked).to_contain_text(re.compile(f"Flyttes fra: .*17:00–18:30 · {ROOM}"))
    asked.get_by_label("Grunn ved avslag").select_option(label="rommet trengs")
    asked.get_by_role("button", name="Skriv begrunnelse").press("Enter")
    inbox.keyboard.type("Dansen har rommet da")
    asked.get_by_role("button", name=f"Avslå {title}").press("Enter")
    expect(asked).to_have_count(0)
    work = open_page("/unit", username="senior")
    task = work.get_by_role("region", name="Å gjøre").get_by_role("listitem").filter(has_text=title)
    expect(task).to_contain_text("Flytting avslått (rommet trengs):")
    expect(task).to_contain_text("Begrunnelse: Dansen har rommet da")
    task.get_by_role("button", name="Greit, den blir der den er").press("Enter")
    expect(task).to_have_count(0)
    [stays] = occurrences(house, date)
    assert (stays["state"], stays["booking_id"], stays["move_request"]) == ("scheduled", waiting["booking_id"], None)


@pytest.mark.parametrize(("language", "scheme", "new", "book", "send"), [
    ("nb", "light", "Ny reservasjon", "Reserver", "Send forespørsel"),
    ("en", "dark", "New booking", "Book", "Send a request"),
])  # fmt: skip
def test_refused_booking_has_no_violations(
    open_page: OpenPage, house: HeldHouse, title: str, language: str, scheme: Scheme, new: str, book: str, send: str
) -> None:
    with rules_of(house, otherwise="request", max_minutes=5, refused_purposes=["private_party"]):
        page = open_page("/day", language=language, username="senior")
        page.get_by_role("button", name=new).click()
        form = page.get_by_role("dialog")
        form.get_by_role("checkbox", name=re.compile(f"^{ROOM} ")).check()
        press(form, book)
        expect(form.get_by_role("button", name=send)).to_be_visible()
        assert faults_in_all_sizes(page, scheme) == []
