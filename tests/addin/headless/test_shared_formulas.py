"""Formulas that were filled into many cells share one parse, but each gives what its own cell should show."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from addin.headless import Workbook
from addin.headless.shared import SharedFormulas

Opened = Callable[..., Workbook]


def filled(formula: Callable[[int], str], rows: int = 5) -> dict[str, Any]:
    """Numbers 1 to 5 and ten times as much in columns A and B, and the formula in column D."""
    numbers = {f"{column}{row}": row * by for row in range(1, 6) for column, by in (("A", 1), ("B", 10))}
    return numbers | {f"D{row}": "-=" + formula(row) for row in range(1, rows + 1)}


@pytest.mark.parametrize(
    ("formula", "values"),
    [
        (lambda row: f"A{row}*2+1", [3, 5, 7, 9, 11]),
        (lambda row: f"A{row}*$B$1+B$2", [30, 40, 50, 60, 70]),
        (lambda row: f"SUM(A$1:A{row})", [1, 3, 6, 10, 15]),
        (lambda row: f"SUM(A{row}:B{row})", [11, 22, 33, 44, 55]),
        (lambda row: f"SUM($A$1:$A$5)+A{row}", [16, 17, 18, 19, 20]),
        (lambda row: f"SUM(A1:INDEX(A:A,{row}))", [1, 3, 6, 10, 15]),
        (lambda row: f"A{row}+$A$1", [2, 3, 4, 5, 6]),
        (lambda row: "A:A*2", [2, 4, 6, 8, 10]),
        (lambda row: "ROW()+COLUMN()", [5, 6, 7, 8, 9]),
        (lambda row: f"ROW(A{row})+ROWS(A{row}:A5)", [6, 6, 6, 6, 6]),
        (lambda row: f"INDEX($A$1:$B$5,A{row},2)", [10, 20, 30, 40, 50]),
        (lambda row: f'"A{row}"&A{row}', ["A11", "A22", "A33", "A44", "A55"]),
        (lambda row: f"ten*A{row}", [10, 20, 30, 40, 50]),
        (lambda row: f"left+A{row}", [11, 22, 33, 44, 55]),
        (lambda row: f"double(A{row})", [2, 4, 6, 8, 10]),
        (lambda row: f"'A1'!A1+A{row}", [8, 9, 10, 11, 12]),
    ],
)
def test_each_cell_has_its_own_value(opened: Opened, formula: Callable[[int], str], values: list[Any]) -> None:
    names = {
        "ten": "=S!$B$1",
        "left": "=S!XFC1",  # as A1 sees it: two columns to the left, around the edge of the sheet
        "double": "=_xlfn.LAMBDA(_xlpm.x,_xlpm.x*2)",
    }
    book = opened({"S": filled(formula), "A1": {"A1": 7}}, names)
    assert [book.get(f"S!D{row}") for row in range(1, 6)] == values


def test_an_edit_changes_only_what_reads_it(opened: Opened) -> None:
    book = opened({"S": filled(lambda row: f"A{row}*2+1")})
    book.set("S!A3", 100)
    assert set(book.recalculate()) == {"S!A3", "S!D3"}
    book.set("S!D1", 5)  # the cell in which the formula was read
    book.set("S!A2", 0)
    book.recalculate()
    assert [book.get(f"S!D{row}") for row in range(1, 6)] == [5, 1, 201, 9, 11]


def test_cells_share_a_formula_that_reads_the_same() -> None:
    known = SharedFormulas()
    first = known.of_text("A1*2+$B$1", (1, 4), arrays=False)
    assert known.of_text("A2*2+$B$1", (2, 4), arrays=False) is first
    assert known.of_text("B2*2+$B$1", (2, 5), arrays=False) is first
    for text, cell in (("A2*2+$B$2", (3, 4)), ("A2*3+$B$1", (2, 4)), ("A2*2+$B$1", (3, 4))):
        assert known.of_text(text, cell, arrays=False) is not first
    assert known.of_text("A2*2+$B$1", (2, 4), arrays=True) is not first
    assert first.text_in((3, 5)) == "B3*2+$B$1"


def test_a_formula_below_that_would_leave_the_sheet_is_not_shared() -> None:
    known = SharedFormulas()
    first = known.of_text("A1+A2", (2, 4), arrays=False)
    assert known.of_text("A0+A1", (1, 4), arrays=False) is not first  # `A0` is a name


def test_an_edit_finds_all_readers_among_cells_that_share_a_formula(opened: Opened) -> None:
    """Groups with gaps, in two columns, that read a moving range, a whole column and a fixed cell."""
    cells: dict[str, Any] = {f"A{row}": row for row in range(1, 13)}
    rows = (1, 2, 3, 7, 9)
    cells |= {
        f"{column}{row}": f"-=SUM({left}{row}:{left}{row + 3})*$A$12"
        for left, column in (("A", "D"), ("B", "E"))
        for row in rows
    }
    cells |= {f"G{row}": "-=SUM($A:$A)" for row in rows}
    book = opened({"S": cells})
    book.set("S!A4", 100)
    changed = set(book.recalculate())
    assert changed == {"S!A4", "S!D1", "S!D2", "S!D3", *(f"S!G{row}" for row in rows)}
    assert book.get("S!D2") == (2 + 3 + 100 + 5) * 12
    book.set("S!D2", 0)  # one of the group goes
    book.set("S!A12", 1)
    assert {f"S!D{row}" for row in rows} <= set(book.recalculate())
    assert [book.get(f"S!D{row}") for row in rows] == [106, 0, 114, 34, 31]
