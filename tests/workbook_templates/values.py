"""Recalculates workbooks and reads their values."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

from addin.headless import Workbook


def recalculated(file: Path) -> Workbook:
    workbook = Workbook.open(file)
    workbook.recalculate()
    return workbook


@contextmanager
def undoing(workbook: Workbook) -> Iterator[Workbook]:
    """The workbook. At the end, what was typed into its cells is undone.

    So many tests share one workbook, which each would otherwise open and calculate. They may not type over formulas.
    """
    before: dict[str, Any] = {}
    write = workbook.set

    def noted(address: str, value: Any) -> None:
        assert not workbook.has_formula(address), f"{address} has a formula, which cannot be typed in again"
        before.setdefault(address, workbook.get(address))
        write(address, value)

    with patch.object(workbook, "set", noted):
        yield workbook
    for address, value in reversed(before.items()):
        workbook.set(address, value)
    workbook.recalculate()


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
