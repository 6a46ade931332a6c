"""Which formulas depend on which cells."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from workbook_templates.formula.ranges import CellRange
from workbook_templates.formula.tree import Call, Name, Node, Reference, children

from .grid import Formula, Position
from .special_forms import SHAPE_FUNCTIONS


@dataclass(frozen=True)
class Read:
    """A range of a sheet, or with `spill` everything that spills from its one cell."""

    sheet: int
    rect: CellRange
    spill: bool


NameLookup = Callable[[int, str], "Node | None"]
SheetLookup = Callable[[str], "int | None"]


def reads(tree: Node, sheet: int, sheet_index: SheetLookup, named: NameLookup) -> set[Read]:
    """Everything that a formula on that sheet may read, directly or through defined names."""
    found: set[Read] = set()
    followed: set[tuple[int, str]] = set()
    pending = [tree]

    def follow(node: Name) -> None:
        home = sheet if node.sheet is None else sheet_index(node.sheet)
        if home is None or (home, node.name) in followed:
            return
        tree = named(home, node.name)
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
                found.add(Read(home, node.range, node.spill))
        elif isinstance(node, Name):
            follow(node)
        else:
            pending.extend(child for child in children(node) if not _only_its_shape(node, child))
            if isinstance(node, Call):
                follow(Name(None, node.function))
    return found


def _only_its_shape(node: Node, child: Node) -> bool:
    """Whether the node depends on the position and size of a range, not on its values."""
    shape = isinstance(node, Call) and node.function in SHAPE_FUNCTIONS
    return shape and isinstance(child, Reference) and not child.spill


class Readers:
    """All formulas by what they read: single cells by their position, ranges by their sheet."""

    def __init__(self, sheets: int) -> None:
        self._cells: list[dict[Position, set[Formula]]] = [{} for _ in range(sheets)]
        self._anchors: list[dict[Position, set[Formula]]] = [{} for _ in range(sheets)]
        self._areas: list[set[tuple[CellRange, Formula]]] = [set() for _ in range(sheets)]
        self._reads: dict[Formula, set[Read]] = {}

    def add(self, formula: Formula, what: set[Read]) -> None:
        self._reads[formula] = what
        for read in what:
            cell = (read.rect.top, read.rect.left)
            if read.spill:
                self._anchors[read.sheet].setdefault(cell, set()).add(formula)
            elif read.rect.area == 1:
                self._cells[read.sheet].setdefault(cell, set()).add(formula)
            else:
                self._areas[read.sheet].add((read.rect, formula))

    def remove(self, formula: Formula) -> None:
        for read in self._reads.pop(formula):
            cell = (read.rect.top, read.rect.left)
            self._anchors[read.sheet].get(cell, set()).discard(formula)
            self._cells[read.sheet].get(cell, set()).discard(formula)
            self._areas[read.sheet].discard((read.rect, formula))

    def reads_own_spill(self, formula: Formula) -> bool:
        """Whether a formula reads a cell that it fills itself."""
        rect = formula.rect
        own = (read for read in self._reads[formula] if read.sheet == formula.sheet)
        return any(read.rect.meets(rect) and not (read.spill and read.rect[:2] != formula.cell) for read in own)

    def of(self, sheet: int, rect: CellRange, mask: NDArray[np.bool_] | None = None) -> set[Formula]:
        """Formulas that read a cell of the range. With a mask of its shape, only the cells where it is True count."""
        found: set[Formula] = set()
        for row, column in _among(rect, self._cells[sheet]):
            if mask is None or mask[row - rect.top, column - rect.left]:
                found |= self._cells[sheet][row, column]
        for area, formula in self._areas[sheet]:
            if area.bottom < rect.top or area.top > rect.bottom:
                continue  # the case of nearly all formulas of a large sheet
            common = area.common(rect)
            if common and formula not in found and (mask is None or _touched(common, rect, mask)):
                found.add(formula)
        return found

    def of_anchor(self, sheet: int, cell: Position) -> set[Formula]:
        return self._anchors[sheet].get(cell, set())


def _touched(part: CellRange, rect: CellRange, mask: NDArray[np.bool_]) -> bool:
    rows = slice(part.top - rect.top, part.bottom - rect.top + 1)
    return bool(mask[rows, part.left - rect.left : part.right - rect.left + 1].any())


def _among(rect: CellRange, cells: dict[Position, set[Formula]]) -> Iterator[Position]:
    if rect.area < len(cells):
        span = range(rect.left, rect.right + 1)
        yield from ((r, c) for r in range(rect.top, rect.bottom + 1) for c in span if (r, c) in cells)
    else:
        yield from (cell for cell in cells if rect.holds(*cell))
