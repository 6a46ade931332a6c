"""A workbook file that recalculates without a spreadsheet program."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from .address import Rect, parse_rect, quoted_sheet, split_sheet
from .calc_names import with_calc_names
from .changes import ChangedCells
from .engine import Engine
from .errors import WorkbookError
from .grid import Sheet
from .package import Package
from .reader import read_sheet
from .syntax import Node, Reference, parse
from .typed_over import read_typed_over
from .values import Scalar, as_grid, to_plain
from .writer import Formulas, write_workbook

_LONGEST_TEXT = 32_767


class Workbook:
    """An .xlsx file, open for edits and recalculation.

    Functions of ours receive scalars (str, float, bool, None for a blank) or 2-D arrays: float64 where all cells are
    numbers, object otherwise; an error in a cell arrives as its text, `#DIV/0!`. They return a scalar, a 2-D array or
    rows, and raise ValueError with one line, which the cell shows behind `#GPT2! `.

    Cells are named `Block 5!C12`, `'It''s'!A1`, or by a defined name.
    """

    def __init__(self, package: Package, engine: Engine) -> None:
        self._package, self._engine = package, engine

    @classmethod
    def open(cls, path: str | Path, functions: Mapping[str, Callable[..., Any]] | None = None) -> Workbook:
        """Reads an .xlsx file. `functions` maps upper-case names to callables; by default all that `udfs` exports.

        Raises WorkbookError where the file is missing, damaged, protected by a password, or no .xlsx workbook."""
        package = Package.open(path)
        try:
            sheets, trees = _read(package)
        except (ValueError, LookupError) as error:
            if isinstance(error, WorkbookError):
                raise
            raise WorkbookError(f"{package.source}: damaged .xlsx ({type(error).__name__})") from None
        return cls(
            package, Engine(sheets, trees, with_calc_names(_own_functions() if functions is None else functions))
        )

    @property
    def sheet_names(self) -> list[str]:
        """In the order of the tabs."""
        return [sheet.name for sheet in self._engine.sheets]

    @property
    def unknown_functions(self) -> list[str]:
        """Functions that formulas call and nobody knows; their cells show #NAME?. Complete after a recalculation."""
        return self._engine.unknown_functions

    def set(self, address: str, value: float | int | str | bool | None) -> None:
        """Types a value into one cell: text stays text even where it begins with `=`, None clears the cell.

        Over a cell of a spill the value stands in for the computed one; anywhere else it replaces what is there."""
        sheet, rect = self._locate(address)
        if rect.area != 1:
            raise WorkbookError(f"cell must be a single one, not {address}")
        self._engine.enter(sheet, (rect.top, rect.left), _typed(address, value))

    def get(self, address: str) -> float | str | bool | None:
        """Value of one cell: None where it is blank, an error as its text."""
        sheet, rect = self._locate(address)
        if rect.area != 1:
            raise WorkbookError(f"cell must be a single one, not {address}")
        value: float | str | bool | None = to_plain(self._engine.read(sheet, rect))
        return value

    def get_range(self, address: str) -> list[list[float | str | bool | None]]:
        """Values of a rectangle, row by row."""
        sheet, rect = self._locate(address)
        rows: list[list[float | str | bool | None]] = as_grid(to_plain(self._engine.read(sheet, rect))).tolist()
        return rows

    def recalculate(self) -> ChangedCells:
        """Evaluates what depends on the edits since the last time, everything the first time.

        Gives the addresses of all cells that now show something else than before those edits, the edited included."""
        return self._engine.recalculate()

    def save(self, path: str | Path, formulas: Formulas = "as stored", *, small: bool = False) -> None:
        """Writes the workbook with every formula kept and its current value beside it. `small` packs it tighter.

        LibreOffice and its like evaluate array formulas themselves whatever values the file has for them, and show
        #NAME? for functions that they do not know; of plain formulas they show the values. So `plain` makes a file that
        can be read anywhere and recalculated here; `none` leaves the formulas out."""
        write_workbook(self._package, self._engine.sheets, path, formulas, small=small)

    def _locate(self, address: str) -> tuple[int, Rect]:
        sheet_name, cells = split_sheet(address.strip())
        if sheet_name is None:
            return self._named(cells)
        sheet = self._engine.sheet_index(sheet_name)
        if sheet is None:
            known = ", ".join(self.sheet_names)
            raise WorkbookError(f"sheet must be one of {known}, not {sheet_name}")
        rect = parse_rect(cells)
        if rect is None:
            raise WorkbookError(f"cell must be like {quoted_sheet(sheet_name)}!B7, not {address}")
        return sheet, rect

    def _named(self, name: str) -> tuple[int, Rect]:
        tree: Node | None = self._engine.named(0, name.upper())
        if isinstance(tree, Reference) and tree.sheet is not None and not tree.anchor:
            sheet = self._engine.sheet_index(tree.sheet)
            if sheet is not None:
                return sheet, tree.rect
        raise WorkbookError(f"cell must be like Sheet!B7 or a defined name of a cell, not {name}")


def _read(package: Package) -> tuple[list[Sheet], dict[tuple[int | None, str], Node]]:
    """The sheets, and what the defined names stand for."""
    strings, parts, names = package.shared_strings(), package.sheets(), package.defined_names()
    typed_over = read_typed_over(names, [part.name for part in parts])
    sheets = [
        read_sheet(package, part, number, strings, typed_over.get(number, set())) for number, part in enumerate(parts)
    ]
    return sheets, {(name.sheet, name.name.upper()): parse(name.text) for name in names if name.text}


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
    if len(value) > _LONGEST_TEXT:
        raise WorkbookError(f"text for {address} must have at most {_LONGEST_TEXT} characters, not {len(value)}")
    return value or None


def _own_functions() -> dict[str, Callable[..., Any]]:
    import udfs

    return {name.upper(): getattr(udfs, name) for name in udfs.__all__}
