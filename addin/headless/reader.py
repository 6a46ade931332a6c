"""Makes a Sheet from the cells of the file: constants, and formulas with the values that the file has for them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from workbook_templates.formula.ranges import CellRange
from workbook_templates.formula.tree import Unsupported

from .cell_rows import Position
from .formula import Formula
from .grid import Sheet
from .package import Package, SheetPart
from .shared import SharedFormula, SharedFormulas
from .sheet_xml import StoredFormula, read_cells
from .values import Scalar, Value, from_cells


def read_sheet(package: Package, part: SheetPart, number: int, strings: list[str]) -> Sheet:
    """The sheet. Its formulas are not yet evaluated: they show the values that the file has for them.

    Raises WorkbookError, ValueError or LookupError if the sheet is damaged.
    """
    cells = read_cells(package, part.path, strings)
    values, formulas = cells.values, _formulas(number, cells.formulas)
    arrays = [formula for formula in formulas.values() if formula.stored is not None and formula.stored.area > 1]
    for formula in formulas.values():
        if formula.stored is None or formula.stored.area == 1:
            formula.shown = values.pop(formula.cell, None)
    for formula in arrays:
        assert formula.stored is not None
        formula.show(_taken(values, formula.stored))
    for formula in arrays:  # the range of a damaged file may leave out the formula's own cell
        values.pop(formula.cell, None)
    return Sheet(part.name, {cell: value for cell, value in values.items() if value is not None}, formulas.values())


def _taken(values: dict[Position, Scalar], rect: CellRange) -> Value:
    """Removes and returns the values of a range: they are values of a formula, and not constants."""
    grid = np.full((rect.height, rect.width), None, object)
    for row, column in _held(values, rect):
        grid[row - rect.top, column - rect.left] = values.pop((row, column))
    return from_cells(grid)


def _held(values: Mapping[Position, Scalar], rect: CellRange) -> Iterable[Position]:
    """The cells of a range that have a value."""
    if rect.area > len(values):
        return [cell for cell in values if rect.holds(*cell)]
    rows, columns = range(rect.top, rect.bottom + 1), range(rect.left, rect.right + 1)
    return [(row, column) for row in rows for column in columns if (row, column) in values]


def _formulas(sheet: int, stored: Mapping[Position, StoredFormula]) -> dict[Position, Formula]:
    """The formulas of a sheet, without their values. A formula without a text is that of its group, moved."""
    known, groups = SharedFormulas(), {}
    formulas: dict[Position, Formula] = {}
    members: list[tuple[Position, str]] = []
    for cell, found in stored.items():
        if found.kind == "dataTable":
            formulas[cell] = _data_table(sheet, cell, found)
        elif found.text and found.kind == "shared":
            groups[found.group] = shared = known.of_text(found.text, cell, arrays=False)
            formulas[cell] = Formula(sheet, *cell, shared)
        elif found.kind == "shared":
            members.append((cell, found.group))
        elif found.text and found.kind == "array":
            formulas[cell] = _array_formula(sheet, cell, found, known)
        elif found.text:
            formulas[cell] = Formula(sheet, *cell, known.of_text(found.text, cell, arrays=False))
    if members:
        formulas.update((c, Formula(sheet, *c, groups[si].in_cell(c))) for c, si in members if si in groups)
        formulas = dict(sorted(formulas.items()))
    return formulas


def _array_formula(sheet: int, cell: Position, found: StoredFormula, known: SharedFormulas) -> Formula:
    stored = found.range
    if not found.is_dynamic:
        stored = stored or CellRange.cell(*cell)
    shared = known.of_text(found.text, cell, arrays=stored is not None)
    return Formula(sheet, *cell, shared, fixed=None if found.is_dynamic else stored, stored=stored)


def _data_table(sheet: int, cell: Position, found: StoredFormula) -> Formula:
    """The values of a what-if analysis, which Excel finds by trying out other values in other cells."""
    rect = CellRange.parse(found.ref) or CellRange.cell(*cell)
    shared = SharedFormula.alone("", Unsupported("", "a data table"), cell, arrays=False)
    return Formula(sheet, *cell, shared, fixed=rect, stored=rect)
