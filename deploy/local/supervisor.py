"""Keeps the processes of an instance running: starts, watches, restarts with back-off, stops, and says how they are.

One thread starts and ends processes (a child's death signal is bound to the thread that started it); a small pool asks
them for their health, so that one that hangs holds up nobody.
"""

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from deploy import database as house_database
from deploy import provision as kafka_provision
from deploy.house import ROOT
from deploy.local import children, postgres
from deploy.local.children import Child, Plan, tail
from deploy.local.errors import LocalError
from deploy.local.instance import Instance, built
from deploy.local.jars import Progress, cache_folder
from deploy.local.kafka import archive_path
from deploy.local.process import spawn, stop
from shared.migrate import migrate

TICK_SECONDS = 0.1
HEALTH_EVERY_SECONDS = 1.0
START_SECONDS = 90.0
STABLE_SECONDS = 30.0
_BACK_OFF = (0.1, 0.5, 1.0, 2.0, 5.0, 10.0)
_STOP_SECONDS = 6.0


@dataclass
class Watched:
    """A child with what is known of it. `held`: stopped on purpose and not to be started again."""

    child: Child
    state: str = "stopped"
    since: str = ""
    lag: int | None = None
    detail: dict[str, Any] = field(default_factory=dict)
    failures: int = 0
    started: float = 0.0
    due: float = 0.0
    held: bool = False
    asked: "Future[dict[str, Any]] | None" = None
    asked_at: float = 0.0

    def say(self, state: str) -> None:
        if state != self.state:
            self.state, self.since = state, datetime.now(UTC).isoformat(timespec="seconds")  # noqa: TID251 -- a report

    @property
    def pid(self) -> int | None:
        process = self.child.process
        return process.pid if process and process.poll() is None else None

    def report(self) -> dict[str, Any]:
        return {
            "state": self.state,
            "url": self.child.url,
            "pid": self.pid,
            "lag": self.lag,
            "since": self.since,
            "restarts": self.failures,
            **({"detail": self.detail} if self.detail else {}),
        }


