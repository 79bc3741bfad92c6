"""What is made from the code and kept beside it is current, and within a version contracts only grow."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from shared.contracts import catalogue
from tests.contracts import golden
from tests.contracts.readers import readers_of
from tests.contracts.schemas import breaking, schema

TYPES = tuple(catalogue.by_type())
BASE = os.environ.get("TORG_CONTRACTS_BASE", "HEAD")  # the commit to hold the schemas against


def previous(folder: str, name: str) -> dict[str, Any]:
    place = f"{BASE}:{golden.CONTRACTS.as_posix()}/{folder}/{name}.json"
    try:
        shown = subprocess.run(["git", "show", place], cwd=golden.ROOT, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        pytest.skip("git is not here")
    if shown.returncode:
        pytest.skip(f"{BASE} holds no such file: a new type, or no history")
    found: dict[str, Any] = json.loads(shown.stdout)
    return found


@pytest.fixture(scope="module")
def made() -> dict[Path, str]:
    return golden.files()


def test_golden__what_is_kept__is_what_the_code_makes(made: dict[Path, str]) -> None:
    differing = [
        str(path)
        for path, content in made.items()
        if not (golden.ROOT / path).exists() or (golden.ROOT / path).read_text(encoding="utf-8") != content
    ]

    assert differing == [], "run `make golden` and read the difference"
    assert golden.stale(made) == [], "files of types that are no more"


@pytest.mark.parametrize("name", TYPES)
def test_schema__against_the_one_before__adds_optional_fields_at_most(name: str) -> None:
    assert breaking(previous("schemas", name), schema(name)) == [], "this needs a new version of the type"


def test_readers__of_all_types__are_known_to_be_named() -> None:
    named = {reader for name in TYPES for reader in readers_of(name)}

    assert {"facility", "every unit", "aggregator (calendar)", "aggregator (sources)"} <= named


EVENT = {
    "type": "object",
    "properties": {"id": {"type": "string"}, "count": {"type": "integer", "minimum": 0}, "slot": {"$ref": "#/$defs/S"}},
    "required": ["id"],
    "$defs": {"S": {"type": "object", "properties": {"at": {"type": "string"}}, "required": ["at"]}},
}


def changed(**properties: Any) -> dict[str, Any]:
    return {**EVENT, "properties": {**EVENT["properties"], **properties}}  # type: ignore[dict-item]


def with_slot(properties: dict[str, Any], *required: str) -> dict[str, Any]:
    return {**EVENT, "$defs": {"S": {"type": "object", "properties": properties, "required": list(required)}}}


def test_breaking__an_optional_field_added__is_none() -> None:
    assert breaking(EVENT, changed(note={"type": "string"})) == []
    assert breaking(EVENT, {**EVENT, "description": "Said better."}) == []


@pytest.mark.parametrize(
    ("after", "said"),
    [
        ({**EVENT, "properties": {"id": {"type": "string"}}}, "event.count: removed"),
        (changed(count={"type": "number", "minimum": 0}), "type"),
        (changed(count={"type": "integer", "minimum": 1}), "minimum"),
        (changed(count={"anyOf": [{"type": "integer"}, {"type": "null"}]}), "event.count"),
        (changed(slot={"type": "string"}), "event.slot"),
        ({**EVENT, "required": ["id", "count"]}, "event.count: required"),
        ({**EVENT, "required": []}, "event.id: no longer required"),
        (with_slot({"at": {"type": "integer"}}, "at"), "event.slot.at: type"),
        (with_slot({}), "event.slot.at: removed"),
    ],
)  # fmt: skip
def test_breaking__anything_else__is_named(after: dict[str, Any], said: str) -> None:
    assert any(said in one for one in breaking(EVENT, after))
