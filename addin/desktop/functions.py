"""The functions that the VBA wrappers call through xlwings: every function of the registry, by its Python name."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import cache
from typing import Any

import xlwings

from udfs.cells import FUNCTIONS, Rows, as_table
from udfs.cells.log import log_to_file
from udfs.cells.registry import CATEGORY, CellFunction


def __getattr__(name: str) -> Callable[..., Any]:
    if name.upper() not in FUNCTIONS:
        raise AttributeError(f"there is no function {name}")
    return _for_xlwings(name.upper())


@cache
def _for_xlwings(name: str) -> Callable[..., Any]:
    """The function as xlwings wants it: every argument raw, because the registry converts them."""
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
    return xlwings.func(category=CATEGORY)(call)


def _as_cells(rows: Rows) -> list[list[Any]]:
    """Whole numbers as floats: Excel takes no integers of more than 32 bits."""
    return [[float(value) if type(value) is int else value for value in row] for row in as_table(rows)]
