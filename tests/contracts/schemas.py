"""JSON schemas of whole events, and what may become of one within a version."""

from collections.abc import Iterator, Mapping
from typing import Any, Literal

from pydantic import BaseModel, create_model

from shared.contracts import catalogue, facility, opening_hours
from shared.envelope import Envelope

DIALECT = "https://json-schema.org/draft/2020-12/schema"
# Read with a model of its own wherever its meaning is asked for; on the wire and in the schema it is one thing.
NESTED: dict[type[BaseModel], dict[str, Any]] = {
    facility.Hours: {"periods": (list[opening_hours.Period] | None, None)},
}
# What a schema says to people; machines are indifferent to it.
_WORDS = frozenset({"title", "description", "$defs", "$schema", "$id"})


def data_model(model: type[BaseModel]) -> type[BaseModel]:
    """The model with everything it holds spelt out."""
    nested = NESTED.get(model)
    return create_model(model.__name__, __base__=model, __doc__=model.__doc__, **nested) if nested else model


def schema(name: str) -> dict[str, Any]:
    """Of the whole event of one type, envelope and data."""
    model = data_model(catalogue.by_type()[name])
    event = create_model("Event", __base__=Envelope, type=(Literal[name], ...), data=(model, ...))
    made = event.model_json_schema()
    return {"$schema": DIALECT, "$id": f"urn:torg:event:{name}", **made, "title": name}


def breaking(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """What in `after` is more than an optional field added, in words; empty when readers of either are safe."""
    return list(_differences(before, after, before, after, "event"))


def _differences(old: Any, new: Any, old_root: Any, new_root: Any, where: str) -> Iterator[str]:
    old, new = _resolved(old, old_root), _resolved(new, new_root)
    if not isinstance(old, dict) or not isinstance(new, dict):
        if old != new:
            yield f"{where}: was {old!r}, is {new!r}"
        return
    yield from _fields(old, new, old_root, new_root, where)
    for key in sorted((old.keys() | new.keys()) - _WORDS - {"properties", "required"}):
        if not isinstance(old.get(key), dict | list) or not isinstance(new.get(key), dict | list):
            if old.get(key) == new.get(key):
                continue
            yield f"{where}: {key} was {old.get(key)!r}, is {new.get(key)!r}"
        elif isinstance(old[key], list) and key in ("anyOf", "oneOf", "allOf"):
            yield from _branches(old[key], new[key], old_root, new_root, where)
        else:
            yield from _differences(old[key], new[key], old_root, new_root, where)


def _fields(old: dict[str, Any], new: dict[str, Any], old_root: Any, new_root: Any, where: str) -> Iterator[str]:
    fields, now = old.get("properties", {}), new.get("properties", {})
    for name in fields.keys() - now.keys():
        yield f"{where}.{name}: removed"
    for name in fields.keys() & now.keys():
        yield from _differences(fields[name], now[name], old_root, new_root, f"{where}.{name}")
    needed, needed_now = set(old.get("required", ())), set(new.get("required", ()))
    for name in sorted(needed_now - needed):
        yield f"{where}.{name}: required, and events without it are on the log"
    for name in sorted((needed - needed_now) & now.keys()):
        yield f"{where}.{name}: no longer required, and readers rely on it"


def _branches(old: list[Any], new: list[Any], old_root: Any, new_root: Any, where: str) -> Iterator[str]:
    if len(old) != len(new):
        yield f"{where}: another choice of types"
        return
    for one, other in zip(old, new, strict=True):
        yield from _differences(one, other, old_root, new_root, where)


def _resolved(node: Any, root: Any) -> Any:
    if isinstance(node, dict) and "$ref" in node:
        return root["$defs"][node["$ref"].removeprefix("#/$defs/")]
    return node
