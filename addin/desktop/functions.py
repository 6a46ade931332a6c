"""The functions that the VBA wrappers call through xlwings: every function of the registry, by its Python name."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import xlwings

from udfs.cells import FUNCTIONS, Rows
from udfs.cells.log import log_to_file
from udfs.cells.registry import CATEGORY, CellFunction


def __getattr__(name: str) -> Callable[..., Any]:
    if name.upper() not in FUNCTIONS:
        raise AttributeError(f"there is no function {name}")
    return _for_xlwings(name.upper())


@cache
def _for_xlwings(name: str) -> Callable[..., Any]:
    """The function as xlwings wants it: raw, because the registry converts arguments, and xlwings' conversion of a
    result takes ten times as long."""
    log_to_file()

    def call(*arguments: object) -> list[list[Any]]:
        return _as_cells(FUNCTIONS[name].answer(arguments))

    call.__name__ = name.lower()
    return _decorated(call, FUNCTIONS[name])


def _decorated(call: Callable[..., Any], function: CellFunction) -> Callable[..., Any]:
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
    call.__annotations__ = {}  # xlwings would read them as its own converters
    for argument in function.arguments:
        call = xlwings.arg(argument.name, "raw", doc=argument.help)(call)
    return xlwings.func(category=CATEGORY)(xlwings.ret("raw")(call))


def _as_cells(rows: Rows) -> list[list[Any]]:
    """Rows for COM: whole numbers as floats, because Excel takes no integers of more than 32 bits; blanks as texts."""
    if isinstance(rows, np.ndarray):
        return rows.astype(np.float64).tolist()
    return [[_as_cell(value) for value in row] for row in rows]


def _as_cell(value: Any) -> Any:
    if value is None:
        return ""
    return float(value) if type(value) is int or isinstance(value, np.number) else value
