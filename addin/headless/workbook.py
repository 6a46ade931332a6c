"""A workbook file that recalculates without a spreadsheet program."""

from __future__ import annotations

import gc
import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from udfs.backend.collector import paused
from udfs.backend.errors import did_you_mean
from udfs.excel_limits import MAX_TEXT
from workbook_templates.formula.calc import SERVICE
from workbook_templates.formula.ranges import CellRange, cell_name, quoted_sheet, split_sheet
from workbook_templates.formula.stored import parse_stored
from workbook_templates.formula.tree import Node, Reference

from .calc_names import with_calc_names
from .cell_rows import Position
from .changes import ChangedCells
from .edit_grids import edit_cell
from .engine import Engine
from .formula import Formula
from .grid import Sheet
from .not_calculated import NotCalculated
from .package import Package, WorkbookError
from .reader import read_sheet
from .values import Scalar, as_grid, to_plain
from .writer import Contents, write_workbook

if TYPE_CHECKING:
    from udfs.cells import CellFunction


Cell: TypeAlias = "float | str | bool | None"
"""What a cell holds. An error is its text, such as `#DIV/0!`."""


class Workbook:
    """An .xlsx file, open for edits and recalculation.

    Our own functions receive scalars (str, float, bool, None for a blank) or 2-D arrays: float64 if all cells are
    numbers, object otherwise; an error in a cell arrives as its text, `#DIV/0!`. They return what the cells show: a
    scalar, a 2-D array or rows. They raise nothing, because `CellFunction.answer` turns every error into a line.

    Cells are named `Block 5!C12`, `'It''s'!A1`, or by a defined name.
    """

    def __init__(self, package: Package, engine: Engine) -> None:
        self._package, self._engine = package, engine
        self._edited: set[tuple[int, Position]] = set()  # since the last recalculation

    @classmethod
    def open(cls, path: str | Path, functions: Mapping[str, Callable[..., Any]] | None = None) -> Workbook:
        """Reads an .xlsx file. `functions` maps upper-case names to callables; by default those of the registry.

        Raises WorkbookError if the file is missing, damaged, protected by a password, or not an .xlsx workbook."""
        package = Package.open(path)
        own = with_calc_names(own_functions() if functions is None else functions)
        with _collector_paused():
            try:
                sheets, trees = _read(package)
            except (ValueError, LookupError) as error:
                if isinstance(error, WorkbookError):
                    raise
                raise WorkbookError(f"{package.source}: damaged .xlsx ({type(error).__name__})") from None
            return cls(package, Engine(sheets, trees, own, counts_from_1904=package.counts_from_1904))

    @property
    def sheet_names(self) -> list[str]:
        """In the order of the tabs."""
        return [sheet.name for sheet in self._engine.sheets]

    @property
    def not_calculated(self) -> list[NotCalculated]:
        """The functions and features that cannot be calculated here as in Excel, complete after a recalculation.

        The formulas that use them, and those that depend on these, keep their stored values."""
        return self._engine.not_calculated(lambda formula: self._address(formula.sheet, formula.cell))

    def set(self, address: str, value: float | int | str | bool | None) -> None:
        """Types a value into one cell: text stays text even if it begins with `=`, None clears the cell.

        Raises WorkbookError if the address is not one cell of the workbook, the value is not one that a cell can hold,
        or the formula of another cell fills this one. It replaces a formula in the cell itself."""
        sheet, cell = self._single(address)
        typed = _typed(address, value)
        filling = self._engine.filling(sheet, cell)
        if filling is not None:
            raise WorkbookError(self._filled_line(sheet, cell, filling))
        self._engine.enter(sheet, cell, typed)
        self._edited.add((sheet, cell))

    def get(self, address: str) -> Cell:
        """Value of one cell: None if it is blank, an error as its text."""
        sheet, cell = self._single(address)
        value: Cell = to_plain(self._engine.read(sheet, CellRange.cell(*cell)))
        return value

    def get_range(self, address: str) -> list[list[Cell]]:
        """Values of a range, row by row."""
        sheet, rect = self._locate(address)
        rows: list[list[Cell]] = as_grid(to_plain(self._engine.read(sheet, rect))).tolist()
        return rows

    def address(self, cell: str) -> str:
        """The address of one cell, `'Block 5'!C12`, for an address or a defined name."""
        return self._address(*self._single(cell))

    def has_formula(self, address: str) -> bool:
        """Whether the cell itself holds a formula."""
        sheet, cell = self._single(address)
        return cell in self._engine.sheets[sheet].formulas

    def is_read(self, address: str) -> bool:
        """Whether a formula reads the cell."""
        return self._engine.is_read(*self._single(address))

    def is_unlocked(self, address: str) -> bool:
        """Whether protection of its sheet would leave the cell open to edits. Our workbooks mark their inputs so."""
        sheet, cell = self._single(address)
        return self._package.is_unlocked(sheet, cell_name(*cell))

    def single_formulas(self, sheet: str) -> list[str]:
        """The cells of a sheet whose formula fills no other cell, row by row."""
        number = self.sheet_names.index(sheet)
        formulas = self._engine.sheets[number].formulas.values()
        return [self._address(number, cell) for cell in sorted(f.cell for f in formulas if f.rect.area == 1)]

    def errors(self, address: str | None = None) -> dict[str, str]:
        """The cells in which a formula shows an error, and its text; only those of a range, if there is one."""
        only = self._locate(address) if address else None
        found = {}
        for number, sheet in enumerate(self._engine.sheets):
            for formula in sheet.formulas.values():
                for cell, text in formula.errors():
                    if only is None or (only[0] == number and only[1].holds(*cell)):
                        found[self._address(number, cell)] = text
        return found

    def used_values(self, sheet: str) -> list[list[Cell]]:
        """Values of a sheet from A1 to its last used cell, row by row."""
        number = self._engine.sheet_index(sheet)
        used = None if number is None else self._engine.sheets[number].used()
        if used is None:
            return []
        return self.get_range(f"{quoted_sheet(sheet)}!A1:{cell_name(used.bottom, used.right)}")

    def recalculate(self) -> ChangedCells:
        """Evaluates what depends on the edits since the last time, everything the first time.

        Returns the addresses of all cells whose values differ from those before the edits, edited cells included.
        Raises WorkbookError if it turns out that a formula fills a cell that was set since the last time: before the
        first recalculation it may be unknown how far a formula spills. Raises it too if an array formula of fixed size
        cannot show all rows or columns of one of our functions."""
        with _collector_paused():
            changed = self._engine.recalculate()
        edited, self._edited = self._edited, set()
        for sheet, cell in sorted(edited):
            blocked = self._engine.blocked(sheet, cell)
            if blocked is not None:
                raise WorkbookError(self._filled_line(sheet, cell, blocked))
        cut = self._engine.cut_array()
        if cut is not None:
            formula, needed = cut
            raise WorkbookError(
                f"{self._address(formula.sheet, formula.cell)}: the array formula fills {formula.fixed}, "
                f"but its result needs {needed}; the program that saved this file fixed its size, so build it anew"
            )
        return changed

    @property
    def is_for_calc(self) -> bool:
        """Whether a formula calls one of our functions by the name that LibreOffice gives it."""
        prefix = f"{SERVICE}.".upper()
        formulas = (formula for sheet in self._engine.sheets for formula in sheet.formulas.values())
        return any(prefix in shared.text.upper() for shared in {formula.shared for formula in formulas})

    def save(self, path: str | Path, contents: Contents = "all", *, small: bool = False) -> None:
        """Writes the workbook with its formulas and their current values. `small` makes a smaller file, more slowly.

        A program without our functions shows the values of a file, unless it evaluates array formulas when it opens
        one, as LibreOffice does. With "values", any program shows them. LibreOffice needs "formulas": it takes the
        stored values of plain formulas as calculated, but not those of array formulas, and at the first edit would
        skip cells that depend on arrays."""
        write_workbook(self._package, self._engine.sheets, path, contents, small=small)

    def _filled_line(self, sheet: int, cell: Position, filling: Formula) -> str:
        """The message that a formula fills a cell, and where to type instead."""
        line = f"{self._address(sheet, cell)} is filled by the formula in {self._address(sheet, filling.cell)}: "
        instead = edit_cell(self._engine, cell, filling)
        return line + (f"type into {self._address(*instead)} instead" if instead else "change what that formula reads")

    def _address(self, sheet: int, cell: Position) -> str:
        return f"{quoted_sheet(self.sheet_names[sheet])}!{cell_name(*cell)}"

    def _single(self, address: str) -> tuple[int, Position]:
        sheet, rect = self._locate(address)
        if rect.area != 1:
            raise WorkbookError(f"cell must be a single one, not {address}")
        return sheet, (rect.top, rect.left)

    def _locate(self, address: str) -> tuple[int, CellRange]:
        sheet_name, cells = split_sheet(address.strip())
        if sheet_name is None:
            return self._named(cells)
        sheet = self._engine.sheet_index(sheet_name)
        if sheet is None:
            known = ", ".join(self.sheet_names)
            hint = did_you_mean(sheet_name, self.sheet_names)
            raise WorkbookError(f"sheet must be one of {known}, not {sheet_name}{hint}")
        rect = CellRange.parse(cells)
        if rect is None:
            raise WorkbookError(f"cell must be like {quoted_sheet(sheet_name)}!B7, not {address}")
        return sheet, rect

    def _named(self, name: str) -> tuple[int, CellRange]:
        tree: Node | None = self._engine.named(0, name.upper())
        if isinstance(tree, Reference) and tree.sheet is not None and not tree.spill:
            sheet = self._engine.sheet_index(tree.sheet)
            if sheet is not None:
                return sheet, tree.range
        raise WorkbookError(f"cell must be like Sheet!B7 or a defined name of a cell, not {name}")


