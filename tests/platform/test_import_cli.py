"""Real data of others through `./torg import`: taken as expected, and nothing changed by a second run."""

import json
import re
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from deploy.local.imports import calit2, leeds_totals, room_plan
from tests.house import House, check, wait_until

pytestmark = pytest.mark.integration
IMPORT_SECONDS = 400


def folder_of(shared_data: Path, name: str) -> Path:
    found = shared_data / name
    if not found.exists():
        pytest.skip(f"{name} is not among the real data sets here")
    return found


@pytest.fixture(scope="session")
def plan(shared_data: Path) -> Path:
    return folder_of(shared_data, "room-plan-university")


@pytest.fixture(scope="session")
def door(shared_data: Path) -> Path:
    return folder_of(shared_data, "calit2-door-counts")


@pytest.fixture(scope="module")
def plan_taken(empty_house: House, plan: Path) -> str:
    """What the first import said."""
    return take_in(empty_house, "room-plan", plan)


@pytest.fixture(scope="module")
def door_taken(empty_house: House, door: Path) -> str:
    return take_in(empty_house, "calit2", door)


@pytest.fixture(scope="module")
def streets_taken(empty_house: House, shared_data: Path) -> str:
    return take_in(empty_house, "leeds", folder_of(shared_data, "leeds-footfall"))


@pytest.fixture(scope="session")
def feeds(shared_data: Path) -> Path:
    return folder_of(shared_data, "calendar-feeds")


def take_in(house: House, kind: str, folder: Path, *options: str) -> str:
    return check(house.torg("import", kind, str(folder), *options, seconds=IMPORT_SECONDS)).stdout


def unit_of(house: House, kind: str = "volunteer_central", zone: str = "Europe/Oslo") -> tuple[str, str]:
    """A new square and a unit in it."""
    square, unit = str(uuid4()), str(uuid4())
    with house.client() as api:
        body = {"name": "Prøvetorget", "time_zone": zone, "status": "operating"}
        made = [api.put(f"/api/facility/squares/{square}", json=body)]
        unit_body = {"square_id": square, "kind": kind, "name": "Prøve"}
        made.append(api.put(f"/api/facility/units/{unit}", json=unit_body))
    assert [answer.status_code for answer in made] == [201, 201]
    return square, unit


def programme(house: House, square: str, since: datetime, until: datetime) -> list[dict[str, Any]]:
    """Every occurrence of the volunteer central in the window, each once."""
    found: dict[str, dict[str, Any]] = {}
    while since < until:
        end = min(since + timedelta(days=60), until)
        query = {"square_id": square, "from": since.isoformat(), "to": end.isoformat()}
        for row in get(house, "/api/volunteer_central/occurrences", **query)["occurrences"]:
            found[row["occurrence_id"]] = row
        since = end
    return list(found.values())


