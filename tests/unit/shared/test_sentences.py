"""Every fault of a request body has a sentence in both languages."""

import ast
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, Field, TypeAdapter, ValidationError

from shared.sentences import explain, explain_value

ROOT = Path(__file__).parents[3]


NO_BODIES = {"BaseSettings", "Settings", "Contract"}  # operators and programs read these


def validators(tree: ast.Module) -> Iterator[ast.AST]:
    for made in ast.walk(tree):
        if not isinstance(made, ast.ClassDef) or NO_BODIES & {ast.unparse(base) for base in made.bases}:
            continue
        for function in made.body:
            if any("_validator" in ast.unparse(mark) for mark in getattr(function, "decorator_list", ())):
                yield function


def sentences() -> list[str]:
    return sorted(
        raised.args[0].value
        for folder in ("services", "shared")
        for path in (ROOT / folder).rglob("*.py")
        for function in validators(ast.parse(path.read_text()))
        for raised in ast.walk(function)
        if isinstance(raised, ast.Call) and ast.unparse(raised.func) == "ValueError"
        if raised.args and isinstance(raised.args[0], ast.Constant) and isinstance(raised.args[0].value, str)
    )


def test_sentences__of_all_bodies__are_written_in_bokmal_too() -> None:
    found = sentences()
    assert len(found) > 10
    assert [english for english in found if explain_value(english).nb == english] == []


@pytest.mark.parametrize(
    ("asked", "given", "message"),
    [
        (Literal["outer", "zone"], "inner", "skal være en av: 'outer' eller 'zone'"),
        (int, "x", "skal være et heltall"),
        (bool, "x", "skal være true eller false"),
        (Annotated[list[int], Field(min_length=1)], [], "for kort (minst 1)"),
        (Annotated[Decimal, Field(decimal_places=6)], "0.1234567", "høyst 6 desimaler"),
        (Decimal, True, "skal være et tall"),
        (Decimal, "x", "skal være et tall"),
        (Decimal, "NaN", "skal være et tall"),
    ],
)
def test_fault_of_a_field__in_bokmal__holds_no_english(asked: Any, given: Any, message: str) -> None:
    with pytest.raises(ValidationError) as caught:
        TypeAdapter[BaseModel](asked).validate_python(given)
    assert [explain(error, "nb")["message"] for error in caught.value.errors()] == [message]
