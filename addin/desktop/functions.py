"""The functions that the VBA wrappers call through xlwings: those of `udfs`, with errors as text for a cell.

xlwings itself passes an exception to VBA with its traceback.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, wraps
from typing import Any

import udfs
from udfs.cells import error_text, spill


def __getattr__(name: str) -> Callable[..., Any]:
    if name not in udfs.__all__:
        raise AttributeError(f"there is no function {name}")
    return _for_cells(name)


@cache
def _for_cells(name: str) -> Callable[..., Any]:
    function = getattr(udfs, name)

    @wraps(function)  # xlwings keeps its settings in the function's attributes
    def call(*arguments: object) -> Any:
        try:
            return [[_number(value) for value in row] for row in spill(function(*arguments))]
        except Exception as error:
            return error_text(error, name.upper())

    return call


def _number(value: Any) -> Any:
    """A whole number as a float, because Excel takes no integer of more than 32 bits."""
    return float(value) if type(value) is int else value