def get(house: House, path: str, **query: Any) -> Any:
    with house.client() as api:
        answer = api.get(path, params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


def section(said: str, name: str) -> str:
    """What the report says under one heading."""
    found = re.search(rf"^  {name} +(.*)$", said, re.MULTILINE)
    assert found, said
    return found[1]


def test_room_plan__imported__is_confirmed_and_refused_as_expected_with_what_blocks(plan_taken: str) -> None:
    assert "595 dates, 444 confirmed, 151 refused" in section(plan_taken, "checked")
    refused = re.findall(r"^    .*: conflict: .+ \([0-9a-f-]{36}\)", plan_taken, re.MULTILINE)
    assert len(refused) == int(section(plan_taken, "refused")) == 151


@pytest.mark.usefixtures("plan_taken")
def test_room_plan__imported_again__changes_nothing(empty_house: House, plan: Path) -> None:
    said = take_in(empty_house, "room-plan", plan)

    assert section(said, "taken") == "nothing"
    assert "444 dates confirmed" in section(said, "unchanged")


@pytest.mark.usefixtures("plan_taken")
def test_room_plan__imported__is_in_the_calendar(empty_house: House) -> None:
    path = f"/api/aggregator/squares/{room_plan.SQUARE}/calendar"
    whole = {"from": room_plan.WEEK_ONE.isoformat(), "to": (room_plan.WEEK_ONE + timedelta(weeks=16)).isoformat()}

    def confirmed() -> int:
        days = get(empty_house, path, **whole)["days"]
        return sum(item["state"] == "confirmed" for day in days for item in day["items"])

    wait_until(lambda: confirmed() == 444, "the calendar does not show all that was confirmed")
    assert confirmed() == 444


def test_door_counts__imported__give_the_week_totals_expected(empty_house: House, door: Path, door_taken: str) -> None:
    expected = json.loads((door / "expected.json").read_text())
    days = {"from": "2005-07-18", "to": "2005-11-06"}
    rows = get(empty_house, f"/api/aggregator/squares/{calit2.SQUARE}/visitors", by="week", **days)["rows"]
    weeks = {row["period"]: row["door_visits"] for row in rows}
    wanted = {week: figures["in"] for week, figures in expected["iso_weeks"].items()}
    assert {week: weeks.get(week) for week in wanted} == wanted
    assert "as expected" in door_taken
    assert "NOT" not in door_taken


@pytest.mark.usefixtures("door_taken")
def test_door_counts__imported__show_events_beside_visits(empty_house: House, door: Path) -> None:
    lines = (door / "events.csv").read_text().strip().splitlines()[1:]
    events = len({line.rpartition(",")[0] for line in lines})
    path = f"/api/aggregator/squares/{calit2.SQUARE}/calendar"

    def shown() -> int:
        days = get(empty_house, path, **{"from": "2005-07-18", "to": "2005-11-06"})["days"]
        return len({item["id"] for day in days for item in day["items"] if item["kind"] == "occurrence"})

    wait_until(lambda: shown() >= events, "the events are not in the calendar")
    assert shown() == events


@pytest.mark.usefixtures("door_taken")
def test_door_counts__imported_again__change_nothing(empty_house: House, door: Path) -> None:
    assert section(take_in(empty_house, "calit2", door), "taken") == "nothing"


def test_street_counters__imported__have_the_totals_expected_and_a_second_run_changes_nothing(
    empty_house: House, shared_data: Path, streets_taken: str
) -> None:
    again = take_in(empty_house, "leeds", folder_of(shared_data, "leeds-footfall"))

    assert "as expected" in streets_taken
    assert "8 counters by month and week, 63833128 persons" in section(streets_taken, "checked")
    assert "8 months of the square in which no hour is missing" in streets_taken
    assert section(streets_taken, "refused") == "nothing"
    assert (section(again, "taken"), "as expected" in again) == ("nothing", True)


@pytest.mark.usefixtures("streets_taken")
def test_street_counters__days_without_rows__are_missing_and_not_zero(empty_house: House) -> None:
    path = f"/api/aggregator/squares/{leeds_totals.SQUARE}/visitors"
    rows = get(empty_house, path, **{"from": "2014-01-30", "to": "2014-02-03"})["rows"]

    assert [row["quality"] for row in rows] == ["observed", "imputed", "imputed", "imputed", "observed"]
    assert all(row["door_visits"] > 0 for row in rows)


EXPECTED = [
    "biweekly_exdate_until.ics",
    "community_workshop_berlin.ics",
    "moved_occurrences_berlin.ics",
    "outlook_custom_zone.ics",
    "recurrence_sequence.ics",
    "school_holidays_allday.ics",
]


@pytest.mark.parametrize("name", EXPECTED)
def test_calendar__imported__has_the_dates_expected_and_a_second_run_changes_nothing(
    empty_house: House, feeds: Path, name: str
) -> None:
    square, unit = unit_of(empty_house)
    said = take_in(empty_house, "calendar", feeds / name, "--unit", unit)
    again = take_in(empty_house, "calendar", feeds / name, "--unit", unit)

    expected = json.loads((feeds / "expected_counts.json").read_text())["files"][name]
    dates = programme(empty_house, square, *map(datetime.fromisoformat, expected["window"]))
    assert len(dates) == expected["occurrences"]
    assert f"{expected['occurrences']} dates as the file beside it counts" in section(said, "checked")
    assert "as expected" in said
    assert section(said, "refused") == "nothing"
    assert section(again, "taken") == "nothing"


def test_calendar__imported__shows_moved_dates_as_moved(empty_house: House, feeds: Path) -> None:
    square, unit = unit_of(empty_house)
    take_in(empty_house, "calendar", feeds / "moved_occurrences_berlin.ics", "--unit", unit)

    expected = json.loads((feeds / "expected_counts.json").read_text())["files"]["moved_occurrences_berlin.ics"]
    dates = programme(empty_house, square, *map(datetime.fromisoformat, expected["window"]))
    moved = {row["starts_at"]: row["previous"]["starts_at"] for row in dates if row["previous"]}
    assert moved == {
        "2019-11-09T16:00:00Z": "2019-11-09T18:00:00Z",
        "2019-11-10T17:00:00Z": "2019-11-10T18:00:00Z",
    }


CHANGED = """\
BEGIN:VCALENDAR
VERSION:2.0
BEGIN:VEVENT
UID:kor
DTSTART;TZID=W. Europe Standard Time:20270322T180000
DURATION:PT90M
RRULE:FREQ=WEEKLY;COUNT=3
SUMMARY:{title}
END:VEVENT
BEGIN:VEVENT
UID:kor
RECURRENCE-ID;TZID=W. Europe Standard Time:20270329T180000
DTSTART;TZID=W. Europe Standard Time:20270329T180000
DURATION:PT90M
STATUS:{status}
END:VEVENT
BEGIN:VEVENT
UID:uten lengde
DTSTART:20270323T170000Z
SUMMARY:Uten lengde
END:VEVENT
BEGIN:VEVENT
UID:ukjent sone
DTSTART;TZID=Mars Standard Time:20270323T170000
SUMMARY:Ukjent sone
END:VEVENT
END:VCALENDAR
"""


def test_calendar__in_a_new_edition__changes_what_changed_and_names_what_it_cannot_take(
    empty_house: House, tmp_path: Path
) -> None:
    square, unit = unit_of(empty_house)
    file = tmp_path / "kor.ics"
    file.write_text(CHANGED.format(title="Kor", status="CONFIRMED"))
    first = take_in(empty_house, "calendar", file, "--unit", unit)
    file.write_text(CHANGED.format(title="Seniorkor", status="CANCELLED"))
    second = take_in(empty_house, "calendar", file, "--unit", unit)
    third = take_in(empty_house, "calendar", file, "--unit", unit)

    assert re.search(r"Ukjent sone: .*Mars Standard Time", first)
    assert re.search(r"Uten lengde.*: 422 invalid", first)
    assert re.search(r"^    Kor: 3 new", first, re.MULTILINE)
    assert re.search(r"^    Seniorkor: 2 unchanged, 1 cancelled", second, re.MULTILINE)
    assert section(third, "taken") == "nothing"
    window = [datetime.fromisoformat(f"2027-{month}-01T00:00+01:00") for month in ("03", "05")]
    states = {row["starts_at"]: row["state"] for row in programme(empty_house, square, *window)}
    assert states == {
        "2027-03-22T17:00:00Z": "scheduled",
        "2027-03-29T16:00:00Z": "cancelled",
        "2027-04-05T16:00:00Z": "scheduled",
    }


def test_calendar__with_a_room_that_is_taken_once__books_the_others_and_names_that_date(
    empty_house: House, tmp_path: Path
) -> None:
    square, unit = unit_of(empty_house)
    room = str(uuid4())
    with empty_house.client() as api:
        made = api.put(f"/api/facility/spaces/{room}", json={"square_id": square, "name": "Salen", "unit_id": unit})
        times = {"starts_at": "2027-03-22T18:30", "ends_at": "2027-03-22T20:00"}
        taken = api.put(f"/api/facility/bookings/{uuid4()}", json={"space_ids": [room], **times})
    assert [made.status_code, taken.status_code] == [201, 201]
    (tmp_path / "kor.ics").write_text(CHANGED.format(title="Kor", status="CONFIRMED"))

    said = take_in(empty_house, "calendar", tmp_path / "kor.ics", "--unit", unit, "--space", room)

    assert re.search(r"^    Kor: 1 refused, 2 new", said, re.MULTILINE)
    assert re.search(r"^    Kor, 2027-03-22 18:00: 409 conflict", said, re.MULTILINE)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ([], "--unit"),
        (["--unit", str(uuid4())], "404"),
        (["--unit", "UNIT", "--from", "May"], "2026-11-24"),
        (["--unit", "UNIT", "--zone", "Europe/Asker"], "Europe/Asker"),
    ],
)
def test_calendar__with_options_that_cannot_be__says_which(
    empty_house: House, tmp_path: Path, options: list[str], said: str
) -> None:
    _, unit = unit_of(empty_house)
    (tmp_path / "one.ics").write_text(CHANGED.format(title="Kor", status="CONFIRMED"))
    given = [unit if one == "UNIT" else one for one in options]
    done = empty_house.torg("import", "calendar", str(tmp_path / "one.ics"), *given)

    assert done.returncode == 1
    assert said in done.stderr


