"""Recalculates workbooks and reads their values."""

from __future__ import annotations

from pathlib import Path

from addin.headless import Workbook


def recalculated(file: Path) -> Workbook:
    workbook = Workbook.open(file)
    workbook.recalculate()
    return workbook


def rows_below(workbook: Workbook, tab: str, text: str, columns: str = "A:AZ", skip: int = 0) -> list[list[object]]:
    """The rows from the row whose first filled cell is that text. Skips the first `skip` such rows."""
    first, _, last = columns.partition(":")
    rows = workbook.get_range(f"'{tab}'!{first}1:{last}240")
    found = [number for number, row in enumerate(rows) if row[0] == text]
    return rows[found[skip] :]


def errors(workbook: Workbook) -> set[tuple[str, object]]:
    """Tab and value of Excel's own errors, on any tab."""
    return {
        (tab, value)
        for tab in workbook.sheet_names
        for row in workbook.get_range(f"'{tab}'!A1:DZ260")
        for value in row
        if isinstance(value, str) and value.startswith("#") and not value.startswith("#GPT2! ")
    }
