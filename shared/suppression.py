"""Small numbers in tables of people are not shown, nor anything they could be reckoned back from (rule E.11).

Totals are cells like others. A table is a grid with one row and one column more than it has cells:

            column 0   column 1   row total
    row 0      12          :          15        a line is a row or a column with the total at its end;
    row 1       9          4          13        the last row and the last column are the lines of totals
    total      21          :          28
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Literal, NamedTuple, get_args

Classification = Literal["internal", "restricted"]
CLASSIFICATIONS: tuple[Classification, ...] = get_args(Classification)
HIDDEN: Literal[":"] = ":"
Shown = int | Literal[":"]
Place = tuple[int, int]
# The least count that may be shown.
_LEAST: Mapping[Classification, int] = {"internal": 3, "restricted": 5}


class Line(NamedTuple):
    cells: list[Place]
    total: Place


def is_small(count: int, classification: Classification) -> bool:
    """Of restricted figures zero counts as small: that nobody came may be what is secret."""
    return (0 if classification == "restricted" else 1) <= count < _LEAST[classification]


def hidden(
    table: Mapping[Place, int], rows: int, columns: int, classification: Classification, before: Collection[Place] = ()
) -> set[Place]:
    """The places not to be shown, of a table of `rows` by `columns` cells; a total lies at index `rows` or `columns`.

    Places that `table` lacks are no cells. `before`: what an earlier publication of the table hid stays hidden.
    """
    small = {place for place, count in table.items() if is_small(count, classification)}
    found = small | (set(before) & table.keys())
    lines = list(_lines(table, rows, columns))
    lines_of: dict[Place, list[int]] = {}
    for number, line in enumerate(lines):
        for cell in (*line.cells, line.total):
            lines_of.setdefault(cell, []).append(number)
    stale = set(range(len(lines)))
    while stale:  # once more through all lines in order, but for those in which nothing was hidden since
        for number, line in enumerate(lines):
            if number in stale:
                stale.remove(number)
                place = _to_hide(line, table, small, found)
                if place:
                    found.add(place)
                    stale.update(lines_of[place])
    return found


def in_a_line(counts: Sequence[int], total: int, classification: Classification) -> tuple[list[Shown], Shown]:
    """Counts that add up to a total, as they may be shown."""
    table = {(0, column): count for column, count in enumerate((*counts, total))}
    not_shown = hidden(table, 1, len(counts), classification)
    shown: list[Shown] = [HIDDEN if place in not_shown else count for place, count in table.items()]
    return shown[:-1], shown[-1]


def _lines(table: Mapping[Place, int], rows: int, columns: int) -> Iterator[Line]:
    """Those that have a total: rows in order, the line of totals last, then columns likewise."""
    for row in range(rows + 1):
        if (row, columns) in table:
            yield Line([(row, column) for column in range(columns) if (row, column) in table], (row, columns))
    for column in range(columns + 1):
        if (rows, column) in table:
            yield Line([(row, column) for row in range(rows) if (row, column) in table], (rows, column))


def _to_hide(
    line: Line, table: Mapping[Place, int], small: Collection[Place], found: Collection[Place]
) -> Place | None:
    """The place that has to go where the visible total would give away what is hidden."""
    away = [place for place in line.cells if place in found]
    if line.total in found or not away or (len(away) > 1 and not all(place in small for place in away)):
        return None
    others = [place for place in line.cells if place not in found and table[place]]
    return min(others, key=lambda place: table[place]) if others else line.total
