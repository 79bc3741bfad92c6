"""Connections to the database are given in turn."""

import asyncio

import pytest

from shared import db
from tests.infra import Keys, Postgres, settings_for
from tests.integration.booking_house import NO_KAFKA

pytestmark = pytest.mark.integration


async def test_connection__wanted_by_a_newcomer_as_it_is_given_back__goes_to_who_waited(
    postgres: Postgres, keys: Keys
) -> None:
    settings = settings_for("facility", await postgres.database("facility"), NO_KAFKA, keys, database_pool=1)
    pool = await db.open_pool(settings)
    had: list[str] = []
    tasks: list[asyncio.Task[None]] = []

    async def want(who: str) -> None:
        async with db.connection(pool):
            had.append(who)

    async with db.connection(pool):
        tasks.append(asyncio.create_task(want("who waited")))
        await asyncio.sleep(0)
        # Runs once the connection is on its way back, so that the newcomer is there before who waited has woken up.
        asyncio.get_running_loop().call_soon(lambda: tasks.append(asyncio.create_task(want("the newcomer"))))
    await asyncio.sleep(0)
    await asyncio.gather(*tasks)
    await pool.close()
    assert had == ["who waited", "the newcomer"]
