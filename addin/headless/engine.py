"""Recalculation: which formulas to evaluate again after an edit, and in which order, until nothing changes."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Callable, Mapping, Set
from heapq import heapify, heappop, heappush

import numpy as np

from udfs.cells import ERROR_MARK
from workbook_templates.formula.ranges import CellRange
from workbook_templates.formula.tree import Call, Name, Node, walk

from .cell_rows import Position
from .changes import ONE_CELL, Before, ChangedCells, difference
from .compiler import Function
from .dependencies import Readers
from .formula import Formula, Shown
from .grid import Sheet
from .kept import Kept
from .not_calculated import NotCalculated, UncalculatedFormulas
from .order import Order, find_order
from .program import Program
from .relative_names import is_relative, seen_from
from .shared import SharedFormula
from .unsupported import NotSupportedError
from .values import Scalar, Value, same

_log = logging.getLogger(__name__)
_MOST_ROUNDS = 50


class Engine:
    """The sheets of a workbook, recalculated incrementally.

    `names` maps (sheet number or None for the workbook, upper-case name) to the tree of what the name stands for.
    """

    def __init__(
        self,
        sheets: list[Sheet],
        names: Mapping[tuple[int | None, str], Node],
        functions: Mapping[str, Function],
        *,
        counts_from_1904: bool = False,
    ) -> None:
        self.sheets, self._names, self._functions = sheets, names, functions
        self.counts_from_1904 = counts_from_1904
        self._relative_names = {key for key, tree in names.items() if is_relative(tree)}
        self._called_names = {name for _, name in names}
        self._by_name = {sheet.name.casefold(): i for i, sheet in enumerate(sheets)}
        self._readers = Readers(len(sheets))
        self._volatile: set[Formula] = set()
        self._stale: set[Formula] = set()
        self._formulas_before: dict[Formula, Before] = {}
        self._cells_before: dict[tuple[int, int, int], Scalar] = {}
        self._programs: dict[SharedFormula, Program] = {}
        self.kept: dict[tuple[Node, int, bool], Kept] = {}
        self._uncalculated = UncalculatedFormulas()
        self._order: Order | None = None
        self._may_be_cut: list[Formula] = []
        sharing: dict[SharedFormula, list[Formula]] = {}
        for number, sheet in enumerate(sheets):
            for formula in sheet.formulas.values():
                program = self._program(number, formula)
                sharing.setdefault(formula.shared, []).append(formula)
                self._stale.add(formula)
                if program.is_volatile:
                    self._volatile.add(formula)
                if formula.fixed is not None and program.calls_ours:
                    self._may_be_cut.append(formula)
        for shared, formulas in sharing.items():
            self._readers.add(shared, formulas, self._programs[shared].reads)

    def _program(self, sheet: int, formula: Formula) -> Program:
        """The program of a formula. Formulas with names whose references move share none."""
        program = self._programs.get(formula.shared)
        if program is None:
            if formula.shared.is_filled and self._relative_names and any(map(self._is_name, walk(formula.shared.tree))):
                formula.shared = formula.shared.alone_in(formula.cell)
            program = self._programs[formula.shared] = Program(self, self._functions, sheet, formula.shared)
        return program

    def _is_name(self, node: Node) -> bool:
        return isinstance(node, (Name, Call)) and (isinstance(node, Name) or node.function in self._called_names)

    def cut_array(self) -> tuple[Formula, CellRange] | None:
        """The first array formula that calls one of our functions and fills fewer cells than its result needs, and
        those cells; None if every result fits.

        A program that drops the marks of dynamic arrays leaves such formulas. A longer prompt would be cut."""
        for formula in self._may_be_cut:
            needed = formula.needed
            if formula.fixed is not None and formula.fixed.around(needed) != formula.fixed:
                return formula, needed
        return None

    def not_calculated(self, address: Callable[[Formula], str]) -> list[NotCalculated]:
        """What could not be calculated, so that cells keep their stored values."""
        return self._uncalculated.report(address)

    def sheet_index(self, name: str) -> int | None:
        return self._by_name.get(name.casefold())

    def named(self, sheet: int, name: str, cell: Position = (1, 1)) -> Node | None:
        """What a name stands for in a cell of that sheet."""
        key = (sheet, name) if (sheet, name) in self._names else (None, name)
        tree = self._names.get(key)
        return seen_from(tree, cell) if tree is not None and key in self._relative_names else tree

    def read(self, sheet: int, rect: CellRange) -> Value:
        return self.sheets[sheet].read(rect)

    def enter(self, sheet: int, cell: Position, value: Scalar) -> None:
        """Types a value into a cell, or with None clears it. It replaces a formula in that cell."""
        home = self.sheets[sheet]
        seen = home.cell(*cell)
        self._cells_before.setdefault((sheet, *cell), seen)
        formula = home.formulas.get(cell)
        if formula is not None:
            self._remove(home, formula)
        self._stale |= self._readers_of_changes(home.type_in(cell, value))
        if not same(seen, home.cell(*cell)):
            self._stale |= self._dependants_of_cell(sheet, cell)

    def is_read(self, sheet: int, cell: Position) -> bool:
        """Whether a formula reads the cell."""
        return bool(self._dependants_of_cell(sheet, cell))

    def filling(self, sheet: int, cell: Position) -> Formula | None:
        """Another cell's formula that fills this one; before its first evaluation, it fills its range in the file."""
        return self.sheets[sheet].filling(cell)

    def blocked(self, sheet: int, cell: Position) -> Formula | None:
        """The formula that would fill this cell if the cell were empty."""
        return self.sheets[sheet].blocked(cell)

    def recalculate(self) -> ChangedCells:
        """Evaluates what depends on the edits since the last time. Returns the cells whose values changed."""
        self._stale |= self._volatile
        rounds: defaultdict[Formula, int] = defaultdict(int)
        while self._stale:
            if self._order is None:
                formulas = [formula for sheet in self.sheets for formula in sheet.formulas.values()]
                self._order = find_order(formulas, self._dependants)
            with np.errstate(all="ignore"):  # functions look for NaN and infinity in their results
                self._evaluate_in(self._order, rounds)
        if self._order is not None and self._order.circular:
            self._order = None  # the edits to come may break the circle
        return self._collect_changes()

    def _evaluate_in(self, order: Order, rounds: defaultdict[Formula, int]) -> None:
        """Evaluates the stale formulas, and those that become stale by it, in that order.

        If a spill grows so that an earlier formula depends on a later one, the order is found anew afterwards."""
        waiting = [order.places[formula] for formula in self._stale]
        heapify(waiting)
        while waiting:
            place = heappop(waiting)
            formula = order.formulas[place]
            if formula not in self._stale:
                continue
            self._stale.discard(formula)
            rounds[formula] += 1
            changed, others = self._evaluate(formula, formula in order.circular or rounds[formula] > _MOST_ROUNDS)
            if not changed and not others:
                continue
            new = (self._readers_of_changes(changed) | others) - self._stale
            new.discard(formula)
            self._stale |= new
            for reader in new:
                if order.places[reader] > place:
                    heappush(waiting, order.places[reader])
                else:
                    self._order = None
            for shown in changed:
                if shown.formula.rect != order.reach[shown.formula]:
                    self._check_reach(order, shown.formula)

    def _check_reach(self, order: Order, formula: Formula) -> None:
        """Gives up the order if the formula now fills cells that an earlier formula reads."""
        reach = order.reach[formula]
        both = reach.around(formula.rect)
        if both == reach:
            return
        order.reach[formula] = both
        place = order.places[formula]
        if any(order.places[reader] <= place for reader in self._dependants(formula, both)):
            self._order = None

    def _evaluate(self, formula: Formula, circular: bool) -> tuple[list[Shown], Set[Formula]]:
        """Evaluates a formula. Returns what it, and others whose spills this blocks or unblocks, showed before; and the
        formulas that must follow it because it keeps its stored value, or no longer does."""
        home = self.sheets[formula.sheet]
        before: list[Shown] = []
        released: Set[Formula] = frozenset()
        if not circular:
            known = formula.rect if formula.evaluated else None
            cause = self._uncalculated.cause(formula) if self._uncalculated.features else None
            if cause is not None:
                return [], self._uncalculated.inherit(formula, cause, self._dependants(formula, formula.expected))
            try:
                value = self._value(formula)
            except NotSupportedError as error:
                return [], self._uncalculated.keep(formula, error.feature, self._dependants(formula, formula.expected))
            if formula in self._uncalculated.features:
                released = self._uncalculated.release(formula)
            before = home.settle(formula, value)
            rect = formula.rect
            circular = rect != known and rect.area > 1 and self._readers.reads_own_spill(formula)
        if circular:
            before += home.settle(formula, f"{ERROR_MARK}circular reference")
        return before, released

    def _value(self, formula: Formula) -> Value:
        """What a formula evaluates to. Raises NotSupportedError if it cannot be calculated here."""
        try:
            return self._programs[formula.shared].value(formula.cell)
        except NotSupportedError:
            raise
        except Exception as error:  # a bug here must not stop the rest, nor give a number
            _log.exception("a formula failed: %s", formula.text)
            raise NotSupportedError(f"a formula that this host fails on ({type(error).__name__}, a bug)") from None

    def _readers_of_changes(self, before: list[Shown]) -> set[Formula]:
        """The readers of every cell whose value changed, given what formulas showed before."""
        found: set[Formula] = set()
        noted: set[Formula] = set()
        for formula, rect, shown in before:
            if formula.shown is shown or formula in noted:
                continue
            if len(before) > 1:
                noted.add(formula)  # what it showed first counts
            change = difference(rect, shown, formula.rect, formula.shown)
            if change is not None:
                if formula not in self._formulas_before:
                    self._formulas_before[formula] = Before(rect, shown, formula.shown, change)
                found |= self._readers.of_spill(formula.sheet, formula.cell)
                found |= self._readers.of(formula.sheet, *change)
        return found

    def _remove(self, home: Sheet, formula: Formula) -> None:
        if formula.rect.area > 1:
            self._formulas_before.setdefault(formula, Before(formula.rect, formula.shown))
            self._stale |= self._readers.of(formula.sheet, formula.rect)
        self._stale |= self._readers.of_spill(formula.sheet, formula.cell)
        home.remove(formula)
        self._readers.remove(formula)
        self._stale.discard(formula)
        self._volatile.discard(formula)
        self._stale |= self._uncalculated.forget(formula)
        formula.value = None
        formula.show(None)

    def _dependants(self, formula: Formula, rect: CellRange) -> Set[Formula]:
        spill = self._readers.of_spill(formula.sheet, formula.cell)
        cells = self._readers.of(formula.sheet, rect)
        return cells | spill if spill else cells

    def _dependants_of_cell(self, sheet: int, cell: Position) -> Set[Formula]:
        return self._readers.of(sheet, CellRange.cell(*cell)) | self._readers.of_spill(sheet, cell)

    def _collect_changes(self) -> ChangedCells:
        parts = []
        for formula, (rect, shown, after, change) in self._formulas_before.items():
            if change is None or formula.shown is not after:  # it was removed, or changed a second time
                change = difference(rect, shown, formula.rect, formula.shown)
            if change is not None:
                parts.append((formula.sheet, *change))
        for (sheet, row, column), value in self._cells_before.items():
            if not same(value, self.sheets[sheet].cell(row, column)):
                parts.append((sheet, CellRange.cell(row, column), ONE_CELL))
        self._formulas_before, self._cells_before = {}, {}
        return ChangedCells([sheet.name for sheet in self.sheets], parts)