def test_calendar__that_is_none__is_refused(empty_house: House, tmp_path: Path) -> None:
    _, unit = unit_of(empty_house)
    (tmp_path / "one.ics").write_text("Velkommen!")
    done = empty_house.torg("import", "calendar", str(tmp_path / "one.ics"), "--unit", unit)

    assert done.returncode == 1
    assert "is no calendar" in done.stderr


def test_import__of_an_unknown_kind__says_which_there_are(empty_house: House, tmp_path: Path) -> None:
    done = empty_house.torg("import", "weather", str(tmp_path))

    assert done.returncode == 1
    assert "room-plan" in done.stderr


@pytest.mark.parametrize("kind", ["calit2", "room-plan", "leeds"])
def test_import__of_a_folder_without_the_files__names_what_is_missing(
    empty_house: House, tmp_path: Path, kind: str
) -> None:
    done = empty_house.torg("import", kind, str(tmp_path))

    assert done.returncode == 1
    assert re.search(r"\.(csv|json): No such file", done.stderr)


def test_import__of_a_folder_that_is_not_there__says_so(empty_house: House, tmp_path: Path) -> None:
    done = empty_house.torg("import", "calit2", str(tmp_path / "nowhere"))

    assert done.returncode == 1
    assert "is no folder" in done.stderr
