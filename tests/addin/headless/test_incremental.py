"""After any edits, an incremental recalculation gives the same values as one from scratch."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from addin.headless import Workbook, WorkbookError

INPUTS = ["In!A1", "In!A2", "In!A3", "In!A4"]
ELSEWHERE = ["Mid!B2", "Mid!C3", "Mid!A9", "Mid!E1", "Mid!F4", "Out!A2", "Out!C4", "Out!D1", "In!C2", "In!C1", "Mid!A1"]
FORMULAS = {
    "In": {"C1": "=TOY_STAIR(A1,A2)"},
    "Mid": {"A1": "=TOY_STAIR(A_ROWS,2)", "D1": "=TOY_STEER(ANCHORARRAY(A1),In!A3)",
            "G1": "=IF(In!A4>2,ANCHORARRAY(In!C1),In!A4)", "A8": "=SEQUENCE(1,In!A2)"},
    "Out": {"A1": "=ANCHORARRAY(Mid!D1)*2", "C1": "=COUNT(A1:B9)", "D1": "=TOY_CONCAT(Mid!A1:E8)",
            "C3": "=TOY_STAIR(In!A4,1)", "E1": "=SUM(Mid!D:H)+C1", "E2": "=IFERROR(Mid!B3/In!A1,-1)"},
}  # fmt: skip


def numbers() -> st.SearchStrategy[Any]:
    return st.one_of(st.integers(1, 5), st.none(), st.sampled_from([0, -1, 2.5, "x", True]))


edits = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(INPUTS), st.integers(1, 5)),
        st.tuples(st.sampled_from(INPUTS + ELSEWHERE), numbers()),
    ),
    max_size=6,
)  # fmt: skip


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workbook of chained formulas, which every example opens anew."""
    path = tmp_path_factory.mktemp("incremental") / "book.xlsx"
    book = xlsxwriter.Workbook(str(path), {"use_future_functions": True})
    for name, formulas in FORMULAS.items():
        sheet = book.add_worksheet(name)
        for cell, formula in formulas.items():
            sheet.write_dynamic_array_formula(f"{cell}:{cell}", formula)
    for row, value in enumerate((3, 2, 1, 2)):
        book.get_worksheet_by_name("In").write_number(row, 0, value)
    book.define_name("A_ROWS", "=In!$A$1")
    book.close()
    return path


def everything(book: Workbook) -> dict[str, Any]:
    cells: dict[str, Any] = {}
    for sheet in book.sheet_names:
        for row, values in enumerate(book.get_range(f"{sheet}!A1:N14"), 1):
            cells |= {f"{sheet}!{'ABCDEFGHIJKLMN'[column]}{row}": value for column, value in enumerate(values)}
    return cells


@pytest.mark.parametrize("pause", [False, True], ids=["recalculated at the end", "recalculated after each edit"])
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(edits)
def test_incremental_equals_full(toys: Any, path: Path, pause: bool, steps: list[tuple[str, Any]]) -> None:
    saved = path.with_name("saved.xlsx")
    book = Workbook.open(path, toys.functions)
    book.recalculate()
    before = everything(book)
    for address, value in steps:
        if not done(partial(book.set, address, value)):
            continue
        if pause:
            changed = set(book.recalculate())
            after = everything(book)
            assert changed == {cell for cell in after if _unlike(before[cell], after[cell])}
            before = after
    done(book.recalculate)
    incremental = everything(book)
    book.save(saved)
    fresh = Workbook.open(saved, toys.functions)
    assert everything(fresh) == incremental, "values from the file, before a recalculation"
    changed = fresh.recalculate()
    assert everything(fresh) == incremental
    assert not changed


def done(step: Callable[[], object]) -> bool:
    """Does the step, unless it would set a cell that a formula fills."""
    try:
        step()
    except WorkbookError as error:
        if " is filled by the formula in " not in str(error):
            raise
        return False
    return True


def _unlike(a: Any, b: Any) -> bool:
    return type(a) is not type(b) or a != b
