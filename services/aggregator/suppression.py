"""How a table would be shown, with its small numbers hidden (rule E.11). Nothing is read and nothing is kept."""

import asyncio
from collections.abc import Iterator, Sequence
from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import Field, StrictBool

from shared import suppression
from shared.http import CurrentActor
from shared.policy import require
from shared.problems import Invalid, Message
from shared.suppression import HIDDEN, Classification, Place
from shared.types import Body, Count

router = APIRouter(prefix="/api/aggregator/suppression")
MOST_CELLS = 10_000
Cell = Count | None
Mark = Count | StrictBool | Annotated[str, Field(pattern="^:$")] | None
RAGGED = Message("Alle rader må ha like mange celler.", "Every row must have as many cells.")
TOTALS = Message(
    "Det må være én sum for hver linje, og høyst én til for summen av summene.",
    "There must be one total for each line, and at most one more for the total of totals.",
)
TWO_SUMS = Message("De to summene av summene er ulike.", "The two totals of totals differ.")
LARGE = Message("Høyst 10 000 celler.", "At most 10,000 cells.")
NOT_THERE = Message(
    "Skriv plasser som [rad, kolonne] fra 0, der summene har indeks etter den siste, eller den tidligere tabellen.",
    "Write places as [row, column] from 0, where totals have the index after the last, or the earlier table.",
)


class Earlier(Body):
    """A table as it was shown: `:` or true is what was hidden."""

    cells: list[list[Mark]] = []
    row_totals: list[Mark] | None = None
    column_totals: list[Mark] | None = None


class Preview(Body):
    """Null is no cell. The total of totals may follow the row totals or the column totals.

    `hidden_before` is the earlier table, its cells alone, or the places it hid as [row, column].
    """

    classification: Classification
    cells: list[list[Cell]]
    row_totals: list[Cell] | None = None
    column_totals: list[Cell] | None = None
    hidden_before: Earlier | list[list[Mark]] | None = None


@router.post("/preview")
async def preview(body: Preview, who: CurrentActor) -> dict[str, Any]:
    """The same cells and totals with `:`."""
    require(who, "figures.read")
    rows, columns = _size(body)
    table = dict(_table(body, rows, columns))
    before = _before(body, rows, columns)
    hidden = await asyncio.to_thread(suppression.hidden, table, rows, columns, body.classification, before)

    def shown(places: Sequence[Place]) -> list[Any]:
        return [HIDDEN if place in hidden else table.get(place) for place in places]

    return {
        "cells": [shown([(row, column) for column in range(columns)]) for row in range(rows)],
        "row_totals": None if body.row_totals is None else shown([(n, columns) for n in range(len(body.row_totals))]),
        "column_totals": None
        if body.column_totals is None
        else shown([(rows, n) for n in range(len(body.column_totals))]),
    }


def _size(body: Preview) -> Place:
    rows, columns = len(body.cells), len(body.cells[0]) if body.cells else len(body.column_totals or ())
    if any(len(row) != columns for row in body.cells):
        raise _wrong("cells", RAGGED)
    if (rows + 1) * (columns + 1) > MOST_CELLS:
        raise _wrong("cells", LARGE)
    for name, totals, lines in (("row_totals", body.row_totals, rows), ("column_totals", body.column_totals, columns)):
        if totals and len(totals) not in (lines, lines + 1):
            raise _wrong(name, TOTALS)
    return rows, columns


def _table(body: Preview, rows: int, columns: int) -> Iterator[tuple[Place, int]]:
    found: dict[Place, int] = {}
    for place, cell in _laid_out(body.cells, body.row_totals, body.column_totals, rows, columns):
        if cell is not None and found.setdefault(place, cell) != cell:
            raise _wrong("column_totals", TWO_SUMS)
    yield from found.items()


def _laid_out(
    cells: Sequence[Sequence[Any]],
    row_totals: Sequence[Any] | None,
    column_totals: Sequence[Any] | None,
    rows: int,
    columns: int,
) -> Iterator[tuple[Place, Any]]:
    for row, line in enumerate(cells):
        yield from (((row, column), cell) for column, cell in enumerate(line))
    yield from (((row, columns), total) for row, total in enumerate(row_totals or ()))
    yield from (((rows, column), total) for column, total in enumerate(column_totals or ()))


def _before(body: Preview, rows: int, columns: int) -> set[Place]:
    said = body.hidden_before
    if not said:
        return set()
    if isinstance(said, Earlier):
        marked = _laid_out(said.cells, said.row_totals, said.column_totals, rows, columns)
    elif places := _places(said, rows, columns):
        return places
    elif len(said) in (rows, rows + 1) and all(len(line) in (columns, columns + 1) for line in said):
        marked = _laid_out(said, None, None, rows, columns)
    else:
        raise _wrong("hidden_before", NOT_THERE)
    return {place for place, mark in marked if mark is True or mark == HIDDEN}


def _places(said: Sequence[Sequence[Any]], rows: int, columns: int) -> set[Place]:
    """Empty when it is no list of places of this table."""
    whole = all(len(pair) == 2 and all(type(index) is int for index in pair) for pair in said)
    if not whole or any(row > rows or column > columns for row, column in said):
        return set()
    return {(row, column) for row, column in said}


def _wrong(field: str, message: Message) -> Invalid:
    return Invalid(errors=[{"loc": [field], "message": message}])
