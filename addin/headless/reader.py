"""Reads one worksheet's XML into a Sheet: constants, and formulas with the values that the file has for them."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from lxml import etree
from numpy.typing import NDArray

from udfs import excel_errors
from udfs.excel_limits import MAX_COLUMNS, MAX_ROWS
from workbook_templates.formula.ranges import CellRange, column_number
from workbook_templates.formula.tree import Unsupported

from .cell_rows import Position
from .grid import Formula, Sheet
from .package import Package, SheetPart, WorkbookError, rich_text, unescaped
from .shared import SharedFormula, SharedFormulas
from .values import ERRORS, NUM, VALUE, Scalar, Value, from_cells, from_result

_DIGITS = "0123456789"
_MOST_CELLS = 16_777_216  # that one array formula fills


class _Tags(NamedTuple):
    """The tags of a cell and its children."""

    c: str
    v: str
    f: str
    inline: str


@dataclass
class _Raw:
    """One sheet of the file as it is stored, before constants are told apart from the values of formulas.

    `numbers` are the cells that hold nothing but a number, row -> (columns, values): there may be millions."""

    numbers: dict[int, tuple[NDArray[np.int64], NDArray[np.float64]]] = field(default_factory=dict)
    values: dict[int, dict[int, Scalar]] = field(default_factory=lambda: defaultdict(dict))
    formulas: dict[Position, etree._Element] = field(default_factory=dict)
    dynamic: set[Position] = field(default_factory=set)

    def take(self, rect: CellRange) -> Value:
        """Removes and returns the values of a range, which are values of a formula and not constants."""
        grid = np.full((rect.height, rect.width), np.nan)
        for row in range(rect.top, rect.bottom + 1):
            if row in self.numbers:
                columns, numbers = self.numbers[row]
                first, last = np.searchsorted(columns, (rect.left, rect.right + 1))
                grid[row - rect.top, columns[first:last] - rect.left] = numbers[first:last]
                kept = np.r_[0:first, last : columns.size]
                self.numbers[row] = columns[kept], numbers[kept]
        others: dict[Position, Scalar] = {}
        for row in range(rect.top, rect.bottom + 1):
            cells_of_row = self.values.get(row, {})
            for column in [c for c in cells_of_row if rect.left <= c <= rect.right]:
                others[row, column] = cells_of_row.pop(column)
        for (row, column), value in others.items():
            if type(value) is float:
                grid[row - rect.top, column - rect.left] = value
        blank = np.isnan(grid)
        if not blank.any():
            return from_result(grid)
        cells = grid.astype(object)
        cells[blank] = None
        for (row, column), value in others.items():
            cells[row - rect.top, column - rect.left] = value
        return from_cells(cells)

    def rest(self) -> Iterator[tuple[Position, Scalar]]:
        """All values that were not taken."""
        for row, cells in self.values.items():
            for column, value in cells.items():
                yield (row, column), value
        for row, (columns, numbers) in self.numbers.items():
            yield from zip(((row, column) for column in columns.tolist()), numbers.tolist(), strict=True)


def read_sheet(package: Package, part: SheetPart, number: int, strings: list[str]) -> Sheet:
    """The sheet. Its formulas are not yet evaluated: they show the values that the file has for them."""
    raw = _scan(package, part, strings)
    formulas = _formulas(number, raw)
    for formula in formulas.values():
        if formula.stored is None or formula.stored.area == 1:
            formula.show(raw.values.get(formula.row, {}).pop(formula.column, None))
    for formula in formulas.values():
        if formula.stored is not None and formula.stored.area > 1:
            formula.show(raw.take(formula.stored))
    rest = ((cell, value) for cell, value in raw.rest() if value is not None and cell not in formulas)
    constants: dict[Position, Scalar] = dict(rest)
    return Sheet(part.name, constants, formulas.values())


def _scan(package: Package, part: SheetPart, strings: list[str]) -> _Raw:
    raw, number = _Raw(), 0
    numbers, of_numbers = (
        _finder(path, package.namespace) for path in ("x:c/x:v/text()", "//x:row[not(x:c/@t | x:c/x:f)]")
    )
    tags = _Tags(*map(package.tag, ("c", "v", "f", "is")))
    tree = package.tree(part.path)
    plain = set(of_numbers(tree))  # the rows of nothing but numbers, found at once
    for row in tree.iter(package.tag("row")):
        number = _row_number(package, row.get("r") or number + 1)
        if row in plain:
            texts = numbers(row)
            values = np.array(texts, dtype=np.float64)
            if texts and len(texts) == len(row) and np.isfinite(values).all():
                raw.numbers[number] = _columns(row), values
                continue
        _scan_cells(raw, package, number, row.iterchildren(tags.c), tags, strings)
    return raw


def _row_number(package: Package, written: str | int) -> int:
    number = int(written)
    if not 1 <= number <= MAX_ROWS:
        raise WorkbookError(f"{package.source}: damaged .xlsx (a sheet has no row {str(written)[:20]})")
    return number


def _checked_column(number: int) -> int:
    if number > MAX_COLUMNS:
        raise ValueError("a sheet has no such column")
    return number


def _finder(path: str, namespace: str) -> Callable[[etree._Element], Any]:
    return etree.XPath(path, namespaces={"x": namespace}, smart_strings=False)


def _columns(row: etree._Element) -> NDArray[np.int64]:
    """The columns of a row's cells. A cell without an address follows the cell before it."""
    places, column = [], 0
    for cell in row:
        address = cell.get("r")
        column = _checked_column(column_number(address.rstrip(_DIGITS)) if address else column + 1)
        places.append(column)
    return np.array(places)


