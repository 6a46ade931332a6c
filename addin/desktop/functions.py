"""The functions that the VBA wrappers call through xlwings: every function of the registry, by its Python name."""

from __future__ import annotations

from functools import cache

from addin.xlwings_functions import XlwingsFunction, xlwings_function
from udfs.cells import FUNCTIONS
from udfs.cells.log import log_to_file


def __getattr__(name: str) -> XlwingsFunction:
    if name.upper() not in FUNCTIONS:
        raise AttributeError(f"there is no function {name}")
    return _for_xlwings(name.upper())


@cache
def _for_xlwings(name: str) -> XlwingsFunction:
    log_to_file()
    return xlwings_function(FUNCTIONS[name])
