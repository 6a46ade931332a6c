"""The cells of one sheet: constants, formulas, and what spills from them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

import numpy as np

from udfs.excel_limits import MAX_ROWS
from workbook_templates.formula.ranges import CellRange
from workbook_templates.formula.tree import Node

from .natives import fitted
from .values import SPILL, Grid, Scalar, Value, as_grid, from_cells, from_result

Position = tuple[int, int]


@dataclass(eq=False)
class Formula:
    """A formula in its anchor cell.

    `fixed` is the range of a legacy array formula, which never grows or shrinks. `stored` is the range that the file
    gives to the formula's array: until the first evaluation it is the best guess at the spill. `value` is what the
    formula evaluated to, `shown` what its cells hold: the value, cut to `fixed`, or #SPILL!.
    """

    sheet: int
    row: int
    column: int
    text: str
    tree: Node
    arrays: bool
    fixed: CellRange | None = None
    stored: CellRange | None = None
    value: Value = None
    shown: Value = None
    evaluated: bool = False
    blocked: bool = False

    @property
    def cell(self) -> Position:
        return self.row, self.column

    @property
    def rect(self) -> CellRange:
        """The cells that this formula fills now."""
        height, width = self.shown.shape if isinstance(self.shown, np.ndarray) else (1, 1)
        return CellRange(self.row, self.column, self.row + height - 1, self.column + width - 1)

    @property
    def wanted(self) -> CellRange:
        """The cells that the value needs."""
        if self.fixed is not None:
            return self.fixed
        height, width = self.value.shape if isinstance(self.value, np.ndarray) else (1, 1)
        return CellRange(self.row, self.column, self.row + height - 1, self.column + width - 1)


@dataclass(eq=False)
class Sheet:
    """`edited` are the cells that were typed into or cleared since the file was read."""

    name: str
    constants: dict[Position, Scalar] = field(default_factory=dict)
    formulas: dict[Position, Formula] = field(default_factory=dict)
    edited: set[Position] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._arrays: dict[Position, Formula] = {}
        self._extents: dict[Position, CellRange] = {}

    def arrays(self) -> list[Formula]:
        """The formulas that fill more than one cell, or would if nothing were in the way."""
        return list(self._arrays.values())

    def add(self, formula: Formula) -> None:
        self.formulas[formula.cell] = formula
        self._note(formula)

    def remove(self, formula: Formula) -> None:
        del self.formulas[formula.cell]
        self._arrays.pop(formula.cell, None)
        self._extents.pop(formula.cell, None)

    def used(self) -> CellRange | None:
        """The smallest range that contains all used cells."""
        rects = [f.rect for f in self._arrays.values()]
        cells = [*self.constants, *self.formulas]
        if cells:
            rows, columns = zip(*cells, strict=True)
            rects.append(CellRange(min(rows), min(columns), max(rows), max(columns)))
        if not rects:
            return None
        edges = np.array(rects)
        return CellRange(*(int(x) for x in (*edges[:, :2].min(axis=0), *edges[:, 2:].max(axis=0))))

    def covering(self, row: int, column: int) -> Formula | None:
        """The array formula that fills the cell."""
        for formula in self._arrays.values():
            if formula.rect.holds(row, column):
                return formula
        return None

    def cell(self, row: int, column: int) -> Scalar:
        if (row, column) in self.constants:
            return self.constants[row, column]
        formula = self.formulas.get((row, column))
        if formula is not None and not isinstance(formula.shown, np.ndarray):
            return formula.shown
        formula = formula or self.covering(row, column)
        if formula is None or not isinstance(formula.shown, np.ndarray):
            return None
        value: Scalar = formula.shown[row - formula.row, column - formula.column]
        return float(value) if isinstance(value, np.floating) else value

    def read(self, rect: CellRange) -> Value:
        """Values of a range; a scalar for a single cell. A range as large as a column is cut to the used cells."""
        if rect.area == 1:
            return self.cell(rect.top, rect.left)
        if rect.area >= MAX_ROWS:
            rect = self._without_unused_end(rect)
        for formula in self._arrays.values():
            if formula.rect.common(rect) == rect:
                part = self._part(formula, rect)
                return part if part.dtype == np.float64 else from_cells(part)
        cells = np.full((rect.height, rect.width), None, object)
        for formula in self._arrays.values():
            shared = formula.rect.common(rect)
            if shared:
                rows = slice(shared.top - rect.top, shared.bottom - rect.top + 1)
                columns = slice(shared.left - rect.left, shared.right - rect.left + 1)
                cells[rows, columns] = self._part(formula, shared)
        for row, column in self._inside(rect, self.formulas):
            shown = self.formulas[row, column].shown
            if not isinstance(shown, np.ndarray):
                cells[row - rect.top, column - rect.left] = shown
        for row, column in self._inside(rect, self.constants):
            cells[row - rect.top, column - rect.left] = self.constants[row, column]
        return from_cells(cells)

    def _without_unused_end(self, rect: CellRange) -> CellRange:
        """The range up to the last used cell. It keeps its first cell, from which positions are counted."""
        used = self.used() or CellRange.cell(rect.top, rect.left)
        bottom, right = max(rect.top, min(rect.bottom, used.bottom)), max(rect.left, min(rect.right, used.right))
        return CellRange(rect.top, rect.left, bottom, right)

    def settle(self, formula: Formula) -> None:
        """Puts a formula's new value into its cells, and decides which spills this blocks or unblocks."""
        alone = formula.wanted.area == 1 and formula.cell not in self._arrays
        self._show(formula, blocked=self._obstructed(formula))
        self._note(formula)
        if alone:
            return
        wanted = formula.wanted
        crossed = any(extent.meets(wanted) for cell, extent in self._extents.items() if cell != formula.cell)
        if crossed or any(f.blocked for f in self._arrays.values()):
            self.place()

    def place(self) -> None:
        """Decides which array formulas spill. If two need the same cell, the one whose anchor comes first in reading
        order gets it, so the result depends on the values alone and not on the order of evaluation."""
        placed: list[CellRange] = []
        for formula in sorted(self._arrays.values(), key=lambda f: f.cell):
            if not formula.evaluated:
                continue
            wanted = formula.wanted
            taken = formula.fixed is None and any(wanted.meets(rect) for rect in placed)
            self._show(formula, blocked=taken or self._obstructed(formula))
            self._note(formula)
            if not formula.blocked:
                placed.append(wanted)

    def _note(self, formula: Formula) -> None:
        if formula.wanted.area > 1 or isinstance(formula.shown, np.ndarray):
            self._arrays[formula.cell] = formula
            self._extents[formula.cell] = formula.wanted
        else:
            self._arrays.pop(formula.cell, None)
            self._extents.pop(formula.cell, None)

    def _obstructed(self, formula: Formula) -> bool:
        rect = formula.wanted
        if formula.fixed is not None or rect.area == 1:
            return False
        if any(cell != formula.cell for cell in self._inside(rect, self.formulas)):
            return True
        return bool(self._inside(rect, self.constants))

    def _show(self, formula: Formula, blocked: bool) -> None:
        rect = formula.wanted
        formula.blocked = blocked
        if blocked:
            formula.shown = SPILL
            return
        shown = formula.value
        if formula.fixed is not None:
            grid = fitted(shown, rect.height, rect.width)
            shown = from_result(grid if rect.area > 1 else grid[0, 0])
        formula.shown = shown

    @staticmethod
    def _inside(rect: CellRange, cells: Collection[Position]) -> list[Position]:
        if rect.area < len(cells):
            span = range(rect.left, rect.right + 1)
            return [(r, c) for r in range(rect.top, rect.bottom + 1) for c in span if (r, c) in cells]
        return [cell for cell in cells if rect.holds(*cell)]

    @staticmethod
    def _part(formula: Formula, rect: CellRange) -> Grid:
        rows = slice(rect.top - formula.row, rect.bottom - formula.row + 1)
        columns = slice(rect.left - formula.column, rect.right - formula.column + 1)
        return as_grid(formula.shown)[rows, columns]
