"""What the VBA wrappers call through xlwings: every function of `udfs`, its errors as the text that a cell shows.

xlwings would hand an exception to VBA with its traceback.
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

    @wraps(function)  # xlwings finds what it knows of a function in its attributes
    def call(*arguments: object) -> Any:
        try:
            return [[_number(value) for value in row] for row in spill(function(*arguments))]
        except Exception as error:
            return error_text(error, name.upper())

    return call


def _number(value: Any) -> Any:
    """A whole number as a cell holds it: Excel takes no integers of more than 32 bits."""
    return float(value) if type(value) is int else value
