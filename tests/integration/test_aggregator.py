"""The aggregator's views on real Kafka and PostgreSQL: what was said is what is shown."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import pytest

from tests import infra
from tests.integration.aggregator_stand import Stand, aggregator, until

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
async def stand(kafka: infra.Kafka, postgres: infra.Postgres, keys: infra.Keys) -> AsyncIterator[Stand]:
    async with aggregator(kafka, postgres, keys) as made:
        yield made


async def test_booking__confirmed__appears_on_its_local_date(stand: Stand) -> None:
    square, booking = uuid4(), uuid4()
    await stand.log.square(square)
    await stand.log.booking(square, booking, "2026-11-24T23:30:00Z", "2026-11-25T00:30:00Z")
    await stand.caught_up()

    assert await stand.items(square, "2026-11-24") == []
    (item,) = await stand.items(square, "2026-11-25")
    assert item["id"] == str(booking)
    assert item["starts_at"] == "2026-11-25T00:30:00+01:00"
    assert (item["local_date"], item["local_start"], item["local_end"]) == ("2026-11-25", "00:30", "01:30")
    assert (item["kind"], item["state"], item["title"], item["version"]) == ("booking", "confirmed", "Styremøte", 1)
