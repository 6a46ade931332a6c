"""Evaluates the tree of one formula."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
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
)

from . import aggregates, formulas_package, natives
from .elementwise import elementwise
from .special_forms import SPECIAL_FORMS, Closure, Scope
from .values import (
    CALC,
    ERRORS,
    NAME,
    NUM,
    REF,
    VALUE,
    Value,
    as_grid,
    blanks_as_zero,
    from_result,
    to_plain,
    without_booleans,
)

Function = Callable[..., Any]

VOLATILE = frozenset({"RAND", "RANDBETWEEN", "NOW", "TODAY"})
# Their arguments are evaluated as arrays even in a plain formula.
_ARRAY_FUNCTIONS = frozenset({"SUMPRODUCT", "MMULT", "INDEX", "LOOKUP"})
_SIGNS = {"-": "U-", "+": "U+"}  # the names of operators with one operand in the package `formulas`
_NO_SCOPE: Scope = {}
_NATIVE = natives.FUNCTIONS | aggregates.FUNCTIONS


class GridReader(Protocol):
    """What a formula can read of its workbook. Sheets are numbered in the order of their tabs."""

    def sheet_index(self, name: str) -> int | None: ...
    def named(self, sheet: int, name: str) -> Node | None: ...
    def read(self, sheet: int, rect: CellRange) -> Value: ...
    def spill(self, sheet: int, row: int, column: int) -> tuple[CellRange, Value]: ...


class Evaluation:
    """One evaluation of the formula in a cell. `arrays` is false for a plain formula, whose operators take from a range
    only the cell in the formula's own row or column (implicit intersection)."""

    def __init__(
        self,
        grid: GridReader,
        functions: Mapping[str, Function],
        unknown: set[str],
        cell: tuple[int, int, int],
        arrays: bool,
    ) -> None:
        self._grid, self._functions, self._unknown = grid, functions, unknown
        self.cell, self._arrays = cell, arrays

    def result(self, tree: Node) -> Value:
        """The formula's value. A formula that only refers to a blank cell shows 0, as in a spreadsheet."""
        try:
            value = self.value(tree, _NO_SCOPE)
        except RecursionError:  # a LAMBDA that calls itself without end
            return NUM
        if isinstance(value, Closure):
            return CALC
        if isinstance(value, np.ndarray) and (value.size == 1 or not self._arrays):
            value = self.intersected(tree, value)
        value = without_booleans(value)
        return value if isinstance(tree, Call) and tree.function in self._functions else blanks_as_zero(value)

    def value(self, node: Node, scope: Scope) -> Any:
        """Value of a node: a scalar, a 2-D array, or a Closure."""
        try:
            return _EVALUATE[type(node)](self, node, scope)
        except natives.CellFailureError as failure:
            return failure.error

    def resolved(self, node: Node, scope: Scope) -> Node:
        """The node, or if it is a defined name the tree that it names."""
        if not isinstance(node, Name) or (node.name in scope and not node.spill):
            return node
        sheet = self.cell[0] if node.sheet is None else self._grid.sheet_index(node.sheet)
        tree = None if sheet is None else self._grid.named(sheet, node.name)
        if isinstance(tree, Reference) and node.spill:
            return replace(tree, spill=True)
        return Error(excel_errors.NAME) if tree is None else tree

    def _named_value(self, node: Name, scope: Scope) -> Any:
        if node.name in scope and not node.spill:
            return scope[node.name]
        return self.value(self.resolved(node, scope), _NO_SCOPE)

    def _sheet(self, node: Reference) -> int:
        sheet = self.cell[0] if node.sheet is None else self._grid.sheet_index(node.sheet)
        if sheet is None:
            raise natives.CellFailureError(REF)
        return sheet

    def _read(self, node: Reference, scope: Scope) -> Value:
        sheet = self._sheet(node)
        if node.spill:
            return self._grid.spill(sheet, node.range.top, node.range.left)[1]
        return self._grid.read(sheet, node.range)

    def range_of(self, node: Reference) -> CellRange:
        if node.spill:
            return self._grid.spill(self._sheet(node), node.range.top, node.range.left)[0]
        return node.range

    def _reference(self, node: Node, scope: Scope) -> Reference:
        """The range that a formula refers to: a name, an INDEX of a range, or `A1:INDEX(A1:C9,2,3)`."""
        node = self.resolved(node, scope)
        if isinstance(node, Reference):
            return Reference.to(node.sheet, self.range_of(node))
        if isinstance(node, Operation) and node.symbol == ":":
            first, last = (self._reference(operand, scope) for operand in node.operands)
            if last.sheet not in (None, first.sheet):
                raise natives.CellFailureError(VALUE)
            return Reference.to(first.sheet, first.range.around(last.range))
        if isinstance(node, Call) and node.function == "INDEX" and len(node.arguments) in (2, 3):
            return self._cell_of(self._reference(node.arguments[0], scope), node.arguments[1:], scope)
        raise natives.CellFailureError(VALUE)

    def _cell_of(self, whole: Reference, places: tuple[Node, ...], scope: Scope) -> Reference:
        """The cell of a range at a row and a column, or at one place in a range that is one row or one column."""
        rect = whole.range
        if len(places) == 1 and rect.height > 1 and rect.width > 1:
            raise natives.CellFailureError(VALUE)
        numbers = [int(natives.number(self.value(place, scope))) for place in places]
        row, column = numbers if len(numbers) == 2 else (1, *numbers) if rect.height == 1 else (*numbers, 1)
        cell = CellRange.cell(rect.top + row - 1, rect.left + column - 1)
        if not rect.holds(cell.top, cell.left):
            raise natives.CellFailureError(REF)
        return Reference.to(whole.sheet, cell)

    def intersected(self, node: Node, value: Value) -> Value:
        """The cell of a range that is in the formula's own row or column; of any other array, the first cell."""
        if not isinstance(value, np.ndarray):
            return value
        node = self.resolved(node, _NO_SCOPE)
        if not isinstance(node, Reference):
            return from_result(value[0, 0])
        rect, (_, row, column) = self.range_of(node), self.cell
        height, width = value.shape  # a whole column ends with the used cells
        if rect.width == 1 and rect.top <= row <= rect.bottom:
            return from_result(value[row - rect.top, 0]) if row - rect.top < height else None
        if rect.height == 1 and rect.left <= column <= rect.right:
            return from_result(value[0, column - rect.left]) if column - rect.left < width else None
        return from_result(value[0, 0]) if rect.area == 1 else VALUE

    def _operation(self, node: Operation, scope: Scope) -> Value:
        """Value of an operation. A sum of a thousand cells is a thousand operations, each the first operand of the
        next, so they are evaluated from the innermost outwards: recursion would be too deep."""
        if node.symbol == ":":
            return self._read(self._reference(node, scope), scope)
        chain = [node]
        while isinstance(first := chain[-1].operands[0], Operation) and first.symbol != ":":
            chain.append(first)
        value = self.value(first, scope)
        for outer in reversed(chain):
            others = [self.value(x, scope) for x in outer.operands[1:]]
            value = self._operated(outer, [value, *others])
        return value

    def _operated(self, node: Operation, operands: list[Any]) -> Value:
        if not self._arrays:
            for i, (operand, value) in enumerate(zip(node.operands, operands, strict=True)):
                if isinstance(value, np.ndarray) and isinstance(operand, (Reference, Name)):
                    operands[i] = self.intersected(operand, value)
        symbol = _SIGNS.get(node.symbol, node.symbol) if len(operands) == 1 else node.symbol
        return self._elementwise(symbol, operands)

    def _elementwise(self, symbol: str, operands: list[Value]) -> Value:
        if Closure in map(type, operands):
            return VALUE
        value = elementwise(symbol, operands)
        if value is not None:
            return value
        function = formulas_package.operator(symbol)
        return VALUE if function is None else formulas_package.call(function, natives.aligned(operands))

    def _call(self, node: Call, scope: Scope) -> Any:
        name = node.function
        if name in SPECIAL_FORMS:
            return SPECIAL_FORMS[name](node, scope, self)
        if name in self._functions:
            return from_result(self._functions[name](*(to_plain(self.value(x, scope)) for x in node.arguments)))
        if name in _NATIVE and name not in scope:
            return self._call_native(name, node, scope)
        if name in scope or self._is_lambda(name):
            closure = self.value(Name(None, name), scope)
            return (
                closure.apply([self.value(x, scope) for x in node.arguments]) if isinstance(closure, Closure) else VALUE
            )
        arguments = self._array_arguments(name, node, scope)
        value = elementwise(name, arguments)
        if value is not None:
            return value
        function = formulas_package.find(name)
        if function is None:
            self._unknown.add(name)
            return NAME
        # The package expects 0 for an omitted argument.
        pairs = zip(node.arguments, arguments, strict=True)
        return formulas_package.call(function, [0 if isinstance(x, Missing) else v for x, v in pairs])

    def _array_arguments(self, name: str, node: Call, scope: Scope) -> list[Any]:
        plain = self._arrays
        self._arrays = plain or name in _ARRAY_FUNCTIONS
        try:
            return [self.value(x, scope) for x in node.arguments]
        finally:
            self._arrays = plain

    def _call_native(self, name: str, node: Call, scope: Scope) -> Value:
        values = self._array_arguments(name, node, scope)
        arguments = [
            without_booleans(value) if isinstance(value, np.ndarray) else self._range_or_scalar(argument, value, scope)
            for argument, value in zip(node.arguments, values, strict=True)
        ]
        try:
            return _NATIVE[name](*arguments)
        except (TypeError, LookupError, ValueError):  # a wrong number of arguments, or shapes that do not fit
            return VALUE

    def _range_or_scalar(self, node: Node, value: Value, scope: Scope) -> Value:
        """A reference to one cell counts as a range, in which functions ignore text and booleans."""
        return as_grid(value) if isinstance(self.resolved(node, scope), Reference) else value

    def _is_lambda(self, name: str) -> bool:
        tree = self._grid.named(self.cell[0], name)
        return isinstance(tree, Call) and tree.function == "LAMBDA"


def _array(evaluation: Evaluation, node: Array, scope: Scope) -> Value:
    return from_result([[evaluation.value(item, scope) for item in row] for row in node.rows])


_EVALUATE: dict[type[Node], Callable[[Evaluation, Any, Scope], Any]] = {
    Array: _array,
    Call: Evaluation._call,
    Constant: lambda _, node, __: node.value,
    Error: lambda _, node, __: ERRORS[node.text],
    Missing: lambda *_: None,
    Name: Evaluation._named_value,
    Operation: Evaluation._operation,
    Reference: Evaluation._read,
    Table: lambda *_: NAME,  # structured references are not known
}
