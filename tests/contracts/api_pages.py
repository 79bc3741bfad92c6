"""docs/api/: what each service says over HTTP (OpenAPI 3.1) and on Kafka (AsyncAPI 3.0), made from the code."""

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from deploy.house import services, topics
from shared.contracts import catalogue
from shared.envelope import CONTENT_TYPE, topic_of
from shared.version import VERSION
from tests.contracts.apps import BUILT, app_of
from tests.contracts.examples import all_events
from tests.contracts.readers import readers_of
from tests.contracts.schemas import schema

FOLDER = Path("docs/api")
INTRODUCTION = """\
# Interfaces

Made from the code by `make golden`; a test keeps it current. Do not edit by hand.

What a service answers over HTTP is its OpenAPI, what it says on Kafka its AsyncAPI. The [events](../events.md) with
their fields stand on a page of their own, the [rights](../policy-matrix.md) too.

| Service | HTTP | Kafka |
|---|---|---|
"""
TEXT = {"type": "string"}
HEADERS = {
    "type": "object",
    "required": ["content-type", "ce_id", "ce_type"],
    "properties": {
        "content-type": {"const": CONTENT_TYPE},
        "ce_id": {**TEXT, "format": "uuid", "description": "the event's id, for filtering without reading the value"},
        "ce_type": {**TEXT, "description": "the event's type, for filtering without reading the value"},
    },
}


def files() -> dict[Path, str]:
    """By path from the root."""
    made = {FOLDER / f"{name}.openapi.json": _written(openapi(name)) for name in BUILT}
    made |= {FOLDER / f"{name}.asyncapi.json": _written(asyncapi(name)) for name in _publishers()}
    return {**made, FOLDER / "README.md": _index()}


def openapi(service: str) -> dict[str, Any]:
    return app_of(service).openapi()


def asyncapi(service: str) -> dict[str, Any]:
    """Every event type of a publisher as a message on its one topic."""
    owned = [name for name in catalogue.by_type() if name.partition(".")[0] == service]
    (topic,) = [one for one in topics() if one.name == topic_of(service)]
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": f"Torg – {service}",
            "version": VERSION,
            "description": f"What {service} says on Kafka, at least once and in order for each key. "
            "The key of a record is the event's subject.",
            "license": {"name": "MIT"},
        },
        "defaultContentType": CONTENT_TYPE,
        "channels": {
            "log": {
                "address": topic.name,
                "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in owned},
                "bindings": {"kafka": {"topic": topic.name, "partitions": topic.partitions, "bindingVersion": "0.5.0"}},
            }
        },
        "operations": {
            "publish": {
                "action": "send",
                "channel": {"$ref": "#/channels/log"},
                "messages": [{"$ref": f"#/channels/log/messages/{name}"} for name in owned],
            }
        },
        "components": {"messages": {name: _message(name) for name in owned}},
    }


def _message(name: str) -> dict[str, Any]:
    example = all_events()[name].model_dump(mode="json", exclude_none=True)
    readers = ", ".join(readers_of(name)) or "nobody yet"
    return {
        "name": name,
        "summary": f"Read by {readers}.",
        "contentType": CONTENT_TYPE,
        "headers": HEADERS,
        "payload": _standing_alone(schema(name), f"#/components/messages/{name}/payload"),
        "examples": [{"payload": example}],
        "bindings": {"kafka": {"key": {**TEXT, "description": "the subject"}, "bindingVersion": "0.5.0"}},
    }


def _standing_alone(made: dict[str, Any], place: str) -> dict[str, Any]:
    """References count from the root of the document that the schema stands in."""
    moved: dict[str, Any] = _moved(copy.deepcopy(made), place)
    return {key: value for key, value in moved.items() if key not in ("$schema", "$id")}


def _moved(node: Any, place: str) -> Any:
    if isinstance(node, dict):
        return {
            key: f"{place}{value.removeprefix('#')}" if key == "$ref" else _moved(value, place)
            for key, value in node.items()
        }
    return [_moved(one, place) for one in node] if isinstance(node, list) else node


def _publishers() -> Iterator[str]:
    return (service.name for service in services() if service.exists and service.publishes)


def _index() -> str:
    said = set(_publishers())
    rows = [
        f"| {name} | [{name}.openapi.json]({name}.openapi.json) | "
        + (f"[{name}.asyncapi.json]({name}.asyncapi.json) |" if name in said else "says nothing |")
        for name in BUILT
    ]
    return INTRODUCTION + "\n".join(rows) + "\n"


def _written(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=1) + "\n"
