"""No event can hold a person: every field is of a kind that cannot, or stands below with the reason why it is text."""

from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import BaseModel

from shared.contracts import catalogue
from shared.envelope import Envelope
from shared.types import Contract, LongText, ShortText
from tests.contracts.schemas import data_model

# Text whose form leaves no room for a name.
PATTERNS = {
    r"^[a-z][a-z0-9_]{0,59}$": "a code out of a list",
    r"^0(\.[0-9]{1,6})?$": "a share",
    r"^\d{4}-\d\d-\d\d$": "a local date",
    r"^([01][0-9]|2[0-3]):[0-5][0-9]$": "a clock time",
    r"^[a-z_]+\.[a-z_]+\.[a-z_]+\.v[1-9][0-9]*$": "the type of an event",
}
# Text of any form, each with the reason why the log may hold it.
FREE_TEXT = {
    "Envelope.source": "/services/<service>; readers refuse anything else",
    "Envelope.subject": "<kind>/<id>, made by the service out of ids, numbers and dates",
    "Envelope.correlationid": "the request's id: letters, digits and hyphens, made here or cleaned at the edge",
    "Envelope.causationid": "the id of the event that led to this one",
    "Envelope.traceparent": "a W3C trace id: hexadecimal digits",
    "Square.name": "the name of a public building",
    "Square.time_zone": "a name of the time zone database; readers refuse anything else",
    "Unit.name": "the name of a public body",
    "Space.name": "the name of a room, as on its door",
    "Space.features": "what a room has, out of facility's list of features",
    "Space.floor": "the name of a floor, as in the lift",
    "Equipment.name": "what a thing is called, as on its label",
    "Booking.title": "what a room is used for, as on the public screen; a health station's booking has none",
    "Booking.owner_ref": "<kind>/<id> of what the booking is for; facility refuses any other form",
    "Season.name": "what a season of allocation is called, as it is announced",
    "Activity.title_nb": "the title of a public programme item, as it is announced",
    "Activity.title_en": "the same in English",
    "Occurrence.title_nb": "the title of a public programme item, as it is announced",
    "Occurrence.title_en": "the same in English",
    "Occurrence.meeting_point": "where an outing begins: a public place, as it is announced",
    "MealServing.menu_nb": "what is served, as it is announced",
    "MealServing.menu_en": "the same in English",
    "Hours.periods.name": "what a season of opening hours is called",
}
TELLING = ("person", "email", "phone", "mobile", "birth", "address", "user", "author", "borrower", "patient", "contact")
NUMBERS = {"integer", "boolean", "null"}


def fields_of(model: type[BaseModel]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every field, those of nested models by their path, with its schema without references and choices."""
    schema = data_model(model).model_json_schema()
    yield from _walk(schema, schema, model.__name__)


def _walk(node: dict[str, Any], root: dict[str, Any], path: str) -> Iterator[tuple[str, dict[str, Any]]]:
    if "$ref" in node:
        node = root["$defs"][node["$ref"].removeprefix("#/$defs/")]
    if "anyOf" in node:
        for choice in node["anyOf"]:
            yield from _walk(choice, root, path)
    elif "properties" in node:
        for name, field in node["properties"].items():
            yield from _walk(field, root, f"{path}.{name}")
    elif "enum" in node.get("propertyNames", {}):  # keys out of a list are no text
        yield from _walk(node["additionalProperties"], root, path)
    elif node.get("type") == "array":
        yield from _walk(node["items"], root, path)
    else:
        yield path, node


def kind_of(path: str, field: dict[str, Any]) -> str | None:
    """None when the field is of no kind that may be on the log."""
    if "enum" in field or "const" in field:
        return "one of a list"
    if field.get("type") in NUMBERS:
        return "a number or flag"
    if field.get("type") != "string":
        return None
    if field.get("format") in ("uuid", "date-time", "date"):
        return "an id or a time"
    return PATTERNS.get(field.get("pattern", "")) or FREE_TEXT.get(path)


MODELS = tuple(dict.fromkeys([Envelope, *catalogue.by_type().values()]))


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_contract__every_field__is_of_a_kind_that_holds_no_person(model: type[BaseModel]) -> None:
    found = dict(fields_of(model))

    assert found
    assert [path for path, field in found.items() if kind_of(path, field) is None] == []
    assert [path for path in found if any(word in path.lower() for word in TELLING)] == []


def test_reasons__for_text__are_for_fields_that_exist() -> None:
    there = {path for model in MODELS for path, _ in fields_of(model)}

    assert set(FREE_TEXT) <= there
    assert all(len(reason) > 10 for reason in FREE_TEXT.values())


class Noted(Contract):
    note: LongText | None = None
    notes: list[ShortText] = []
    extra: dict[str, str] = {}
    share: float = 0.0


def test_kind_of__text_without_a_reason_and_open_objects__is_none() -> None:
    refused = [path for path, field in fields_of(Noted) if field.get("type") != "null" and not kind_of(path, field)]

    assert refused == ["Noted.note", "Noted.notes", "Noted.extra", "Noted.share"]
