"""Reads the cells of one worksheet's XML: their values, and the formulas as the file has them.

A sheet may have a million cells, so no tree is made of it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import NamedTuple
from xml.parsers import expat

from udfs import excel_errors
from udfs.excel_limits import MAX_COLUMNS, MAX_ROWS
from workbook_templates.formula.ranges import CellRange, column_number

from .cell_rows import Position
from .package import Package, WorkbookError, unescaped
from .values import ERRORS, NUM, VALUE, Scalar

_DIGITS = "0123456789"
_MOST_CELLS = 16_777_216  # that one array formula fills


class StoredFormula(NamedTuple):
    """A formula of the file: its kind ("array", "shared", "dataTable" or "" for a plain one), the range that it fills,
    its group of shared formulas, and whether it is a dynamic array."""

    text: str
    kind: str
    ref: str
    group: str
    is_dynamic: bool

    @property
    def range(self) -> CellRange | None:
        return stored_range(self.kind, self.ref)


@dataclass(frozen=True)
class StoredCells:
    """The values of all cells, values of formulas included, and the formulas."""

    values: dict[Position, Scalar] = field(default_factory=dict)
    formulas: dict[Position, StoredFormula] = field(default_factory=dict)


def read_cells(package: Package, path: str, strings: list[str]) -> StoredCells:
    """The cells of the sheet in a part of the file. `strings` are the texts that the sheets share.

    Raises WorkbookError, ValueError or LookupError if the sheet is damaged.
    """
    reader = _Reader(package, path, strings)
    try:
        reader.parser.Parse(package.part(path), True)
    except expat.ExpatError:
        raise WorkbookError(f"{package.source}: damaged .xlsx (part {path} is not XML)") from None
    return reader.found


class _Reader:
    """Notes the cells of `sheetData` when the parser comes to them."""

    def __init__(self, package: Package, path: str, strings: list[str]) -> None:
        self.found = StoredCells()
        self._values, self._formulas = self.found.values, self.found.formulas
        self._package, self._path, self._strings = package, path, strings
        names = ("sheetData", "row", "c", "v", "f", "is", "t", "rPh")
        tags = [f"{package.namespace} {name}" for name in names]
        self._data, self._row_tag, self._c, self._v, self._f, self._inline, self._t, self._phonetic = tags
        self._pieces: list[str] = []  # of the text since an element with a text began
        self._row = self._column = 0
        self._cell: dict[str, str] = {}  # the attributes of the cell and of the formula
        self._formula: dict[str, str] = {}
        self._runs: list[str] | None = None  # the texts of an inline string; None outside of one
        self._is_phonetic = False
        self.parser = expat.ParserCreate(namespace_separator=" ")
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self._before_data
        self.parser.EntityDeclHandler = self._declares_entity

    def _declares_entity(self, *_: object) -> None:  # none is resolved: a workbook may come from a stranger
        raise WorkbookError(f"{self._package.source}: damaged .xlsx (part {self._path} declares an entity)")

    def _before_data(self, name: str, attributes: dict[str, str]) -> None:
        if name == self._data:
            self.parser.StartElementHandler, self.parser.EndElementHandler = self._start, self._end
            self.parser.CharacterDataHandler = self._pieces.append

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        if name == self._c:
            address = attributes.get("r")
            self._column = column_number(address.rstrip(_DIGITS)) if address else self._column + 1
            if self._column > MAX_COLUMNS:
                raise ValueError("a sheet has no such column")
            self._cell = attributes
        elif name == self._v or name == self._t:
            self._pieces.clear()
        elif name == self._f:
            self._pieces.clear()
            self._formula = attributes
        elif name == self._row_tag:
            self._row, self._column = self._row_number(attributes.get("r") or self._row + 1), 0
        elif name == self._inline:
            self._runs = []
        elif name == self._phonetic:
            self._is_phonetic = True

    def _end(self, name: str) -> None:
        if name == self._c:
            return
        if name == self._v:
            self._values[self._row, self._column] = self._value("".join(self._pieces))
        elif name == self._f:
            self._formulas[self._row, self._column] = self._stored_formula("".join(self._pieces))
        elif name == self._t:
            if self._runs is not None and not self._is_phonetic:
                self._runs.append("".join(self._pieces))
        elif name == self._phonetic:
            self._is_phonetic = False
        elif name == self._inline:
            self._values[self._row, self._column] = unescaped("".join(self._runs or ()))
            self._runs = None
        elif name == self._data:
            self.parser.StartElementHandler = self.parser.EndElementHandler = self.parser.CharacterDataHandler = None

    def _row_number(self, written: str | int) -> int:
        number = int(written)
        if not 1 <= number <= MAX_ROWS:
            raise WorkbookError(f"{self._package.source}: damaged .xlsx (a sheet has no row {str(written)[:20]})")
        return number

    def _stored_formula(self, text: str) -> StoredFormula:
        get = self._formula.get
        return StoredFormula(text, get("t", ""), get("ref", ""), get("si", ""), bool(self._cell.get("cm")))

    def _value(self, text: str) -> Scalar:
        kind = self._cell.get("t", "n")
        if kind == "n":
            try:
                number = float(text)
            except ValueError:
                return None
            return number if math.isfinite(number) else NUM
        if kind == "s":
            return self._strings[int(text)]
        if kind == "b":
            return text.strip() in ("1", "true")
        if kind == "e":
            return ERRORS.get(text, VALUE)
        if kind == "d":
            return self._package.serial_of(text)
        return ERRORS[text] if text in excel_errors.WITHOUT_CODE else unescaped(text)


def stored_range(kind: str, ref: str) -> CellRange | None:
    """The range that the file gives to a formula's array; None if the formula is not an array formula.

    Raises WorkbookError for a range that is larger than any array can be.
    """
    rect = CellRange.parse(ref) if kind == "array" else None
    if rect is not None and rect.area > _MOST_CELLS:
        raise WorkbookError(f"damaged .xlsx (an array formula fills {rect})")
    return rect
