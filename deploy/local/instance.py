"""One instance of the house on this machine: everything it owns lies under one folder."""

import contextlib
import fcntl
import json
import os
import secrets
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import IO, Any

from joserfc.jwk import OKPKey

from deploy import keys
from deploy.house import Service, services
from deploy.local.errors import LocalError
from deploy.local.process import free_ports, is_free, started_at
from shared.identity import DEV_KEY, mint

_TOKEN_SECONDS = 12 * 3600


@dataclass(frozen=True)
class Instance:
    """`folder` is made when missing; secrets in it are readable by its owner alone."""

    folder: Path

    @property
    def status_file(self) -> Path:
        return self.folder / "status.json"

    @property
    def requests(self) -> Path:
        """Where the command line leaves what the supervisor is to do."""
        return self.folder / "requests"

    @property
    def logs(self) -> Path:
        return self.folder / "logs"

    @property
    def jwks(self) -> Path:
        return self.folder / "secrets" / "jwks.json"

    @property
    def portal_key(self) -> Path:
        return self.folder / "secrets" / "portal.jwk.json"

    @property
    def dev_key(self) -> Path:
        return self.folder / "secrets" / "dev.jwk.json"

    def key_of(self, service: str) -> Path:
        """What a service signs with that acts on its own account."""
        return self.folder / "secrets" / f"{service}.jwk.json"

    def prepare(self) -> None:
        for folder in (self.folder, self.requests, self.logs):
            folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "secrets").mkdir(mode=0o700, exist_ok=True)
        self._make_keys()
        for left in self.requests.iterdir():
            left.unlink()

    @cached_property
    def passwords(self) -> dict[str, str]:
        """By role and principal; made once, extended when a service is new."""
        path = self.folder / "secrets" / "passwords.json"
        known: dict[str, str] = json.loads(path.read_text()) if path.exists() else {}
        names = [service.name for service in services()]
        wanted = [*names, *(f"{name}_owner" for name in names), "admin", "node", "postgres", "oidc"]
        if missing := [name for name in wanted if name not in known]:
            known |= {name: secrets.token_urlsafe(24).replace("-", "x").replace("_", "y") for name in missing}
            _write_secret(path, json.dumps(known, indent=1))
        return known

    def ports(self, wanted: list[str]) -> dict[str, int]:
        """The ports of last time where they are still free, others where not. Remembered."""
        path = self.folder / "ports.json"
        known: dict[str, int] = json.loads(path.read_text()) if path.exists() else {}
        kept = {name: known[name] for name in wanted if name in known and is_free(known[name])}
        fresh = iter(free_ports(len(wanted)))
        chosen = {name: kept.get(name) or next(fresh) for name in wanted}
        path.write_text(json.dumps(chosen, indent=1))
        return chosen

    def ports_in_use(self) -> dict[str, int]:
        found: dict[str, int] = json.loads((self.folder / "ports.json").read_text())
        return found

    def status(self) -> dict[str, Any]:
        """What the supervisor last wrote. Raises LocalError when none runs here."""
        if not self.running():
            raise LocalError(f"nothing runs in {self.folder}; start it with ./torg up")
        found: dict[str, Any] = json.loads(self.status_file.read_text())
        return found

    def running(self) -> bool:
        """Whether a supervisor is there and has said how things are."""
        return self.status_file.exists() and self.held()

    def held(self) -> bool:
        """Whether a supervisor holds the lock; it still does for a moment after its last word."""
        path = self.folder / "lock"
        if not path.exists():
            return False
        with path.open("a") as held:
            try:
                fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
            return False

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """One supervisor at a time; the lock goes with its process, however that ends."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / "lock").open("a") as held:
            if not _take(held):
                raise LocalError(f"another ./torg up already runs in {self.folder}")
            yield

    def token(self, roles: list[str], seconds: int = _TOKEN_SECONDS) -> str:
        """A bearer token for ROLE@SCOPE roles, signed with the key that production does not know."""
        if not self.dev_key.exists():
            raise LocalError(f"there is no instance in {self.folder} yet; start it with ./torg up")
        key = OKPKey.import_key(json.loads(self.dev_key.read_text()))
        return mint(key, "cli", roles, seconds, "torg-local")

    def remember_processes(self, pids: dict[str, int]) -> None:
        started = {name: [pid, started_at(pid)] for name, pid in pids.items()}
        (self.folder / "processes.json").write_text(json.dumps(started))

    def end_left_over(self) -> list[str]:
        """Ends what a crashed run left, and only that: a pid that now belongs to another process is left alone."""
        path = self.folder / "processes.json"
        known: dict[str, list[Any]] = json.loads(path.read_text()) if path.exists() else {}
        left = {name: pid for name, (pid, started) in known.items() if started and started_at(pid) == started}
        for pid in left.values():
            with contextlib.suppress(ProcessLookupError):  # it has ended by itself
                os.kill(pid, signal.SIGTERM)
        _wait_gone(list(left.values()))
        path.unlink(missing_ok=True)
        return sorted(left)

    def _make_keys(self) -> None:
        """Those that are missing: a service may have got one since the folder was made."""
        private = {keys.PORTAL_KEY: self.portal_key, DEV_KEY: self.dev_key}
        private |= {name: self.key_of(name) for name in keys.acting()}
        for kid, path in private.items():
            keys.make(path, kid)
        self.jwks.write_text(json.dumps(keys.jwks(private.values())))


def built() -> list[Service]:
    return [service for service in services() if service.exists]


def _take(lock: IO[str], tries: int = 20) -> bool:
    """Several tries, because asking whether it is held holds it for an instant."""
    for _ in range(tries):
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(0.05)
        else:
            return True
    return False


def _write_secret(path: Path, text: str) -> None:
    path.touch(mode=0o600)
    path.write_text(text)


def _wait_gone(pids: list[int], seconds: float = 8) -> None:
    deadline = time.monotonic() + seconds
    while any(started_at(pid) for pid in pids):
        if time.monotonic() > deadline:
            for pid in pids:
                with contextlib.suppress(ProcessLookupError):  # it has ended by itself
                    os.kill(pid, signal.SIGKILL)
            return
        time.sleep(0.05)
