"""The documents of interfaces are whole: what they refer to is there, and their examples are what they describe."""

from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema_rs import Draft202012Validator

from deploy.house import ROOT, services
from shared.contracts import catalogue
from tests.contracts.api_pages import asyncapi, openapi
from tests.contracts.apps import BUILT

PUBLISHERS = [service.name for service in services() if service.exists and service.publishes]


def references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        for key, value in node.items():
            if key == "$ref":
                yield value
            else:
                yield from references(value)
    elif isinstance(node, list):
        for one in node:
            yield from references(one)


def resolved(document: dict[str, Any], reference: str) -> Any:
    node: Any = document
    for step in reference.removeprefix("#/").split("/"):
        node = node[step]
    return node


@pytest.mark.parametrize("service", BUILT)
def test_openapi__everything_it_refers_to__is_in_it(service: str) -> None:
    document = openapi(service)
    assert all(resolved(document, found) is not None for found in references(document))


@pytest.mark.parametrize("service", PUBLISHERS)
def test_asyncapi__everything_it_refers_to__is_in_it(service: str) -> None:
    document = asyncapi(service)
    found = list(references(document))

    assert found
    assert all(isinstance(resolved(document, reference), dict) for reference in found)


@pytest.mark.parametrize("service", PUBLISHERS)
def test_asyncapi__its_examples__are_valid_against_its_payloads(service: str) -> None:
    document = asyncapi(service)
    messages = document["components"]["messages"]

    assert set(messages) == {name for name in catalogue.by_type() if name.startswith(f"{service}.")}
    for name, message in messages.items():
        pointer = {"$ref": f"#/components/messages/{name}/payload"}
        check = Draft202012Validator({**pointer, "components": document["components"]})
        for example in message["examples"]:
            check.validate(example["payload"])
            assert not check.is_valid({**example["payload"], "type": "no.such.type.v1"}), name


def test_readme__names__the_pages_of_interfaces_and_events() -> None:
    text = (ROOT / "README.md").read_text()

    assert "docs/api/README.md" in text
    assert "docs/events.md" in text
