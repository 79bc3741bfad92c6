"""Facility alone on a database of the module's own, for whoever asks for no other house."""

from collections.abc import AsyncIterator

import pytest

from tests.infra import Keys, Postgres
from tests.integration.booking_house import NOW, House, open_house


@pytest.fixture(scope="module")
async def opened(postgres: Postgres, keys: Keys) -> AsyncIterator[House]:
    async with open_house(postgres, keys) as house:
        yield house


@pytest.fixture
async def house(opened: House) -> House:
    await opened.clock(NOW, run_due=False)
    return opened
