"""Compiles the tree of a formula: each node becomes a Python function, so that an evaluation does not walk the tree.

Defined names, sheets and functions are looked up once, when the formula is compiled. A compiled node never raises: an
error is a value like any other. The most common nodes are `partial` objects and not nested functions, because a
workbook has a hundred thousand of them, and a nested function is five objects for the garbage collector.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Protocol

import numpy as np

from udfs import excel_errors
from workbook_templates.formula.ranges import CellRange
from workbook_templates.formula.tree import (
    Array,
    Call,
    Constant,
    Error,
    Missing,
    Name,
    Node,
    Operation,
    Reference,
    Table,
    Unsupported,
)

from . import kept, nodes
from .calls import compile_call
from .cell_rows import Position
from .functions import arithmetic
from .functions.arguments import CellFailureError
from .grid import Sheet
from .kept import Kept
from .lambdas import NO_VARIABLES, Evaluate, Scope
from .nodes import Area
from .shared import RelativeRange, SharedFormula, relative
from .special_forms import constant
from .unsupported import NotSupportedError
from .values import (
    ERRORS,
    REF,
    VALUE,
    Value,
    from_result,
)

Function = Callable[..., Any]

_OTHER_FILE, _SEVERAL_SHEETS = "a reference to another file", "a reference to several sheets"
_OF_RANGES = (":", *nodes.RANGE_OPERATORS)
_SIGNED = frozenset("+-")


class Book(Protocol):
    """What a formula can read. Sheets are numbered in the order of their tabs."""

    @property
    def sheets(self) -> Sequence[Sheet]: ...
    @property
    def counts_from_1904(self) -> bool: ...
    @property
    def kept(self) -> dict[tuple[Node, int, bool], Kept]: ...  # parts of formulas whose values are kept
    def sheet_index(self, name: str) -> int | None: ...
    def named(self, sheet: int, name: str, cell: Position = ...) -> Node | None: ...


@dataclass(frozen=True, slots=True)
class Compiler:
    """Compiles a shared formula of a sheet. The operators of a plain formula take from a range only the cell in the
    formula's own row or column (implicit intersection), unless `arrays` is true. `variables` are those of LET and
    LAMBDA that the node may use."""

    book: Book
    functions: Mapping[str, Function]
    sheet: int
    shared: SharedFormula
    arrays: bool
    variables: frozenset[str] = frozenset()
    names: dict[tuple[Name, bool], Evaluate] = field(default_factory=dict)  # the defined names that were compiled

    def compile(self, node: Node) -> Evaluate:
        return self._kept(node) or _COMPILE[type(node)](self, node)

    def _kept(self, node: Node) -> Evaluate | None:
        """The node as a value that is kept until its cells change; None if keeping it does not pay."""
        if not isinstance(node, (Call, Operation)):
            return None
        cells = kept.cells(node, self.resolved, self.variables)
        if cells is None or not kept.makes_array(node):
            return None
        key = node, self.sheet, self.arrays
        if key not in self.book.kept:
            inputs = [_COMPILE[Reference](self, cell) for cell in cells]
            self.book.kept[key] = kept.Kept(_COMPILE[type(node)](self, node), inputs)
        return self.book.kept[key]

    def compile_formula(self, node: Node) -> Evaluate:
        """The whole formula. A sum at the end of a formula is 0 if its operands cancel in 15 digits."""
        if isinstance(node, Operation) and node.symbol in _SIGNED and len(node.operands) == 2:
            first, second = map(self.operand, node.operands)
            return nodes.applied(arithmetic.settled(node.symbol), [second], first)
        return self.compile(node)

    def compile_later(self, node: Node) -> Evaluate:
        """The node, compiled when it is first used: most branches of a workbook's formulas never are."""
        return nodes.Later(self, node) if isinstance(node, (Call, Operation)) else self.compile(node)

    def with_variables(self, *names: str) -> Compiler:
        return replace(self, variables=self.variables.union(names))

    def with_arrays(self) -> Compiler:
        return self if self.arrays else replace(self, arrays=True)

    def resolved(self, node: Node) -> Node:
        """The node, or if it is a defined name the tree that it names."""
        if not isinstance(node, Name) or (node.name in self.variables and not node.spill):
            return node
        sheet = self.sheet if node.sheet is None else self.book.sheet_index(node.sheet)
        tree = None if sheet is None else self.book.named(sheet, node.name, self.shared.home)
        if isinstance(tree, Reference) and node.spill:
            return replace(tree, spill=True)
        return Error(excel_errors.NAME) if tree is None else tree

    def range_of(self, node: Reference) -> Area:
        """The cells of a reference."""
        seen = self._seen(node)
        if not node.spill:
            return lambda scope: seen.at(scope.cell)
        sheet = self.sheet_named(node.sheet)

        def area(scope: Scope) -> CellRange:
            alone = seen.at(scope.cell)
            formula = None if sheet is None else sheet.formulas.get(alone[:2])
            return alone if formula is None else formula.rect

        return area

    def intersected(self, node: Node, evaluate: Evaluate) -> Evaluate:
        """The compiled node, cut to one cell if its value is an array."""
        if isinstance(node, Reference) and node.range.area == 1 and not node.spill:
            return evaluate
        single = self.intersection(node)

        def evaluate_single(scope: Scope) -> Any:
            value = evaluate(scope)
            return single(value, scope) if isinstance(value, np.ndarray) else value

        return evaluate_single

    def intersection(self, node: Node) -> Callable[[Any, Scope], Value]:
        """Takes from a range's values the cell in the formula's own row or column; from any other array, the first."""
        node = self._outside().resolved(node)
        if not isinstance(node, Reference):
            return nodes.first_cell
        area = self.range_of(node)

        def single(value: Any, scope: Scope) -> Value:
            rect, (row, column) = area(scope), scope.cell
            height, width = value.shape  # a whole column ends with the used cells
            if rect.width == 1 and rect.top <= row <= rect.bottom:
                return from_result(value[row - rect.top, 0]) if row - rect.top < height else None
            if rect.height == 1 and rect.left <= column <= rect.right:
                return from_result(value[0, column - rect.left]) if column - rect.left < width else None
            return nodes.first_cell(value, scope) if rect.area == 1 else VALUE

        return single

    def _outside(self) -> Compiler:
        """The compiler of what a defined name stands for, which sees no variables."""
        return replace(self, variables=frozenset()) if self.variables else self

    def sheet_named(self, name: str | None) -> Sheet | None:
        number = self.sheet if name is None else self.book.sheet_index(name)
        return None if number is None else self.book.sheets[number]

    def _name(self, node: Name) -> Evaluate:
        if node.name in self.variables and not node.spill:
            return partial(nodes.variable, node.name)
        if "[" in (node.sheet or ""):
            return nodes.not_supported(_OTHER_FILE)
        target, outside = self.resolved(node), self._outside()
        if isinstance(target, (Constant, Error, Reference)):
            return outside.compile(target)
        # A name may refer to itself, for example a LAMBDA that calls itself, so it is compiled when it is first used.
        key = node, self.arrays
        if key not in self.names:
            later = nodes.Later(outside, target)
            self.names[key] = lambda scope: later(Scope(scope.cell, NO_VARIABLES))
        return self.names[key]

    def _reference(self, node: Reference) -> Evaluate:
        sheet, seen = self.sheet_named(node.sheet), self._seen(node)
        if sheet is None:
            return nodes.not_supported(_OTHER_FILE) if "[" in (node.sheet or "") else self._no_sheet(node)
        if seen.down or seen.across:
            read = nodes.relative_cell if seen.cells.area == 1 else nodes.relative_range
            return partial(nodes.relative_spill if node.spill else read, sheet, seen)
        cell = seen.cells[:2]
        if node.spill:
            return partial(nodes.spilled, sheet, cell)
        is_cell = seen.cells.area == 1
        return partial(nodes.cell_value, sheet, *cell) if is_cell else partial(nodes.range_values, sheet, seen.cells)

    def _seen(self, node: Reference) -> RelativeRange:
        """The reference as the cells of the formula see it."""
        return relative(node, self.shared.home) if self.shared.is_filled else RelativeRange(node.range)

    def _no_sheet(self, node: Reference) -> Evaluate:
        return nodes.not_supported(_SEVERAL_SHEETS) if ":" in (node.sheet or "") else constant(REF)

    def _area(self, node: Node) -> tuple[str | None, Area]:
        """The sheet and cells of a name, an INDEX of a range, or `A1:INDEX(A1:C9,2,3)`.

        Raises CellFailureError if the node is not a range."""
        node = self.resolved(node)
        if isinstance(node, Reference):
            return node.sheet, self.range_of(node)
        if isinstance(node, Operation) and node.symbol == ":":
            (sheet, first), (other, last) = map(self._area, node.operands)
            if other in (None, sheet):
                return sheet, lambda scope: first(scope).around(last(scope))
            raise NotSupportedError(_SEVERAL_SHEETS)
        if isinstance(node, Call) and node.function == "INDEX" and len(node.arguments) in (2, 3):
            sheet, whole = self._area(node.arguments[0])
            return sheet, nodes.cell_of(whole, [self.compile(place) for place in node.arguments[1:]])
        if isinstance(node, Call):
            raise NotSupportedError(f"a range that begins or ends with {node.function}")
        raise CellFailureError(VALUE)

    def _operation(self, node: Operation) -> Evaluate:
        """An operation. A sum of a thousand cells is a thousand operations, each the first operand of the next, so they
        are evaluated from the innermost outwards: recursion would be too deep."""
        if node.symbol == ":":
            return self._computed_range(node)
        if node.symbol in nodes.RANGE_OPERATORS:
            return nodes.not_supported(nodes.RANGE_OPERATORS[node.symbol])
        chain = [node]
        while isinstance(first := chain[-1].operands[0], Operation) and first.symbol not in _OF_RANGES:
            chain.append(first)
        value = self.operand(first)
        steps = [
            (nodes.operator(outer.symbol, len(outer.operands)), [self.operand(x) for x in outer.operands[1:]])
            for outer in reversed(chain)
        ]
        if len(steps) == 1:
            return nodes.applied(*steps[0], value)

        def evaluate(scope: Scope) -> Any:
            result = value(scope)
            for apply, others in steps:
                result = apply(result, *[other(scope) for other in others])
            return result

        return evaluate

    def operand(self, node: Node) -> Evaluate:
        evaluate = self.compile(node)
        is_cut = not self.arrays and isinstance(node, (Reference, Name))
        return self.intersected(node, evaluate) if is_cut else evaluate

    def _computed_range(self, node: Operation) -> Evaluate:
        try:
            name, area = self._area(node)
        except CellFailureError as failure:
            return constant(failure.error)
        except NotSupportedError as error:
            return nodes.not_supported(error.feature)
        sheet = self.sheet_named(name)
        return constant(REF) if sheet is None else nodes.without_failure(lambda scope: sheet.read(area(scope)))


_COMPILE: dict[type[Node], Callable[[Compiler, Any], Evaluate]] = {
    Array: lambda _, node: constant(from_result([[_item(item) for item in row] for row in node.rows])),
    Call: lambda compiler, node: compile_call(node, compiler),
    Constant: lambda _, node: constant(node.value),
    Error: lambda _, node: constant(ERRORS[node.text]),
    Missing: lambda *_: constant(None),
    Name: Compiler._name,
    Operation: Compiler._operation,
    Reference: Compiler._reference,
    Table: lambda *_: nodes.not_supported("a table reference"),
    Unsupported: lambda _, node: nodes.not_supported(node.feature),
}


def _item(item: Constant | Error) -> Value:
    return ERRORS[item.text] if isinstance(item, Error) else item.value
