"""Our functions under the names that LibreOffice's files have for them, with the size of the array formula."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

from addin.calc.layout import fault, laid_out
from udfs.cells import as_table
from udfs.cells.errors import marked
from workbook_templates.formula.calc import calc_name

Function = Callable[..., Any]


def with_calc_names(functions: Mapping[str, Function]) -> dict[str, Function]:
    """The functions by their own names and by their names in LibreOffice's files."""
    return {**{calc_name(name): _sized(function) for name, function in functions.items()}, **functions}


def _sized(function: Function) -> Function:
    """The function with two more arguments, the rows and columns of its array formula."""

    def call(*arguments: Any) -> Any:
        n_parameters = len(inspect.signature(function).parameters)
        given, size = arguments[:n_parameters], arguments[n_parameters:]
        rows, columns = (*size, None, None)[:2]
        if wrong := fault(rows, columns):
            return [[marked(wrong)]]
        if not rows:
            return function(*given)
        result = as_table(function(*given))
        return laid_out(tuple(tuple("" if x is None else x for x in row) for row in result), rows, columns)

    return call
