"""The embedded database server in the places people put it."""

import os
from pathlib import Path

import pytest

from deploy.local.postgres import EmbeddedPostgres
from deploy.local.process import free_ports

pytestmark = pytest.mark.integration


def test_postgres__deep_in_closed_folders__starts_and_opens_them_for_passage_alone(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    (closed / "a" / "b").mkdir(parents=True)
    closed.chmod(0o700)
    said = list[str]()
    server = EmbeddedPostgres(closed / "a" / "b" / "postgres", free_ports(1)[0], "secret")

    server.start(said.append)
    try:
        assert server.answers()
    finally:
        server.stop()
    assert closed.stat().st_mode & 0o077 == (0o001 if os.geteuid() == 0 else 0)
    assert any(str(closed) in line for line in said) == (os.geteuid() == 0)
