"""Which formulas depend on which cells."""

from __future__ import annotations

from collections.abc import Callable, Collection, Set
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from workbook_templates.formula.ranges import CellRange
from workbook_templates.formula.tree import Call, Name, Node, Reference, children

from .cell_rows import Position
from .grid import Formula
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


_NOTHING: _Found = (frozenset(), frozenset())


class Readers:
    """All formulas by the cells that they read."""

    def __init__(self, sheets: int) -> None:
        self._ranges: list[RangeIndex[Formula]] = [RangeIndex() for _ in range(sheets)]
        self._spills: list[dict[Position, set[Formula]]] = [{} for _ in range(sheets)]
        self._reads: dict[Formula, tuple[RelativeRead, ...]] = {}
        # Formulas fill the same cells again and again, so the answers are kept until a formula comes or goes.
        self._found: dict[tuple[int, CellRange], _Found] = {}

    def add(self, formula: Formula, what: tuple[RelativeRead, ...]) -> None:
        self._reads[formula] = what
        self._found.clear()
        for sheet, rect, spill in _seen_from(formula.cell, what):
            if spill:
                self._spills[sheet].setdefault(rect[:2], set()).add(formula)
            else:
                self._ranges[sheet].add(rect, formula)

    def remove(self, formula: Formula) -> None:
        self._found.clear()
        for sheet, rect, spill in _seen_from(formula.cell, self._reads.pop(formula)):
            if spill:
                self._spills[sheet][rect[:2]].discard(formula)
            else:
                self._ranges[sheet].remove(rect, formula)

    def reads_own_spill(self, formula: Formula) -> bool:
        """Whether a formula reads a cell that it fills itself."""
        seen = _seen_from(formula.cell, self._reads[formula])
        own = ((rect, spill) for sheet, rect, spill in seen if sheet == formula.sheet)
        return any(rect.meets(formula.rect) and not (spill and rect[:2] != formula.cell) for rect, spill in own)

    def of(self, sheet: int, rect: CellRange, mask: NDArray[np.bool_] | None = None) -> Set[Formula]:
        """Formulas that read a cell of the range. With a mask of its shape, only the cells where it is True count."""
        entries, formulas = self._at(sheet, rect)
        if mask is None or not formulas or mask.size == 1 or all_true(mask):
            return formulas
        return {formula for read, formula in entries if _touched(read, rect, mask)}

    def of_spill(self, sheet: int, cell: Position) -> Set[Formula]:
        """Formulas that read everything that spills from the cell."""
        return self._spills[sheet].get(cell, frozenset())

    def _at(self, sheet: int, rect: CellRange) -> _Found:
        found = self._found.get((sheet, rect))
        if found is None:
            entries = self._ranges[sheet].meeting(rect)
            found = (entries, frozenset(formula for _, formula in entries)) if entries else _NOTHING
            self._found[sheet, rect] = found
        return found


def _seen_from(cell: Position, what: tuple[RelativeRead, ...]) -> Collection[tuple[int, CellRange, bool]]:
    """What a formula in that cell reads. In some cells, `A1` and `$A$1` are the same."""
    found = [(sheet, seen.at(cell), spill) for sheet, seen, spill in what]
    return found if len(found) < 2 else set(found)


def _touched(read: CellRange, rect: CellRange, mask: NDArray[np.bool_]) -> bool:
    (top, left, bottom, right), (first_row, first_column, _, _) = read, rect
    rows = slice(max(top - first_row, 0), max(bottom - first_row + 1, 0))
    return any_true(mask[rows, max(left - first_column, 0) : max(right - first_column + 1, 0)])
