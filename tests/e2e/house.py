"""An instance of the house as `./torg up` starts it, for the tests of this folder.

TORG_TEST_HOUSE=http://… with TORG_TEST_HOUSE_DATA=FOLDER uses one that runs already, with TORG_TEST_CLOCK=1.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest

from deploy.local.instance import Instance
from deploy.local.process import free_ports
from shared.clock import SystemClock

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 420
OSLO = ZoneInfo("Europe/Oslo")


@dataclass(frozen=True)
class House:
    """`now` is where its clock stands still: a Thursday morning in the week before this one."""

    url: str
    instance: Instance
    now: datetime

    @property
    def today(self) -> str:
        return self.now.date().isoformat()

    def hold_clock(self) -> None:
        with self.caller() as caller:
            answer = caller.put("/test/clock", json={"now": self.now.isoformat()})
        assert answer.status_code == 200, answer.text

    def caller(self, *roles: str) -> httpx.Client:
        token = self.instance.token(list(roles or ("admin@*",)))
        return httpx.Client(
            base_url=self.url, headers={"Authorization": f"Bearer {token}"}, timeout=30, trust_env=False
        )

    def square(self, name: str) -> str:
        with self.caller() as caller:
            found = caller.get("/api/facility/squares").json()["squares"]
        return str(next(square.get("id") or square["square_id"] for square in found if square["name"] == name))

    def get(self, path: str, **params: Any) -> Any:
        with self.caller() as caller:
            answer = caller.get(path, params=params)
        assert answer.status_code == 200, answer.text
        return answer.json()


@contextmanager
def running_house(tmp: pytest.TempPathFactory) -> Iterator[House]:
    given = os.environ.get("TORG_TEST_HOUSE")
    if given:
        house = House(given, Instance(Path(os.environ["TORG_TEST_HOUSE_DATA"])), a_thursday())
        house.hold_clock()
        yield house
        return
    folder, port = tmp.mktemp("house"), free_ports(1)[0]
    _reachable(folder)
    _torg("up", "--port", str(port), "--data", str(folder), "--detach")
    try:
        house = House(f"http://127.0.0.1:{port}", Instance(folder), a_thursday())
        house.hold_clock()
        yield house
    finally:
        _torg("down", "--data", str(folder))


def a_thursday() -> datetime:
    """Half past ten on the Thursday of last week: the demo's readings and head counts reach further."""
    now = SystemClock().now().astimezone(OSLO)
    monday = now.date() - timedelta(days=now.weekday())
    return datetime.combine(monday - timedelta(days=4), time(10, 30), OSLO)


def _torg(*args: str) -> None:
    argv = [sys.executable, "-m", "deploy.local", *args]
    env = {**os.environ, "TORG_TEST_CLOCK": "1"}
    done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, timeout=START_SECONDS, env=env)
    assert done.returncode == 0, done.stdout + done.stderr


def _reachable(folder: Path) -> None:
    """The database server runs as a user of its own when we are root."""
    for one in (folder, *list(folder.parents)[:3]):
        if one.stat().st_uid == os.geteuid():
            one.chmod(one.stat().st_mode | 0o111)
