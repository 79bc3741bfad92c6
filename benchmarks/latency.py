"""How long from a committed command to the view: outbox, relay, Kafka, projector, each in a process of its own.

python -m benchmarks.latency [--rate 200] [--seconds 15]

A command is what facility's is at the end: one transaction with an event in the outbox. Its time is taken when the
commit is answered, the view's when the change that names its booking can be read.
"""

import argparse
import asyncio
import datetime as dt
import json
import random
import sys
import tempfile
import time
from pathlib import Path
from typing import Any
from uuid import uuid4

import uvloop

from services.aggregator import changes
from services.aggregator.app import PROJECTIONS, TOPICS
from services.aggregator.projector import Projector
from shared import db, envelope, outbox
from shared.clock import SystemClock
from shared.envelope import Event
from shared.relay import Relay
from shared.serve import spare_collector
from shared.settings import Settings
from tests import infra

CLOCK = SystemClock()
WARM_UP_SECONDS = 3.0
SHARES = (0.5, 0.9, 0.99, 0.999)


async def relay(settings: Settings) -> None:
    await Relay(await db.open_pool(settings), settings, CLOCK, settings.service).run()


async def project(settings: Settings) -> None:
    pool = await db.open_pool(settings)
    spare_collector()
    await Projector(pool, settings, CLOCK, PROJECTIONS, TOPICS).run()


def booking(square: str) -> Event:
    start = CLOCK.now().replace(minute=0, second=0, microsecond=0) + dt.timedelta(hours=random.randrange(2000))
    booking_id = str(uuid4())
    data = {
        "booking_id": booking_id,
        "square_id": square,
        "space_ids": [str(uuid4())],
        "starts_at": start.isoformat(),
        "ends_at": (start + dt.timedelta(hours=1)).isoformat(),
        "state": "confirmed",
        "title": "Styremøte",
    }
    return envelope.build("facility", "booking.confirmed.v1", f"booking/{booking_id}", 1, data, at=CLOCK.now())


async def measure(facility: Settings, aggregator: Settings, rate: int, seconds: float) -> list[float]:
    """Milliseconds of every command after the warm-up."""
    pool, views = await db.open_pool(facility), await db.open_pool(aggregator)
    waker = changes.Waker(aggregator)
    listening = asyncio.create_task(waker.run())
    committed: dict[str, float] = {}
    seen: dict[str, float] = {}

    async def follow() -> None:
        async for line in changes.follow(views, waker, await changes.begin(views, None)):
            at = time.perf_counter()
            for booking_id in json.loads(line).get("ids", []) if line.strip() else []:
                seen[booking_id] = at

    async def command(square: str) -> None:
        event = booking(square)
        async with db.transaction(pool) as conn:
            await outbox.record(conn, event)
        committed[str(event.data["booking_id"])] = time.perf_counter()

    following = asyncio.create_task(follow())
    squares, sent, begun = [str(uuid4()) for _ in range(8)], list[asyncio.Task[None]](), time.perf_counter()
    for n in range(int(rate * seconds)):
        await asyncio.sleep(max(0.0, begun + n / rate - time.perf_counter()))
        sent.append(asyncio.create_task(command(random.choice(squares))))
    await asyncio.gather(*sent)
    for _ in range(600):
        if len(seen) >= len(committed):
            break
        await asyncio.sleep(0.1)
    for task in (following, listening):
        task.cancel()
    missing = committed.keys() - seen.keys()
    assert not missing, f"{len(missing)} of {len(committed)} never came into view"
    return sorted(1000 * max(0.0, seen[one] - at) for one, at in committed.items() if at > begun + WARM_UP_SECONDS)


async def main(arguments: argparse.Namespace, home: Path) -> None:
    with infra.kafka_cluster(home / "kafka") as kafka, infra.postgres_server(home / "postgres") as postgres:
        keys = infra.make_keys(home)
        database = await postgres.database("aggregator", "facility")
        facility, aggregator = (
            infra.settings_for(service, database, kafka, keys, test_clock=False)
            for service in ("facility", "aggregator")
        )
        children = [await _child("relay", facility), await _child("project", aggregator)]
        try:
            await asyncio.sleep(5)
            found = await measure(facility, aggregator, arguments.rate, arguments.seconds + WARM_UP_SECONDS)
        finally:
            for child in children:
                child.kill()
                await child.wait()
        shares = "  ".join(f"p{share * 100:g} {found[int(len(found) * share)]:.1f} ms" for share in SHARES)
        print(f"{len(found):,} commands at {arguments.rate}/s, commit to view: {shares}")


async def _child(role: str, settings: Settings) -> Any:
    said = settings.model_dump(mode="json", exclude_none=True)
    said["database_dsn"] = settings.database_dsn.get_secret_value()
    said["kafka_password"] = settings.kafka_password.get_secret_value() if settings.kafka_password else None
    return await asyncio.create_subprocess_exec(sys.executable, "-m", "benchmarks.latency", role, json.dumps(said))


if __name__ == "__main__":
    if sys.argv[1:2] in (["relay"], ["project"]):
        uvloop.run({"relay": relay, "project": project}[sys.argv[1]](Settings(**json.loads(sys.argv[2]))))
        sys.exit()
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rate", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=15)
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        uvloop.run(main(parser.parse_args(), Path(folder)))
