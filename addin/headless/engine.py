"""Recalculation: which formulas to evaluate again after an edit, and in which order, until nothing changes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

import numpy as np
from numpy.typing import NDArray

from udfs.cells import ERROR_MARK
from workbook_templates.formula.ranges import CellRange
from workbook_templates.formula.tree import Call, Node, walk

from .changes import ChangedCells
from .dependencies import Readers, reads
from .evaluate import VOLATILE, Evaluation, Function
from .grid import Formula, Position, Sheet
from .values import REF, Grid, Scalar, Value, as_grid, blanks, differs, same

_MOST_ROUNDS = 50
_Shown = tuple[CellRange, Value]


class Engine:
    """The sheets of a workbook, recalculated incrementally.

    `names` maps (sheet number or None for the workbook, upper-case name) to the tree of what the name stands for.
    """

    def __init__(
        self, sheets: list[Sheet], names: Mapping[tuple[int | None, str], Node], functions: Mapping[str, Function]
    ) -> None:
        self.sheets, self._names, self._functions = sheets, names, functions
        self._by_name = {sheet.name.casefold(): i for i, sheet in enumerate(sheets)}
        self._readers = Readers(len(sheets))
        self._volatile: set[Formula] = set()
        self._stale: set[Formula] = set()
        self._formulas_before: dict[Formula, _Shown] = {}
        self._cells_before: dict[tuple[int, int, int], Scalar] = {}
        self._unknown: dict[Formula, set[str]] = {}
        for sheet in sheets:
            for formula in sheet.formulas.values():
                self._readers.add(formula, reads(formula.tree, formula.sheet, self.sheet_index, self.named))
                self._stale.add(formula)
                if any(isinstance(node, Call) and node.function in VOLATILE for node in walk(formula.tree)):
                    self._volatile.add(formula)

    @property
    def unknown_functions(self) -> list[str]:
        return sorted(set().union(*self._unknown.values())) if self._unknown else []

    def sheet_index(self, name: str) -> int | None:
        return self._by_name.get(name.casefold())

    def named(self, sheet: int, name: str) -> Node | None:
        return self._names.get((sheet, name)) or self._names.get((None, name))

    def read(self, sheet: int, rect: CellRange) -> Value:
        return self.sheets[sheet].read(rect)

    def spill(self, sheet: int, row: int, column: int) -> tuple[CellRange, Value]:
        """The cells and values of `A1#`: everything that the formula in that cell shows."""
        formula = self.sheets[sheet].formulas.get((row, column))
        if formula is None:
            return CellRange.cell(row, column), REF
        return formula.rect, formula.shown

    def enter(self, sheet: int, cell: Position, value: Scalar) -> None:
        """Types a value into a cell, or with None clears it. It replaces a formula in that cell."""
        home = self.sheets[sheet]
        before = {f: (f.rect, f.shown) for f in home.arrays()}
        seen = home.cell(*cell)
        self._cells_before.setdefault((sheet, *cell), seen)
        formula = home.formulas.get(cell)
        if formula is not None:
            self._remove(home, formula)
        if value is None:
            home.constants.pop(cell, None)
        else:
            home.constants[cell] = value
        home.edited.add(cell)
        home.place()
        self._notice(home, before)
        if not same(seen, home.cell(*cell)):
            self._stale |= self._readers.of(sheet, CellRange.cell(*cell))
            self._stale |= self._readers.of_anchor(sheet, cell)

    def filling(self, sheet: int, cell: Position) -> Formula | None:
        """Another cell's formula that fills this one; before its first evaluation, it fills its range in the file."""
        home = self.sheets[sheet]
        if cell in home.constants or cell in home.formulas:
            return None
        return next((f for f in home.formulas.values() if _expected(f).holds(*cell)), None)

    def blocked(self, sheet: int, cell: Position) -> Formula | None:
        """The formula that would fill this cell if the cell were empty."""
        home = self.sheets[sheet]
        found = (f for f in home.arrays() if f.blocked and f.wanted.holds(*cell) and f.cell != cell)
        return next(found, None) if cell in home.constants else None

    def recalculate(self) -> ChangedCells:
        """Evaluates what depends on the edits since the last time. Returns the cells whose values changed."""
        self._stale |= self._volatile
        rounds: Counter[Formula] = Counter()
        while self._stale:
            order, circular = self._order()
            for formula in order:
                if formula not in self._stale:
                    continue
                self._stale.discard(formula)
                rounds[formula] += 1
                self._evaluate(formula, formula in circular or rounds[formula] > _MOST_ROUNDS)
        return self._collect_changes()

    def _evaluate(self, formula: Formula, circular: bool) -> None:
        home = self.sheets[formula.sheet]
        before = {f: (f.rect, f.shown) for f in home.arrays()}
        before[formula] = (formula.rect, formula.shown)
        if not circular:
            unknown: set[str] = set()
            cell = (formula.sheet, *formula.cell)
            evaluation = Evaluation(self, self._functions, unknown, cell, formula.arrays)
            formula.value = evaluation.result(formula.tree)
            self._unknown[formula] = unknown
            formula.evaluated = True
            home.settle(formula)
            circular = formula.rect.area > 1 and self._readers.reads_own_spill(formula)
        if circular:
            formula.value = f"{ERROR_MARK}circular reference"
            formula.evaluated = True
            home.settle(formula)
        self._notice(home, before)
        self._stale.discard(formula)

    def _notice(self, home: Sheet, before: dict[Formula, _Shown]) -> None:
        """Marks the readers of every cell whose value one of these formulas changed."""
        for formula, (rect, shown) in before.items():
            if formula.shown is shown:
                continue
            where, mask = _difference(rect, shown, formula.rect, formula.shown)
            if mask.any():
                self._formulas_before.setdefault(formula, (rect, shown))
                self._stale |= self._readers.of_anchor(formula.sheet, formula.cell)
                self._stale |= self._readers.of(formula.sheet, where, mask)

    def _remove(self, home: Sheet, formula: Formula) -> None:
        if formula.rect.area > 1:
            self._formulas_before.setdefault(formula, (formula.rect, formula.shown))
            self._stale |= self._readers.of(formula.sheet, formula.rect)
        self._stale |= self._readers.of_anchor(formula.sheet, formula.cell)
        home.remove(formula)
        self._readers.remove(formula)
        self._stale.discard(formula)
        self._volatile.discard(formula)
        self._unknown.pop(formula, None)
        formula.value = formula.shown = None

    def _order(self) -> tuple[list[Formula], set[Formula]]:
        """Stale formulas and all that may become stale, each after those it depends on; and those in a cycle."""
        successors: dict[Formula, set[Formula]] = {}
        queue = list(self._stale)
        while queue:
            formula = queue.pop()
            if formula not in successors:
                successors[formula] = self._dependants(formula, _expected(formula))
                queue.extend(successors[formula])
        order, rest = _sorted(successors, successors)
        if not rest:
            return order, set()
        # A cycle may run through cells that a spill might reach but does not: look again at the cells that it reaches.
        sure = {f: self._dependants(f, _certain(f)) for f in rest}
        more, rest = _sorted(rest, sure)
        circular = _without_ends(rest, sure)
        last, _ = _sorted(rest - circular, sure)
        return order + more + sorted(circular, key=_place) + last, circular

    def _dependants(self, formula: Formula, rect: CellRange) -> set[Formula]:
        return self._readers.of(formula.sheet, rect) | self._readers.of_anchor(formula.sheet, formula.cell)

    def _collect_changes(self) -> ChangedCells:
        parts = []
        for formula, (rect, shown) in self._formulas_before.items():
            where, mask = _difference(rect, shown, formula.rect, formula.shown)
            parts.append((formula.sheet, where, mask))
        for (sheet, row, column), value in self._cells_before.items():
            if not same(value, self.sheets[sheet].cell(row, column)):
                parts.append((sheet, CellRange.cell(row, column), np.ones((1, 1), bool)))
        self._formulas_before, self._cells_before = {}, {}
        return ChangedCells([sheet.name for sheet in self.sheets], parts)


