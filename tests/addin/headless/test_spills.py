"""Dynamic arrays, legacy arrays, collisions, and cells that cannot be set."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from addin.headless import Workbook, WorkbookError

Opened = Callable[..., Workbook]


def test_a_spill_goes_beyond_the_stored_range(opened: Opened) -> None:
    book = opened({"S": {"A1:A2": "=TOY_STAIR(4)", "D1": "=SUM(ANCHORARRAY(A1))", "E1": "=B4"}})
    assert book.get("S!D1") == 204.0
    assert book.get("S!E1") == 41.0


@pytest.mark.parametrize("value", [1.5, "text", None])
def test_a_cell_that_a_formula_fills_cannot_be_set(opened: Opened, value: object) -> None:
    book = opened({"S": {"A1": "=TOY_STAIR(3)"}, "Block 5": {"C9": "=TOY_STAIR(2)"}})
    with pytest.raises(WorkbookError, match=r"^S!B2 is filled by the formula in S!A1: change what that formula reads$"):
        book.set("S!B2", value)
    with pytest.raises(WorkbookError, match=r"^'Block 5'!C10 is filled by the formula in 'Block 5'!C9: "):
        book.set("Block 5!C10", value)
    assert not book.recalculate()
    assert book.get("S!B2") == 21.0


EDITS = {
    "our function": "=GPT2_EDIT(ANCHORARRAY(A1),LET(e,TAKE(G1:H9,ROWS(ANCHORARRAY(A1))),IF(e=0,0,e)))",
    "our function behind a condition": "=IF(F1=1,TOY_FAIL(),GPT2_EDIT(ANCHORARRAY(A1),G1:H9))",
    "our function, a range": "=GPT2_EDIT(A1:B3,G1:H9)",
    "native": '=IF(G1:H3="",ANCHORARRAY(A1),G1:H3)',
    "native with a variable": "=LET(e,G1:H3,v,ANCHORARRAY(A1),IF(ISNUMBER(e),e,v))",
    "another tab's": "=GPT2_EDIT(ANCHORARRAY(S!A1),S!G1:H9)",
}


@pytest.mark.parametrize("formula", EDITS.values(), ids=EDITS)
def test_the_message_names_the_cell_of_the_edit_grid(opened: Opened, formula: str) -> None:
    tab = "Edited" if "S!" in formula else "S"
    cells = {"A1": "=TOY_STAIR(3)", "K1": "=SUM(A1:B3)"}
    book = opened({"S": cells, "Edited": {"D1": formula}} if tab == "Edited" else {"S": {**cells, "D1": formula}})
    with pytest.raises(WorkbookError, match=r"^S!B2 is filled by the formula in S!A1: type into S!H2 instead$"):
        book.set("S!B2", 7)


def test_the_result_of_an_edit_has_the_same_grid(opened: Opened) -> None:
    book = opened({"S": {"A1": "=TOY_STAIR(3)", "D1": '=IF(G1:H3="",ANCHORARRAY(A1),G1:H3)'}})
    with pytest.raises(WorkbookError, match=r"^S!E3 is filled by the formula in S!D1: type into S!H3 instead$"):
        book.set("S!E3", 7)
    book.set("S!H3", 7)
    assert book.recalculate() == {"S!H3", "S!E3"}


def test_cells_past_the_grid_have_no_edit_cell(opened: Opened) -> None:
    book = opened({"S": {"A1": "=TOY_STAIR(3)", "D1": "=GPT2_EDIT(ANCHORARRAY(A1),G1:H2)"}})
    with pytest.raises(WorkbookError, match="change what that formula reads"):
        book.set("S!B3", 7)


def test_a_value_in_the_first_cell_replaces_the_formula(opened: Opened) -> None:
    book = opened({"S": {"A1": "=TOY_STAIR(2)", "D1": "=SUM(A1:B2)", "E1": "=SUM(ANCHORARRAY(A1))"}})
    book.set("S!A1", 5)
    assert book.recalculate() == {"S!A1", "S!A2", "S!B1", "S!B2", "S!D1", "S!E1"}
    assert book.get_range("S!A1:E2") == [[5, None, None, 5, "#REF!"], [None] * 5]
    book.set("S!B2", 1)
    book.recalculate()
    assert book.get("S!D1") == 6


def test_before_the_first_recalculation_a_formula_fills_its_stored_range(make: Callable[..., Path], toys: Any) -> None:
    book = Workbook.open(make({"S": {"A1:B3": "=TOY_STAIR(3)"}}), toys.functions)
    with pytest.raises(WorkbookError, match=r"^S!B2 is filled by the formula in S!A1: "):
        book.set("S!B2", 1.5)


def test_the_recalculation_finds_cells_set_inside_a_spill_of_unknown_size(make: Callable[..., Path], toys: Any) -> None:
    book = Workbook.open(make({"S": {"A1": "=TOY_STAIR(3)"}}), toys.functions)
    book.set("S!B2", 1.5)
    with pytest.raises(WorkbookError, match=r"^S!B2 is filled by the formula in S!A1: "):
        book.recalculate()
    assert book.get_range("S!A1:B2") == [["#SPILL!", None], [None, 1.5]]
    book.set("S!B2", None)
    book.recalculate()
    assert book.get("S!B2") == 21.0


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


def test_the_first_of_two_spills_gets_the_cell(opened: Opened) -> None:
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
                "D1:D2": "{=A1:B3*1}",
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


def test_a_row_or_a_column_repeats_to_fill_a_legacy_array(opened: Opened) -> None:
    book = opened({"S": {"A1": "=TOY_STAIR(2)", "D1:F3": "{=A1:A2*2}", "H1:J3": "{=A1:B1*2}"}})
    assert book.get_range("S!D1:F3") == [[20.0] * 3, [40.0] * 3, ["#N/A"] * 3]
    assert book.get_range("S!H1:J3") == [[20.0, 22.0, "#N/A"]] * 3


def test_a_cell_of_a_legacy_array_cannot_be_set(opened: Opened) -> None:
    book = opened({"S": {"A1:B2": "{=TOY_STAIR(2)}", "D1": "=SUM(A1:B2)"}})
    with pytest.raises(WorkbookError, match=r"^S!B2 is filled by the formula in S!A1: "):
        book.set("S!B2", 1)


def test_a_blocked_spill_stays_blocked_in_the_file(opened: Opened, toys: Any, tmp_path: Path) -> None:
    book = opened({"S": {"A1": 1, "C1": "=TOY_STAIR(A1)", "C2": 7}})
    book.set("S!A1", 3)
    book.recalculate()
    assert book.get("S!C1") == "#SPILL!"
    book.save(tmp_path / "blocked.xlsx")
    again = Workbook.open(tmp_path / "blocked.xlsx", toys.functions)
    assert again.recalculate() == set()
    assert again.get("S!C1") == "#SPILL!"
