"""Facility alone on a database of the module's own, for whoever asks for no other house."""

import datetime as dt
from collections.abc import AsyncIterator

import pytest

from services.facility.booking.desk import Desk
from shared import db
from shared.clock import SteppedClock
from tests.infra import Keys, Postgres, settings_for
from tests.integration.booking_house import NO_KAFKA, NOW, House, open_house


@pytest.fixture(scope="module")
async def opened(postgres: Postgres, keys: Keys) -> AsyncIterator[House]:
    async with open_house(postgres, keys) as house:
        yield house


@pytest.fixture
async def house(opened: House) -> House:
    """At the same time for each test, with a square of its own."""
    await opened.clock(NOW, run_due=False)
    await opened.square_of()
    return opened


@pytest.fixture
async def desk(opened: House, keys: Keys) -> AsyncIterator[Desk]:
    """Another process of facility, with a clock that stands where the first one's does."""
    pool = await db.open_pool(settings_for("facility", opened.database, NO_KAFKA, keys))
    clock = SteppedClock()
    clock.set(dt.datetime.fromisoformat(NOW))
    yield Desk(pool, clock)
    await pool.close()
