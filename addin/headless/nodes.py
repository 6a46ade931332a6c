"""What compiled nodes are made of: functions that are evaluated for a `Scope`, and those that make them."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Protocol

import numpy as np

from workbook_templates.formula.ranges import CellRange
from workbook_templates.formula.tree import Node

from .functions import elementwise
from .functions.arguments import CellFailureError, number
from .grid import Sheet
from .lambdas import Evaluate, Lambda, Scope
from .shared import RelativeRange
from .unsupported import NotSupportedError
from .values import REF, VALUE, Value, from_result, limited_texts, to_plain

Area = Callable[[Scope], CellRange]
_SIGNS = {"-": "U-", "+": "U+", "%": "%"}  # the names of operators with one operand
_WARNINGS: Any = np.geterr()
RANGE_OPERATORS = {" ": "the intersection of ranges", ",": "the union of ranges"}


class Compiler(Protocol):
    def compile(self, node: Node) -> Evaluate: ...


def variable(name: str, scope: Scope) -> Any:
    return scope.variables[name]


def cell_value(sheet: Sheet, row: int, column: int, scope: Scope) -> Value:
    return sheet.cell(row, column)


def range_values(sheet: Sheet, rect: CellRange, scope: Scope) -> Value:
    return sheet.read(rect)


def spilled(sheet: Sheet, cell: tuple[int, int], scope: Scope) -> Value:
    formula = sheet.formulas.get(cell)
    return REF if formula is None else formula.shown


def relative_cell(sheet: Sheet, place: RelativeRange, scope: Scope) -> Value:
    (row, column), ((top, left, _, _), down, across) = scope.cell, place
    return sheet.cell(top + row * down, left + column * across)


def relative_range(sheet: Sheet, place: RelativeRange, scope: Scope) -> Value:
    return sheet.read(place.at(scope.cell))


def relative_spill(sheet: Sheet, place: RelativeRange, scope: Scope) -> Value:
    return spilled(sheet, place.at(scope.cell)[:2], scope)


def first_cell(value: Any, scope: Scope) -> Value:
    return from_result(value[0, 0])


class Later:
    """A node that is compiled when it is first used."""

    __slots__ = ("_compiled", "_compiler", "_node")

    def __init__(self, compiler: Compiler, node: Node) -> None:
        self._compiler, self._node = compiler, node
        self._compiled: Evaluate | None = None

    def __call__(self, scope: Scope) -> Any:
        if self._compiled is None:
            self._compiled = self._compiler.compile(self._node)
        return self._compiled(scope)


def cell_of(whole: Area, places: list[Evaluate]) -> Area:
    """The cell of a range at a row and a column, or at one place in a range that is one row or one column."""

    def area(scope: Scope) -> CellRange:
        rect = whole(scope)
        if len(places) == 1 and rect.height > 1 and rect.width > 1:
            raise CellFailureError(VALUE)
        numbers = [int(number(place(scope))) for place in places]
        row, column = numbers if len(numbers) == 2 else (1, *numbers) if rect.height == 1 else (*numbers, 1)
        cell = CellRange.cell(rect.top + row - 1, rect.left + column - 1)
        if not rect.holds(cell.top, cell.left):
            raise CellFailureError(REF)
        return cell

    return area


def without_failure(evaluate: Evaluate) -> Evaluate:
    def evaluate_safely(scope: Scope) -> Any:
        try:
            return evaluate(scope)
        except CellFailureError as failure:
            return failure.error

    return evaluate_safely


def operator(symbol: str, operands: int) -> Callable[..., Value]:
    name = _SIGNS.get(symbol, symbol) if operands == 1 else symbol
    function = elementwise.find(name, operands)
    assert function is not None, symbol
    return function


def applied(function: Callable[..., Value], others: list[Evaluate], first: Evaluate) -> Evaluate:
    """A function of compiled arguments."""
    if not others:
        return partial(_of_one, function, first)
    if len(others) == 1:
        return partial(_of_two, function, first, others[0])
    return partial(_of_all, function, first, others)


def of_arguments(function: Callable[..., Value], arguments: list[Evaluate]) -> Evaluate:
    if not arguments:
        return lambda scope: function()
    return applied(function, arguments[1:], arguments[0])


def _of_one(function: Callable[..., Value], first: Evaluate, scope: Scope) -> Value:
    return function(first(scope))


def _of_two(function: Callable[..., Value], first: Evaluate, second: Evaluate, scope: Scope) -> Value:
    return function(first(scope), second(scope))


def _of_all(function: Callable[..., Value], first: Evaluate, others: list[Evaluate], scope: Scope) -> Value:
    return function(first(scope), *[other(scope) for other in others])


def own_function(function: Callable[..., Any], arguments: list[Evaluate]) -> Evaluate:
    def evaluate(scope: Scope) -> Value:
        values = [to_plain(argument(scope)) for argument in arguments]
        with np.errstate(**_WARNINGS):  # which a recalculation switches off for the spreadsheet's functions alone
            return limited_texts(from_result(function(*values)))

    return evaluate


def lambda_call(called: Evaluate, arguments: list[Evaluate]) -> Evaluate:
    def evaluate(scope: Scope) -> Any:
        found = called(scope)
        return found.apply([argument(scope) for argument in arguments]) if isinstance(found, Lambda) else VALUE

    return evaluate


def not_supported(feature: str) -> Evaluate:
    """A node that cannot be calculated here."""

    def evaluate(scope: Scope) -> Value:
        raise NotSupportedError(feature)

    return evaluate
