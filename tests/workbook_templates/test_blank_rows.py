"""Rows that the workbook's own prompt does not need are folded away, so that no tab has a gap in the middle."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest

from tests.workbook_templates.files import opened, stored_cells

FILES = sorted((Path(__file__).parents[2] / "workbook_templates").glob("[1-4]_*.xlsx"))
MOST = 5  # blank rows in a row: the room of a table whose length the user chooses
MORE = {"Log-probabilities": 7}  # the room of a longer text


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_no_gap_is_in_sight(path: Path) -> None:
    gaps = {sheet.title: list(blank_rows(sheet)) for sheet in opened(path)}
    assert {tab: rows for tab, rows in gaps.items() if rows} == {}


def blank_rows(sheet: Any) -> Iterator[tuple[int, int]]:
    """The first and last row of each gap: visible rows without a value and without a chart."""
    with_value = {cell.row for cell in stored_cells(sheet) if cell.value not in (None, "")}
    charts = [chart.anchor for chart in sheet._charts]
    used = with_value | {row for at in charts for row in range(at._from.row + 1, at.to.row + 2)}
    in_sight = [row for row in range(1, max(with_value) + 1) if not sheet.row_dimensions[row].hidden]
    for is_used, rows in groupby(in_sight, key=used.__contains__):
        gap = list(rows)
        if not is_used and len(gap) > MORE.get(sheet.title, MOST):
            yield gap[0], gap[-1]
