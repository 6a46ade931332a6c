"""Arithmetic: the operators and functions that numpy computes for whole arrays, from `+` to TANH.

Most arrays are small, so a call of numpy costs more than its arithmetic. That is why numbers without errors take a
short way, and why numpy's warnings are switched off once for a whole recalculation, not here for each operation.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..lambdas import Lambda
from ..values import DIV, NUM, VALUE, Grid, Scalar, Value, XlError, all_true, any_true, as_grid, checked, frozen
from .arguments import CellFailureError, aligned, number, over
from .comparison import is_near, near

ARITHMETIC: dict[str, np.ufunc] = {
    "+": np.add,
    "-": np.subtract,
    "*": np.multiply,
    "/": np.divide,
    "^": np.power,
    "U-": np.negative,
    "ABS": np.abs,
    "EXP": np.exp,
    "INT": np.floor,
    "LN": np.log,
    "MOD": np.mod,
    "SQRT": np.sqrt,
    "TANH": np.tanh,
}
# Operators that Python computes as numpy does, but sooner for single numbers.
_OF_FLOATS: dict[str, Callable[[float, float], float]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
}
_DIVISIONS = ("/", "MOD")
_NUMERIC = frozenset(("dd", "d?", "?d"))  # the types of two arrays
_NO_ERROR = ""  # false, as an error is not
_DIV = np.array(DIV, dtype=object)
_NEVER = np.zeros((), bool)
_WITHOUT_TEXT = frozenset({float, bool, type(None)})


def calculation(name: str) -> Callable[..., Value]:
    """The operator or function of that name, for single values and for arrays."""
    ufunc, of_floats, is_division = ARITHMETIC[name], _OF_FLOATS.get(name), name in _DIVISIONS

    def unary(value: Any) -> Value:
        if isinstance(value, np.ndarray):
            return _arithmetic(name, [value])
        return _calculated(name, value)

    def binary(first: Any, second: Any) -> Value:
        if of_floats is not None:
            if type(first) is float and type(second) is float and (second or not is_division):
                number = of_floats(first, second)
                return number if math.isfinite(number) else NUM
            if _fit(first, second) and not (is_division and np.count_nonzero(second) < np.size(second)):
                numbers: Value = checked(ufunc(first, second))
                return numbers
        kinds = type(first), type(second)
        if np.ndarray in kinds:
            return VALUE if Lambda in kinds else _arithmetic(name, aligned([first, second]))
        return _calculated(name, first, second)

    return unary if ufunc.nin == 1 else binary


def settled(name: str) -> Callable[..., Value]:
    """The sum or difference that is a formula's last step: 0 if the operands cancel in 15 digits, as in Excel."""
    operate = calculation(name)

    def summed(first: Any, second: Any) -> Value:
        result = operate(first, second)
        if type(result) is float:
            if result and type(first) is float and type(second) is float and abs(result) <= 1e-14 * abs(first):
                return 0.0 if is_near(first, second if name == "-" else -second) else result
            return result
        if not is_numeric(result) or not is_numeric(first) or not is_numeric(second):
            return result
        assert isinstance(result, np.ndarray)
        other = second if name == "-" else np.negative(second)
        if all_true(np.abs(result) > 1e-14 * np.abs(first)):
            return result
        return frozen(np.where(near(first, other), 0.0, result))

    return summed


def _fit(first: Any, second: Any) -> bool:
    """Whether two values are numbers and arrays of numbers that numpy combines as a spreadsheet does.

    This is the usual case. One of two arrays may hold booleans, which count as 0 and 1."""
    if type(first) is float:
        return type(second) is np.ndarray and second.dtype.char == "d"
    if type(first) is not np.ndarray:
        return False
    if type(second) is not np.ndarray:
        return type(second) is float and first.dtype.char == "d"
    if first.dtype.char + second.dtype.char not in _NUMERIC:
        return False
    (height, width), (other_height, other_width) = first.shape, second.shape
    return (height == other_height or 1 in (height, other_height)) and (
        width == other_width or 1 in (width, other_width)
    )


