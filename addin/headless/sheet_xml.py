"""Reads the cells of one worksheet's XML: their values, and the formulas as the file has them.

A sheet may have a million cells, so no tree is made of it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
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
        self._package, self._path, self._strings = package, path, strings
        self._pieces: list[str] = []  # of the text since an element with a text began
        self._runs: list[str] | None = None  # the texts of an inline string; None outside of one
        self._is_phonetic = False
        self.parser = expat.ParserCreate(namespace_separator=" ")
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self._before_data
        self.parser.EntityDeclHandler = self._declares_entity

    def _declares_entity(self, *_: object) -> None:  # none is resolved: a workbook may come from a stranger
        raise WorkbookError(f"{self._package.source}: damaged .xlsx (part {self._path} declares an entity)")

    def _tag(self, name: str) -> str:
        return f"{self._package.namespace} {name}"

    def _before_data(self, name: str, attributes: dict[str, str]) -> None:
        if name == self._tag("sheetData"):
            self.parser.StartElementHandler, self.parser.EndElementHandler = self._handlers()
            self.parser.CharacterDataHandler = self._pieces.append

    def _handlers(self) -> tuple[Callable[[str, dict[str, str]], None], Callable[[str], None]]:
        """What the parser calls at the start and at the end of each element.

        It calls them a million times for a large sheet, so all that they use is in local variables."""
        row_tag, cell_tag, value_tag, formula_tag = map(self._tag, ("row", "c", "v", "f"))
        without_end = frozenset((row_tag, cell_tag))
        values, formulas, pieces = self.found.values, self.found.formulas, self._pieces
        row = column = 0
        cell: dict[str, str] = {}  # the attributes of the cell and of the formula
        formula: dict[str, str] = {}

        def start(name: str, attributes: dict[str, str]) -> None:
            nonlocal row, column, cell, formula
            if name == cell_tag:
                address = attributes.get("r")
                column = column_number(address.rstrip(_DIGITS)) if address else column + 1
                if column > MAX_COLUMNS:
                    raise ValueError("a sheet has no such column")
                cell = attributes
            elif name == value_tag:
                pieces.clear()
            elif name == formula_tag:
                pieces.clear()
                formula = attributes
            elif name == row_tag:
                row, column = self._row_number(attributes.get("r") or row + 1), 0
            else:
                self._start_other(name)

        def end(name: str) -> None:
            if name == value_tag:
                values[row, column] = self._value("".join(pieces), cell.get("t", "n"))
            elif name == formula_tag:
                formulas[row, column] = _stored_formula("".join(pieces), formula, cell)
            elif name not in without_end:
                inline = self._end_other(name)
                if inline is not None:
                    values[row, column] = inline

        return start, end

    def _start_other(self, name: str) -> None:
        if name == self._tag("t"):
            self._pieces.clear()
        elif name == self._tag("is"):
            self._runs = []
        elif name == self._tag("rPh"):
            self._is_phonetic = True

    def _end_other(self, name: str) -> str | None:
        """Gives the text of an inline string that ends here."""
        if name == self._tag("t"):
            if self._runs is not None and not self._is_phonetic:
                self._runs.append("".join(self._pieces))
        elif name == self._tag("rPh"):
            self._is_phonetic = False
        elif name == self._tag("is"):
            runs, self._runs = self._runs, None
            return unescaped("".join(runs or ()))
        elif name == self._tag("sheetData"):
            self.parser.StartElementHandler = self.parser.EndElementHandler = self.parser.CharacterDataHandler = None
        return None

    def _row_number(self, written: str | int) -> int:
        number = int(written)
        if not 1 <= number <= MAX_ROWS:
            raise WorkbookError(f"{self._package.source}: damaged .xlsx (a sheet has no row {str(written)[:20]})")
        return number

    def _value(self, text: str, kind: str) -> Scalar:
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


def _stored_formula(text: str, formula: Mapping[str, str], cell: Mapping[str, str]) -> StoredFormula:
    """A formula with the attributes of its element and of its cell."""
    is_dynamic = "cm" in cell and bool(cell["cm"])
    if not formula:
        return StoredFormula(text, "", "", "", is_dynamic)
    get = formula.get
    return StoredFormula(text, get("t", ""), get("ref", ""), get("si", ""), is_dynamic)


def stored_range(kind: str, ref: str) -> CellRange | None:
    """The range that the file gives to a formula's array; None if the formula is not an array formula.

    Raises WorkbookError for a range that is larger than any array can be.
    """
    rect = CellRange.parse(ref) if kind == "array" else None
    if rect is not None and rect.area > _MOST_CELLS:
        raise WorkbookError(f"damaged .xlsx (an array formula fills {rect})")
    return rect
