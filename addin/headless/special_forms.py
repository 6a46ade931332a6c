"""Functions that evaluate their own arguments.

IF and IFERROR evaluate only the branch that counts, LET and LAMBDA bind variables, and ROW, ROWS, COLUMN and COLUMNS
need the position and size of a range, not its values.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Protocol

import numpy as np

from workbook_templates.formula.ranges import CellRange
from workbook_templates.formula.tree import Call, Missing, Name, Node, Reference

from .functions.arguments import CellFailureError, truth
from .functions.elementwise import chosen
from .functions.information import replaced_errors
from .lambdas import Evaluate, Lambda, Scope
from .values import VALUE, Value, XlError, as_grid, from_result

SHAPE_FUNCTIONS = frozenset({"ROW", "ROWS", "COLUMN", "COLUMNS"})


class Compiler(Protocol):
    """What these functions need of the compiler of a formula."""

    def compile(self, node: Node) -> Evaluate: ...
    def compile_later(self, node: Node) -> Evaluate: ...
    def with_variables(self, *names: str) -> Compiler: ...
    def resolved(self, node: Node) -> Node: ...
    def range_of(self, node: Reference) -> Callable[[Scope], CellRange]: ...
    def intersected(self, node: Node, evaluate: Evaluate) -> Evaluate: ...


def constant(value: Any) -> Evaluate:
    return partial(_the, value)


def _the(value: Any, scope: Scope) -> Any:
    return value


_FALSE = constant(False)


def _if(call: Call, compiler: Compiler) -> Evaluate:
    if not 2 <= len(call.arguments) <= 3:
        return constant(VALUE)
    test = compiler.compile(call.arguments[0])
    yes, no, *_ = (*(_branch(x, compiler) for x in call.arguments[1:]), _FALSE)
    return partial(_value_of_if, test, yes, no)


def _value_of_if(test: Evaluate, yes: Evaluate, no: Evaluate, scope: Scope) -> Any:
    value = test(scope)
    condition = value if type(value) is bool else _condition(value)
    if condition is None:
        return chosen(value, yes(scope), no(scope))
    if isinstance(condition, XlError):
        return condition
    return yes(scope) if condition else no(scope)


def _branch(node: Node, compiler: Compiler) -> Evaluate:
    return constant(0.0) if isinstance(node, Missing) else compiler.compile_later(node)


def _condition(value: Any) -> bool | XlError | None:
    """True or False for a single value, the error if it is one, None for an array of conditions."""
    if isinstance(value, np.ndarray) and value.size > 1:
        return None
    try:
        return truth(value)
    except CellFailureError as failure:
        return failure.error


def _iferror(call: Call, compiler: Compiler) -> Evaluate:
    if len(call.arguments) != 2:
        return constant(VALUE)
    first, second = map(compiler.compile, call.arguments)

    def evaluate(scope: Scope) -> Any:
        value = first(scope)
        if isinstance(value, XlError):
            return second(scope)
        if not isinstance(value, np.ndarray) or not any(isinstance(x, XlError) for x in value.flat):
            return value
        return replaced_errors(value, second(scope), lambda _: True)

    return evaluate


def _let(call: Call, compiler: Compiler) -> Evaluate:
    pairs = list(zip(call.arguments[:-1:2], call.arguments[1::2], strict=False))
    if len(call.arguments) % 2 == 0 or not all(isinstance(x, Name) for x, _ in pairs):
        return constant(VALUE)
    steps: list[tuple[str, Evaluate]] = []
    for variable, expression in pairs:
        assert isinstance(variable, Name)
        steps.append((variable.name, compiler.compile(expression)))
        compiler = compiler.with_variables(variable.name)
    body = compiler.compile(call.arguments[-1])

    def evaluate(scope: Scope) -> Any:
        variables = dict(scope.variables)
        inner = Scope(scope.cell, variables)
        for name, value in steps:
            variables[name] = value(inner)
        return body(inner)

    return evaluate


def _lambda(call: Call, compiler: Compiler) -> Evaluate:
    if not call.arguments:
        return constant(VALUE)
    names = [x.name for x in call.arguments[:-1] if isinstance(x, Name)]
    body = compiler.with_variables(*names).compile(call.arguments[-1])
    return lambda scope: Lambda(names, body, scope)


def _single(call: Call, compiler: Compiler) -> Evaluate:
    if len(call.arguments) != 1:
        return constant(VALUE)
    return compiler.intersected(call.arguments[0], compiler.compile(call.arguments[0]))


def _of_shape(function: Callable[[CellRange], Value]) -> Callable[[Call, Compiler], Evaluate]:
    """A function of the position and size of its argument."""

    def form(call: Call, compiler: Compiler) -> Evaluate:
        shape = _shape(call, compiler)

        def evaluate(scope: Scope) -> Any:
            try:
                return function(shape(scope))
            except CellFailureError as failure:
                return failure.error

        return evaluate

    return form


def _shape(call: Call, compiler: Compiler) -> Callable[[Scope], CellRange]:
    if not call.arguments:
        return lambda scope: CellRange.cell(*scope.cell)
    target = compiler.resolved(call.arguments[0])
    if isinstance(target, Reference):
        return compiler.range_of(target)
    argument = compiler.compile(call.arguments[0])

    def shape(scope: Scope) -> CellRange:
        value = argument(scope)
        if isinstance(value, XlError):
            raise CellFailureError(value)
        height, width = as_grid(value).shape
        return CellRange(1, 1, height, width)

    return shape


def _row(rect: CellRange) -> Value:
    return from_result(np.arange(rect.top, rect.bottom + 1, dtype=np.float64)[:, None])


def _column(rect: CellRange) -> Value:
    return from_result(np.arange(rect.left, rect.right + 1, dtype=np.float64)[None, :])


SPECIAL_FORMS: dict[str, Callable[[Call, Compiler], Evaluate]] = {
    "COLUMN": _of_shape(_column),
    "COLUMNS": _of_shape(lambda rect: float(rect.width)),
    "IF": _if,
    "IFERROR": _iferror,
    "LAMBDA": _lambda,
    "LET": _let,
    "ROW": _of_shape(_row),
    "ROWS": _of_shape(lambda rect: float(rect.height)),
    "SINGLE": _single,
}
