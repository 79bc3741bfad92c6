"""One house with the demo for the days that are played in it, gone when they are over."""

from collections.abc import Iterator

import pytest

from tests.house import House, running_house


@pytest.fixture(scope="package")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with running_house(tmp_path_factory.mktemp("house") / "torg") as running:
        yield running
