"""Facility at a fixed time, on a square of the test's own: a season has all the rooms of its squares."""

import pytest

from tests.integration.booking_house import House


@pytest.fixture
async def house(opened: House) -> House:
    await opened.clock("2026-11-24T08:00:00Z")
    await opened.square_of()
    return opened
