"""Which Chromium the tests drive: the one that is named or installed, else the system's package, else Playwright's."""

import os
import shutil
import subprocess
import sys
from functools import cache

NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome", "chrome")
INSTALL_SECONDS = 600


@cache
def chromium() -> str | None:
    """The path of an executable; None: the one Playwright has fetched for itself."""
    found = os.environ.get("TORG_CHROMIUM") or _installed()
    if found:
        return found
    if _from_packages():
        return _installed()
    _run([sys.executable, "-m", "playwright", "install", "chromium"])
    return None


def _installed() -> str | None:
    return next((path for name in NAMES if (path := shutil.which(name))), None)


def _from_packages() -> bool:
    """Debian and its like, where we may install."""
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        return False
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    return _run(["apt-get", "update", "-q"], quiet) and _run(
        ["apt-get", "install", "-q", "-y", "--no-install-recommends", "chromium", "fonts-dejavu-core"], quiet
    )


def _run(argv: list[str], env: dict[str, str] | None = None) -> bool:
    try:
        return subprocess.run(argv, env=env, capture_output=True, timeout=INSTALL_SECONDS).returncode == 0
    except (subprocess.TimeoutExpired, OSError):
        return False
