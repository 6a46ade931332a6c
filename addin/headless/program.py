"""A shared formula, analysed and compiled once for all of its cells."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from workbook_templates.formula.tree import Call, walk

from .cell_rows import Position
from .compiler import Book, Compiler, Function
from .dependencies import RelativeRead, reads
from .lambdas import NO_VARIABLES, Evaluate, Lambda, Scope
from .shared import SharedFormula
from .values import CALC, NUM, Value, blanks_as_zero, without_booleans

_VOLATILE = frozenset({"RAND", "RANDBETWEEN", "NOW", "TODAY"})


class Program:
    """A shared formula of one sheet: what it reads, and a function that evaluates it in a cell."""

    __slots__ = ("_compiler", "_evaluate", "_is_own", "_shared", "calls_ours", "is_volatile", "reads")

    def __init__(self, book: Book, functions: Mapping[str, Function], sheet: int, shared: SharedFormula) -> None:
        self._shared = shared
        self._compiler = Compiler(book, functions, sheet, shared, shared.arrays)
        self._evaluate: Evaluate | None = None
        called = {node.function for node in walk(shared.tree) if isinstance(node, Call)}
        self.is_volatile, self.calls_ours = not called.isdisjoint(_VOLATILE), not called.isdisjoint(functions)
        self._is_own = isinstance(shared.tree, Call) and shared.tree.function in functions
        self.reads: tuple[RelativeRead, ...] = reads(shared, sheet, book.sheet_index, book.named)

    def value(self, cell: Position) -> Value:
        """The formula's value in a cell. A formula that only refers to a blank cell shows 0, as in a spreadsheet.

        The formula is compiled the first time. Raises NotSupportedError if it cannot be calculated here."""
        if self._evaluate is None:
            self._evaluate = self._compiler.compile_formula(self._shared.tree)
        scope = Scope(cell, NO_VARIABLES)
        try:
            value = self._evaluate(scope)
        except RecursionError:  # a LAMBDA that calls itself without end
            return NUM
        if type(value) is float or type(value) is str:
            return value
        if isinstance(value, Lambda):
            return CALC
        if isinstance(value, np.ndarray) and (value.size == 1 or not self._shared.arrays):
            value = self._compiler.intersection(self._shared.tree)(value, scope)
        value = without_booleans(value)
        return value if self._is_own else blanks_as_zero(value)
