import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from shared import failpoints
from shared.failpoints import Injected, failpoint

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(autouse=True)
def _disarmed() -> Iterator[None]:
    yield
    failpoints.arm("", "development")


def run(code: str, environment: dict[str, str]) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([sys.executable, "-c", code], env=environment, cwd=ROOT, capture_output=True, text=True)


def test_failpoint__not_armed__does_nothing() -> None:
    failpoints.arm("other=raise", "development")

    assert failpoint("here") is None  # type: ignore[func-returns-value]


def test_failpoint__armed_to_raise_at_second_pass__raises_only_then() -> None:
    failpoints.arm("here=raise@2", "development")
    failpoint("here")

    with pytest.raises(Injected):
        failpoint("here")
    assert failpoint("here") is None  # type: ignore[func-returns-value]


def test_failpoint__armed_by_environment_to_kill__ends_the_process_by_signal() -> None:
    code = "from shared.failpoints import failpoint; failpoint('a'); print('past a'); failpoint('b'); print('past b')"
    ended = run(code, {"TORG_FAILPOINTS": "a=sleep:0.01,b=kill"})

    assert (ended.returncode, ended.stdout) == (-9, "")


def test_failpoint__production__is_refused_at_import() -> None:
    ended = run("import shared.failpoints", {"TORG_FAILPOINTS": "a=kill", "TORG_ENV": "production"})

    assert ended.returncode == 1
    assert "refused" in ended.stderr


@pytest.mark.parametrize("spec", ["here", "here=explode", "here=sleep:long", "here=raise@often"])
def test_failpoint__spec_unreadable__is_refused(spec: str) -> None:
    with pytest.raises(ValueError, match=r"failpoint|invalid literal|could not convert"):
        failpoints.arm(spec, "development")