@contextmanager
def _collector_paused() -> Iterator[None]:
    """No cyclic garbage collection meanwhile.

    Afterwards, all objects belong to the oldest generation, which a collection seldom visits, even those that the
    program had frozen. Otherwise the next three collections would visit all new ones. `gc.get_freeze_count` could spare
    frozen objects, but it visits each of them, which takes longer than many a recalculation.
    """
    with paused():
        try:
            yield
        finally:
            gc.freeze()
            gc.unfreeze()


def _read(package: Package) -> tuple[list[Sheet], dict[tuple[int | None, str], Node]]:
    """The sheets, and the trees of the defined names."""
    strings, names = package.shared_strings(), package.defined_names()
    sheets = [read_sheet(package, part, number, strings) for number, part in enumerate(package.sheets())]
    return sheets, {(name.sheet, name.name.upper()): parse_stored(name.text) for name in names if name.text}


def _typed(address: str, value: Any) -> Scalar:
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, (int, float)):
        if not math.isfinite(value):
            raise WorkbookError(f"value for {address} must be a finite number, not {value}")
        return float(value)
    if not isinstance(value, str):
        raise WorkbookError(f"value for {address} must be a number, text, true or false, not {type(value).__name__}")
    if len(value) > MAX_TEXT:
        raise WorkbookError(f"text for {address} must have at most {MAX_TEXT} characters, not {len(value)}")
    return value or None


def own_functions() -> dict[str, Callable[..., Any]]:
    """The functions of the registry as formulas call them, by name in capitals."""
    from udfs.cells import FUNCTIONS

    return {name: _answering(function) for name, function in FUNCTIONS.items()}


def _answering(function: CellFunction) -> Callable[..., Any]:
    @wraps(function.function)
    def call(*cells: Any) -> Any:
        return function.answer(cells)

    return call
