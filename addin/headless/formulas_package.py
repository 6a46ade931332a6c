"""The bridge to the function library of the PyPI package `formulas`.

Its modules are imported one by one, the light ones first, because its statistics load all of scipy (over a second):
a workbook that needs none of them does not wait for it. Nothing is registered in the library's global table.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from functools import cache
from typing import Any

import formulas.functions
import numpy as np
import schedula
from formulas.functions import COMPILING, Array
from formulas.functions.operators import OPERATORS

from .values import VALUE, Value, blanks, from_result

_LIGHT = (".logic", ".info", ".math", ".look", ".text", ".date")
_MODULES = (*_LIGHT, *(name for name in formulas.functions.SUBMODULES if name not in _LIGHT))
_SPELLINGS = ("{}", "_XLFN.{}", "_XLFN._XLWS.{}")


@cache
def find(name: str) -> Callable[..., Any] | None:
    """The library's function of that plain upper-case name, None where it has none."""
    for module in _MODULES:
        table = importlib.import_module(module, "formulas.functions").FUNCTIONS
        for spelling in _SPELLINGS:
            entry = table.get(spelling.format(name))
            if entry is not None:
                return _called(entry)
    return None


@cache
def operator(symbol: str) -> Callable[..., Any] | None:
    return _called(OPERATORS[symbol]) if symbol in OPERATORS else None


def call(function: Callable[..., Any], arguments: list[Any]) -> Value:
    """The function's value; #VALUE! where the library gives up."""
    try:
        return from_result(function(*[to_library(a) for a in arguments]))
    except Exception:
        # The library raises a dozen kinds of its own, numpy's and Python's; to a cell they all mean the same.
        return VALUE


def to_library(value: Any) -> Any:
    """A value as the library expects it: object arrays of its own class, its own mark for a blank."""
    if value is None:
        return schedula.EMPTY
    if isinstance(value, np.ndarray):
        items = value.astype(object)
        if value.dtype == object:
            items[blanks(items)] = schedula.EMPTY
        return items.view(Array)
    return value


def _called(entry: Any) -> Callable[..., Any] | None:
    """Entries are functions, or functions with inputs of the library's own compiler."""
    if not isinstance(entry, dict):
        return entry
    extra = entry.get("extra_inputs", {})
    if not extra:
        return entry["function"]
    if list(extra) != [COMPILING]:
        return None
    return lambda *arguments: entry["function"](False, *arguments)
