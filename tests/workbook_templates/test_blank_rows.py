"""Rows that the workbook's own prompt does not need are folded away, so that no tab has a gap in the middle."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

import pytest

from addin.headless.package import Package, SheetPart
from addin.headless.sheet_xml import read_cells

FILES = sorted((Path(__file__).parents[2] / "workbook_templates").glob("[1-4]_*.xlsx"))
MOST = 5  # blank rows in a row: the room of a table whose length the user chooses
MORE = {"Log-probabilities": 7}  # the room of a longer text
HIDDEN = re.compile(rb'<row r="(\d+)"[^>]* hidden="1"')
DRAWING = re.compile(rb'Target="\.\./(drawings/drawing\d+\.xml)"')
CORNER = re.compile(rb"<xdr:row>(\d+)</xdr:row>")  # of a chart: first the upper one, then the lower one


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_no_gap_is_in_sight(path: Path) -> None:
    package = Package.open(path)
    strings = package.shared_strings()
    gaps = {sheet.name: list(blank_rows(package, sheet, strings)) for sheet in package.sheets()}
    assert {tab: rows for tab, rows in gaps.items() if rows} == {}


def blank_rows(package: Package, sheet: SheetPart, strings: list[str]) -> Iterator[tuple[int, int]]:
    """The first and last row of each gap: visible rows without a value and without a chart."""
    values = read_cells(package, sheet.path, strings).values
    with_value = {row for (row, _), value in values.items() if value not in (None, "")}
    used = with_value | rows_of_charts(package, sheet)
    hidden = set(map(int, HIDDEN.findall(package.part(sheet.path))))
    in_sight = [row for row in range(1, max(with_value) + 1) if row not in hidden]
    for is_used, rows in groupby(in_sight, key=used.__contains__):
        gap = list(rows)
        if not is_used and len(gap) > MORE.get(sheet.name, MOST):
            yield gap[0], gap[-1]


def rows_of_charts(package: Package, sheet: SheetPart) -> set[int]:
    """The rows that the charts of a sheet cover."""
    relations = package.parts.get(f"xl/worksheets/_rels/{Path(sheet.path).name}.rels", b"")
    drawings = (package.part(f"xl/{path.decode()}") for path in DRAWING.findall(relations))
    corners = [corner for drawing in drawings for corner in CORNER.findall(drawing)]
    tops, bottoms = corners[::2], corners[1::2]
    return {row for top, bottom in zip(tops, bottoms, strict=True) for row in range(int(top) + 1, int(bottom) + 2)}
