"""Faults of fields, told to whoever reads Norwegian."""

from typing import Annotated, Any, Literal

import pytest
from pydantic import Field, TypeAdapter, ValidationError

from shared.sentences import explain


@pytest.mark.parametrize(
    ("kind", "given", "said"),
    [
        (int, "x", "skal være et heltall"),
        (bool, "x", "skal være true eller false"),
        (Literal["held", "blocked"], "x", "skal være en av: 'held' eller 'blocked'"),
        (Annotated[list[int], Field(min_length=1)], [], "for kort (minst 1)"),
    ],
)
def test_fault_of_a_field__to_a_reader_of_norwegian__is_told_in_norwegian(kind: Any, given: Any, said: str) -> None:
    with pytest.raises(ValidationError) as caught:
        TypeAdapter(kind).validate_python(given)
    assert explain(caught.value.errors()[0], "nb") == {"loc": [], "message": said}
