"""A formula in its cell: its value, and what its cells show."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from workbook_templates.formula.ranges import CellRange
from workbook_templates.formula.tree import Node

from .cell_rows import Position
from .shared import SharedFormula
from .values import Value, is_error


@dataclass(eq=False, slots=True)
class Formula:
    """A formula in its anchor cell.

    `fixed` is the range of a legacy array formula, which never grows or shrinks. `stored` is the range that the file
    gives to the formula's array: until the first evaluation it is the best guess at the spill. `value` is what the
    formula evaluated to, `shown` what its cells hold: the value, cut to `fixed`, or #SPILL!. `rect` are those cells.
    """

    sheet: int
    row: int
    column: int
    shared: SharedFormula
    fixed: CellRange | None = None
    stored: CellRange | None = None
    value: Value = None
    shown: Value = None
    evaluated: bool = False
    blocked: bool = False
    cell: Position = field(init=False)
    rect: CellRange = field(init=False)
    _alone: CellRange = field(init=False)

    def __post_init__(self) -> None:
        self.cell = self.row, self.column
        self.rect = self._alone = CellRange(self.row, self.column, self.row, self.column)

    @property
    def text(self) -> str:
        """The formula as it reads in this cell."""
        return self.shared.text_in(self.cell)

    @property
    def tree(self) -> Node:
        """The tree as it reads in this cell."""
        return self.shared.tree_in(self.cell)

    def show(self, shown: Value) -> None:
        self.shown, self.rect = shown, self._filled_by(shown)

    @property
    def wanted(self) -> CellRange:
        """The cells that the formula is to fill: `fixed`, or else all that its value needs."""
        return self.needed if self.fixed is None else self.fixed

    @property
    def needed(self) -> CellRange:
        """The cells that the value needs, whether or not the formula may fill them."""
        return self._filled_by(self.value)

    @property
    def expected(self) -> CellRange:
        """The cells that the formula fills, or that the file expects it to fill if it is not yet evaluated."""
        return self.rect if self.evaluated or self.stored is None else self.rect.around(self.stored)

    def errors(self) -> Iterator[tuple[Position, str]]:
        """The cells that show an error, and its text."""
        shown = self.shown
        if not isinstance(shown, np.ndarray):
            if is_error(shown):
                yield self.cell, str(shown)
        elif shown.dtype == object:
            for (row, column), value in np.ndenumerate(shown):
                if is_error(value):
                    yield (self.row + row, self.column + column), str(value)

    def _filled_by(self, value: Value) -> CellRange:
        if not isinstance(value, np.ndarray):
            return self._alone
        bottom, right = self.row + value.shape[0] - 1, self.column + value.shape[1] - 1
        if self.rect.bottom == bottom and self.rect.right == right:
            return self.rect
        return CellRange(self.row, self.column, bottom, right)


def in_order(formula: Formula) -> tuple[int, int, int]:
    """Sorts formulas by their tabs, then row by row."""
    return formula.sheet, formula.row, formula.column


class Shown(NamedTuple):
    """What a formula showed at some time, and where."""

    formula: Formula
    rect: CellRange
    value: Value

    @classmethod
    def by(cls, formula: Formula) -> Shown:
        return cls(formula, formula.rect, formula.shown)
