"""docs/events.md: the catalogue of events for people, made from the contracts."""

from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel

from shared.contracts import catalogue, platform, programme
from shared.envelope import Envelope, topic_of
from tests.contracts.examples import all_events
from tests.contracts.readers import readers_of
from tests.contracts.schemas import data_model

INTRODUCTION = """\
# Events

Made from `shared/contracts/` by `make golden`; a test keeps it current. Do not edit by hand.

Every event is a [CloudEvent](https://cloudevents.io) in structured JSON on the topic of its owner, `torg.<owner>.v1`.
Its Kafka key is its `subject`, and it carries the whole public state of that subject, so the newest event of each key
is enough to know everything. `subjectversion` counts the events of one subject from 1 without a gap. Within a version
of a type only optional fields are added; anything else is a new version. No event holds a person.

Schemas of whole events are in `shared/contracts/schemas/`, an example of each in `shared/contracts/examples/`.
"""


def text() -> str:
    sections = [INTRODUCTION, _envelope(), _catalogue(), _fields()]
    return "\n".join(sections)


def _envelope() -> str:
    return "\n".join(["## Envelope", "", *_table(Envelope), ""])


def _catalogue() -> str:
    """One table per owner; what all units say alike is shown once."""
    lines = ["## Types", ""]
    lines += [
        "`<unit>` is each of " + ", ".join(f"`{unit}`" for unit in platform.UNIT_KINDS) + ".",
        "",
        "| Type | Key, as in the example | Data | Read by |",
        "|---|---|---|---|",
    ]
    for name, event in all_events().items():
        owner, _, kind = name.partition(".")
        model = catalogue.by_type()[name]
        shown = name
        if owner in platform.UNIT_KINDS and (kind in programme.EVENTS or model is platform.Watermark):
            if owner != platform.UNIT_KINDS[0]:
                continue
            shown = f"<unit>.{kind}"
        readers = ", ".join(readers_of(name)) or "nobody yet"
        lines.append(f"| `{shown}` | `{_key(event.subject)}` | [{model.__name__}](#{_anchor(model)}) | {readers} |")
    topics = ", ".join(f"`{topic_of(service)}`" for service in platform.PUBLISHERS)
    return "\n".join([*lines, "", f"Topics: {topics}.", ""])


def _key(subject: str) -> str:
    """Ids are long and all alike."""
    return "/".join("<id>" if part.count("-") == 4 else part for part in subject.split("/"))


def _anchor(model: type[BaseModel]) -> str:
    return model.__name__.lower()


def _fields() -> str:
    lines = ["## Data"]
    for model in _models():
        lines += ["", f"### {model.__name__}", ""]
        if model.__doc__:
            lines += [" ".join(model.__doc__.split()), ""]
        lines += _table(model)
    return "\n".join([*lines, ""])


def _models() -> Iterator[type[BaseModel]]:
    yield from dict.fromkeys(catalogue.by_type().values())


def _table(model: type[BaseModel]) -> list[str]:
    schema = data_model(model).model_json_schema()
    lines = ["| Field | What it is | |", "|---|---|---|"]
    return lines + list(_rows(schema, schema, ""))


def _rows(node: dict[str, Any], root: dict[str, Any], prefix: str) -> Iterator[str]:
    for name, field in node.get("properties", {}).items():
        needed = "required" if name in node.get("required", ()) else ""
        inner = _object_in(field, root)
        yield f"| `{prefix}{name}` | {_kind(field, root)} | {needed} |"
        if inner:
            yield from _rows(inner, root, f"{prefix}{name}.")


def _object_in(field: dict[str, Any], root: dict[str, Any]) -> dict[str, Any] | None:
    """The object a field is, is a list of, or may be."""
    if "$ref" in field:
        found: dict[str, Any] = root["$defs"][field["$ref"].removeprefix("#/$defs/")]
        return found
    for inner in [*field.get("anyOf", ()), *([field["items"]] if "items" in field else [])]:
        if known := _object_in(inner, root):
            return known
    return None


def _kind(field: dict[str, Any], root: dict[str, Any]) -> str:
    if "$ref" in field:
        return "object"
    if "anyOf" in field:
        return " or ".join(_kind(one, root) for one in field["anyOf"])
    if "enum" in field:
        return ", ".join(f"`{value}`" for value in field["enum"])
    if "const" in field:
        return f"`{field['const']}`"
    if field.get("type") == "array":
        return f"list of {_kind(field['items'], root)}"
    if "format" in field:
        return {"uuid": "id", "date-time": "instant", "date": "local date"}[field["format"]]
    if "pattern" in field:
        return f"text like `{field['pattern']}`".replace("|", "\\|")
    named = {"integer": "whole number", "boolean": "yes or no", "null": "null", "object": "object"}
    return named.get(field["type"], f"text, at most {field.get('maxLength')}")
