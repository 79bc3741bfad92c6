"""Child processes that end when we end, and free ports that stay free."""

import contextlib
import ctypes
import os
import pwd
import random
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from deploy.local.errors import LocalError

# Below the range of outgoing connections: a client that dials a closed port up there may reach itself.
LOWEST_PORT, HIGHEST_PORT = 15000, 32000
_PR_SET_PDEATHSIG = 1


def free_ports(count: int) -> list[int]:
    held: list[socket.socket] = []
    try:
        while len(held) < count:
            candidate = socket.socket()
            try:
                candidate.bind(("127.0.0.1", random.randrange(LOWEST_PORT, HIGHEST_PORT)))  # noqa: S311 -- no secret
                held.append(candidate)
            except OSError:  # taken
                candidate.close()
        return [one.getsockname()[1] for one in held]
    finally:
        for one in held:
            one.close()


def is_free(port: int, host: str = "127.0.0.1") -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
        return True


def spawn(
    argv: Sequence[str | Path],
    log: Path,
    *,
    user: str | None = None,
    env: Mapping[str, str] | None = None,
    last_word: signal.Signals = signal.SIGTERM,
) -> subprocess.Popen[bytes]:
    """Its own session, so that Ctrl-C reaches only us; `last_word` is sent to it when we die, however we die."""
    libc = ctypes.CDLL(None)

    def before_exec() -> None:
        libc.prctl(_PR_SET_PDEATHSIG, last_word)

    with log.open("ab") as out:
        return subprocess.Popen(
            [str(part) for part in argv],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            **as_user(user),
            env=dict(env) if env is not None else None,
            cwd="/" if user else None,
            start_new_session=True,
            preexec_fn=before_exec,
        )


def as_user(user: str | None) -> dict[str, Any]:
    """For subprocess: the user with its own group and no other; nothing changes for None."""
    return {"user": user, "group": pwd.getpwnam(user).pw_gid, "extra_groups": []} if user else {}


def wait_until(
    ready: Callable[[], bool], process: subprocess.Popen[bytes], what: str, log: Path, seconds: float
) -> None:
    """Raises LocalError with the end of the log when the process ends first or time runs out."""
    deadline = time.monotonic() + seconds
    while not ready():
        if process.poll() is not None or time.monotonic() > deadline:
            tail = log.read_text(errors="replace")[-2000:] if log.exists() else ""
            why = f"ended with {process.returncode}" if process.poll() is not None else f"not ready in {seconds:.0f} s"
            raise LocalError(f"{what} did not start ({why}). The end of {log}:\n{tail}")
        time.sleep(0.02)


def stop(process: subprocess.Popen[bytes], sign: signal.Signals = signal.SIGTERM, seconds: float = 8) -> None:
    """Asks, waits, then insists."""
    if process.poll() is not None:
        return
    process.send_signal(sign)
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        with contextlib.suppress(ProcessLookupError):  # it has ended by itself
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(5)


def started_at(pid: int) -> str | None:
    """Ticks since boot: with the pid it names one process for good."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    fields = stat.rpartition(")")[2].split()
    return None if fields[0] == "Z" else fields[19]
