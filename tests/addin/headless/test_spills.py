"""Dynamic arrays, legacy arrays, collisions, and values typed over a spill."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from addin.headless import Workbook

Opened = Callable[..., Workbook]


def test_a_spill_goes_beyond_the_stored_range(opened: Opened) -> None:
    book = opened({"S": {"A1:A2": "=TOY_STAIR(4)", "D1": "=SUM(ANCHORARRAY(A1))", "E1": "=B4"}})
    assert book.get("S!D1") == 204.0
    assert book.get("S!E1") == 41.0


def test_a_value_typed_over_a_spill_stands_in(opened: Opened, toys: Any) -> None:
    book = opened(
        {
            "S": {
                "A1": "=TOY_STAIR(3)",
                "D1": "=TOY_STEER(ANCHORARRAY(A1),1)",
                "G1": "=TOY_CONCAT(A1:B2)",
                "H1": "=TOY_CONCAT(A3)",
                "I1": "=TOY_CONCAT(B2)",
            }
        }
    )
    book.set("S!B2", 1.5)
    assert book.recalculate() == {"S!B2", "S!E2", "S!G1", "S!I1"}
    assert toys.calls == {"steer": 1, "concat": 2}, "neither the function typed over nor the reader of another cell"
    assert book.get_range("S!A1:E3") == [[10, 11, None, 11, 12], [20, 1.5, None, 21, 2.5], [30, 31, None, 31, 32]]
    book.set("S!B2", None)
    assert book.recalculate() == {"S!B2", "S!E2", "S!G1", "S!I1"}
    assert book.get("S!E2") == 22.0


def test_a_value_typed_over_the_first_cell_keeps_the_rest(opened: Opened) -> None:
    book = opened({"S": {"A1": "=TOY_STAIR(2)", "D1": "=SUM(ANCHORARRAY(A1))"}})
    book.set("S!A1", 0)
    assert book.recalculate() == {"S!A1", "S!D1"}
    assert book.get_range("S!A1:D2") == [[0, 11, None, 52], [20, 21, None, None]]


def test_a_first_cell_typed_over_stays_so_while_nothing_else_spills(opened: Opened) -> None:
    book = opened({"S": {"A1": 3, "C1": "=TOY_STAIR(A1,1)", "E1": "=SUM(ANCHORARRAY(C1))"}})
    book.set("S!C1", 7)
    book.set("S!A1", 1)
    book.recalculate()
    book.set("S!C1", 8)
    book.set("S!A1", 3)
    book.recalculate()
    assert book.get_range("S!C1:C3") == [[8.0], [20.0], [30.0]]
    book.set("S!C1", None)
    book.recalculate()
    assert book.get("S!E1") == 60.0


def test_text_typed_over_numbers(opened: Opened) -> None:
    book = opened({"S": {"A1": "=TOY_STAIR(2)", "D1": "=TOY_CONCAT(ANCHORARRAY(A1))"}})
    book.set("S!B1", "no number")
    book.recalculate()
    assert book.get("S!D1") == "10|no number|20|21"


def test_a_typed_value_stays_when_the_spill_changes_its_size(opened: Opened) -> None:
    book = opened({"S": {"A1": 3, "C1": "=TOY_STAIR(A1)", "F1": "=SUM(ANCHORARRAY(C1))"}})
    book.set("S!D3", 0)
    book.recalculate()
    assert book.get("S!F1") == 92.0
    book.set("S!A1", 2)
    book.recalculate()
    assert (book.get("S!F1"), book.get("S!D3")) == (62.0, 0.0)
    book.set("S!A1", 4)
    book.recalculate()
    assert book.get("S!F1") == 204.0 - 31.0


def test_typing_before_the_first_recalculation(make: Callable[..., Path], toys: Any) -> None:
    book = Workbook.open(make({"S": {"A1:B3": "=TOY_STAIR(3)"}}), toys.functions)
    book.set("S!B2", 1.5)
    book.recalculate()
    assert book.get_range("S!A1:B3") == [[10, 11], [20, 1.5], [30, 31]]


def test_a_constant_in_the_way_blocks(opened: Opened) -> None:
    book = opened(
        {"S": {"A1": "=TOY_STAIR(3)", "A3": "in the way", "D1": "=TOY_CONCAT(A1:B3)", "E1": "=ANCHORARRAY(A1)"}}
    )
    assert book.get_range("S!A1:B3") == [["#SPILL!", None], [None, None], ["in the way", None]]
    assert book.get_range("S!D1:E1") == [["#SPILL!||||in the way|", "#SPILL!"]]
    book.set("S!A3", None)
    assert {"S!A1", "S!A3", "S!B3", "S!D1", "S!E1"} <= book.recalculate()
    assert book.get("S!E1") == 10.0


def test_a_formula_in_the_way_blocks(opened: Opened) -> None:
    book = opened({"S": {"A1": 2, "C1": "=TOY_STAIR(A1)", "C3": "=1+1"}})
    assert book.get("S!C1") == 10.0
    book.set("S!A1", 3)
    assert book.recalculate() == {"S!A1", "S!C1", "S!C2", "S!D1", "S!D2"}
    assert book.get_range("S!C1:C3") == [["#SPILL!"], [None], [2.0]]


def test_of_two_spills_the_first_gets_the_cell(opened: Opened) -> None:
    book = opened({"S": {"A1": 1, "B5": "=TOY_STAIR(1,3)", "C1": "=TOY_STAIR(A1,1)"}})
    assert book.get("S!B5") == 10.0
    book.set("S!A1", 5)
    book.recalculate()
    assert [book.get(f"S!{cell}") for cell in ("B5", "C1", "C5")] == ["#SPILL!", 10.0, 50.0]
    book.set("S!A1", 4)
    book.recalculate()
    assert book.get_range("S!B5:D5") == [[10.0, 11.0, 12.0]]


def test_a_legacy_array_keeps_its_range(opened: Opened) -> None:
    book = opened(
        {
            "S": {
                "A1:B4": "{=TOY_STAIR(3)}",
                "D1:D2": "{=TOY_STAIR(3)}",
                "F1:G2": "{=TOY_DOUBLE(3)}",
                "H1:H3": "{=A1:A3*2}",
                "I1:I1": "{=SUM(A1:A3*2)}",
            }
        }
    )
    assert book.get_range("S!A1:I4") == [
        [10, 11, None, 10, None, 6, 6, 20, 120],
        [20, 21, None, 20, None, 6, 6, 40, None],
        [30, 31, None, None, None, None, None, 60, None],
        ["#N/A", "#N/A", None, None, None, None, None, None, None],
    ]


def test_a_row_or_a_column_fills_a_legacy_array_again_and_again(opened: Opened) -> None:
    book = opened({"S": {"A1": "=TOY_STAIR(2)", "D1:F3": "{=A1:A2*2}", "H1:J3": "{=A1:B1*2}"}})
    assert book.get_range("S!D1:F3") == [[20.0] * 3, [40.0] * 3, ["#N/A"] * 3]
    assert book.get_range("S!H1:J3") == [[20.0, 22.0, "#N/A"]] * 3


def test_a_value_typed_over_a_legacy_array(opened: Opened) -> None:
    book = opened({"S": {"A1:B2": "{=TOY_STAIR(2)}", "D1": "=SUM(A1:B2)"}})
    book.set("S!B2", 1)
    book.recalculate()
    assert book.get("S!D1") == 42.0


def test_a_spill_that_shrinks_past_a_typed_value_does_not_change_it(opened: Opened, toys: Any) -> None:
    book = opened(
        {"S": {"A1": 3, "C1": "=TOY_STAIR(A1)", "F1": "=TOY_CONCAT(D2)", "G1": "=TOY_CONCAT(ANCHORARRAY(C1))"}}
    )
    book.set("S!D2", 7)
    book.recalculate()
    toys.calls.clear()
    book.set("S!A1", 1)
    assert book.recalculate() == {"S!A1", "S!C2", "S!C3", "S!D3", "S!G1"}
    assert toys.calls == {"stair": 1, "concat": 1}


def test_a_blocked_spill_stays_blocked_in_the_file(opened: Opened, toys: Any, tmp_path: Path) -> None:
    book = opened({"S": {"A1": 1, "C1": "=TOY_STAIR(A1)", "C2": 7}})
    book.set("S!A1", 3)
    book.recalculate()
    assert book.get("S!C1") == "#SPILL!"
    book.save(tmp_path / "blocked.xlsx")
    again = Workbook.open(tmp_path / "blocked.xlsx", toys.functions)
    assert again.recalculate() == set()
    assert again.get("S!C1") == "#SPILL!"
