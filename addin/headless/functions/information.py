"""Functions that ask what a value is, and functions of conditions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..values import NA, VALUE, Scalar, Value, XlError, as_grid, from_cells, is_text
from .arguments import CellFailureError, Each, aligned, truth
from .elementwise import chosen, comparing

_EQUAL = comparing("=")
_ERROR_TYPES = {
    "#NULL!": 1,
    "#DIV/0!": 2,
    "#VALUE!": 3,
    "#REF!": 4,
    "#NAME?": 5,
    "#NUM!": 6,
    "#N/A": 7,
    "#GETTING_DATA": 8,
    "#SPILL!": 9,
    "#CONNECT!": 10,
    "#BLOCKED!": 11,
    "#UNKNOWN!": 12,
    "#FIELD!": 13,
    "#CALC!": 14,
}


def _is(test: Callable[[Any], bool | float]) -> Each:
    return Each(test, lambda value: value)


def _error_type(value: Scalar) -> float:
    if not isinstance(value, XlError):
        raise CellFailureError(NA)
    return float(_ERROR_TYPES.get(str.__str__(value), 12))


def _number_in(value: Scalar) -> Scalar:
    """N: a number or a boolean as a number, an error as it is, 0 for a text."""
    if isinstance(value, XlError):
        return value
    return float(value) if isinstance(value, (float, bool)) else 0.0


def _type(value: Value) -> Value:
    if isinstance(value, np.ndarray) and value.size > 1:
        return 64.0
    item = as_grid(value).item()
    if isinstance(item, XlError):
        return 16.0
    return 4.0 if isinstance(item, bool) else 2.0 if isinstance(item, str) else 1.0


def ifna(value: Value, otherwise: Value) -> Value:
    if not isinstance(value, np.ndarray):
        return otherwise if value == NA and isinstance(value, XlError) else value
    return replaced_errors(value, otherwise, lambda item: item == NA)


def replaced_errors(value: Value, otherwise: Value, kind: Callable[[XlError], bool]) -> Value:
    """An array with some of its errors replaced; both arguments broadcast, as in Excel with dynamic arrays."""

    def one(item: Any, other: Any) -> Any:
        return other if isinstance(item, XlError) and kind(item) else item

    return from_cells(as_grid(np.frompyfunc(one, 2, 1)(*map(as_grid, aligned([value, otherwise])))))


def ifs(*arguments: Value) -> Value:
    """IFS: the value after the first condition that is true."""
    if not arguments or len(arguments) % 2:
        return VALUE
    result: Value = NA
    for condition, value in reversed(list(zip(arguments[::2], arguments[1::2], strict=True))):
        result = _either(condition, value, result)
    return result


def switch(value: Value, *cases: Value) -> Value:
    """SWITCH: the result after the first case that equals the value, or else a last argument without a case."""
    pairs, result = (cases[:-1], cases[-1]) if len(cases) % 2 else (cases, NA)
    if not pairs:
        return VALUE
    for case, value_of_case in reversed(list(zip(pairs[::2], pairs[1::2], strict=True))):
        result = _either(_EQUAL(value, case), value_of_case, result)
    return result


def _either(condition: Value, yes: Value, no: Value) -> Value:
    """One of two values; for an array of conditions, each cell from one of them. An error in a condition stays."""
    if isinstance(condition, np.ndarray) and condition.size > 1:
        return chosen(condition, yes, no)
    item = as_grid(condition).item()
    return item if isinstance(item, XlError) else yes if truth(item) else no


FUNCTIONS: dict[str, Callable[..., Value]] = {
    "ERROR.TYPE": _is(_error_type),
    "FALSE": lambda: False,
    "IFNA": ifna,
    "IFS": ifs,
    "ISERR": _is(lambda item: isinstance(item, XlError) and item != NA),
    "ISERROR": _is(lambda item: isinstance(item, XlError)),
    "ISLOGICAL": _is(lambda item: isinstance(item, bool)),
    "ISNA": _is(lambda item: isinstance(item, XlError) and item == NA),
    "ISNONTEXT": _is(lambda item: not is_text(item)),
    "N": Each(_number_in, lambda value: value),
    "NA": lambda: NA,
    "SWITCH": switch,
    "TRUE": lambda: True,
    "TYPE": _type,
}
