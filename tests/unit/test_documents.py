"""Documents lead where they say, and the list of decisions is whole."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
LINK = re.compile(r"\]\((?!https?:|#)([^)#\s]+)")


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_document__its_links__lead_somewhere(document: Path) -> None:
    missing = [
        link for link in LINK.findall(document.read_text(encoding="utf-8")) if not (document.parent / link).exists()
    ]

    assert missing == []


def test_decisions__in_the_list__are_those_there_are_by_their_titles() -> None:
    folder = ROOT / "docs" / "adr"
    listed = dict(re.findall(r"^- \[\d{4}\]\((\S+)\) (.+)$", (folder / "README.md").read_text(), re.MULTILINE))
    there = {path.name: path.read_text().splitlines()[0].removeprefix("# ") for path in folder.glob("[0-9]*.md")}

    assert listed == there
    assert len({name[:4] for name in there}) == len(there)


def test_contributing__commands_of_make__exist() -> None:
    named = set(re.findall(r"(?:^ {4}|`)make ([a-z]+)", (ROOT / "CONTRIBUTING.md").read_text(), re.MULTILINE))
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))

    assert named
    assert named <= targets
