"""`torg up`: start, load the demo, say where it is, keep it running."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rich.console import Console

from deploy.house import ROOT
from deploy.local import children
from deploy.local.children import Plan
from deploy.local.demo.__main__ import TOKEN
from deploy.local.demo.house import roles
from deploy.local.errors import LocalError
from deploy.local.instance import Instance
from deploy.local.jars import Progress
from deploy.local.process import is_free, spawn
from deploy.local.supervisor import TICK_SECONDS, Supervisor

_DETACHED_SECONDS = 300.0


def run(instance: Instance, port: int, demo_wanted: bool, detach: bool, out: Console) -> None:
    """Blocks until stopped, or with `detach` until it is up. Raises LocalError when it does not come up."""
    if instance.running():
        status = instance.status()
        out.print(f"already running: {status['url']}")
        return
    if not is_free(port):
        raise LocalError(f"port {port} is taken; choose another with ./torg up --port N")
    if detach:
        _detach(instance, port, demo_wanted, out)
        return
    _foreground(instance, port, demo_wanted, out)


def _foreground(instance: Instance, port: int, demo_wanted: bool, out: Console) -> None:
    began = time.monotonic()

    def progress(line: str) -> None:
        out.print(f"[dim]{time.monotonic() - began:6.1f} s[/]  {line}", highlight=False)

    with instance.locked():
        instance.prepare()
        if left := instance.end_left_over():
            progress(f"ended what an earlier run left: {', '.join(left)}")
        plan = Plan(instance, port, demo_wanted, instance.ports(children.wanted_ports()))
        supervisor = Supervisor(plan, progress)
        _on_signal(_interrupt)
        try:
            supervisor.start()
            if demo_wanted:
                _load_demo(supervisor, progress)
            (instance.folder / "up.json").write_text(json.dumps({"url": plan.url}))
            out.print(_welcome(plan, time.monotonic() - began), highlight=False)
            supervisor.run()
        except KeyboardInterrupt:
            pass
        finally:
            _on_signal(lambda *_: None)  # once is enough: a second Ctrl-C must not leave half of it running
            progress("stopping")
            (instance.folder / "up.json").unlink(missing_ok=True)
            supervisor.stop()


def _on_signal(handler: Callable[..., None]) -> None:
    for sign in (signal.SIGINT, signal.SIGTERM):
        signal.signal(sign, handler)


def _interrupt(*_: object) -> None:
    """Whatever is under way, fetching and waiting included, is left at once."""
    raise KeyboardInterrupt


def _load_demo(supervisor: Supervisor, progress: Progress) -> None:
    """Through the real interfaces. The first time it is waited for; later it only adds what has come nearer."""
    instance = supervisor.instance
    done, log = instance.folder / "demo.done", instance.logs / "demo.log"
    argv: list[str | Path] = [sys.executable, "-m", "deploy.local.demo", supervisor.plan.url, done]
    env = {**os.environ, "PYTHONPATH": str(ROOT), TOKEN: instance.token(roles())}
    log.unlink(missing_ok=True)
    known = done.exists()
    loader = spawn(argv, log, env=env)
    if known:
        return
    shown = 0
    while loader.poll() is None:
        shown = _pass_on(log, shown, progress)
        supervisor.tick()
        if supervisor.stopping:
            raise KeyboardInterrupt
        time.sleep(TICK_SECONDS)
    _pass_on(log, shown, progress)
    if loader.returncode:
        raise LocalError(f"the demo could not be loaded; see {log}")


def _pass_on(log: Path, shown: int, progress: Progress) -> int:
    """Whole lines only; how far it has come."""
    fresh = log.read_bytes()[shown:]
    whole = fresh[: fresh.rfind(b"\n") + 1]
    for line in whole.decode().splitlines():
        progress(line)
    return shown + len(whole)


def _welcome(plan: Plan, seconds: float) -> str:
    lines = [f"\n[bold green]Torg is up[/] after {seconds:.1f} s: [bold]{plan.url}[/]"]
    if plan.demo:
        lines.append("\nDemodata – oppdiktet. Sign in without a password as")
        lines += [
            f"  [bold]{one['username']:<12}[/]{one['role_en']} ({one['role_nb']})" for one in children.accounts(True)
        ]
        lines.append(
            "\nTry: ./torg demo live, and watch a day pass on Today, the day view and Visitors;\n"
            "     book a room by dragging on the day view, and watch it arrive in a second browser;\n"
            "     My unit, as bibliotek, senior, innbygger, frivillig and helse: what each does by itself;\n"
            "     the health station as skranke: half hours that are taken, and nothing else;\n"
            "     ./torg stop kafka, go on booking, ./torg start kafka; ./torg status; ./torg import calit2 FOLDER"
        )
    lines.append("\nCtrl-C stops it.\n")
    return "\n".join(lines)


def _detach(instance: Instance, port: int, demo_wanted: bool, out: Console) -> None:
    instance.folder.mkdir(parents=True, exist_ok=True)
    (instance.folder / "up.json").unlink(missing_ok=True)
    log = instance.folder / "up.log"
    argv = [sys.executable, "-m", "deploy.local", "up", "--port", str(port), "--data", str(instance.folder)]
    argv.append("--demo" if demo_wanted else "--no-demo")
    with log.open("w") as sink:
        process = subprocess.Popen(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
    deadline, shown = time.monotonic() + _DETACHED_SECONDS, 0
    while not (instance.folder / "up.json").exists():
        shown = _echo(log, shown, out)
        if process.poll() is not None or time.monotonic() > deadline:
            raise LocalError(f"it did not come up; see {log}")
        time.sleep(0.1)
    time.sleep(0.2)
    _echo(log, shown, out)


def _echo(log: Any, shown: int, out: Console) -> int:
    text: str = log.read_text()
    if len(text) > shown:
        out.print(text[shown:], end="", highlight=False, markup=False)
    return len(text)
