"""An instance of the house as `./torg up` starts it, for the tests of this folder.

TORG_TEST_HOUSE=http://… with TORG_TEST_HOUSE_DATA=FOLDER uses one that runs already.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from deploy.local.instance import Instance
from deploy.local.process import free_ports

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 420


@dataclass(frozen=True)
class House:
    url: str
    instance: Instance

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
        yield House(given, Instance(Path(os.environ["TORG_TEST_HOUSE_DATA"])))
        return
    folder, port = tmp.mktemp("house"), free_ports(1)[0]
    _reachable(folder)
    _torg("up", "--port", str(port), "--data", str(folder), "--detach")
    try:
        yield House(f"http://127.0.0.1:{port}", Instance(folder))
    finally:
        _torg("down", "--data", str(folder))


def _torg(*args: str) -> None:
    argv = [sys.executable, "-m", "deploy.local", *args]
    done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, timeout=START_SECONDS)
    assert done.returncode == 0, done.stdout + done.stderr


def _reachable(folder: Path) -> None:
    """The database server runs as a user of its own when we are root."""
    for one in (folder, *list(folder.parents)[:3]):
        if one.stat().st_uid == os.geteuid():
            one.chmod(one.stat().st_mode | 0o111)