def _expected(formula: Formula) -> CellRange:
    if formula.evaluated or formula.stored is None:
        return formula.rect
    return formula.rect.around(formula.stored)


def _certain(formula: Formula) -> CellRange:
    return formula.rect if formula.evaluated else CellRange.cell(*formula.cell)


def _place(formula: Formula) -> tuple[int, int, int]:
    return formula.sheet, formula.row, formula.column


def _sorted(nodes: Iterable[Formula], successors: Mapping[Formula, set[Formula]]) -> tuple[list[Formula], set[Formula]]:
    """The nodes in topological order, and those that are in a cycle or depend on one."""
    rest = set(nodes)
    waiting = Counter(s for f in rest for s in successors[f] if s in rest)
    ready = sorted((f for f in rest if not waiting[f]), key=_place, reverse=True)
    order: list[Formula] = []
    while ready:
        formula = ready.pop()
        rest.discard(formula)
        order.append(formula)
        for successor in sorted(successors[formula], key=_place, reverse=True):
            waiting[successor] -= 1
            if not waiting[successor] and successor in rest:
                ready.append(successor)
    return order, rest


def _without_ends(nodes: set[Formula], successors: Mapping[Formula, set[Formula]]) -> set[Formula]:
    """The nodes from which a cycle can be reached."""
    predecessors: dict[Formula, set[Formula]] = {f: set() for f in nodes}
    for formula in nodes:
        for successor in successors[formula] & nodes:
            predecessors[successor].add(formula)
    return nodes - set(_sorted(nodes, predecessors)[0])


def _difference(
    old_rect: CellRange, old: Value, new_rect: CellRange, new: Value
) -> tuple[CellRange, NDArray[np.bool_]]:
    """A mask of the cells that changed, over both ranges together, which start in the same cell."""
    if old_rect == new_rect:
        return new_rect, differs(as_grid(old), as_grid(new))
    both = old_rect.around(new_rect)
    mask = np.zeros((both.height, both.width), bool)
    before, after = as_grid(old), as_grid(new)
    for grid in (before, after):
        mask[: grid.shape[0], : grid.shape[1]] = _filled(grid)
    rows, columns = min(before.shape[0], after.shape[0]), min(before.shape[1], after.shape[1])
    mask[:rows, :columns] = differs(before[:rows, :columns], after[:rows, :columns])
    return both, mask


def _filled(grid: Grid) -> NDArray[np.bool_] | bool:
    return True if grid.dtype != object else ~blanks(grid)
