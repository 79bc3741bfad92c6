"""Real data of others through `./torg import`: taken as expected, and nothing changed by a second run."""

import json
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from deploy.local.imports import calit2, room_plan
from tests.house import House, check, wait_until

pytestmark = pytest.mark.integration
IMPORT_SECONDS = 180


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


def take_in(house: House, kind: str, folder: Path) -> str:
    return check(house.torg("import", kind, str(folder), seconds=IMPORT_SECONDS)).stdout


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


def test_room_plan__imported__is_confirmed_and_refused_as_expected_with_what_blocks(
    empty_house: House, plan: Path
) -> None:
    said = take_in(empty_house, "room-plan", plan)

    assert "595 dates, 444 confirmed, 151 refused" in section(said, "checked")
    refused = re.findall(r"^    .*: conflict: .+ \([0-9a-f-]{36}\)", said, re.MULTILINE)
    assert len(refused) == int(section(said, "refused")) == 151


def test_room_plan__imported_again__changes_nothing(empty_house: House, plan: Path) -> None:
    take_in(empty_house, "room-plan", plan)

    said = take_in(empty_house, "room-plan", plan)

    assert section(said, "taken") == "nothing"
    assert "444 dates confirmed" in section(said, "unchanged")


def test_room_plan__imported__is_in_the_calendar(empty_house: House, plan: Path) -> None:
    take_in(empty_house, "room-plan", plan)
    path = f"/api/aggregator/squares/{room_plan.SQUARE}/calendar"
    whole = {"from": room_plan.WEEK_ONE.isoformat(), "to": (room_plan.WEEK_ONE + timedelta(weeks=16)).isoformat()}

    def confirmed() -> int:
        days = get(empty_house, path, **whole)["days"]
        return sum(item["state"] == "confirmed" for day in days for item in day["items"])

    wait_until(lambda: confirmed() == 444, "the calendar does not show all that was confirmed")
    assert confirmed() == 444


def test_door_counts__imported__give_the_week_totals_expected(empty_house: House, door: Path) -> None:
    said = take_in(empty_house, "calit2", door)

    expected = json.loads((door / "expected.json").read_text())
    days = {"from": "2005-07-18", "to": "2005-11-06"}
    rows = get(empty_house, f"/api/aggregator/squares/{calit2.SQUARE}/visitors", by="week", **days)["rows"]
    weeks = {row["period"]: row["door_visits"] for row in rows}
    wanted = {week: figures["in"] for week, figures in expected["iso_weeks"].items()}
    assert {week: weeks.get(week) for week in wanted} == wanted
    assert "as expected" in said
    assert "NOT" not in said


def test_door_counts__imported__show_events_beside_visits(empty_house: House, door: Path) -> None:
    take_in(empty_house, "calit2", door)
    lines = (door / "events.csv").read_text().strip().splitlines()[1:]
    events = len({line.rpartition(",")[0] for line in lines})
    path = f"/api/aggregator/squares/{calit2.SQUARE}/calendar"

    def shown() -> int:
        days = get(empty_house, path, **{"from": "2005-07-18", "to": "2005-11-06"})["days"]
        return len({item["id"] for day in days for item in day["items"] if item["kind"] == "occurrence"})

    wait_until(lambda: shown() >= events, "the events are not in the calendar")
    assert shown() == events


def test_door_counts__imported_again__change_nothing(empty_house: House, door: Path) -> None:
    take_in(empty_house, "calit2", door)

    assert section(take_in(empty_house, "calit2", door), "taken") == "nothing"


def test_import__of_an_unknown_kind__says_which_there_are(empty_house: House, tmp_path: Path) -> None:
    done = empty_house.torg("import", "weather", str(tmp_path))

    assert done.returncode == 1
    assert "room-plan" in done.stderr


@pytest.mark.parametrize("kind", ["calit2", "room-plan"])
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
