"""docs/adding-a-unit.md, followed to the letter in a copy of the repository: what it builds has to work."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests import infra
from tests.house import ROOT

GUIDE = ROOT / "docs" / "adding-a-unit.md"
# A file's path on a line by itself, perhaps with the place in it, and below it what stands there.
STEP = re.compile(
    r"^`(?P<path>[\w/.]+)`(?:, in `(?P<place>\w+)`)?\n\n```\w+\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL
)
LEFT_OUT = shutil.ignore_patterns(".*cache", ".git", ".venv", ".torg", ".hypothesis", "__pycache__", "node_modules")
KIND = "youth_club"


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The repository with everything done that the guide says, and what is made from the code made anew."""
    folder = tmp_path_factory.mktemp("adding") / "torg"
    shutil.copytree(ROOT, folder, ignore=LEFT_OUT, symlinks=True)
    for step in STEP.finditer(GUIDE.read_text(encoding="utf-8")):
        follow(folder, **step.groupdict())
    run(folder, "-m", "tests.contracts.golden")
    return folder


def follow(folder: Path, path: str, place: str | None, text: str) -> None:
    file = folder / path
    if place is None:
        assert not file.exists(), f"{path} is there already"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
        return
    whole = file.read_text(encoding="utf-8")
    found = re.search(rf"^{place}\b.*?^}}$", whole, re.MULTILINE | re.DOTALL)
    assert found, f"{path} has no {place}"
    file.write_text(whole[: found.end() - 1] + text + whole[found.end() - 1 :], encoding="utf-8")


def run(folder: Path, *arguments: str, **environment: str) -> str:
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder), **environment},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, f"{' '.join(arguments)} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}"
    return done.stdout


def pytest_in(folder: Path, *arguments: str, **environment: str) -> str:
    """What pytest says; its temporary files lie apart from those of this run, which servers are using."""
    apart = f"--basetemp={folder.parent / 'tmp'}"
    return run(folder, "-m", "pytest", "-q", "-p", "no:cacheprovider", apart, *arguments, **environment)


def test_guide__its_steps__are_a_folder_a_line_and_what_is_its_own() -> None:
    steps = [(step["path"], step["place"]) for step in STEP.finditer(GUIDE.read_text(encoding="utf-8"))]

    changed = [path for path, place in steps if place]
    assert changed == ["shared/contracts/platform.py"]
    assert {path for path, place in steps if not place and (ROOT / path).exists()} == set()


def test_unit__built_by_the_guide__works_beside_facility_and_the_aggregator(
    copy: Path, kafka: infra.Kafka, postgres: infra.Postgres
) -> None:
    servers = {
        "TORG_TEST_KAFKA_BOOTSTRAP": kafka.bootstrap,
        "TORG_TEST_KAFKA_ADMIN_PASSWORD": kafka.admin_password,
        "TORG_TEST_POSTGRES_DSN": postgres.server,
    }
    said = pytest_in(copy, f"tests/integration/test_{KIND}.py", **servers)

    assert re.search(r"\b2 passed\b", said)
    assert "failed" not in said


def test_unit__built_by_the_guide__keeps_the_house_rules(copy: Path) -> None:
    """Events without persons and with examples, routes that ask for rights, compose and settings that agree."""
    places = ("tests/unit/contracts", "tests/unit/deploy/test_compose.py", "tests/unit/test_policy_matrix.py")
    said = pytest_in(copy, *places, "-k", f"{KIND} or OpenEvening")
    run(copy, "-m", "ruff", "check", "services", "shared", "tests")
    run(copy, "-c", "import sys; from importlinter.cli import lint_imports_command as go; sys.exit(go(['--no-logo']))")

    assert re.search(r"\b[1-9]\d* passed\b", said)
    assert "failed" not in said


def test_unit__built_by_the_guide__is_in_compose_and_in_the_papers(copy: Path) -> None:
    compose = (copy / "docker-compose.yml").read_text(encoding="utf-8")
    events = (copy / "docs" / "events.md").read_text(encoding="utf-8")

    assert f"  {KIND}:\n" in compose
    assert f'"{KIND}": "http://{KIND}:8000"' in compose
    assert f"| `{KIND}.open_evening.planned.v1` |" in events
    assert f"torg.{KIND}.v1" in events
    assert (copy / "docs" / "api" / f"{KIND}.openapi.json").exists()
