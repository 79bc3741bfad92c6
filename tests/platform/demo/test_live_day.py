"""A day of the demo is played while processes are killed at random, and then all it left is looked at."""

import json
import os
import random
import re
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import pytest
from jsonschema_rs import Draft202012Validator

from shared.contracts import catalogue
from tests.contracts.schemas import schema
from tests.faults import oracles
from tests.house import ROOT, House
from tests.log_reader import reading

pytestmark = pytest.mark.integration

SEED = int(os.environ.get("TORG_KILL_SEED", random.randrange(1_000_000)))
SPEED = 2500
DAY_SECONDS = 300
# Every one of these is killed once before one is killed again; a relay runs in each of the publishers.
KINDS = ("aggregator", "relay", "kafka", "postgres")
HAS_ID = re.compile(r"/(?:bookings|occurrences|closures|shifts|meal-servings)/([0-9a-f-]{36})")
FORMED = re.compile(
    r"[0-9a-f-]{36}|[a-z_]+(/[0-9A-Za-z_:.+-]+)+|\d{4}-\d\d-\d\d(T[0-9:.]+(Z|[+-]\d\d:\d\d))?|[a-z][a-z_.0-9]*|[01](\.\d+)?"
)
# A national identity number, a telephone number, an address to write to.
PERSONAL = re.compile(r"\b\d{6} ?\d{5}\b|\b(\+47 ?)?[2-9]\d( ?\d\d){3}\b|\S@\S")


@dataclass
class Lived:
    house: House
    killed: Counter[str]
    acts: list[dict[str, Any]]


@pytest.fixture(scope="module")
def lived(house: House) -> Lived:
    print(f"TORG_KILL_SEED={SEED}")
    killed = _play_killing(house)
    for name in house.status()["services"]:
        house.wait_ready(name)
    written = (house.folder / "logs/live.jsonl").read_text(encoding="utf-8").splitlines()
    return Lived(house, killed, [json.loads(line) for line in written])


def _play_killing(house: House) -> Counter[str]:
    argv = [sys.executable, "-m", "deploy.local", "demo", "live", "--speed", str(SPEED), "--seed", str(SEED)]
    chance, killed, deadline = random.Random(SEED), Counter[str](), time.monotonic() + DAY_SECONDS
    with subprocess.Popen(
        [*argv, "--data", str(house.folder)], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as live:
        try:
            while live.poll() is None:
                assert time.monotonic() < deadline, f"the day did not end; killed {dict(killed)}"
                kind = chance.choice([one for one in KINDS if killed[one] == min(killed[one] for one in KINDS)])
                victim = chance.choice(oracles.PUBLISHERS) if kind == "relay" else kind
                time.sleep(chance.uniform(0.2, 2.0))
                house.wait_ready(victim, other_than=house.kill(victim))
                killed[kind] += 1
        finally:
            live.kill() if live.poll() is None else None
            said = live.communicate()[0]
    assert live.returncode == 0, said
    assert "the day is over" in said, said
    return killed


def test_day__lived_while_processes_were_killed__was_done_to_its_end(lived: Lived) -> None:
    assert set(lived.killed) == set(KINDS)
    answers = Counter(one["status"] for one in lived.acts)
    print("killed", dict(lived.killed), "answered", dict(answers))
    assert answers[200] + answers[201] > 0.9 * len(lived.acts)


def test_views__after_such_a_day__are_the_fold_and_nothing_is_lost(lived: Lived) -> None:
    oracles.nothing_lost(lived.house, [])
    assert oracles.overlaps(lived.house) == []
    oracles.views_are_the_fold(lived.house)


def test_log__after_such_a_day__has_all_that_was_said_yes_to(lived: Lived) -> None:
    done = {found[1] for one in lived.acts if one["status"] < 400 and (found := HAS_ID.search(one["path"]))}
    told = {subject.rpartition("/")[2] for subject in oracles.log_of(lived.house).versions}
    assert len(done) > 10
    assert done <= told


def test_records__of_all_topics__are_events_of_the_catalogue_and_hold_no_person(lived: Lived) -> None:
    kinds: Counter[str] = Counter()
    with reading(lived.house) as reader:
        for record in reader.records():
            event = json.loads(record.value())
            kinds[event["type"]] += 1
            assert event["type"] in catalogue.by_type()
            assert (ROOT / f"shared/contracts/examples/{event['type']}.json").exists()
            faults = [
                f"{list(fault.instance_path)}: {fault.message}" for fault in _closed(event["type"]).iter_errors(event)
            ]
            assert faults == [], event["type"]
            assert [text for text in _words(event) if PERSONAL.search(text) or "Frivillig " in text] == []
    print(f"{kinds.total()} records of {len(kinds)} types")
    assert {name.partition(".")[0] for name in kinds} == set(oracles.PUBLISHERS)
    assert len(kinds) > 40


@cache
def _closed(name: str) -> Draft202012Validator:
    """The golden schema of a type, with room for no field but those it names."""
    golden = json.loads((ROOT / f"shared/contracts/schemas/{name}.json").read_text(encoding="utf-8"))
    assert golden == json.loads(json.dumps(schema(name)))
    return Draft202012Validator(_shut(golden))


def _shut(node: Any) -> Any:
    if isinstance(node, list):
        return [_shut(one) for one in node]
    if not isinstance(node, dict):
        return node
    shut = {key: _shut(value) for key, value in node.items()}
    return {"additionalProperties": False, **shut} if isinstance(node.get("properties"), dict) else shut


def _words(node: Any) -> Iterator[str]:
    """Every text that is no id, code, subject or time."""
    if isinstance(node, dict):
        for value in node.values():
            yield from _words(value)
    elif isinstance(node, list):
        for value in node:
            yield from _words(value)
    elif isinstance(node, str) and not FORMED.fullmatch(node):
        yield node
