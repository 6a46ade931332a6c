"""The cells of one sheet: constants, formulas, and what spills from them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from udfs.excel_limits import MAX_ROWS
from workbook_templates.formula.ranges import CellRange

from .cell_rows import CellRows, Position
from .formula import Formula, Shown
from .functions.arguments import fitted
from .range_index import RangeIndex
from .values import SPILL, Grid, Scalar, Value, as_grid, from_cells, from_result, same

_MANY = 1024  # cells
_Layout = tuple[list[Formula], list[Position]]


class Sheet:
    """The cells of one sheet. `edited` are those that were typed into or cleared since the file was read."""

    def __init__(self, name: str, constants: dict[Position, Scalar], formulas: Iterable[Formula]) -> None:
        self.name, self.constants = name, constants
        self.formulas = {formula.cell: formula for formula in formulas}
        self.edited: set[Position] = set()
        self._used = CellRows([*constants, *self.formulas])
        self._arrays: dict[Formula, CellRange] = {}
        self._extents: RangeIndex[Formula] = RangeIndex()
        self._blocked: set[Formula] = set()
        # What is found again and again: the values of large ranges, and of those that no formula fills; and what else
        # fills a range, unless it is much.
        self._kept: dict[CellRange, Value] = {}
        self._unchanging: dict[CellRange, Value] = {}
        self._layouts: dict[CellRange, _Layout] = {}
        self._recent: dict[CellRange, Value] = {}  # ranges read since the last change: a formula may read one twice
        for formula in self.formulas.values():
            if formula.stored is not None:
                self._note(formula)

    def used(self) -> CellRange | None:
        """The smallest range that contains all used cells; None if no cell is used."""
        used = self._used.bounds()
        for formula in self._arrays:
            used = formula.rect.around(used or formula.rect)
        return used

    def type_in(self, cell: Position, value: Scalar) -> list[Shown]:
        """Types a constant into a cell without a formula, or clears it. Returns what formulas
        showed before that may show something else now."""
        self.edited.add(cell)
        self._kept.clear()
        self._unchanging.clear()
        self._recent.clear()
        if (value is None) is (cell in self.constants):  # the cell was used and is not now, or the reverse
            self._layouts.clear()
        if value is None:
            self.constants.pop(cell, None)
            self._used.discard(*cell)
        else:
            self.constants[cell] = value
            self._used.add(*cell)
        return self._place() if self._blocked or self._extents.meeting(CellRange.cell(*cell)) else []

    def remove(self, formula: Formula) -> None:
        del self.formulas[formula.cell]
        self._kept.clear()
        self._used.discard(*formula.cell)
        self._forget_layouts()
        self._recent.clear()
        self._forget(formula)
        self._blocked.discard(formula)

    def filling(self, cell: Position) -> Formula | None:
        """The formula that fills this cell from another one, or is expected to."""
        if cell in self.constants or cell in self.formulas:
            return None
        rect = CellRange.cell(*cell)
        found = (formula for formula in self._arrays_at(rect) if formula.expected.holds(*cell))
        return next(found, None)

    def blocked(self, cell: Position) -> Formula | None:
        """The formula that would fill this cell if the cell were empty."""
        if cell not in self.constants:
            return None
        found = [formula for formula in self._blocked if formula.wanted.holds(*cell) and formula.cell != cell]
        return min(found, key=_position, default=None)

    def cell(self, row: int, column: int) -> Scalar:
        place = row, column
        constant = self.constants.get(place)
        if constant is not None:
            return constant
        formula = self.formulas.get(place) or self._covering(row, column)
        if formula is None:
            return None
        shown: Any = formula.shown
        return shown.item(row - formula.row, column - formula.column) if isinstance(shown, np.ndarray) else shown

    def read(self, rect: CellRange) -> Value:
        """Values of a range; a scalar for a single cell. A range as large as a column is cut to the used cells."""
        found = self._recent.get(rect)
        if found is not None:
            return found
        area = rect.area
        if area == 1:
            return self.cell(rect.top, rect.left)
        value = self._recent[rect] = self._values(self._without_unused_end(rect) if area >= MAX_ROWS else rect)
        return value

    def _values(self, rect: CellRange) -> Value:
        known = self._unchanging.get(rect)
        if known is None:
            known = self._kept.get(rect)
        if known is not None:
            return known
        arrays, used = self._layout(rect)
        parts: list[tuple[Formula, CellRange]] = []
        for formula in arrays:
            shared = formula.rect.common(rect)
            if shared == rect:
                part = _part(formula, rect)
                return part if part.dtype.kind == "f" else from_cells(part)
            if shared is not None:
                parts.append((formula, shared))
        cells = np.full((rect.height, rect.width), None, object)
        for formula, shared in parts:
            rows = slice(shared.top - rect.top, shared.bottom - rect.top + 1)
            columns = slice(shared.left - rect.left, shared.right - rect.left + 1)
            cells[rows, columns] = _part(formula, shared)
        for row, column in used:
            if (row, column) in self.constants:
                cells[row - rect.top, column - rect.left] = self.constants[row, column]
            elif not isinstance(shown := self.formulas[row, column].shown, np.ndarray):
                cells[row - rect.top, column - rect.left] = shown
        value = from_cells(cells)
        if not arrays and len(used) < _MANY and self.formulas.keys().isdisjoint(used):
            self._unchanging[rect] = value
        elif rect.area >= _MANY:
            self._kept[rect] = value
        return value

    def settle(self, formula: Formula, value: Value) -> list[Shown]:
        """Puts a formula's new value into its cells, and decides which spills this blocks or unblocks. Returns what
        this formula and others showed before, nothing if a single value stays the same."""
        is_array, was_evaluated = isinstance(value, np.ndarray), formula.evaluated
        if was_evaluated and not is_array and same(value, formula.value):
            return []
        self._recent.clear()
        before = [Shown(formula, formula.rect, formula.shown)]
        formula.value, formula.evaluated = value, True
        was_array = formula in self._arrays
        is_single = not is_array and not was_array
        if formula.fixed is None and (is_single or (was_evaluated and self._fits(formula))):
            formula.show(value)  # the case of most formulas
            self._forget_values(formula.rect)
            return before
        self._show(formula, blocked=self._obstructed(formula))
        self._note(formula)
        wanted = formula.wanted
        if wanted.area == 1 and not was_array:
            return before
        crossed = any(other is not formula and other.wanted.meets(wanted) for other in self._arrays_at(wanted))
        return before + self._place() if crossed or self._blocked else before

    def _forget_values(self, changed: CellRange) -> None:
        """Drops the values of large ranges with a changed cell."""
        if not self._kept:
            return
        for rect in [rect for rect in self._kept if rect.meets(changed)]:
            del self._kept[rect]

    def _forget_layouts(self) -> None:
        self._layouts.clear()
        self._unchanging.clear()

    def _fits(self, formula: Formula) -> bool:
        """Whether an array fills the cells that the formula's last value filled, and no spill is blocked."""
        value, shown = formula.value, formula.shown
        if self._blocked or not isinstance(value, np.ndarray) or not isinstance(shown, np.ndarray):
            return False
        return value.shape == shown.shape

    def _place(self) -> list[Shown]:
        """Decides which array formulas spill. If two need the same cell, the one whose anchor comes first in reading
        order gets it, so the result depends on the values alone and not on the order of evaluation."""
        before: list[Shown] = []
        placed: RangeIndex[Formula] = RangeIndex()
        for formula in sorted(self._arrays, key=_position):
            if not formula.evaluated:
                continue
            before.append(Shown.by(formula))
            wanted = formula.wanted
            taken = formula.fixed is None and wanted.area > 1 and bool(placed.meeting(wanted))
            self._show(formula, blocked=taken or self._obstructed(formula))
            self._note(formula)
            if not formula.blocked:
                placed.add(wanted, formula)
        return before

    def _note(self, formula: Formula) -> None:
        """Updates the index of the formulas that fill more than one cell, or would if nothing were in the way.

        The index has the largest range that a formula ever filled, because spills grow and shrink with each prompt."""
        known = self._arrays.get(formula)
        extent = formula.expected.around(formula.wanted)
        if known is not None:
            extent = extent.around(known)
        if extent != known and extent.area > 1:
            self._forget(formula)
            self._arrays[formula] = extent
            self._extents.add(extent, formula)
            self._forget_layouts()

    def _forget(self, formula: Formula) -> None:
        extent = self._arrays.pop(formula, None)
        if extent is not None:
            self._extents.remove(extent, formula)

    def _layout(self, rect: CellRange) -> _Layout:
        """The array formulas that may fill or need a cell of the range, in reading order, and the used cells in it."""
        found = self._layouts.get(rect)
        if found is None:
            arrays = sorted((formula for _, formula in self._extents.meeting(rect)), key=_position)
            found = arrays, self._used.inside(rect)
            if len(found[1]) < _MANY:
                self._layouts[rect] = found
        return found

    def _arrays_at(self, rect: CellRange) -> list[Formula]:
        return self._layout(rect)[0]

    def _covering(self, row: int, column: int) -> Formula | None:
        """The array formula that fills the cell."""
        arrays = self._arrays_at(CellRange.cell(row, column))
        return next((formula for formula in arrays if formula.rect.holds(row, column)), None)

    def _without_unused_end(self, rect: CellRange) -> CellRange:
        """The range up to the last used cell. It keeps its first cell, from which positions are counted."""
        used = self.used() or CellRange.cell(rect.top, rect.left)
        bottom, right = max(rect.top, min(rect.bottom, used.bottom)), max(rect.left, min(rect.right, used.right))
        return CellRange(rect.top, rect.left, bottom, right)

    def _obstructed(self, formula: Formula) -> bool:
        """Whether another used cell is in the way of the formula's value."""
        rect = formula.wanted
        if formula.fixed is not None or rect.area == 1:
            return False
        return any(cell != formula.cell for cell in self._layout(rect)[1])

    def _show(self, formula: Formula, blocked: bool) -> None:
        formula.blocked = blocked
        self._forget_values(formula.rect)
        self._put(formula, blocked)
        self._forget_values(formula.rect)

    def _put(self, formula: Formula, blocked: bool) -> None:
        if blocked:
            self._blocked.add(formula)
            formula.show(SPILL)
            return
        self._blocked.discard(formula)
        shown, rect = formula.value, formula.wanted
        if formula.fixed is not None:
            grid = fitted(shown, rect.height, rect.width)
            shown = from_result(grid if rect.area > 1 else grid[0, 0])
        formula.show(shown)


def _position(formula: Formula) -> Position:
    return formula.cell


def _part(formula: Formula, rect: CellRange) -> Grid:
    rows = slice(rect.top - formula.row, rect.bottom - formula.row + 1)
    columns = slice(rect.left - formula.column, rect.right - formula.column + 1)
    return as_grid(formula.shown)[rows, columns]