def _scan_cells(
    raw: _Raw, package: Package, row: int, cells: Iterable[etree._Element], tags: _Tags, strings: list[str]
) -> None:
    values, column = raw.values[row], 0
    for element in cells:
        letters = element.get("r", "").rstrip(_DIGITS)
        column = _checked_column(column_number(letters) if letters else column + 1)
        for child in element:
            tag = child.tag
            if tag == tags.v:
                kind, text = element.get("t", "n"), child.text or ""
                values[column] = package.serial_of(text) if kind == "d" else _value(kind, text, strings)
            elif tag == tags.f:
                raw.formulas[row, column] = child
                if element.get("cm"):
                    raw.dynamic.add((row, column))
            elif tag == tags.inline:
                values[column] = rich_text(child, package.namespace)


def _value(kind: str, text: str, strings: list[str]) -> Scalar:
    if kind == "n":
        try:
            number = float(text)
        except ValueError:
            return None
        return number if math.isfinite(number) else NUM
    if kind == "s":
        return strings[int(text)]
    if kind == "b":
        return text.strip() in ("1", "true")
    if kind == "e":
        return ERRORS.get(text, VALUE)
    return ERRORS[text] if text in excel_errors.WITHOUT_CODE else unescaped(text)


def _formulas(sheet: int, raw: _Raw) -> dict[Position, Formula]:
    """The formulas of a sheet, without their values. A formula without a text is that of its group, moved."""
    known, groups = SharedFormulas(), {}
    formulas: dict[Position, Formula] = {}
    members: list[tuple[Position, str]] = []
    for cell, element in raw.formulas.items():
        kind, text = element.get("t"), element.text
        if kind == "dataTable":
            formulas[cell] = _data_table(sheet, cell, element)
        elif text and kind == "shared":
            groups[element.get("si", "")] = shared = known.of_text(text, cell, arrays=False)
            formulas[cell] = Formula(sheet, *cell, shared)
        elif kind == "shared":
            members.append((cell, element.get("si", "")))
        elif text and kind == "array":
            formulas[cell] = _array_formula(sheet, cell, text, stored_range(element), cell in raw.dynamic, known)
        elif text:
            formulas[cell] = Formula(sheet, *cell, known.of_text(text, cell, arrays=False))
    if members:
        formulas.update((c, Formula(sheet, *c, groups[si].in_cell(c))) for c, si in members if si in groups)
        formulas = dict(sorted(formulas.items()))
    return formulas


def _array_formula(
    sheet: int, cell: Position, text: str, stored: CellRange | None, is_dynamic: bool, known: SharedFormulas
) -> Formula:
    if not is_dynamic:
        stored = stored or CellRange.cell(*cell)
    shared = known.of_text(text, cell, arrays=stored is not None)
    return Formula(sheet, *cell, shared, fixed=None if is_dynamic else stored, stored=stored)


def _data_table(sheet: int, cell: Position, element: etree._Element) -> Formula:
    """The values of a what-if analysis, which Excel finds by trying out other values in other cells."""
    rect = CellRange.parse(element.get("ref", "")) or CellRange.cell(*cell)
    shared = SharedFormula.alone("", Unsupported("", "a data table"), cell, arrays=False)
    return Formula(sheet, *cell, shared, fixed=rect, stored=rect)


def stored_range(element: etree._Element) -> CellRange | None:
    """The range that the file gives to a formula's array; None if the formula is not an array formula.

    Raises WorkbookError for a range that is larger than any array can be.
    """
    rect = CellRange.parse(element.get("ref", "")) if element.get("t") == "array" else None
    if rect is not None and rect.area > _MOST_CELLS:
        raise WorkbookError(f"damaged .xlsx (an array formula fills {rect})")
    return rect