def _arithmetic(name: str, arguments: list[Value]) -> Value:
    plain = [_plain_numbers(argument) for argument in arguments]
    if all(x is not None for x in plain) and not _may_fail(name, plain):
        short: Value = checked(ARITHMETIC[name](*plain))
        return short
    numbers, errors = zip(*map(_numbers_and_errors, arguments), strict=True)
    if len(errors) == 2 and all(x is not None for x in errors):
        # An error in one cell counts before text in the other.
        return over(partial(_calculated, name), arguments)
    value: Grid = checked(ARITHMETIC[name](*numbers))
    is_zero = np.equal(numbers[1], 0) if name in _DIVISIONS else _NEVER
    if name == "^" and (nothing := np.equal(numbers[0], 0) & np.less_equal(numbers[1], 0)).any():
        value = value.astype(object)
        np.copyto(value, np.array(NUM, dtype=object), where=nothing)
        is_zero = nothing & np.less(numbers[1], 0)
    if any(x is not None for x in errors) or any_true(is_zero):
        value = value.astype(object)
        np.copyto(value, _DIV, where=is_zero)
        for error in reversed(errors):
            if error is not None:
                np.copyto(value, error, where=error.astype(bool))
        frozen(value)
    return value


def _plain_numbers(value: Value) -> float | NDArray[np.float64] | None:
    """The numbers of a value without blanks, texts and errors; None for any other value."""
    if type(value) is float:
        return value
    if isinstance(value, np.ndarray) and value.dtype.kind != "O":
        return value.astype(np.float64, copy=False)
    return None


def _may_fail(name: str, numbers: list[Any]) -> bool:
    """Whether a cell may be a division by zero, or a power of zero."""
    if name in _DIVISIONS:
        return not all_true(np.asarray(numbers[1]))
    return name == "^" and not all_true(np.greater(numbers[1], 0))


def _numbers_and_errors(value: Value) -> tuple[float | NDArray[np.float64], Grid | None]:
    """The number in each cell, or 0 if it has none, and the errors among the cells. Texts are read as numbers."""
    plain = _plain_numbers(value)
    if plain is not None:
        return plain, None
    grid = as_grid(value)
    items = grid.reshape(-1).tolist()
    if _WITHOUT_TEXT.issuperset(map(type, items)):
        numbers = np.array([item or 0.0 for item in items], dtype=np.float64).reshape(grid.shape)
        return numbers if isinstance(value, np.ndarray) else float(numbers.item()), None
    found: list[Any] = [item if type(item) is float else _number_or_error(item) for item in items]
    errors = np.empty(len(items), object)
    errors[:] = [_NO_ERROR if type(item) is float else item for item in found]
    numbers = np.array([item if type(item) is float else 0.0 for item in found])
    return numbers.reshape(grid.shape), errors.reshape(grid.shape)


def _number_or_error(item: Scalar) -> float | XlError:
    if isinstance(item, XlError):
        return item
    try:
        return number(item)
    except CellFailureError as failure:
        return failure.error


def _calculated(name: str, *items: Any) -> Value:
    """The arithmetic of single cells."""
    if Lambda in map(type, items):
        return VALUE
    for item in items:
        if isinstance(item, XlError):
            return item
    try:
        numbers = [item if type(item) is float else number(item) for item in items]
    except CellFailureError as failure:
        return failure.error
    if name in _DIVISIONS and not numbers[1]:
        return DIV
    if name == "^" and not numbers[0] and numbers[1] <= 0:
        return DIV if numbers[1] else NUM
    result: Scalar = checked(float(ARITHMETIC[name](*numbers)))
    return result


def is_numeric(value: Value) -> bool:
    """Whether a value is a number or an array of numbers."""
    return value.dtype.kind == "f" if isinstance(value, np.ndarray) else type(value) is float