class Supervisor:
    def __init__(self, plan: Plan, progress: Progress) -> None:
        self.plan, self._progress = plan, progress
        self._watched: dict[str, Watched] = {}
        self._asking = ThreadPoolExecutor(max_workers=12, thread_name_prefix="health")
        self.stopping = False
        self._training: subprocess.Popen[bytes] | None = None

    @property
    def instance(self) -> Instance:
        return self.plan.instance

    def start(self) -> None:
        """Everything, in order, until every service is ready. Raises LocalError naming what did not come up."""
        database, broker = children.postgres(self.plan), children.kafka(self.plan)
        database.prepare(self._progress)
        broker.prepare(self._progress)
        self._progress("starting PostgreSQL and Kafka")
        self._start_child(
            Child(
                "postgres",
                database.launch,
                lambda: _if(database.answers()),
                stop_signal=signal.SIGINT,
                platform=True,
            )
        )
        self._start_child(Child("kafka", broker.launch, lambda: _if(broker.said_ready()), platform=True))
        self._await_ready(["postgres", "kafka"])
        self._provision(database.dsn(), database.dsn(database="postgres"), broker.bootstrap)
        names = [service.name for service in built()]
        self._progress(f"starting {', '.join(names)}")
        self._start_child(children.identity(self.plan))
        for name in names:
            self._start_child(children.service(self.plan, name))
        self._await_ready(["identity", *names])
        self._train_later()

    def run(self) -> None:
        """Until told to stop by the command line."""
        while not self.stopping:
            self.tick()
            time.sleep(TICK_SECONDS)

    def stop(self) -> None:
        """Services together, then Kafka, then PostgreSQL."""
        services = [one for one in self._watched.values() if not one.child.platform or one.child.name == "identity"]
        if self._training:
            self._training.send_signal(signal.SIGTERM)
        for one in services:
            one.held = True
            if one.pid and one.child.process:
                one.child.process.send_signal(signal.SIGTERM)
        deadline = time.monotonic() + _STOP_SECONDS
        for one in services:
            _await_end(one.child.process, deadline)
        for name in ("kafka", "postgres"):
            if name in self._watched and (process := self._watched[name].child.process):
                stop(process, self._watched[name].child.stop_signal, 3)
        if self._training:
            stop(self._training, seconds=2)
        self._asking.shutdown(wait=False, cancel_futures=True)
        (self.instance.folder / "processes.json").unlink(missing_ok=True)
        self.instance.status_file.unlink(missing_ok=True)

    def _start_child(self, child: Child) -> None:
        watched = self._watched[child.name] = Watched(child)
        self._launch(watched)

    def _launch(self, one: Watched) -> None:
        one.child.process = one.child.launch()
        one.started = time.monotonic()
        one.asked, one.lag = None, None
        one.say("starting")
        self.instance.remember_processes({name: w.pid for name, w in self._watched.items() if w.pid})
        self._write_status()

    def _await_ready(self, names: list[str]) -> None:
        deadline = time.monotonic() + START_SECONDS
        while waiting := [name for name in names if self._watched[name].state != "ready"]:
            for name in waiting:
                self._ask(self._watched[name], every=0.05)
                self._fail_if_ended(self._watched[name])
            if time.monotonic() > deadline:
                raise LocalError(f"{', '.join(waiting)}: not ready in {START_SECONDS:.0f} s; see {self.instance.logs}")
            time.sleep(0.02)

    def _fail_if_ended(self, one: Watched) -> None:
        process = one.child.process
        if process and process.poll() is not None:
            log = self.instance.logs / f"{one.child.name}.log"
            log = log if log.exists() else self.instance.folder / one.child.name / f"{one.child.name}.log"
            raise LocalError(f"{one.child.name} ended with {process.returncode}. The end of {log}:\n{tail(log)}")

    def _provision(self, dsn: str, server_dsn: str, bootstrap: str) -> None:
        self._progress("topics, rights, roles and tables")
        passwords = self.instance.passwords
        names = [service.name for service in built()]
        kafka_provision.kafka(bootstrap, passwords["admin"], {name: passwords[name] for name in names})

        async def tables() -> None:
            await house_database.ensure_database(server_dsn, postgres.DATABASE)
            await house_database.provision(dsn, names, passwords)
            host = dsn.rpartition("@")[2]
            for name in names:
                await migrate(f"postgresql://{name}_owner:{passwords[f'{name}_owner']}@{host}", name)

        asyncio.run(tables())

    def tick(self) -> None:
        """Revives what ended, asks how the others are, does what the command line asked for, writes it all down."""
        now = time.monotonic()
        for one in self._watched.values():
            if one.held:
                continue
            if one.pid is None:
                self._revive(one, now)
            else:
                self._ask(one, HEALTH_EVERY_SECONDS)
                if one.failures and one.state == "ready" and now - one.started > STABLE_SECONDS:
                    one.failures = 0
        self._obey()
        self._write_status()

    def _revive(self, one: Watched, now: float) -> None:
        if one.state != "restarting":
            one.say("restarting")
            one.due = now + _BACK_OFF[min(one.failures, len(_BACK_OFF) - 1)]
            one.failures += 1
            self._progress(f"{one.child.name} ended; starting it again")
        if now >= one.due:
            self._launch(one)

    def _ask(self, one: Watched, every: float) -> None:
        """Takes the answer of the last question, if there is one, and asks the next."""
        now = time.monotonic()
        if one.asked and one.asked.done():
            self._take_answer(one, one.asked)
            one.asked = None
        if one.asked is None and now - one.asked_at >= every:
            one.asked, one.asked_at = self._asking.submit(one.child.health), now

    @staticmethod
    def _take_answer(one: Watched, asked: "Future[dict[str, Any]]") -> None:
        try:
            said = asked.result()
        except OSError:
            one.say("starting" if one.state in ("starting", "restarting", "stopped") else "silent")
            return
        one.say(str(said.get("state", "unknown")))
        one.lag = said.get("lag")
        one.detail = {key: value for key, value in said.items() if key not in ("state", "lag")}

    def _obey(self) -> None:
        """Requests are empty files named VERB-NAME, left by the command line."""
        for request in sorted(self.instance.requests.iterdir()):
            verb, _, name = request.name.partition("-")
            request.unlink(missing_ok=True)
            one = self._watched.get(name)
            if verb == "down":
                self.stopping = True
            elif one and verb in ("restart", "stop"):
                one.held = verb == "stop"
                if one.child.process:
                    stop(one.child.process, one.child.stop_signal, _STOP_SECONDS)
                one.say("stopped")
                if verb == "restart":
                    one.failures = 0
                    self._launch(one)
            elif one and verb == "start" and one.pid is None:
                one.held = False
                self._launch(one)

    def _write_status(self) -> None:
        report = {
            "url": self.plan.url,
            "supervisor": os.getpid(),
            "folder": str(self.instance.folder),
            "demo": self.plan.demo,
            "services": {name: one.report() for name, one in self._watched.items() if not one.child.platform},
            "platform": {name: one.report() for name, one in self._watched.items() if one.child.platform},
        }
        part = self.instance.status_file.with_suffix(".part")
        part.write_text(json.dumps(report))
        part.replace(self.instance.status_file)

    def _train_later(self) -> None:
        """Beside the running house: the archive is for the next start."""
        if archive_path(cache_folder()).exists():
            return
        argv: list[str | Path] = ["nice", "-n", "15", sys.executable, "-m", "deploy.local.train"]
        with contextlib.suppress(OSError):  # no `nice` here: the next start is slower, and nothing else
            self._training = spawn(argv, self.instance.logs / "train.log", env={**os.environ, "PYTHONPATH": str(ROOT)})


def _if(ready: bool) -> dict[str, Any]:
    if not ready:
        raise OSError("not yet")
    return {"state": "ready"}


def _await_end(process: "subprocess.Popen[bytes] | None", deadline: float) -> None:
    if process is None:
        return
    try:
        process.wait(max(deadline - time.monotonic(), 0.05))
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(2)
