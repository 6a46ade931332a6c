"""The functions of the registry with xlwings' own decorators, for the hosts that call Python through xlwings."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
import xlwings

from udfs.cells import CellFunction, Rows
from udfs.cells.registry import CATEGORY

XlwingsFunction: TypeAlias = Callable[..., "list[list[Any]]"]


def xlwings_function(
    function: CellFunction, plain: Callable[[object], object] = lambda argument: argument
) -> XlwingsFunction:
    """A function as xlwings registers it, with short help for itself and for each argument.

    It is raw, because the registry converts arguments, and xlwings' conversion of a result takes ten times as long.

    plain: converts an argument before the registry does
    """

    def call(*arguments: object) -> list[list[Any]]:
        return _as_cells(function.answer([plain(argument) for argument in arguments]))

    call.__name__ = call.__qualname__ = function.name.lower()
    call.__doc__ = function.help
    call.__annotations__ = {}  # xlwings would read them as its own converters
    call.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        [
            inspect.Parameter(
                argument.name,
                inspect.Parameter.POSITIONAL_OR_KEYWORD,
                default=None if argument.optional else inspect.Parameter.empty,
            )
            for argument in function.arguments
        ]
    )
    decorated: XlwingsFunction = call
    for argument in function.arguments:
        decorated = xlwings.arg(argument.name, "raw", doc=argument.help)(decorated)
    return xlwings.func(category=CATEGORY)(xlwings.ret("raw")(decorated))


def _as_cells(rows: Rows) -> list[list[Any]]:
    """Rows for Excel: blanks as texts; whole numbers as floats, because COM takes no integers of more than 32 bits."""
    if isinstance(rows, np.ndarray):
        return rows.astype(np.float64).tolist()
    return [[_as_cell(value) for value in row] for row in rows]


def _as_cell(value: Any) -> Any:
    if value is None:
        return ""
    return float(value) if type(value) is int or isinstance(value, np.number) else value
