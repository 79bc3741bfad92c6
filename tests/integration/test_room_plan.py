"""A university's room plan through the booking interface: first come, first served, and nothing twice."""

from pathlib import Path

import pytest

from deploy.local.imports import room_plan
from deploy.local.imports.house import ImportFailed
from tests.integration.booking_house import House

pytestmark = pytest.mark.integration


@pytest.fixture
def folder(shared_data: Path) -> Path:
    found = shared_data / "room-plan-university"
    if not found.exists():
        pytest.skip("the room plan is not among the real data sets here")
    return found


async def test_import_confirms_and_refuses_as_expected_and_names_what_blocks(house: House, folder: Path) -> None:
    report = await room_plan.take(house.client, folder, lambda _: None)
    assert report.wrong == []
    assert (report.taken["dates confirmed"], report.taken["dates kept as refused"]) == (444, 151)
    assert len(report.refused) == 151
    assert all(why.startswith("conflict: ") and "another booking" not in why for _, why in report.refused)


async def test_import_again_changes_nothing(house: House, folder: Path) -> None:
    await room_plan.take(house.client, folder, lambda _: None)
    [before] = await house.rows("select count(*) from outbox")
    report = await room_plan.take(house.client, folder, lambda _: None)
    [after] = await house.rows("select count(*) from outbox")
    assert (report.taken.total(), report.wrong, after["count"]) == (0, [], before["count"])
    assert report.unchanged["dates confirmed"] == 444


async def test_import_of_a_folder_without_the_plan_says_what_is_missing(house: House, tmp_path: Path) -> None:
    with pytest.raises(ImportFailed, match=r"venues\.json"):
        await room_plan.take(house.client, tmp_path, lambda _: None)
