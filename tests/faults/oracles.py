"""What must hold after every fault, read from the databases and the log themselves.

overlaps        no two bookings take the same leaf at the same time
nothing_lost    every acknowledged command has its events in the outbox, every event of an outbox is on the log, and the
                versions of each subject on the log are 1..n in order once repeats are left out
views_are_the_fold  the live views equal views built anew from the log, table by table
"""

import asyncio
import json
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import asyncpg
import httpx

from deploy.house import services
from deploy.local.instance import Instance
from services.aggregator import store
from services.aggregator.app import PROJECTIONS
from tests.faults.traffic import Acknowledged
from tests.house import House, wait_until
from tests.log_reader import reading

PUBLISHERS = tuple(service.name for service in services() if service.exists and service.publishes)
VIEWS = [one.name for one in PROJECTIONS]
CATCH_UP_SECONDS = 60.0
OVERLAPS = """
select a.booking_id, b.booking_id from booking_leaf as a join booking_leaf as b
on a.space_id = b.space_id and a.during && b.during and a.booking_id < b.booking_id
"""
UNPUBLISHED = "select count(*) as count from outbox where published_at is null"
OUTBOX = (
    "select event_id::text, key, (convert_from(value, 'utf8')::jsonb ->> 'subjectversion')::int as version from outbox"
)


def overlaps(house: House) -> list[Any]:
    """Pairs of bookings that have the same time of the same leaf: there are none."""
    return rows(house, "facility", OVERLAPS)


def nothing_lost(house: House, acknowledged: Iterable[Acknowledged]) -> None:
    all_published(house)
    outboxes = {name: rows(house, name, OUTBOX) for name in PUBLISHERS}
    for name in PUBLISHERS:
        written: dict[str, list[int]] = {}
        for row in outboxes[name]:
            written.setdefault(row["key"], []).append(row["version"])
        lost = [
            one
            for one in acknowledged
            if one.service == name and sorted(written.get(one.subject, [])) != list(range(1, one.versions + 1))
        ]
        assert lost == [], f"{name}: {lost[:5]}"
    logged = log_of(house)
    subjects = {row["key"] for found in outboxes.values() for row in found}
    missing = [row["event_id"] for found in outboxes.values() for row in found if row["event_id"] not in logged.ids]
    assert missing == []
    torn = {
        key: seen for key, seen in logged.versions.items() if key in subjects and seen != [*range(1, len(seen) + 1)]
    }
    assert torn == {}


def views_are_the_fold(house: House) -> None:
    """Publishers are stopped meanwhile: their watermarks would go on changing what is compared."""
    all_published(house)
    with ThreadPoolExecutor() as together:
        list(together.map(house.stop, PUBLISHERS))
        try:
            caught_up(house)
            with house.client() as api:
                live = _hashes(api)
                for view in VIEWS:
                    _rebuild(api, view)
                assert _hashes(api) == live
        finally:
            list(together.map(house.start, PUBLISHERS))


def all_published(house: House) -> None:
    wait_until(
        lambda: not any(rows(house, name, UNPUBLISHED)[0]["count"] for name in PUBLISHERS),
        "an outbox was not emptied",
        CATCH_UP_SECONDS,
    )


def caught_up(house: House) -> None:
    """The aggregator has read all that is on the log now."""
    with reading(house) as reader:
        ends = {(tp.topic, tp.partition): end for tp, (_, end) in reader.bounds().items()}

    def level() -> bool:
        found = rows(house, "aggregator", store.POSITIONS, VIEWS)
        at = {(row["topic"], row["partition"]): row["next_offset"] for row in found}
        return all(at.get(place, 0) >= end for place, end in ends.items())

    wait_until(level, "the aggregator did not catch up", CATCH_UP_SECONDS)


def rows(house: House, schema: str, statement: str, *values: Any) -> list[dict[str, Any]]:
    """As the service's own role."""
    instance = Instance(house.folder)
    address = f"127.0.0.1:{instance.ports_in_use()['postgres']}/torg"
    dsn = f"postgresql://{schema}:{instance.passwords[schema]}@{address}"

    async def fetch() -> list[dict[str, Any]]:
        conn = await asyncpg.connect(dsn, server_settings={"search_path": schema})
        try:
            return [dict(row) for row in await conn.fetch(statement, *values)]
        finally:
            await conn.close()

    return asyncio.run(fetch())


class Log:
    """Ids of all records that are events, and the versions of each subject in the order they first appear."""

    def __init__(self) -> None:
        self.ids: set[str] = set()
        self.versions: dict[str, list[int]] = {}

    def add(self, value: bytes | None) -> None:
        try:
            event = json.loads(value or b"")
            event_id, subject, version = event["id"], event["subject"], event["subjectversion"]
        except (ValueError, KeyError, TypeError, RecursionError):
            return  # no event of ours; other tests put such on the log
        self.ids.add(event_id)
        seen = self.versions.setdefault(subject, [])
        if version not in seen:
            seen.append(version)


def log_of(house: House) -> Log:
    log = Log()
    with reading(house) as reader:
        for record in reader.records():
            log.add(record.value())
    return log


def _hashes(api: httpx.Client) -> dict[str, str]:
    answer = api.get("/api/aggregator/hashes")
    assert answer.status_code == 200, answer.text
    found: dict[str, str] = answer.json()["hashes"]
    return found


def _rebuild(api: httpx.Client, view: str) -> None:
    path = f"/api/aggregator/rebuild/{view}"
    assert api.post(path).status_code == 202
    wait_until(lambda: api.get(path).json()["state"] != "running", f"{view} was not rebuilt", CATCH_UP_SECONDS)
    assert api.get(path).json()["state"] == "done"
