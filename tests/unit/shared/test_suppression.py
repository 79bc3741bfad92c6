"""Which cells of a table of people are not shown (rule E.11)."""

import itertools
from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.suppression import CLASSIFICATIONS, HIDDEN, Classification, Place, hidden, in_a_line, is_small

Grid = Sequence[Sequence[int | None]]


def shown(grid: Grid, classification: Classification = "internal", before: Sequence[Place] = ()) -> list[list[object]]:
    """`grid` with its row of totals below and its column of totals at the right; None is no cell."""
    rows, columns = len(grid) - 1, len(grid[0]) - 1
    table = {(r, c): count for r, line in enumerate(grid) for c, count in enumerate(line) if count is not None}
    away = hidden(table, rows, columns, classification, before)
    return [[HIDDEN if (r, c) in away else count for c, count in enumerate(line)] for r, line in enumerate(grid)]


def without_totals(cells: Grid) -> Grid:
    return [*([*line, None] for line in cells), [None] * (len(cells[0]) + 1)]


@pytest.mark.parametrize(
    ("classification", "counts", "small"),
    [("internal", range(6), {1, 2}), ("restricted", range(6), {0, 1, 2, 3, 4})],
)
def test_count__below_the_threshold_of_its_class__is_small(
    classification: Classification, counts: range, small: set[int]
) -> None:
    assert {count for count in counts if is_small(count, classification)} == small


def test_table__without_totals__hides_small_counts_alone() -> None:
    assert shown(without_totals([[0, 1, 2], [3, 4, 9]])) == [[0, ":", ":", None], [3, 4, 9, None], [None] * 4]


def test_line__with_one_hidden_cell_and_its_total__hides_the_smallest_other() -> None:
    assert shown([[2, 9, 7, 0, 18], [None] * 5]) == [[":", 9, ":", 0, 18], [None] * 5]


def test_line__whose_others_are_alike__hides_the_first() -> None:
    assert shown([[7, 2, 7, 16], [None] * 4])[0] == [":", ":", 7, 16]


def test_line__with_two_small_cells__hides_another_since_their_sum_would_tell_them() -> None:
    assert shown([[1, 2, 8, 9, 20], [None] * 5])[0] == [":", ":", ":", 9, 20]


def test_line__with_nothing_else_to_hide__hides_its_total() -> None:
    assert shown([[2, 0, 2, 4], [None] * 4])[0] == [":", 0, ":", ":"]


def test_line__whose_total_is_small__needs_no_more() -> None:
    assert shown([[2, 0, 0, 2], [None] * 4])[0] == [":", 0, 0, ":"]


def test_restricted__zero__is_hidden_like_other_small_counts() -> None:
    assert shown([[0, 9, 6, 15], [None] * 4], "restricted")[0] == [":", 9, ":", 15]


def test_hiding__in_a_row__takes_effect_in_its_column_at_once() -> None:
    """Row 0 hides 5 beside 2; that leaves column 1 with one hidden cell, which hides 6; then row 1 is well."""
    grid = [[2, 5, 8, 15], [4, 6, 9, 19], [6, 11, 17, 34]]
    assert shown(grid) == [[":", ":", 8, 15], [":", ":", 9, 19], [6, 11, 17, 34]]


def test_line_of_totals__with_a_small_total__is_protected_by_the_total_of_totals() -> None:
    grid = [[1, 8, 9, 18], [1, 7, 9, 17], [2, 15, 18, 35]]
    assert shown(grid) == [[":", ":", 9, 18], [":", ":", 9, 17], [":", ":", 18, 35]]


def test_table__without_a_total_of_totals__leaves_its_lines_of_totals_alone() -> None:
    grid = [[1, 8, 9, 18], [1, 7, 9, 17], [2, 15, 18, None]]
    assert shown(grid) == [[":", ":", 9, 18], [":", ":", 9, 17], [":", 15, 18, None]]


def test_hidden_before__stays_hidden_and_is_protected_anew() -> None:
    grid = [[40, 9, 7, 56], [None] * 4]
    assert shown(grid)[0] == [40, 9, 7, 56]
    assert shown(grid, before=[(0, 0), (5, 5)])[0] == [":", 9, ":", 56]


def test_counts_in_a_line__are_shown_as_far_as_they_may() -> None:
    assert in_a_line([2, 9, 7], 18, "internal") == ([":", 9, ":"], 18)
    assert in_a_line([], 2, "internal") == ([], ":")
    assert in_a_line([], 4, "restricted") == ([], ":")


def slow(table: Mapping[Place, int], rows: int, columns: int, classification: Classification) -> set[Place]:
    """The rule read word by word, every line looked at again and again."""
    low, least = (1, 3) if classification == "internal" else (0, 5)
    away = {place for place, count in table.items() if low <= count < least}
    rows_then_columns = [([(r, c) for c in range(columns)], (r, columns)) for r in range(rows + 1)]
    rows_then_columns += [([(r, c) for r in range(rows)], (rows, c)) for c in range(columns + 1)]
    changed = True
    while changed:
        changed = False
        for cells, total in rows_then_columns:
            here = [place for place in cells if place in table]
            gone = [place for place in here if place in away]
            if total not in table or total in away or not gone:
                continue
            if len(gone) == 1 or all(low <= table[place] < least for place in gone):
                rest = sorted((table[place], n, place) for n, place in enumerate(here) if place not in away)
                rest = [one for one in rest if one[0] != 0]
                away.add(rest[0][2] if rest else total)
                changed = True
    return away


SIZES = st.tuples(st.integers(1, 5), st.integers(1, 5))
CELLS = st.lists(st.lists(st.one_of(st.integers(0, 8), st.none()), min_size=5, max_size=5), min_size=5, max_size=5)


@given(size=SIZES, cells=CELLS, classification=st.sampled_from(CLASSIFICATIONS), totals=st.tuples(*[st.booleans()] * 3))
def test_table__of_any_shape__is_hidden_as_the_rule_says(
    size: Place, cells: Grid, classification: Classification, totals: tuple[bool, bool, bool]
) -> None:
    rows, columns = size
    table = {(r, c): count for r in range(rows) for c in range(columns) if (count := cells[r][c]) is not None}
    sums = _sums(table, rows, columns)
    kinds = {place: 2 if place == size else int(place[0] == rows) for place in sums}
    table |= {place: count for place, count in sums.items() if totals[kinds[place]]}
    away = hidden(table, rows, columns, classification)

    assert away == slow(table, rows, columns, classification)
    assert all(place in away for place, count in table.items() if is_small(count, classification))
    assert hidden(table, rows, columns, classification, away) == away


def _sums(table: Mapping[Place, int], rows: int, columns: int) -> dict[Place, int]:
    by_row = {(r, columns): sum(table.get((r, c), 0) for c in range(columns)) for r in range(rows)}
    by_column = {(rows, c): sum(table.get((r, c), 0) for r in range(rows)) for c in range(columns)}
    return by_row | by_column | {(rows, columns): sum(table.values())}


def test_table__of_thousands_of_cells__is_done_in_one_pass_over_what_changed() -> None:
    table = {(r, c): 3 + (r * c) % 7 for r, c in itertools.product(range(70), range(70))}
    table |= {(n, n): 1 for n in range(70)}
    table |= _sums(table, 70, 70)
    away = hidden(table, 70, 70, "internal")
    assert len(away & table.keys()) == len(away) > 140
