"""A formula that many cells share, because it was filled down or to the right from one of them.

A sheet with 100,000 formulas often has three of them. So a formula is parsed, analysed and compiled once, as it reads
in one cell, its home. In another cell, its references without `$` move by as many rows and columns.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from udfs import excel_errors
from udfs.excel_limits import MAX_COLUMNS, MAX_ROWS
from workbook_templates.formula import FormulaError, parse, print_formula
from workbook_templates.formula.r1c1 import FilledDown, r1c1
from workbook_templates.formula.ranges import CellRange
from workbook_templates.formula.stored import parse_stored
from workbook_templates.formula.tree import Node, Reference, Unsupported, moved, walk

from .cell_rows import Position

_WITHOUT_DIGITS = dict.fromkeys(map(ord, "0123456789"))


@dataclass(eq=False, slots=True)
class SharedFormula:
    """A formula as it reads in the cell `home`.

    `arrays` is false for a plain formula, with implicit intersection. `room` are the cells that can share it: in the
    others, a reference would leave the sheet. `is_filled` is true if several cells do share it.
    """

    text: str
    tree: Node
    home: Position
    arrays: bool
    room: CellRange
    is_filled: bool = False

    @classmethod
    def alone(cls, text: str, tree: Node, cell: Position, arrays: bool) -> SharedFormula:
        """A formula that no other cell can share."""
        return cls(text, tree, cell, arrays, CellRange.cell(*cell))

    def text_in(self, cell: Position) -> str:
        """The formula as it reads in another cell."""
        if cell == self.home:
            return self.text
        try:
            return print_formula(moved(parse(self.text), cell[0] - self.home[0], cell[1] - self.home[1]))
        except FormulaError:
            return self.text  # it shows #NAME? in any cell

    def tree_in(self, cell: Position) -> Node:
        """The tree as it reads in another cell."""
        return self.tree if cell == self.home else moved(self.tree, cell[0] - self.home[0], cell[1] - self.home[1])

    def in_cell(self, cell: Position) -> SharedFormula:
        """The formula for another cell, which shares it if it can."""
        if not self.room.holds(*cell):
            return self.alone_in(cell)
        self.is_filled = True
        return self

    def alone_in(self, cell: Position) -> SharedFormula:
        """The formula of another cell, no longer shared."""
        text = self.text_in(cell)
        leaves_sheet = text.count(excel_errors.REF) > self.text.count(excel_errors.REF)
        tree = Unsupported(text, "a shared formula that leaves the sheet") if leaves_sheet else parse_stored(text)
        return SharedFormula.alone(text, tree, cell, self.arrays)


class SharedFormulas:
    """The formulas of one sheet. Cells whose formulas read the same in R1C1 notation share one."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, bool], SharedFormula] = {}
        self._above: dict[tuple[int, bool], _Above] = {}  # by column, the last formula so far

    def of_text(self, text: str, cell: Position, arrays: bool) -> SharedFormula:
        """The formula of a cell that has a text in the file."""
        row, column = cell
        above = self._above.get((column, arrays))  # most are filled down, which is quicker seen than an R1C1 notation
        if above is not None and above.shared.room.holds(row, column) and above.reads(text, row):
            above.shared.is_filled = True
            return above.shared
        shared = self._of_r1c1(text, cell, arrays)
        if shared.room.area > 1:
            self._above[column, arrays] = _Above(shared, text, row)
        return shared

    def _of_r1c1(self, text: str, cell: Position, arrays: bool) -> SharedFormula:
        key = r1c1(text, *cell)
        if key is None:
            return SharedFormula.alone(text, parse_stored(text), cell, arrays)
        shared = self._known.get((key, arrays))
        if shared is None:
            tree = parse_stored(text)
            self._known[key, arrays] = shared = SharedFormula(text, tree, cell, arrays, _room(tree, cell))
        elif shared.home != cell:
            shared.is_filled = True
        return shared


class _Above:
    """A formula above others in its column, with its own text and row."""

    def __init__(self, shared: SharedFormula, text: str, row: int) -> None:
        self.shared, self._text, self._row = shared, text, row
        self._filled: FilledDown | None = None

    def reads(self, text: str, row: int) -> bool:
        """Whether the formula, filled down to a row, reads so. Most others differ in more than digits."""
        if text.translate(_WITHOUT_DIGITS) != self._text.translate(_WITHOUT_DIGITS):
            return False
        self._filled = self._filled or FilledDown.of(self._text, self._row)
        return self._filled.in_row(row) == text


class RelativeRange(NamedTuple):
    """A range as a formula's cell sees it. `down` is 1 if its rows are counted from the formula's row, otherwise 0;
    `across` is the same for columns."""

    cells: CellRange
    down: int = 0
    across: int = 0

    def at(self, cell: Position) -> CellRange:
        """The range for a formula in that cell."""
        (top, left, bottom, right), (row, column) = self.cells, cell
        row, column = row * self.down, column * self.across
        return CellRange(top + row, left + column, bottom + row, right + column)


def relative(reference: Reference, home: Position) -> RelativeRange:
    """A reference of a shared formula. Its corners move together, or the formula would not be shared."""
    (top, left, bottom, right), corner = reference.range, reference.first
    down = 0 if corner.row is None or corner.fixed_row else 1
    across = 0 if corner.column is None or corner.fixed_column else 1
    row, column = home[0] * down, home[1] * across
    return RelativeRange(CellRange(top - row, left - column, bottom - row, right - column), down, across)


def _room(tree: Node, home: Position) -> CellRange:
    """The cells in which all references of a formula are on the sheet."""
    top, left, bottom, right = 1, 1, MAX_ROWS, MAX_COLUMNS
    for node in walk(tree):
        if isinstance(node, Reference):
            cells, down, across = relative(node, home)
            if down:
                top, bottom = max(top, 1 - cells.top), min(bottom, MAX_ROWS - cells.bottom)
            if across:
                left, right = max(left, 1 - cells.left), min(right, MAX_COLUMNS - cells.right)
    return CellRange(top, left, bottom, right)
