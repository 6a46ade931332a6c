"""Evaluates the tree of one formula."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Protocol

import numpy as np

from udfs import excel_errors
from udfs.cells import ERROR_MARK, CellError
from udfs.cells.errors import bug_line, marked
from workbook_templates.formula.ranges import CellRange
from workbook_templates.formula.tree import Array, Call, Constant, Error, Missing, Name, Node, Operation, Reference

from . import formulas_package, natives
from .values import (
    CALC,
    ERRORS,
    NAME,
    NUM,
    REF,
    VALUE,
    Value,
    XlError,
    as_grid,
    blanks,
    from_cells,
    from_result,
    to_plain,
)

Function = Callable[..., Any]
Scope = Mapping[str, Any]

# Functions that depend on the position and size of a range, not on its values.
SHAPE_FUNCTIONS = frozenset({"ROW", "ROWS", "COLUMN", "COLUMNS"})
VOLATILE = frozenset({"RAND", "RANDBETWEEN", "NOW", "TODAY"})
# Their arguments are evaluated as arrays even in a plain formula.
_ARRAY_FUNCTIONS = frozenset({"SUMPRODUCT", "MMULT", "INDEX", "LOOKUP"})
_SIGNS = {"-": "U-", "+": "U+"}  # the names of operators with one operand in the package `formulas`
_NO_SCOPE: Scope = {}


class GridReader(Protocol):
    """What a formula can read of its workbook. Sheets are numbered in the order of their tabs."""

    def sheet_index(self, name: str) -> int | None: ...
    def named(self, sheet: int, name: str) -> Node | None: ...
    def read(self, sheet: int, rect: CellRange) -> Value: ...
    def spill(self, sheet: int, row: int, column: int) -> tuple[CellRange, Value]: ...


class Closure:
    """A LAMBDA and the variables of its scope. The package `formulas` calls it from MAP, BYROW and others."""

    def __init__(self, evaluation: Evaluation, names: list[str], body: Node, scope: Scope) -> None:
        self._evaluation, self._names, self._body, self._scope = evaluation, names, body, scope

    def __call__(self, *arguments: Any) -> Any:
        return formulas_package.to_package(self.apply([from_result(a) for a in arguments]))

    def apply(self, arguments: list[Any]) -> Any:
        if len(arguments) != len(self._names):
            return VALUE
        scope = {**self._scope, **dict(zip(self._names, arguments, strict=True))}
        return self._evaluation.value(self._body, scope)


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
        self._cell, self._arrays = cell, arrays

    def result(self, tree: Node) -> Value:
        """The formula's value. A formula that only refers to a blank cell shows 0, as in a spreadsheet."""
        try:
            value = self.value(tree, _NO_SCOPE)
        except RecursionError:  # a LAMBDA that calls itself without end
            return NUM
        if isinstance(value, Closure):
            return CALC
        if isinstance(value, np.ndarray) and (value.size == 1 or not self._arrays):
            value = self._intersected(tree, value)
        return value if isinstance(tree, Call) and tree.function in self._functions else _blank_as_zero(value)

    def value(self, node: Node, scope: Scope) -> Any:
        """Value of a node: a scalar, a 2-D array, or a Closure."""
        if isinstance(node, Constant):
            return node.value
        if isinstance(node, Missing):
            return None
        if isinstance(node, Error):
            return ERRORS[node.text]
        if isinstance(node, Array):
            return from_result([[self.value(item, scope) for item in row] for row in node.rows])
        if isinstance(node, Name):
            return self._named_value(node, scope)
        try:
            if isinstance(node, Reference):
                return self._read(node)
            if isinstance(node, Operation):
                return self._read(self._reference(node, scope)) if node.symbol == ":" else self._operation(node, scope)
            return self._call(node, scope) if isinstance(node, Call) else NAME  # structured references are not known
        except natives.CellFailureError as failure:
            return failure.error

    def resolved(self, node: Node, scope: Scope) -> Node:
        """The node, or if it is a defined name the tree that it names."""
        if not isinstance(node, Name) or (node.name in scope and not node.spill):
            return node
        sheet = self._cell[0] if node.sheet is None else self._grid.sheet_index(node.sheet)
        tree = None if sheet is None else self._grid.named(sheet, node.name)
        if isinstance(tree, Reference) and node.spill:
            return replace(tree, spill=True)
        return Error(excel_errors.NAME) if tree is None else tree

    def _named_value(self, node: Name, scope: Scope) -> Any:
        if node.name in scope and not node.spill:
            return scope[node.name]
        return self.value(self.resolved(node, scope), _NO_SCOPE)

    def _sheet(self, node: Reference) -> int:
        sheet = self._cell[0] if node.sheet is None else self._grid.sheet_index(node.sheet)
        if sheet is None:
            raise natives.CellFailureError(REF)
        return sheet

    def _read(self, node: Reference) -> Value:
        sheet = self._sheet(node)
        if node.spill:
            return self._grid.spill(sheet, node.range.top, node.range.left)[1]
        return self._grid.read(sheet, node.range)

    def _range(self, node: Reference) -> CellRange:
        if node.spill:
            return self._grid.spill(self._sheet(node), node.range.top, node.range.left)[0]
        return node.range

    def _reference(self, node: Node, scope: Scope) -> Reference:
        """The range that a formula refers to: a name, an INDEX of a range, or `A1:INDEX(A1:C9,2,3)`."""
        node = self.resolved(node, scope)
        if isinstance(node, Reference):
            return Reference.to(node.sheet, self._range(node))
        if isinstance(node, Operation) and node.symbol == ":":
            first, last = (self._reference(operand, scope) for operand in node.operands)
            if last.sheet not in (None, first.sheet):
                raise natives.CellFailureError(VALUE)
            return Reference.to(first.sheet, first.range.around(last.range))
        if isinstance(node, Call) and node.function == "INDEX" and len(node.arguments) == 3:
            whole = self._reference(node.arguments[0], scope)
            row, column = (natives.number(self.value(argument, scope)) for argument in node.arguments[1:])
            cell = CellRange.cell(whole.range.top + int(row) - 1, whole.range.left + int(column) - 1)
            if not whole.range.holds(cell.top, cell.left):
                raise natives.CellFailureError(REF)
            return Reference.to(whole.sheet, cell)
        raise natives.CellFailureError(VALUE)

    def _intersected(self, node: Node, value: Value) -> Value:
        """The cell of a range that is in the formula's own row or column; of any other array, the first cell."""
        if not isinstance(value, np.ndarray):
            return value
        node = self.resolved(node, _NO_SCOPE)
        if not isinstance(node, Reference):
            return from_result(value[0, 0])
        rect, (_, row, column) = self._range(node), self._cell
        height, width = value.shape  # a whole column is cut where the used cells end
        if rect.width == 1 and rect.top <= row <= rect.bottom:
            return from_result(value[row - rect.top, 0]) if row - rect.top < height else None
        if rect.height == 1 and rect.left <= column <= rect.right:
            return from_result(value[0, column - rect.left]) if column - rect.left < width else None
        return from_result(value[0, 0]) if rect.area == 1 else VALUE

    def _operation(self, node: Operation, scope: Scope) -> Value:
        """Value of an operation. A sum of a thousand cells is a thousand operations, each the first operand of the
        next, so they are evaluated from the innermost outwards: recursion would be too deep."""
        chain = [node]
        while isinstance(first := chain[-1].operands[0], Operation) and first.symbol != ":":
            chain.append(first)
        value = self.value(first, scope)
        for outer in reversed(chain):
            value = self._operated(outer, [value, *(self.value(x, scope) for x in outer.operands[1:])])
        return value

    def _operated(self, node: Operation, operands: list[Any]) -> Value:
        if not self._arrays:
            pairs = zip(node.operands, operands, strict=True)
            operands = [self._intersected(x, v) if isinstance(x, (Reference, Name)) else v for x, v in pairs]
        if any(isinstance(x, Closure) for x in operands):
            return VALUE
        return self._elementwise(_SIGNS.get(node.symbol, node.symbol) if len(operands) == 1 else node.symbol, operands)

    def _elementwise(self, symbol: str, operands: list[Value]) -> Value:
        operands = natives.aligned(operands)
        value = natives.elementwise(symbol, operands)
        if value is not None:
            return value
        function = formulas_package.operator(symbol)
        return VALUE if function is None else formulas_package.call(function, operands)

    def _call(self, node: Call, scope: Scope) -> Any:
        name = node.function
        special = getattr(self, f"_call_{name.lower()}", None) if name in _SPECIAL else None
        if special is not None:
            return special(node, scope)
        if name in self._functions:
            return self._call_ours(name, [self._argument(x, scope) for x in node.arguments])
        if name in scope or self._is_lambda(name):
            closure = self.value(Name(None, name), scope)
            return (
                closure.apply([self.value(x, scope) for x in node.arguments]) if isinstance(closure, Closure) else VALUE
            )
        if name in natives.FUNCTIONS:
            return self._call_native(name, node, scope)
        function = formulas_package.find(name)
        if function is None:
            self._unknown.add(name)
            return NAME
        arguments = self._array_arguments(name, node, scope)
        value = natives.elementwise(name, arguments)
        if value is not None:
            return value
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
        # A reference to one cell counts as a range, in which functions ignore text and booleans.
        values = self._array_arguments(name, node, scope)
        pairs = zip(node.arguments, values, strict=True)
        arguments = [as_grid(v) if isinstance(self.resolved(x, scope), Reference) else v for x, v in pairs]
        try:
            return natives.FUNCTIONS[name](*arguments)
        except (TypeError, LookupError, ValueError):  # a wrong number of arguments, or shapes that do not fit
            return VALUE

    def _argument(self, node: Node, scope: Scope) -> Any:
        return to_plain(self.value(node, scope))

    def _call_ours(self, name: str, arguments: list[Any]) -> Value:
        try:
            return from_result(self._functions[name](*arguments))
        except CellError as error:
            line = (str(error).splitlines() or [""])[0]
            return ERROR_MARK + line.removeprefix(ERROR_MARK)
        except Exception as error:  # a bug in one function must not stop the recalculation of the others
            return marked(bug_line(name, error))

    def _is_lambda(self, name: str) -> bool:
        tree = self._grid.named(self._cell[0], name)
        return isinstance(tree, Call) and tree.function == "LAMBDA"

    def _condition(self, value: Any) -> Any:
        """True or False for a single value, the error if it is one, None for an array of conditions."""
        if isinstance(value, np.ndarray):
            if value.size > 1:
                return None
            value = value[0, 0]
        if isinstance(value, XlError):
            return value
        if isinstance(value, str):
            return {"TRUE": True, "FALSE": False}.get(value.upper(), VALUE)
        return bool(value)

    def _call_if(self, node: Call, scope: Scope) -> Any:
        if not 2 <= len(node.arguments) <= 3:
            return VALUE
        test = self.value(node.arguments[0], scope)
        condition = self._condition(test)
        if isinstance(condition, XlError):
            return condition
        if condition is None:
            branches = [self.value(x, scope) for x in node.arguments[1:]] + [False] * (3 - len(node.arguments))
            function = formulas_package.find("IF")
            return VALUE if function is None else formulas_package.call(function, natives.aligned([test, *branches]))
        chosen = node.arguments[1 if condition else 2 :][:1]
        if not chosen:
            return False
        return 0.0 if isinstance(chosen[0], Missing) else self.value(chosen[0], scope)

    def _call_iferror(self, node: Call, scope: Scope) -> Any:
        if len(node.arguments) != 2:
            return VALUE
        value = self.value(node.arguments[0], scope)
        if isinstance(value, XlError):
            return self.value(node.arguments[1], scope)
        if not isinstance(value, np.ndarray) or not any(isinstance(x, XlError) for x in value.flat):
            return value
        function = formulas_package.find("IFERROR")
        return (
            VALUE
            if function is None
            else formulas_package.call(function, [value, self.value(node.arguments[1], scope)])
        )

    def _call_let(self, node: Call, scope: Scope) -> Any:
        inner, pairs = dict(scope), node.arguments[:-1]
        if len(node.arguments) % 2 == 0 or not all(isinstance(x, Name) for x in pairs[::2]):
            return VALUE
        for variable, expression in zip(pairs[::2], pairs[1::2], strict=True):
            assert isinstance(variable, Name)
            inner[variable.name] = self.value(expression, inner)
        return self.value(node.arguments[-1], inner)

    def _call_lambda(self, node: Call, scope: Scope) -> Any:
        if not node.arguments:
            return VALUE
        *names, body = node.arguments
        return Closure(self, [x.name for x in names if isinstance(x, Name)], body, scope)

    def _call_single(self, node: Call, scope: Scope) -> Value:
        if len(node.arguments) != 1:
            return VALUE
        return self._intersected(node.arguments[0], self.value(node.arguments[0], scope))

    def _shape(self, node: Call, scope: Scope) -> CellRange:
        if not node.arguments:
            return CellRange.cell(*self._cell[1:])
        target = self.resolved(node.arguments[0], scope)
        if isinstance(target, Reference):
            return self._range(target)
        value = self.value(target, scope)
        if isinstance(value, XlError):
            raise natives.CellFailureError(value)
        height, width = as_grid(value).shape
        return CellRange(1, 1, height, width)

    def _call_rows(self, node: Call, scope: Scope) -> Value:
        return float(self._shape(node, scope).height)

    def _call_columns(self, node: Call, scope: Scope) -> Value:
        return float(self._shape(node, scope).width)

    def _call_row(self, node: Call, scope: Scope) -> Value:
        rect = self._shape(node, scope)
        return from_result(np.arange(rect.top, rect.bottom + 1, dtype=np.float64)[:, None])

    def _call_column(self, node: Call, scope: Scope) -> Value:
        rect = self._shape(node, scope)
        return from_result(np.arange(rect.left, rect.right + 1, dtype=np.float64)[None, :])


_SPECIAL = frozenset({"IF", "IFERROR", "LET", "LAMBDA", "SINGLE"}) | SHAPE_FUNCTIONS


def _blank_as_zero(value: Value) -> Value:
    if value is None:
        return 0.0
    if isinstance(value, np.ndarray) and value.dtype == object:
        blank = blanks(value)
        if blank.any():
            return from_cells(np.where(blank, 0.0, value))
    return value
