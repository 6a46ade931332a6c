"""Rules that Excel does not forgive and no schema states: what is wrong in a workbook's file, a line for each fault."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from typing import NamedTuple

from lxml import etree

from workbook_templates.formula.ranges import CellRange, cell_name, column_number, split_sheet

CHARTS = "{http://schemas.openxmlformats.org/drawingml/2006/chart}"
CONSTANTS = ("s", "inlineStr")  # types of cells that no formula fills


def faults(path: Path) -> list[str]:
    """What is wrong in a file, the name of the part first. A file without values is computed when it is opened."""
    with zipfile.ZipFile(path) as archive:
        sheets = {name: Cells(archive.read(name)) for name in archive.namelist() if "worksheets/sheet" in name}
        has_values = any(sheet.has_values for sheet in sheets.values())
        found = [f"{name}: {fault}" for name, sheet in sheets.items() for fault in sheet.faults(has_values)]
        if any(sheet.dynamic for sheet in sheets.values()) and "xl/metadata.xml" not in archive.namelist():
            found.append("xl/metadata.xml: missing, and a cell refers to it")
        workbook = etree.fromstring(archive.read("xl/workbook.xml"))
        if has_values and workbook.xpath("//@fullCalcOnLoad"):
            found.append("xl/workbook.xml: asks for a calculation on opening, without the functions all becomes #NAME?")
        tabs = dict(zip(workbook.xpath("//*[local-name()='sheet']/@name"), sheets.values(), strict=True))
        for name in archive.namelist():
            if has_values and name.startswith("xl/charts/chart"):
                found += [f"{name}: {fault}" for fault in _faults_of_chart(archive.read(name), tabs)]
    return found


class Formula(NamedTuple):
    """The formula of a cell: its kind, None for a plain one, the range that it fills, and its value."""

    kind: str | None
    ref: str | None
    value: str | None


class Cells:
    """The cells of a sheet, and the formulas that fill ranges."""

    def __init__(self, xml: bytes) -> None:
        root = etree.fromstring(xml)
        self.cells: dict[tuple[int, int], etree._Element] = {}
        self.formulas: dict[tuple[int, int], Formula] = {}
        self.arrays: dict[tuple[int, int], CellRange] = {}
        self.merged = [cell.get("ref") for cell in root.iter("{*}mergeCell")]
        with_formula = {element.getparent(): element for element in root.iter("{*}f")}
        for row in root.iter("{*}row"):
            number, column = int(row.get("r")), 0
            for cell in row:
                letters = cell.get("r", "").rstrip("0123456789")  # without an address it follows the one before it
                column = column_number(letters) if letters else column + 1
                place = number, column
                self.cells[place] = cell
                if (formula := with_formula.get(cell)) is None:
                    continue
                self.formulas[place] = Formula(formula.get("t"), formula.get("ref"), cell.findtext("{*}v"))
                if formula.get("t") == "array":
                    rect = CellRange.parse(formula.get("ref"))
                    assert rect is not None
                    self.arrays[place] = rect
        self.dynamic = [place for place, cell in self.cells.items() if cell.get("cm")]
        self.has_values = any(formula.value for formula in self.formulas.values())

    def faults(self, has_values: bool) -> Iterator[str]:
        for place, formula in self.formulas.items():
            if formula.ref and formula.kind not in ("array", "shared", "dataTable"):
                yield f"{cell_name(*place)}: a plain formula with a range, {formula.ref}"
        for place in self.dynamic:
            if place not in self.arrays:
                yield f"{cell_name(*place)}: marked as a dynamic array, and is none"
        for (place, rect), (other, taken) in combinations(self.arrays.items(), 2):
            if rect.meets(taken):
                yield f"{cell_name(*place)} and {cell_name(*other)}: both fill {rect.common(taken)}"
        merged = [(ref, CellRange.parse(ref)) for ref in self.merged]
        for place, rect in self.arrays.items():
            for ref, area in merged:
                if area is not None and area.meets(rect):
                    yield f"{cell_name(*place)}: fills {rect}, and {ref} are merged"
            yield from (f"{cell_name(*place)}: {fault}" for fault in self._faults_of_array(place, rect, has_values))

    def _faults_of_array(self, anchor: tuple[int, int], rect: CellRange, has_values: bool) -> Iterator[str]:
        if (rect.top, rect.left) != anchor:
            yield f"fills {rect}, which begins elsewhere"
        for row in range(rect.top, rect.bottom + 1):
            for column in range(rect.left, rect.right + 1):
                cell = self.cells.get((row, column))
                if (row, column) == anchor:
                    continue
                if cell is None:
                    if has_values:
                        yield f"fills {rect}, and {cell_name(row, column)} is not in the file"
                elif (row, column) in self.formulas or cell.get("t") in CONSTANTS:
                    yield f"fills {rect}, and {cell_name(row, column)} has a content of its own"

    def number(self, row: int, column: int) -> float | None:
        """The number that the file has for a cell; None if it holds something else or nothing."""
        cell = self.cells.get((row, column))
        value = cell.findtext("{*}v") if cell is not None and cell.get("t", "n") == "n" else None
        return float(value) if value else None


def _faults_of_chart(xml: bytes, tabs: dict[str, Cells]) -> Iterator[str]:
    """Where the numbers that a chart keeps are not those of its cells."""
    for series in etree.fromstring(xml).iter(f"{CHARTS}numRef"):
        tab, address = split_sheet(series.findtext(f"{CHARTS}f"))
        rect = CellRange.parse(address)
        assert tab is not None
        assert rect is not None
        places = [(r, c) for r in range(rect.top, rect.bottom + 1) for c in range(rect.left, rect.right + 1)]
        kept = {int(p.get("idx")): float(p.findtext(f"{CHARTS}v")) for p in series.iter(f"{CHARTS}pt")}
        for number, place in enumerate(places):
            value = tabs[tab].number(*place)
            if kept.get(number) != value and abs((kept.get(number) or 0.0) - (value or 0.0)) > 1e-12:
                yield f"keeps {kept.get(number)} for {tab}!{cell_name(*place)}, which shows {value}"
