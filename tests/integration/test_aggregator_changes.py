"""The stream of changes: in the order of commits, resumable by sequence, nothing lost and nothing invented."""

import asyncio
import datetime as dt
import json
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import pytest

from services.aggregator import changes
from tests import infra
from tests.integration.aggregator_stand import Stand, aggregator

pytestmark = pytest.mark.integration
TIMES = ("2026-11-24T10:00:00Z", "2026-11-24T11:00:00Z")


@pytest.fixture(scope="module")
async def stand(kafka: infra.Kafka, postgres: infra.Postgres, keys: infra.Keys) -> AsyncIterator[Stand]:
    async with aggregator(kafka, postgres, keys) as made:
        await made.log.square(uuid4())
        await made.caught_up()
        yield made


async def rows(stand: Stand, since: int, count: int) -> list[dict[str, Any]]:
    """The next `count` changes after `since`, as a portal reads them."""
    seen = await changes.begin(stand.pool, since)
    found: list[dict[str, Any]] = []
    async with asyncio.timeout(20):
        async for line in changes.follow(stand.pool, stand.app.state.waker, seen):
            if line.strip() and "view" in (row := json.loads(line)):
                found.append(row)
            if len(found) == count:
                break
    return found


async def latest(stand: Stand) -> int:
    return await changes.begin(stand.pool, None)


async def test_change__of_a_booking__names_square_dates_and_ids(stand: Stand) -> None:
    square, booking, since = uuid4(), uuid4(), await latest(stand)
    follower = asyncio.create_task(rows(stand, since, 1))
    await asyncio.sleep(0.1)
    await stand.log.booking(square, booking, *TIMES)

    (row,) = await follower
    assert (row["view"], row["square_id"], row["dates"], row["ids"]) == (
        "calendar",
        str(square),
        ["2026-11-24"],
        [str(booking)],
    )


async def test_change__of_a_moved_booking__names_the_old_date_and_the_new(stand: Stand) -> None:
    square, booking = uuid4(), uuid4()
    await stand.log.booking(square, booking, *TIMES)
    await stand.caught_up()
    since = await latest(stand)
    await stand.log.booking(square, booking, "2026-11-26T10:00:00Z", "2026-11-26T11:00:00Z")
    (row,) = await rows(stand, since, 1)
    assert row["dates"] == ["2026-11-24", "2026-11-26"]


async def test_change__of_bookings_that_disturb_each_other__is_told_once_for_each_version(stand: Stand) -> None:
    square, conflict, since = uuid4(), uuid4(), await latest(stand)
    data = {
        "conflict_id": str(conflict),
        "square_id": str(square),
        **{name: str(uuid4()) for name in ("loud_booking_id", "quiet_booking_id", "from_space_id", "in_space_id")},
        "starts_at": "2026-11-24T23:30:00Z",
        "ends_at": "2026-11-25T00:30:00Z",
        "excess_level": 2,
        "state": "open",
        "detected_at": "2026-11-24T09:00:00Z",
    }
    for version in (1, 1, 2):
        subject = f"noise_conflict/{conflict}"
        await stand.log.say("facility", "noise.conflict_detected.v1", subject, data, version=version)
        await stand.caught_up()
    found = await rows(stand, since, 2)
    assert [(one["view"], one["square_id"], one["dates"], one["ids"]) for one in found] == [
        ("calendar", str(square), ["2026-11-25"], [str(conflict)])
    ] * 2
    assert await latest(stand) == found[-1]["seq"]


async def test_change__of_a_version_seen_before__is_none(stand: Stand) -> None:
    square, booking = uuid4(), uuid4()
    await stand.log.booking(square, booking, *TIMES, version=2)
    await stand.caught_up()
    since = await latest(stand)
    await stand.log.booking(square, booking, *TIMES, version=2)
    await stand.log.booking(square, booking, *TIMES, version=1)
    await stand.caught_up()
    assert await latest(stand) == since


async def test_follower__that_comes_back_by_sequence__has_every_change_once(stand: Stand) -> None:
    square, since = uuid4(), await latest(stand)
    for _ in range(30):
        await stand.log.booking(square, uuid4(), *TIMES)
    await stand.caught_up()
    count = await stand.pool.fetchval("select count(*) from change where seq > $1", since)

    whole = await rows(stand, since, count)
    first = await rows(stand, since, 1)
    rest = await rows(stand, first[-1]["seq"], count - 1) if count > 1 else []
    assert first + rest == whole
    assert [row["seq"] for row in whole] == sorted({row["seq"] for row in whole})


async def test_follower__whose_place_was_pruned__is_told_to_fetch_anew(stand: Stand) -> None:
    for _ in range(2):
        await stand.log.booking(uuid4(), uuid4(), *TIMES)
        await stand.caught_up()
    last = await latest(stand)

    class Tomorrow:
        def now(self) -> dt.datetime:
            return stand.app.state.clock.now() + changes.KEEP * 2  # type: ignore[no-any-return]

    await changes.prune(stand.pool, Tomorrow())
    assert await changes.begin(stand.pool, last) == last
    for gone in (last - 2, last + 5):
        with pytest.raises(changes.Gone):
            await changes.begin(stand.pool, gone)
    answer = await stand.get("/changes", 410, since=last + 5)
    assert answer["code"] == "changes_gone"


async def test_changes__asked_for_by_a_person__are_refused(stand: Stand, keys: infra.Keys) -> None:
    answer = await stand.http.get("/api/aggregator/changes", headers=keys.headers("house_manager@*"))
    assert answer.status_code == 403


async def test_waker__whose_connection_was_cut__wakes_its_followers_again(
    stand: Stand, postgres: infra.Postgres
) -> None:
    since = await latest(stand)
    follower = asyncio.create_task(rows(stand, since, 1))
    await asyncio.sleep(0.1)
    await stand.pool.execute(
        "select pg_terminate_backend(pid) from pg_stat_activity where usename = current_user"
        " and pid <> pg_backend_pid() and (query = 'select 1' or query like 'LISTEN%')"
    )
    await stand.log.booking(uuid4(), uuid4(), *TIMES)
    assert len(await follower) == 1
