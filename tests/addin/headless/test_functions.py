"""The arguments that our own functions receive, and the values that their results become."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from addin.headless import Workbook
from tests.broken_gelu import BrokenGelu

Opened = Callable[..., Workbook]


def received(opened: Opened, toys: Any, arguments: str) -> tuple[Any, ...]:
    book = opened(
        {
            "S": {
                "A1": "=TOY_STAIR(2)",
                "D1": "text",
                "D2": True,
                "F1": "=1/0",
                "Z1": 1,
                "H1": f"=TOY_SHOW({arguments})+0*Z1",
            }
        }
    )
    book.set("S!Z1", 2)
    book.recalculate()
    (arguments_seen,) = toys.seen
    return tuple(arguments_seen)


def test_scalars(opened: Opened, toys: Any) -> None:
    assert received(opened, toys, 'A1,D1,D2,D9,5,"x",,F1') == (10.0, "text", True, None, 5.0, "x", None, "#DIV/0!")


def test_a_spill_arrives_as_an_array_that_cannot_be_changed(opened: Opened, toys: Any) -> None:
    (spill,) = received(opened, toys, "ANCHORARRAY(A1)")
    assert spill.dtype == np.float64
    assert spill.tolist() == [[10.0, 11.0], [20.0, 21.0]]
    with pytest.raises(ValueError, match="read-only"):
        spill[0, 0] = 1


def test_a_range_with_blanks_texts_and_errors(opened: Opened, toys: Any) -> None:
    (cells,) = received(opened, toys, "B1:F2")
    assert cells.dtype == object
    assert cells.tolist() == [[11.0, None, "text", None, "#DIV/0!"], [21.0, None, True, None, None]]


def test_errors_and_bugs_of_ours_are_one_line_of_text(make: Callable[..., Path], broken_gelu: BrokenGelu) -> None:
    cells = {"A1": "=GPT2_EMBED(-1)", "A2": "=GPT2_GELU(1)", "A3": "=IFERROR(A1,0)", "A4": "=GPT2_SOFTMAX(A1)"}
    book = Workbook.open(make({"S": cells}))
    book.recalculate()
    assert book.get("S!A1") == "#GPT2! ids must be whole numbers 0 to 50256, not -1"
    assert book.get("S!A2") == f"#GPT2! {broken_gelu.line}"
    assert book.get("S!A3") == book.get("S!A4") == book.get("S!A1")


def test_a_lambda_reaches_ours_as_an_error_of_excel(opened: Opened, toys: Any) -> None:
    assert received(opened, toys, "LAMBDA(x,x)") == ("#VALUE!",)


def test_results_of_every_kind(opened: Opened, toys: Any) -> None:
    toys.functions |= {
        "R_INT": lambda: np.int64(3),
        "R_BOOL": lambda: np.bool_(True),
        "R_ROWS": lambda: [["token", "id"], [" a", 5], ["ragged"]],
        "R_ROW": lambda: [1, 2, 3],
        "R_VECTOR": lambda: np.array([1, 2]),
        "R_TEXTS": lambda: np.array([["a", "b"]]),
        "R_ONE": lambda: [[7]],
        "R_EMPTY": lambda: np.empty((0, 3)),
        "R_CUBE": lambda: np.zeros((2, 2, 2)),
        "R_OBJECT": lambda: object(),
    }
    places = {"A": "INT", "B": "BOOL", "C": "ROWS", "F": "ROW", "I": "VECTOR", "K": "TEXTS", "N": "ONE", "O": "EMPTY"}
    formulas = {f"{column}1": f"=R_{name}()" for column, name in (places | {"P": "CUBE", "Q": "OBJECT"}).items()}
    book = opened({"S": formulas})
    assert book.get_range("S!A1:B1") == [[3.0, True]]
    assert book.get_range("S!C1:D3") == [["token", "id"], [" a", 5.0], ["ragged", None]]
    assert book.get_range("S!F1:L1") == [[1.0, 2.0, 3.0, 1.0, 2.0, "a", "b"]]
    assert [book.get(f"S!{column}1") for column in "NOPQ"] == [7.0, "#CALC!", "#VALUE!", "#VALUE!"]


def test_nan_and_infinity_never_reach_a_cell(opened: Opened) -> None:
    book = opened({"S": {"A1": '=TOY_REST("nan")', "B1": '=TOY_REST("inf")'}})
    assert book.get_range("S!A1:C1") == [["#NUM!", 1.0, "#NUM!"]]


def test_blanks_in_a_result_are_blank_cells(opened: Opened) -> None:
    book = opened(
        {"S": {"A1": '=TOY_REST("blank")', "D1": "=COUNTA(A1:B2)", "E1": '=TOY_REST("none")', "F1": "=ISBLANK(E1)"}}
    )
    assert book.get_range("S!A1:F1") == [[1.0, None, None, 2.0, None, True]]


def test_unknown_functions_are_listed(opened: Opened) -> None:
    book = opened({"S": {"A1": "=NOSUCH(1)", "A2": "=1+_xldudf_GPT2_LATER(2)", "A3": "=A1+1"}})
    assert list(map(str, book.not_calculated)) == [
        "NOSUCH in S!A1 cannot be calculated here: 2 formulas keep their values from the file",
        "GPT2_LATER in S!A2 cannot be calculated here: 1 formula keeps its value from the file",
    ]
