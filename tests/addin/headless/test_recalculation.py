"""An edit changes everything that depends on it and nothing else, and evaluates nothing twice."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from addin.headless import Workbook, WorkbookError

Opened = Callable[..., Workbook]

STREAM = {
    "Prompt": {"A1": "one two three", "A3": 2, "A5": "a label"},
    "It's 5": {"A1": "=TOY_SPLIT(prompt)", "D1": "=TOY_DOUBLE(INDEX(ANCHORARRAY(A1),0,2))",
              "F1": "=TOY_STEER(ANCHORARRAY(D1),Prompt!A3)"},
    "Head": {"A1": "=TOY_CONCAT(ANCHORARRAY('It''s 5'!F1))", "A2": '="label: "&Prompt!A5',
             "A3": "=ROWS(ANCHORARRAY('It''s 5'!A1))"},
}  # fmt: skip
NAMES = {"prompt": "=Prompt!$A$1"}


def test_the_first_recalculation_evaluates_everything_once(make: Callable[..., Path], toys: Any) -> None:
    book = Workbook.open(make(STREAM, NAMES), toys.functions)
    changed = book.recalculate()
    assert toys.calls == {"split": 1, "double": 1, "steer": 1, "concat": 1}
    assert book.get("Head!A1") == "8|8|12"
    assert "It's 5!B3" in changed
    assert not book.recalculate()
    assert sum(toys.calls.values()) == 4


def test_an_edit_to_the_prompt(opened: Opened, toys: Any) -> None:
    book = opened(STREAM, NAMES)
    book.set("prompt", "one two four!")
    assert book.recalculate() == {"Prompt!A1", "It's 5!A3"}
    assert toys.calls == {"split": 1, "double": 1}, "equal lengths give equal doubles, so the change ends here"
    toys.calls.clear()
    book.set("prompt", "one two threes")
    assert book.recalculate() == {"Prompt!A1", "It's 5!A3", "It's 5!B3", "It's 5!D3", "It's 5!F3", "Head!A1"}
    assert toys.calls == {"split": 1, "double": 1, "steer": 1, "concat": 1}


def test_an_edit_to_a_coefficient(opened: Opened, toys: Any) -> None:
    book = opened(STREAM, NAMES)
    book.set("Prompt!A3", 3)
    assert book.recalculate() == {"Prompt!A3", "It's 5!F1", "It's 5!F2", "It's 5!F3", "Head!A1"}
    assert toys.calls == {"steer": 1, "concat": 1}


def test_an_edit_that_changes_nothing(opened: Opened, toys: Any) -> None:
    book = opened(STREAM, NAMES)
    book.set("Prompt!A3", 2.0)
    book.set("Prompt!A5", "a label")
    assert book.recalculate() == set()
    assert not toys.calls


def test_an_edit_that_is_undone(opened: Opened) -> None:
    book = opened(STREAM, NAMES)
    book.set("Prompt!A3", 9)
    book.set("Prompt!A3", 2)
    assert book.recalculate() == set()


def test_a_growing_and_a_shrinking_spill_across_sheets(opened: Opened) -> None:
    book = opened(STREAM, NAMES)
    book.set("prompt", "a b c d e")
    changed = book.recalculate()
    assert book.get("Head!A1") == "4|4|4|4|4"
    assert book.get("Head!A3") == 5.0
    assert {"It's 5!F4", "It's 5!F5", "Head!A3"} <= changed
    book.set("prompt", "a")
    changed = book.recalculate()
    assert {"It's 5!F2", "It's 5!F5", "Head!A3"} <= changed
    assert book.get("It's 5!F2") is None
    assert book.get_range("Head!A1:A3") == [["4"], ["label: a label"], [1.0]]


def test_a_spill_that_grows_reaches_formulas_before_it(opened: Opened) -> None:
    book = opened({"S": {"A1": "=A2+1", "A2": "=SUM(C4:C9)", "B1": 2, "C1": "=SEQUENCE(B1)", "D1": "=A1*10"}})
    for rows, total in ((5, 9.0), (6, 15.0), (2, 0.0), (5, 9.0)):
        book.set("S!B1", rows)
        book.recalculate()
        assert book.get_range("S!A1:A2") == [[total + 1], [total]]
        assert book.get("S!D1") == (total + 1) * 10


def test_a_circle_through_a_growing_spill_opens_again(opened: Opened) -> None:
    book = opened({"S": {"A1": "=SUM(C3:C9)*0+B1", "B1": 2, "C1": "=SEQUENCE(A1)"}})
    assert book.get_range("S!C1:C3") == [[1.0], [2.0], [None]]
    book.set("S!B1", 4)
    book.recalculate()
    assert book.get("S!A1") == book.get("S!C1") == "#GPT2! circular reference"
    book.set("S!A1", 3)
    book.recalculate()
    assert book.get_range("S!C1:C3") == [[1.0], [2.0], [3.0]]


def test_diamonds_are_evaluated_once(opened: Opened, toys: Any) -> None:
    cells = {
        "A1": 1,
        "A2": "=TOY_DOUBLE(A1)",
        "A3": "=TOY_DOUBLE(A1)",
        "A4": "=TOY_STEER(A2,A3)",
        "A5": "=TOY_CONCAT(A4)",
    }
    # The readers come before the cells that they read, both by sheet and by cell.
    book = opened({"First": {"A1": "=TOY_CONCAT(S!A4)+S!A5"}, "S": cells})
    book.set("S!A1", 2)
    book.recalculate()
    assert toys.calls == {"double": 2, "steer": 1, "concat": 2}
    assert book.get("First!A1") == 16.0


def test_a_reader_of_one_spilled_cell_ignores_changes_of_the_others(opened: Opened, toys: Any) -> None:
    book = opened(
        {
            "S": {
                "A1": "one two",
                "A2": "=TOY_SPLIT(A1)",
                "D1": "=TOY_CONCAT(A2)",
                "D2": "=TOY_CONCAT(A3)",
                "D3": "=TOY_CONCAT(A2:A2)",
                "D4": "=TOY_CONCAT(B2:B3)",
            }
        }
    )
    book.set("S!A1", "one six")
    assert book.recalculate() == {"S!A1", "S!A3", "S!D2"}
    assert toys.calls == {"split": 1, "concat": 1}


def test_whole_columns_include_cells_filled_later(opened: Opened, toys: Any) -> None:
    book = opened({"S": {"A1": 1, "C1": "=SUM(A:A)", "D1": "=COUNTA(2:900)", "E1": "=TOY_SHOW(A:A)"}})
    book.set("S!A700", 5)
    assert book.recalculate() == {"S!A700", "S!C1", "S!D1"}
    assert book.get_range("S!C1:D1") == [[6.0, 1.0]]
    ((column,),) = toys.seen
    assert column.shape == (700, 1)


def test_positions_in_a_whole_column_count_from_its_first_row(opened: Opened) -> None:
    formulas = {"C3": "=MATCH(6,A:A,0)", "D3": "=INDEX(A:A,4)", "E3": "=INDEX(A:B,3,1)", "F3": "=SUM(H:H)"}
    book = opened({"S": {"A3": 5, "A4": 6, **formulas}})
    assert book.get_range("S!C3:F3") == [[4.0, 6.0, 5.0, 0.0]]


def test_replacing_and_clearing_a_formula(opened: Opened) -> None:
    book = opened({"S": {"A1": 1, "A2": "=A1+1", "A3": "=A2*10"}})
    book.set("S!A2", 7)
    assert book.recalculate() == {"S!A2", "S!A3"}
    book.set("S!A1", 100)
    assert book.recalculate() == {"S!A1"}
    book.set("S!A2", None)
    assert book.recalculate() == {"S!A2", "S!A3"}
    assert book.get_range("S!A1:A3") == [[100.0], [None], [0.0]]


def test_circles_end_with_an_error(opened: Opened) -> None:
    book = opened(
        {
            "S": {
                "A1": "=A2+1",
                "A2": "=A3+1",
                "A3": "=A1+1",
                "B1": "=TOY_CONCAT(A1)",
                "C1": "=C1",
                "D1": "=1+1",
                "E1": "=SEQUENCE(COUNT(E2:E9)+2)",
            }
        }
    )
    assert book.get("S!A1") == book.get("S!C1") == book.get("S!E1") == "#GPT2! circular reference"
    assert book.get("S!B1") == book.get("S!A1")
    assert book.get("S!D1") == 2.0
    book.set("S!A2", 5)
    book.recalculate()
    assert book.get_range("S!A1:A3") == [[6.0], [5.0], [7.0]]


def test_rows_of_its_own_column_is_not_a_circle(opened: Opened) -> None:
    book = opened({"S": {"A3": "=ROWS(A$1:A3)", "A4": "=ROW(A4)"}})
    assert book.get_range("S!A3:A4") == [[3.0], [4.0]]


def test_cells_that_a_spill_no_longer_reaches_make_no_circle(opened: Opened) -> None:
    # In the file A1 spills down to A9, but its value ends in A2, so the formula in A5 may depend on it.
    book = opened({"S": {"A1:A9": "=TOY_STEER(B1:B2,0)", "B1": 1, "B2": "=C5+1", "C5": "=COUNT(A4:A9)"}})
    assert book.get_range("S!A1:A3") == [[1.0], [1.0], [None]]


def test_long_chains(opened: Opened) -> None:
    cells: dict[str, Any] = {"A1": 1} | {f"A{row}": f"=A{row - 1}+1" for row in range(2, 1500)}
    book = opened({"S": cells})
    book.set("S!A1", 5)
    assert len(book.recalculate()) == 1499
    assert book.get("S!A1499") == 1503.0


def test_volatile_functions_are_evaluated_each_time(opened: Opened) -> None:
    book = opened({"S": {"A1": "=RAND()", "A2": "=A1+1", "A3": "=1+1"}})
    assert book.recalculate() == {"S!A1", "S!A2"}


@pytest.mark.parametrize(
    "address", ["Nowhere!A1", "Prompt!A0", "Prompt!ZZZZ1", "Prompt!A1:B2", "no_such_name", "", "Prompt!"]
)
def test_unknown_cells(opened: Opened, address: str) -> None:
    book = opened(STREAM, NAMES)
    for call in (lambda: book.set(address, 1), lambda: book.get(address)):
        with pytest.raises(WorkbookError) as error:
            call()
        assert "\n" not in str(error.value)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), "x" * 32_768, [1], object()])
def test_values_that_a_cell_cannot_hold(opened: Opened, value: Any) -> None:
    with pytest.raises(WorkbookError):
        opened(STREAM, NAMES).set("Prompt!A1", value)


def test_cells_are_named_in_several_ways(opened: Opened) -> None:
    book = opened(STREAM, NAMES)
    assert book.get("'It''s 5'!$A$1") == book.get("It's 5!A1") == book.get("it's 5!a1") == "one"
    assert book.get("PROMPT") == "one two three"


def test_changes_behave_as_a_set(opened: Opened) -> None:
    book = opened(STREAM, NAMES)
    book.set("Prompt!A3", 3)
    changed = book.recalculate()
    assert len(changed) == len(list(changed)) == 5
    assert "'It''s 5'!F1" in changed
    assert "Head!A2" not in changed
    assert "Nowhere!A1" not in changed
    assert changed & {"Head!A1", "Head!A2"} == {"Head!A1"}
    assert changed - {"Head!A1"} <= changed
    assert next(iter(changed)) == "Prompt!A3"
