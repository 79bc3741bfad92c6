"""How much the aggregator folds per second: a batch per transaction against a message per transaction, in one run.

python -m benchmarks.aggregator [--events 200000] [--single 3000] [--rounds 1] [--batch 1000]

Real Kafka and PostgreSQL on this machine, the service's own projector with all of its views, every event through its
contract. Both sides are the same code: only the size of the batch differs, and that the second commits each message to
Kafka as well. A run is over when every record is handled and every day of the calendar is put together.
"""

import argparse
import asyncio
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

import uvloop
from aiokafka import AIOKafkaProducer

from benchmarks.events import events
from services.aggregator import projector as module
from services.aggregator.app import PROJECTIONS, TOPICS
from services.aggregator.projector import Projector
from shared import db, envelope
from shared.clock import SystemClock
from shared.envelope import service_of, topic_of
from shared.serve import spare_collector
from shared.settings import Settings
from tests import infra


async def fill(kafka: infra.Kafka, count: int) -> dict[str, int]:
    """Writes the log; answers with how many subjects of each kind there are."""
    producer = AIOKafkaProducer(linger_ms=5, max_batch_size=131_072, **kafka.options())
    await producer.start()
    subjects, size, waiting = set[str](), 0, []
    for event in events(count):
        value = envelope.encode(event)
        size += len(value)
        subjects.add(event.subject)
        topic, key = topic_of(service_of(event.source)), event.subject.encode()
        waiting.append(await producer.send(topic, value, key=key, headers=envelope.headers(event)))
        if len(waiting) == 5000:
            await asyncio.gather(*waiting)
            waiting = []
    await asyncio.gather(*waiting)
    await producer.stop()
    print(f"log: {count:,} events of {size // count} bytes, {len(subjects):,} subjects", flush=True)
    return dict(Counter(subject.partition("/")[0] for subject in subjects))


async def run(settings: Settings, count: int, batch: int) -> dict[str, float]:
    """One life of the projector in this process, until `count` records are in the views."""
    pool = await db.open_pool(settings)
    spare_collector()
    projector = Projector(pool, settings, SystemClock(), PROJECTIONS, TOPICS, batch)
    task = asyncio.create_task(projector.run())
    while projector.state != "running":  # noqa: ASYNC110 -- a probe from outside, as an operator's
        await asyncio.sleep(0.001)
    started, cpu = time.perf_counter(), time.process_time()
    while sum(projector.handled.values()) < count or (batch > 1 and projector.unsettled):
        if task.done():
            task.result()
        await asyncio.sleep(0.005)
    seconds, used = time.perf_counter() - started, time.process_time() - cpu
    handled = sum(projector.handled.values())
    rows = {
        kind: await pool.fetchval(f"select count(*) from {table}")
        for kind, table in (("booking", "calendar_booking"), ("occurrence", "calendar_occurrence"))
    }
    letters = await pool.fetchval("select count(*) from dead_letter")
    stale = await pool.fetchval("select count(*) from calendar_day where stale")
    task.cancel()
    await asyncio.wait([task])
    await pool.close()
    rate = handled / seconds
    return {"rate": rate, "cpu_us": used / handled * 1e6, "letters": letters, "stale": stale, **rows}


def one(settings: Settings, count: int, batch: int) -> dict[str, Any]:
    """In a process of its own, so that no run warms another's caches or keeps its memory."""
    said = settings.model_dump(mode="json", exclude_none=True)
    said["database_dsn"], said["kafka_password"] = (
        settings.database_dsn.get_secret_value(),
        settings.kafka_password.get_secret_value() if settings.kafka_password else None,
    )
    argv = [sys.executable, "-m", "benchmarks.aggregator", "--one", json.dumps(said), str(count), str(batch)]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=900)
    if done.returncode:
        sys.exit(done.stderr)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


async def measure(arguments: argparse.Namespace, home: Path) -> None:
    with infra.kafka_cluster(home / "kafka") as kafka, infra.postgres_server(home / "postgres") as postgres:
        keys = infra.make_keys(home)
        subjects = await fill(kafka, arguments.events)
        found: dict[int, list[float]] = {}
        for _ in range(arguments.rounds):
            for batch, count in ((arguments.batch, arguments.events), (1, arguments.single)):
                database = await postgres.database("aggregator")
                settings = infra.settings_for("aggregator", database, kafka, keys, test_clock=False)
                result = await asyncio.to_thread(one, settings, count, batch)
                print(f"batch {batch:>5}: {result['rate']:>9,.0f} ev/s, {result['cpu_us']:.1f} us of our CPU an event")
                found.setdefault(batch, []).append(result["rate"])
                assert result["letters"] == result["stale"] * (batch > 1) == 0, result
                if batch > 1:
                    assert all(result[kind] == subjects[kind] for kind in ("booking", "occurrence")), result
        batched, single = (statistics.median(found[batch]) for batch in (arguments.batch, 1))
        print(f"median: {batched:,.0f} ev/s batched, {single:,.0f} ev/s one by one: {batched / single:.1f} x")


def main() -> None:
    if sys.argv[1:2] == ["--one"]:
        settings = Settings(**json.loads(sys.argv[2]))
        if int(sys.argv[4]) == 1:
            module.COMMIT_SECONDS = 0.0
        print(json.dumps(uvloop.run(run(settings, int(sys.argv[3]), int(sys.argv[4])))))
        return
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--events", type=int, default=200_000)
    parser.add_argument("--single", type=int, default=3_000)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--batch", type=int, default=module.BATCH)
    with tempfile.TemporaryDirectory() as home:
        Path(home).chmod(0o755)
        asyncio.run(measure(parser.parse_args(), Path(home)))


if __name__ == "__main__":
    main()
