"""One instance for all fault runs: nothing invented in it, and the machine's own clock."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.stage import Stage
from tests.house import House, running_house


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.faults)


@pytest.fixture(scope="session")
def plain_house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("TORG_TEST_CLOCK", raising=False)
        with running_house(tmp_path_factory.mktemp("plain") / "torg", "--no-demo") as running:
            yield running


@pytest.fixture(scope="module")
def stage(plain_house: House) -> Stage:
    """A square of the module's own, so that no module sees what another left."""
    return Stage.build(plain_house)
