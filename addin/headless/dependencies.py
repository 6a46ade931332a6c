"""Which formulas depend on which cells."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Set
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from workbook_templates.formula.ranges import CellRange
from workbook_templates.formula.tree import Call, Name, Node, Reference, children

from .cell_rows import Position
from .formula import Formula
from .range_index import RangeIndex
from .shared import RelativeRange, SharedFormula, relative
from .special_forms import SHAPE_FUNCTIONS
from .values import all_true, any_true


class RelativeRead(NamedTuple):
    """What a shared formula reads: a range of a sheet, or with `spill` everything that spills from its one cell."""

    sheet: int
    seen: RelativeRange
    spill: bool


NameLookup = Callable[[int, str, Position], "Node | None"]
SheetLookup = Callable[[str], "int | None"]
_Found = tuple[Set[tuple[CellRange, Formula]], frozenset[Formula]]


def reads(shared: SharedFormula, sheet: int, sheet_index: SheetLookup, named: NameLookup) -> tuple[RelativeRead, ...]:
    """Everything that a formula of a sheet may read, directly or through defined names."""
    found: set[RelativeRead] = set()
    followed: set[tuple[int, str]] = set()
    pending = [shared.tree]

    def follow(node: Name) -> None:
        home = sheet if node.sheet is None else sheet_index(node.sheet)
        if home is None or (home, node.name) in followed:
            return
        tree = named(home, node.name, shared.home)
        if tree is None:
            return
        if node.spill and isinstance(tree, Reference):
            pending.append(replace(tree, spill=True))
            return
        followed.add((home, node.name))
        pending.append(tree)

    while pending:
        node = pending.pop()
        if isinstance(node, Reference):
            home = sheet if node.sheet is None else sheet_index(node.sheet)
            if home is not None:
                found.add(RelativeRead(home, relative(node, shared.home), node.spill))
        elif isinstance(node, Name):
            follow(node)
        elif isinstance(node, Call):
            is_shape = node.function in SHAPE_FUNCTIONS
            pending.extend(x for x in node.arguments if not (is_shape and isinstance(x, Reference) and not x.spill))
            follow(Name(None, node.function))
        else:
            pending.extend(children(node))
    return tuple(found)


_NO_FORMULAS: frozenset[Formula] = frozenset()
_NOTHING: _Found = (frozenset(), _NO_FORMULAS)


class Readers:
    """All formulas by the cells that they read.

    Formulas that share one, in cells below each other, are found together: one range has all cells that they read, and
    which of them read a cell follows from its row."""

    def __init__(self, sheets: int) -> None:
        self._ranges: list[RangeIndex[_FilledRead]] = [RangeIndex() for _ in range(sheets)]
        self._spills: list[dict[Position, set[Formula]]] = [{} for _ in range(sheets)]
        self._reads: dict[SharedFormula, tuple[RelativeRead, ...]] = {}
        self._cells: dict[SharedFormula, dict[Position, Formula]] = {}
        # Formulas fill the same cells again and again, so the answers are kept until a formula comes or goes.
        self._found: dict[tuple[int, CellRange], _Found] = {}

    def add(self, shared: SharedFormula, formulas: Iterable[Formula], what: tuple[RelativeRead, ...]) -> None:
        """Adds all formulas of one sheet that share a formula, which reads `what`."""
        self._found.clear()
        cells = {formula.cell: formula for formula in formulas}
        self._reads[shared], self._cells[shared] = what, cells
        runs = list(_runs(cells))
        for sheet, seen, spill in what:
            if spill:
                for cell, formula in cells.items():
                    self._spills[sheet].setdefault(seen.at(cell)[:2], set()).add(formula)
                continue
            for run in runs:
                rect = seen.at(run[:2]).around(seen.at(run[2:]))
                self._ranges[sheet].add(rect, _FilledRead(seen, run, cells))

    def remove(self, formula: Formula) -> None:
        self._found.clear()
        del self._cells[formula.shared][formula.cell]
        for sheet, seen, spill in self._reads[formula.shared]:
            if spill:
                self._spills[sheet][seen.at(formula.cell)[:2]].discard(formula)

    def reads_own_spill(self, formula: Formula) -> bool:
        """Whether a formula reads a cell that it fills itself."""
        what = self._reads[formula.shared]
        own = ((seen.at(formula.cell), spill) for sheet, seen, spill in what if sheet == formula.sheet)
        return any(rect.meets(formula.rect) and not (spill and rect[:2] != formula.cell) for rect, spill in own)

    def of(self, sheet: int, rect: CellRange, mask: NDArray[np.bool_] | None = None) -> Set[Formula]:
        """Formulas that read a cell of the range. With a mask of its shape, only the cells where it is True count."""
        entries, formulas = self._at(sheet, rect)
        if mask is None or not formulas or mask.size == 1 or all_true(mask):
            return formulas
        return {formula for read, formula in entries if _touched(read, rect, mask)}

    def of_spill(self, sheet: int, cell: Position) -> Set[Formula]:
        """Formulas that read everything that spills from the cell."""
        return self._spills[sheet].get(cell, _NO_FORMULAS)

    def _at(self, sheet: int, rect: CellRange) -> _Found:
        found = self._found.get((sheet, rect))
        if found is None:
            found = _NOTHING
            reads = self._ranges[sheet].meeting(rect)
            if reads:
                entries = {entry for _, read in reads for entry in read.meeting(rect)}
                found = entries, frozenset(formula for _, formula in entries)
            self._found[sheet, rect] = found
        return found


@dataclass(eq=False, slots=True)
class _FilledRead:
    """A range that a formula reads from each cell of a run. `cells` are all that share the formula."""

    seen: RelativeRange
    run: CellRange
    cells: dict[Position, Formula]

    def meeting(self, rect: CellRange) -> Iterable[tuple[CellRange, Formula]]:
        """The formulas that read a cell of a range, each with what it reads. The range meets what all of them read."""
        first, column, last, _ = self.run
        if self.seen.down:
            top, _, bottom, _ = self.seen.cells
            first, last = max(first, rect.top - bottom), min(last, rect.bottom - top)
        places = ((row, column) for row in range(first, last + 1))
        return [(self.seen.at(cell), self.cells[cell]) for cell in places if cell in self.cells]


def _runs(cells: Iterable[Position]) -> Iterator[CellRange]:
    """The cells as ranges of one column without gaps."""
    start: Position | None = None
    row = column = 0
    for next_column, next_row in sorted((column, row) for row, column in cells):
        if start is None or (next_row, next_column) != (row + 1, column):
            if start is not None:
                yield CellRange(*start, row, column)
            start = next_row, next_column
        row, column = next_row, next_column
    if start is not None:
        yield CellRange(*start, row, column)


def _touched(read: CellRange, rect: CellRange, mask: NDArray[np.bool_]) -> bool:
    (top, left, bottom, right), (first_row, first_column, _, _) = read, rect
    rows = slice(max(top - first_row, 0), max(bottom - first_row + 1, 0))
    return any_true(mask[rows, max(left - first_column, 0) : max(right - first_column + 1, 0)])
