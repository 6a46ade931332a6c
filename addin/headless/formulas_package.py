"""Spreadsheet functions from the PyPI package `formulas`.

Its modules are imported one by one, the light ones first: its statistics load all of scipy, which takes over a second,
and most workbooks need none of them. Nothing is registered in the package's global table.
"""

from __future__ import annotations

import importlib
import logging
from collections.abc import Callable
from functools import cache
from typing import Any

import formulas.functions
import numpy as np
import schedula
from formulas.functions import COMPILING, Array
from formulas.functions.operators import OPERATORS

from .values import VALUE, Value, blanks, from_result

_log = logging.getLogger(__name__)
_LIGHT = (".logic", ".info", ".math", ".look", ".text", ".date")
_MODULES = (*_LIGHT, *(name for name in formulas.functions.SUBMODULES if name not in _LIGHT))
_SPELLINGS = ("{}", "_XLFN.{}", "_XLFN._XLWS.{}")


@cache
def find(name: str) -> Callable[..., Any] | None:
    """The function with that plain upper-case name; None if the package has none."""
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
    """The function's value; #VALUE! if it raises."""
    try:
        return from_result(function(*[to_package(a) for a in arguments]))
    except Exception:
        # The package raises errors of a dozen kinds for wrong arguments: its own, schedula's, numpy's and Python's.
        _log.debug("%s raised an error", function, exc_info=True)
        return VALUE


def call_by_name(name: str, arguments: list[Any]) -> Value:
    """The value of the function with that name; #VALUE! if the package has none or if it raises."""
    function = find(name)
    return VALUE if function is None else call(function, arguments)


def to_package(value: Any) -> Any:
    """A value as the package expects it, with its class of arrays and its mark for a blank."""
    if value is None:
        return schedula.EMPTY
    if isinstance(value, np.ndarray):
        items = value.astype(object)
        if value.dtype == object:
            items[blanks(items)] = schedula.EMPTY
        return items.view(Array)
    return value


def _called(entry: Any) -> Callable[..., Any] | None:
    """The function of an entry, which may need inputs of the package's own compiler."""
    if not isinstance(entry, dict):
        return entry
    extra = entry.get("extra_inputs", {})
    if not extra:
        return entry["function"]
    if list(extra) != [COMPILING]:
        return None
    return lambda *arguments: entry["function"](False, *arguments)
