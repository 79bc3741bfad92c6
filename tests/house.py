"""The whole house for tests, started and stopped by its own command line."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from deploy.local.instance import Instance
from deploy.local.process import free_ports

ROOT = Path(__file__).resolve().parents[1]
UP_SECONDS = 300
AGAIN_SECONDS = 60


@dataclass(frozen=True)
class House:
    """A running instance in `folder`; its portal answers at `url`."""

    folder: Path
    port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def torg(self, *arguments: str, seconds: float = AGAIN_SECONDS, **env: str) -> "subprocess.CompletedProcess[str]":
        """`./torg ARGUMENTS --data FOLDER`, whatever it answers."""
        return command(*arguments, "--data", str(self.folder), seconds=seconds, **env)

    def status(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(check(self.torg("status", "--json")).stdout)
        return found

    def token(self, *roles: str) -> str:
        """What `torg token` prints, without starting a process for it."""
        return Instance(self.folder).token(list(roles or ("admin@*",)))

    def client(self, *roles: str) -> httpx.Client:
        """Speaks to the portal with these rights; English answers."""
        headers = {"Authorization": f"Bearer {self.token(*roles)}", "Accept-Language": "en"}
        return httpx.Client(base_url=self.url, headers=headers, timeout=30, trust_env=False, verify=False)

    def pid(self, name: str) -> int:
        """Of a service, or of kafka, postgres or identity."""
        return int(self.known(name)["pid"])

    def known(self, name: str) -> dict[str, Any]:
        status = self._now()
        found: dict[str, Any] = {**status["platform"], **status["services"]}[name]
        return found

    def restart(self, name: str) -> None:
        check(self.torg("restart", name))

    def stop(self, name: str) -> None:
        check(self.torg("stop", name))

    def start(self, name: str) -> None:
        check(self.torg("start", name))

    def kill(self, name: str) -> int:
        """kill -9, which the supervisor is to notice. The pid it had."""
        pid = self.pid(name)
        os.kill(pid, signal.SIGKILL)
        return pid

    def wait_ready(self, name: str, other_than: int | None = None) -> dict[str, Any]:
        """Until it is ready, in another process than `other_than` if given."""

        def ready() -> bool:
            one = self.known(name)
            return one["state"] == "ready" and one["pid"] not in (None, other_than)

        wait_until(ready, f"{name} did not become ready")
        return self.known(name)

    def _now(self) -> dict[str, Any]:
        """What `torg status` reads, without starting a process for it."""
        return Instance(self.folder).status()


@contextmanager
def running_house(folder: Path, *options: str, port: int | None = None, **environment: str) -> Iterator[House]:
    """Up for the length of the block, down after it. `options` go to `up`, e.g. --no-demo."""
    house = House(folder, port or free_ports(1)[0])
    open_way(folder)
    up = house.torg("up", "--detach", "--port", str(house.port), *options, seconds=UP_SECONDS, **environment)
    check(up)
    try:
        yield house
    finally:
        check(house.torg("down"))


def command(*arguments: str, seconds: float, **environment: str) -> "subprocess.CompletedProcess[str]":
    """As ./torg does once its environment is set up; the tests already run in it."""
    argv = [sys.executable, "-m", "deploy.local", *arguments]
    env = {**os.environ, "PYTHONPATH": str(ROOT), **environment}
    return subprocess.run(argv, capture_output=True, text=True, timeout=seconds, env=env, stdin=subprocess.DEVNULL)


def check(done: "subprocess.CompletedProcess[str]") -> "subprocess.CompletedProcess[str]":
    assert done.returncode == 0, f"{' '.join(done.args)} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}"
    return done


def open_way(folder: Path) -> None:
    """Test folders are closed to others, but PostgreSQL runs as a user of its own when the tests run as root."""
    for one in list(folder.parents)[:3]:
        if one.exists() and one.stat().st_uid == os.geteuid():
            one.chmod(one.stat().st_mode | 0o111)


def wait_until(true: Callable[[], bool], otherwise: str, seconds: float = AGAIN_SECONDS) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, otherwise
        time.sleep(0.1)
