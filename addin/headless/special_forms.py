"""Functions that evaluate their own arguments.

IF and IFERROR evaluate only the branch that counts, LET and LAMBDA bind variables, and ROW, ROWS, COLUMN and COLUMNS
need the position and size of a range, not its values.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

import numpy as np

from workbook_templates.formula.ranges import CellRange
from workbook_templates.formula.tree import Call, Missing, Name, Node, Reference

from . import formulas_package, natives
from .elementwise import chosen
from .values import VALUE, Value, XlError, as_grid, from_result

Scope = Mapping[str, Any]  # the variables of LET and LAMBDA

SHAPE_FUNCTIONS = frozenset({"ROW", "ROWS", "COLUMN", "COLUMNS"})


class Evaluator(Protocol):
    """What these functions need of the evaluation of a formula."""

    cell: tuple[int, int, int]  # the formula's sheet, row and column

    def value(self, node: Node, scope: Scope) -> Any: ...
    def resolved(self, node: Node, scope: Scope) -> Node: ...
    def range_of(self, node: Reference) -> CellRange: ...
    def intersected(self, node: Node, value: Value) -> Value: ...


class Closure:
    """A LAMBDA and the variables of its scope. The package `formulas` calls it from MAP, BYROW and others."""

    def __init__(self, evaluator: Evaluator, names: list[str], body: Node, scope: Scope) -> None:
        self._evaluator, self._names, self._body, self._scope = evaluator, names, body, scope

    def __call__(self, *arguments: Any) -> Any:
        return formulas_package.to_package(self.apply([from_result(a) for a in arguments]))

    def apply(self, arguments: list[Any]) -> Any:
        if len(arguments) != len(self._names):
            return VALUE
        scope = {**self._scope, **dict(zip(self._names, arguments, strict=True))}
        return self._evaluator.value(self._body, scope)


def _if(call: Call, scope: Scope, evaluator: Evaluator) -> Any:
    if not 2 <= len(call.arguments) <= 3:
        return VALUE
    test = evaluator.value(call.arguments[0], scope)
    condition = test if type(test) is bool else _condition(test)
    if isinstance(condition, XlError):
        return condition
    if condition is None:
        branches = [evaluator.value(x, scope) for x in call.arguments[1:]] + [False] * (3 - len(call.arguments))
        return chosen(test, *branches)
    branch = call.arguments[1 if condition else 2 :][:1]
    if not branch:
        return False
    return 0.0 if isinstance(branch[0], Missing) else evaluator.value(branch[0], scope)


def _condition(value: Any) -> Any:
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


def _iferror(call: Call, scope: Scope, evaluator: Evaluator) -> Any:
    if len(call.arguments) != 2:
        return VALUE
    value = evaluator.value(call.arguments[0], scope)
    if isinstance(value, XlError):
        return evaluator.value(call.arguments[1], scope)
    if not isinstance(value, np.ndarray) or not any(isinstance(x, XlError) for x in value.flat):
        return value
    return _by_package("IFERROR", [value, evaluator.value(call.arguments[1], scope)])


def _by_package(name: str, arguments: list[Any]) -> Value:
    function = formulas_package.find(name)
    return VALUE if function is None else formulas_package.call(function, arguments)


def _let(call: Call, scope: Scope, evaluator: Evaluator) -> Any:
    inner, pairs = dict(scope), call.arguments[:-1]
    if len(call.arguments) % 2 == 0 or not all(isinstance(x, Name) for x in pairs[::2]):
        return VALUE
    for variable, expression in zip(pairs[::2], pairs[1::2], strict=True):
        assert isinstance(variable, Name)
        inner[variable.name] = evaluator.value(expression, inner)
    return evaluator.value(call.arguments[-1], inner)


def _lambda(call: Call, scope: Scope, evaluator: Evaluator) -> Any:
    if not call.arguments:
        return VALUE
    *names, body = call.arguments
    return Closure(evaluator, [x.name for x in names if isinstance(x, Name)], body, scope)


def _single(call: Call, scope: Scope, evaluator: Evaluator) -> Value:
    if len(call.arguments) != 1:
        return VALUE
    return evaluator.intersected(call.arguments[0], evaluator.value(call.arguments[0], scope))


def _shape(call: Call, scope: Scope, evaluator: Evaluator) -> CellRange:
    if not call.arguments:
        return CellRange.cell(*evaluator.cell[1:])
    target = evaluator.resolved(call.arguments[0], scope)
    if isinstance(target, Reference):
        return evaluator.range_of(target)
    value = evaluator.value(target, scope)
    if isinstance(value, XlError):
        raise natives.CellFailureError(value)
    height, width = as_grid(value).shape
    return CellRange(1, 1, height, width)


def _rows(call: Call, scope: Scope, evaluator: Evaluator) -> Value:
    return float(_shape(call, scope, evaluator).height)


def _columns(call: Call, scope: Scope, evaluator: Evaluator) -> Value:
    return float(_shape(call, scope, evaluator).width)


def _row(call: Call, scope: Scope, evaluator: Evaluator) -> Value:
    rect = _shape(call, scope, evaluator)
    return from_result(np.arange(rect.top, rect.bottom + 1, dtype=np.float64)[:, None])


def _column(call: Call, scope: Scope, evaluator: Evaluator) -> Value:
    rect = _shape(call, scope, evaluator)
    return from_result(np.arange(rect.left, rect.right + 1, dtype=np.float64)[None, :])


SPECIAL_FORMS: dict[str, Callable[[Call, Scope, Evaluator], Any]] = {
    "COLUMN": _column,
    "COLUMNS": _columns,
    "IF": _if,
    "IFERROR": _iferror,
    "LAMBDA": _lambda,
    "LET": _let,
    "ROW": _row,
    "ROWS": _rows,
    "SINGLE": _single,
}
