"""Writes a workbook of one tab, calculates it, and prints what each of its formulas spills."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from itertools import takewhile
from pathlib import Path

import xlsxwriter

from addin.headless import Workbook
from workbook_templates.formula import dialect_of
from workbook_templates.formula.ranges import CellRange

Value = float | str | bool | None


def show(cells: Mapping[str, str | float]) -> None:
    """Types values and formulas into cells. A text that begins with = is a formula, as in Excel.

    The file is named like the running script, and its formulas are those of the Office add-in. To calculate it again
    for another prompt: `gpt2-excel run FILE --set "Example!A1=..."`.
    """
    file = Path(sys.argv[0]).with_suffix(".xlsx").name
    dialect = dialect_of("office")
    with xlsxwriter.Workbook(file, {"strings_to_formulas": False}) as book:
        sheet = book.add_worksheet("Example")
        for cell, value in cells.items():
            if is_formula(value):
                sheet.write_dynamic_array_formula(f"{cell}:{cell}", "=" + dialect.formula(value[1:]))
            else:
                sheet.write(cell, value)
    workbook = Workbook.open(file)
    workbook.recalculate()
    workbook.save(file)
    for cell, value in cells.items():
        print(f"{cell}: {value}")
        if is_formula(value):
            print_rows(spill(workbook, cell))


def is_formula(value: str | float) -> bool:
    return isinstance(value, str) and value.startswith("=")


def spill(workbook: Workbook, cell: str) -> list[list[Value]]:
    """The rows from a cell down to the next blank row, each up to the next blank cell of the first row."""
    anchor = CellRange.parse(cell)
    rows = workbook.used_values("Example")[anchor.top - 1 :]
    rows = [row[anchor.left - 1 :] for row in rows]
    width = len(list(takewhile(lambda value: value is not None, rows[0])))
    return [row[:width] for row in takewhile(lambda row: row[0] is not None, rows)]


def print_rows(rows: list[list[Value]]) -> None:
    for row in rows:
        print(("    " + " ".join(map(shown, row))).rstrip())


def shown(value: Value) -> str:
    if isinstance(value, float):
        return f"{value:>12.0f}" if value.is_integer() else f"{value:>12.4g}"
    return f"{value or '':<12}"
